"""The seeded company: people, some of them protected, privileged or synced, and groups of every kind."""

import secrets
import string
from pathlib import Path

from sandbox import seed_apps, seed_azure, seed_directory, seed_entra, seed_identity, seed_mailboxes, seed_provisioning
from sandbox.graph.groups.memberships import settle_all
from sandbox.seed_apps import LOGINS, assign_role, grant
from sandbox.seed_catalogue import (
    AAD_PREMIUM_P2,
    EXCHANGE_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    USER_ADMINISTRATOR,
    made,
    role_definitions,
    skus,
)
from sandbox.seed_people import DEPARTMENTS, DOMAIN, SINCE, SYNCED, employees, person, security_identifier
from sandbox.store import Doc, Store

PROTECTED = ("break.glass.one", "break.glass.two", "sync.service")


def seed(store: Store, data_dir: Path, people: int, redirect_uris: list[str], company_seed: int = 1) -> None:
    """Fill an empty store with the company; ids are the same every time, secrets are made once and kept."""
    seed_apps.identities(store, data_dir)
    for sku in skus():
        store.put("skus", sku, 0)
    for role in role_definitions():
        store.put("role_definitions", role, 0)
    hired = employees(people, company_seed)
    staff = [*hired, *(_login(store, *login) for login in LOGINS)]
    for one in [*staff, *_mailboxes(), *_protected()]:
        store.put("users", one, 0)
    for group in _groups(hired, staff):
        store.put("groups", group, 0)
    seed_apps.seed(store, redirect_uris)
    seed_entra.seed(store)
    _privileges(store, hired)
    seed_directory.seed(store, hired)
    seed_identity.seed(store, hired)
    seed_provisioning.seed(store)
    seed_mailboxes.seed(store, hired)
    seed_azure.seed(store, hired)
    settle_all(store)
    store.flush()


def _privileges(store: Store, hired: list[Doc]) -> None:
    """Three privileged employees, the break-glass accounts, and the logins' roles on our API."""
    roles = (USER_ADMINISTRATOR, HELPDESK_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR)
    for one, role in zip([e for e in hired if e["department"] == "IT"], roles, strict=False):
        assign_role(store, one["id"], role)
    for name in PROTECTED[:2]:
        assign_role(store, made(f"user/{name}"), GLOBAL_ADMINISTRATOR)
    for role_name, username, _, _ in LOGINS:
        if role_name is not None:
            grant(store, made(f"user/{username}"), "User", made("principal/api"), made(f"app-role/{role_name}"))


def _login(store: Store, role: str | None, username: str, given: str, family: str) -> Doc:
    identity = store.get("identity", f"login/{username}") or {}
    return person(
        username,
        given,
        family,
        jobTitle=role or "Visitor",
        employeeId=f"L-{username}",
        employeeType="Employee",
        _password=identity["password"],
        _totp_secret=identity["totp_secret"],
    )


def _mailboxes() -> list[Doc]:
    """The sender of notices, and the administrators' mailbox."""
    return [person("iam-notices", "IAM", "Notices"), person("iam-admins", "IAM", "Administrators")]


def _protected() -> list[Doc]:
    """Accounts that nothing automatic may ever touch."""
    titles = ("Emergency access", "Emergency access", "Directory synchronisation")
    return [
        person(
            name,
            name.split(".")[0].capitalize(),
            " ".join(name.split(".")[1:]).title(),
            jobTitle=title,
            employeeId=f"X{n:05d}",
            employeeType="Service",
            mail=None,
            proxyAddresses=[],
            licenseAssignmentStates=[],
            assignedLicenses=[],
            _password="Aa7-" + "".join(secrets.choice(string.ascii_letters) for _ in range(24)),
        )
        for n, (name, title) in enumerate(zip(PROTECTED, titles, strict=True), 1)
    ]


def _groups(hired: list[Doc], staff: list[Doc]) -> list[Doc]:
    """One group of every kind that behaves differently (Graph, "groups overview")."""
    everybody = [one["id"] for one in hired]
    heads = everybody[: 1 + len(DEPARTMENTS)]
    synced = everybody[SYNCED.start : SYNCED.stop]
    licensed = [one["id"] for one in hired if any(s["assignedByGroup"] for s in one["licenseAssignmentStates"])]
    mail = {"mailEnabled": True}
    return [
        *(_group(name, [one["id"] for one in hired if one["department"] == name]) for name in DEPARTMENTS),
        _dynamic("Everybody (dynamic)", "user.accountEnabled -eq true"),
        _dynamic("Sales (dynamic)", 'user.department -eq "Sales"'),
        _group("Licence AAD_PREMIUM_P2", licensed, _licences=[{"skuId": AAD_PREMIUM_P2, "disabledPlans": []}]),
        _group("Block sign-in", []),
        _group("Corporate VPN", synced, onPremisesSyncEnabled=True, onPremisesLastSyncDateTime=SINCE),
        _group("Announcements", heads, **mail, mail=f"announcements@{DOMAIN}"),
        _group(
            "Company news", heads, **mail, mail=f"company-news@{DOMAIN}", groupTypes=["Unified"], securityEnabled=False
        ),
        _group("Tier 0 operators", [p["id"] for p in staff if p["jobTitle"] == "Iam.Admin"], isAssignableToRole=True),
    ]


def _dynamic(name: str, rule: str) -> Doc:
    on = {"groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On"}
    return _group(name, [], **on)


def _group(name: str, members: list[str], **values: object) -> Doc:
    """A group with every property that is stored (Graph resource type group)."""
    key = made(f"group/{name}")
    nickname = "".join(c for c in name.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return {
        "id": key,
        "createdDateTime": SINCE,
        "renewedDateTime": SINCE,
        "deletedDateTime": None,
        "description": None,
        "displayName": name,
        "groupTypes": [],
        "isAssignableToRole": None,
        "mail": None,
        "mailEnabled": False,
        "mailNickname": nickname,
        "membershipRule": None,
        "membershipRuleProcessingState": None,
        "onPremisesSyncEnabled": None,
        "securityEnabled": True,
        "securityIdentifier": security_identifier(key),
        "visibility": None,
        "creationOptions": [],
        "proxyAddresses": [],
        "resourceBehaviorOptions": [],
        "resourceProvisioningOptions": [],
        "onPremisesProvisioningErrors": [],
        "serviceProvisioningErrors": [],
        "_members": members,
        "_owners": [],
        "_licences": [],
        **values,
    }
