"""Conditional Access: which policies apply to a sign-in, and what they ask for ("Conditional Access: Grant").

Nothing here knows of locations, risk, platforms or devices: every sign-in comes from no named location, without risk,
from no managed device.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sandbox.entra_resources import groups_of, roles_of
from sandbox.store import Doc, Store

BLOCK_GROUP = "Block sign-in"
"""The seeded policy of this name blocks the members of the group of this name."""
_DEVICE_CONTROLS = {"compliantDevice": 53000, "domainJoinedDevice": 53001, "approvedApplication": 53002,
                    "compliantApplication": 53009}  # fmt: skip
TEXTS = {
    50076: (
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        "use multi-factor authentication to access '{resource}'."
    ),
    50079: (
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        "enroll in multi-factor authentication to access '{resource}'."
    ),
    53000: (
        "Device is not in required device state: unknown. Conditional Access policy requires a compliant device, and "
        "the device is not compliant. The user must enroll their device with an approved MDM provider like Intune."
    ),
    53001: (
        "Device is not in required device state: unknown. Conditional Access policy requires a domain joined device, "
        "and the device is not domain joined."
    ),
    53002: (
        "Application used is not an approved application for Conditional Access. User needs to use one of the approved "
        "applications to get access."
    ),
    53003: "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    53009: "Application needs to enforce Intune protection policies.",
    70044: "The session has expired or is invalid due to sign-in frequency checks by Conditional Access.",
}


@dataclass(frozen=True)
class Attempt:
    """A person who wants into resources: ``apps`` are application ids, ``amr`` how they proved themselves so far.

    ``issued`` is when they signed in, by the tenant's clock.
    """

    person: Doc
    apps: frozenset[str]
    amr: tuple[str, ...]
    issued: str
    client_type: str = "browser"
    transfer: str = ""
    """``deviceCodeFlow`` where the sign-in is for another device."""


@dataclass(frozen=True)
class Outcome:
    """What the policies say: ``code`` is the AADSTS code of what is missing, ``policies`` the ids that want it.

    Where all are content, ``policies`` are those that applied.
    """

    verdict: Literal["allow", "mfa", "block"]
    code: int = 0
    policies: tuple[str, ...] = ()

    @property
    def claims(self) -> str:
        """The ``claims`` of an error, to be sent to the authorization endpoint unchanged."""
        wanted = {"access_token": {"capolids": {"essential": True, "values": list(self.policies)}}}
        return json.dumps(wanted, separators=(",", ":"))

    def text(self, resource: str) -> str:
        """The words of an error."""
        return TEXTS[self.code].format(resource=resource)


def evaluate(store: Store, attempt: Attempt) -> Outcome:
    """Every enabled policy that applies must be content; a block wins over all else."""
    applying = [policy for policy in store.all("conditional_access_policies") if _applies(store, policy, attempt)]
    outcomes = [_judged(policy, attempt, store.now()) for policy in applying]
    for verdict in ("block", "mfa"):
        asking = [outcome for outcome in outcomes if outcome.verdict == verdict]
        if asking:
            policies = tuple(policy for outcome in asking for policy in outcome.policies)
            return Outcome(asking[0].verdict, asking[0].code, policies)
    return Outcome("allow", 0, tuple(str(policy["id"]) for policy in applying))


def _judged(policy: Doc, attempt: Attempt, now: datetime) -> Outcome:
    """One policy's own verdict."""
    key = (str(policy["id"]),)
    controls = policy.get("grantControls") or {}
    asked = set(controls.get("builtInControls") or ())
    if "block" in asked:
        return Outcome("block", 53003, key)
    if _too_old(policy, attempt, now):
        return Outcome("block", 70044, key)
    wants_mfa = "mfa" in asked or bool(controls.get("authenticationStrength"))
    others = [code for control, code in _DEVICE_CONTROLS.items() if control in asked]
    if others and not (wants_mfa and controls.get("operator") == "OR"):
        return Outcome("block", others[0], key)
    if not wants_mfa or "mfa" in attempt.amr:
        return Outcome("allow")
    return Outcome("mfa", 50076 if attempt.person.get("_totp_secret") else 50079, key)


def _too_old(policy: Doc, attempt: Attempt, now: datetime) -> bool:
    frequency = (policy.get("sessionControls") or {}).get("signInFrequency") or {}
    if not frequency.get("isEnabled") or frequency.get("frequencyInterval", "timeBased") != "timeBased":
        return False
    allowed = timedelta(**{frequency["type"]: int(frequency["value"])})
    return now - datetime.fromisoformat(attempt.issued) > allowed


def _applies(store: Store, policy: Doc, attempt: Attempt) -> bool:
    conditions = policy.get("conditions") or {}
    if policy["state"] != "enabled" or conditions.get("clientApplications"):
        return False
    if any(conditions.get(risk) for risk in ("userRiskLevels", "signInRiskLevels")) or conditions.get("devices"):
        return False
    kinds = conditions.get("clientAppTypes") or ["all"]
    flows = (conditions.get("authenticationFlows") or {}).get("transferMethods")
    if flows and attempt.transfer not in str(flows).split(","):
        return False
    return (
        ("all" in kinds or attempt.client_type in kinds)
        and _everywhere(conditions.get("locations"), "includeLocations", "excludeLocations")
        and _everywhere(conditions.get("platforms"), "includePlatforms", "excludePlatforms")
        and _meant(conditions.get("users") or {}, store, attempt.person)
        and _targeted(conditions.get("applications") or {}, attempt.apps)
    )


def _everywhere(condition: Doc | None, include: str, exclude: str) -> bool:
    """A condition on something unknown here holds only if it is for all of it."""
    if not condition:
        return True
    return any(str(name).lower() == "all" for name in condition.get(include) or ()) and not any(
        str(name).lower() == "all" for name in condition.get(exclude) or ()
    )


def _meant(users: Doc, store: Store, person: Doc) -> bool:
    """Is the person among those a policy includes, and not among those it excludes?"""
    groups = {group["id"] for group in groups_of(store, person["id"])}
    roles = roles_of(store, person["id"])
    guest = person.get("userType") == "Guest"

    def among(kind: str) -> bool:
        named = set(users.get(f"{kind}Users") or ())
        return (
            bool(named & {person["id"], "All"})
            or (guest and ("GuestsOrExternalUsers" in named or bool(users.get(f"{kind}GuestsOrExternalUsers"))))
            or bool(groups & set(users.get(f"{kind}Groups") or ()))
            or bool(roles & set(users.get(f"{kind}Roles") or ()))
        )

    return among("include") and not among("exclude")


def _targeted(applications: Doc, apps: frozenset[str]) -> bool:
    """Does a policy include one of the resources, without excluding it?"""
    included = set(applications.get("includeApplications") or ())
    excluded = set(applications.get("excludeApplications") or ())
    return any(("All" in included or app in included) and app not in excluded for app in apps)


def blocked_workload(store: Store, principal_id: str, app_id: str, resource_app_id: str) -> Outcome:
    """Policies for workload identities: they block service principals of this tenant, or do nothing."""
    for policy in store.all("conditional_access_policies"):
        conditions = policy.get("conditions") or {}
        wanted = conditions.get("clientApplications") or {}
        included = set(wanted.get("includeServicePrincipals") or ())
        meant = included & {principal_id, "ServicePrincipalsInMyTenant"}
        spared = principal_id in (wanted.get("excludeServicePrincipals") or ())
        targets = _targeted(conditions.get("applications") or {}, frozenset({resource_app_id}))
        blocks = "block" in ((policy.get("grantControls") or {}).get("builtInControls") or ())
        if policy["state"] == "enabled" and meant and not spared and targets and blocks:
            return Outcome("block", 53003, (str(policy["id"]),))
    return Outcome("allow")
