"""The seeded company: people, some of them protected, privileged or synced, and groups of every kind."""

import secrets
import string
from base64 import b64encode
from pathlib import Path
from uuid import UUID

from sandbox import seed_apps
from sandbox.seed_apps import LOGINS, assign_role, grant
from sandbox.seed_catalogue import (
    AAD_PREMIUM_P2,
    EXCHANGE_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    SPE_E3,
    USER_ADMINISTRATOR,
    made,
    role_definitions,
    skus,
)
from sandbox.store import Doc, Store

DOMAIN = "practice.example"
SINCE = "2024-01-08T09:00:00Z"
DEPARTMENTS = ("Finance", "Sales", "Engineering", "IT")
PROTECTED = ("break.glass.one", "break.glass.two", "sync.service")
LICENCE_GROUP = made("group/Licence AAD_PREMIUM_P2")
_TITLES = {
    "Finance": ("Head of Finance", "Accountant", "Controller", "Payroll Specialist"),
    "Sales": ("Head of Sales", "Account Manager", "Sales Representative", "Sales Engineer"),
    "Engineering": ("Head of Engineering", "Software Engineer", "Test Engineer", "Site Reliability Engineer"),
    "IT": ("Head of IT", "System Administrator", "Service Desk Agent", "Network Engineer"),
}
_OFFICES = (("London", "GB"), ("Berlin", "DE"), ("Dublin", "IE"), ("New York", "US"))
# fmt: off
_GIVEN = [
    "Amara", "Bruno", "Chloe", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Keiko", "Liam",
    "Maya", "Nadia", "Oscar", "Paula", "Quentin", "Rosa", "Stefan", "Tara", "Umar", "Vera", "Wei", "Ximena",
    "Yusuf", "Zoe",
]
# fmt: on
# fmt: off
_FAMILY = [
    "Abbott", "Barros", "Castillo", "Dahl", "Eriksen", "Fischer", "Gallo", "Haddad", "Ivanova", "Jansen",
    "Kowalski", "Larsen", "Mensah", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka",
    "Ueda", "Vargas", "Walsh", "Xu", "Yilmaz", "Zimmer", "Moreau",
]
# fmt: on


def seed(store: Store, data_dir: Path, people: int, redirect_uris: list[str]) -> None:
    """Fill an empty store with the company; ids are the same every time, secrets are made once and kept."""
    seed_apps.identities(store, data_dir)
    for sku in skus():
        store.put("skus", sku, 0)
    for role in role_definitions():
        store.put("role_definitions", role, 0)
    employees = [_employee(n) for n in range(people)]
    staff = [*employees, *(_login(store, *login) for login in LOGINS)]
    for person in [*staff, *_mailboxes(), *_protected()]:
        store.put("users", person, 0)
    for group in _groups(employees, staff):
        store.put("groups", group, 0)
    seed_apps.seed(store, redirect_uris)
    _privileges(store, employees)
    store.flush()


def _privileges(store: Store, employees: list[Doc]) -> None:
    """Three privileged employees, the break-glass accounts, and the logins' roles on our API."""
    roles = (USER_ADMINISTRATOR, HELPDESK_ADMINISTRATOR, EXCHANGE_ADMINISTRATOR)
    for person, role in zip([e for e in employees if e["department"] == "IT"], roles, strict=False):
        assign_role(store, person["id"], role)
    for name in PROTECTED[:2]:
        assign_role(store, made(f"user/{name}"), GLOBAL_ADMINISTRATOR)
    for role_name, username, _, _ in LOGINS:
        if role_name is not None:
            grant(store, made(f"user/{username}"), "User", made("principal/api"), made(f"app-role/{role_name}"))


def _person(username: str, given: str, family: str, **values: object) -> Doc:
    """A user with every property that is stored (Graph resource type user)."""
    key, upn = made(f"user/{username}"), f"{username}@{DOMAIN}"
    return {
        "id": key,
        "accountEnabled": True,
        "businessPhones": [],
        "companyName": "Practice Ltd",
        "createdDateTime": SINCE,
        "deletedDateTime": None,
        "department": None,
        "displayName": f"{given} {family}",
        "employeeHireDate": None,
        "employeeId": None,
        "employeeType": None,
        "givenName": given,
        "jobTitle": None,
        "mail": upn,
        "mailNickname": username,
        "mobilePhone": None,
        "officeLocation": None,
        "onPremisesSyncEnabled": None,
        "preferredLanguage": None,
        "proxyAddresses": [f"SMTP:{upn}"],
        "surname": family,
        "usageLocation": "GB",
        "userPrincipalName": upn,
        "userType": "Member",
        "securityIdentifier": _sid(key),
        "lastPasswordChangeDateTime": SINCE,
        "signInSessionsValidFromDateTime": SINCE,
        "refreshTokensValidFromDateTime": SINCE,
        "_manager": None,
        "_password": None,
        **_licences([(SPE_E3, None)]),
        **values,
    }


def _licences(held: list[tuple[str, str | None]]) -> Doc:
    states: list[Doc] = [
        {
            "skuId": sku_id,
            "disabledPlans": [],
            "assignedByGroup": group,
            "state": "Active",
            "error": "None",
            "lastUpdatedDateTime": SINCE,
        }
        for sku_id, group in held
    ]
    return {
        "licenseAssignmentStates": states,
        "assignedLicenses": [{"skuId": sku_id, "disabledPlans": []} for sku_id, _ in held],
    }


def _sid(object_id: str) -> str:
    """``securityIdentifier``: the id's bytes as four little-endian numbers."""
    raw = UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[i : i + 4], "little")) for i in range(0, 16, 4))


def _employee(n: int) -> Doc:
    """The nth employee: the first leads the company, the next four their departments; five are synced."""
    username, given, family = _name(n)
    department = DEPARTMENTS[(n - 1) % 4] if n else None
    office, country = _OFFICES[n % len(_OFFICES)]
    values: Doc = {
        "department": department,
        "jobTitle": _title(n, department),
        "employeeId": f"P{n + 1:05d}",
        "employeeType": "Employee",
        "employeeHireDate": f"{2015 + n % 9}-{1 + n % 12:02d}-01T00:00:00Z",
        "officeLocation": office,
        "usageLocation": country,
        "_manager": _manager(n),
        **_licences([(SPE_E3, None), (AAD_PREMIUM_P2, LICENCE_GROUP)]),
    }
    if 10 <= n < 15:
        values |= _synced(username)
    return _person(username, given, family, **values)


def _name(n: int) -> tuple[str, str, str]:
    given, family = _GIVEN[n % len(_GIVEN)], _FAMILY[n % len(_FAMILY)]
    namesake = n // (len(_GIVEN) * len(_FAMILY))
    return f"{given}.{family}{namesake or ''}".lower(), given, family


def _title(n: int, department: str | None) -> str:
    if department is None:
        return "Managing Director"
    titles = _TITLES[department]
    return titles[0] if n <= len(DEPARTMENTS) else titles[1 + n % (len(titles) - 1)]


def _manager(n: int) -> str | None:
    if n == 0:
        return None
    head = 0 if n <= len(DEPARTMENTS) else 1 + (n - 1) % 4
    return made(f"user/{_name(head)[0]}")


def _synced(username: str) -> Doc:
    """Mastered on premises: Graph may not change these."""
    return {
        "onPremisesSyncEnabled": True,
        "onPremisesImmutableId": b64encode(UUID(made(f"guid/{username}")).bytes).decode(),
        "onPremisesLastSyncDateTime": SINCE,
        "onPremisesDomainName": "corp.practice.example",
        "onPremisesSamAccountName": username[:20],
    }


def _login(store: Store, role: str | None, username: str, given: str, family: str) -> Doc:
    identity = store.get("identity", f"login/{username}") or {}
    return _person(
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
    return [_person("iam-notices", "IAM", "Notices"), _person("iam-admins", "IAM", "Administrators")]


def _protected() -> list[Doc]:
    """Accounts that nothing automatic may ever touch."""
    titles = ("Emergency access", "Emergency access", "Directory synchronisation")
    return [
        _person(
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


def _groups(employees: list[Doc], staff: list[Doc]) -> list[Doc]:
    """One group of every kind that behaves differently (Graph, "groups overview")."""
    everybody = [person["id"] for person in employees]
    heads = everybody[:5]
    mail = {"mailEnabled": True}
    return [
        *(_group(name, [p["id"] for p in employees if p["department"] == name]) for name in DEPARTMENTS),
        _dynamic("Everybody (dynamic)", "user.accountEnabled -eq true"),
        _dynamic("Sales (dynamic)", 'user.department -eq "Sales"'),
        _group("Licence AAD_PREMIUM_P2", everybody, _licences=[{"skuId": AAD_PREMIUM_P2, "disabledPlans": []}]),
        _group("Block sign-in", []),
        _group("Corporate VPN", everybody[10:15], onPremisesSyncEnabled=True, onPremisesLastSyncDateTime=SINCE),
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
        "securityIdentifier": _sid(key),
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
