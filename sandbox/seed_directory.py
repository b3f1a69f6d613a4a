"""What the seeded directory has beside people: units, groups of further kinds, roles for a time, further products.

Those who hold these roles are people of their own, so that nobody of the company is protected by surprise.
"""

from datetime import datetime, timedelta

from sandbox.graph.licences.licence_rules import EXCHANGE_S_STANDARD, SHAREPOINTSTANDARD
from sandbox.graph.roles.directory_roles import activate
from sandbox.graph.roles.privileges import UNIT_SCOPE, assignment_id, seven_decimals
from sandbox.graph.schema import GROUP, GROUP_LISTS
from sandbox.seed_apps import assign_role
from sandbox.seed_catalogue import (
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    TENANT_ID,
    USER_ADMINISTRATOR,
    made,
)
from sandbox.seed_people import DOMAIN, SINCE, person, security_identifier
from sandbox.store import Doc, Store

GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
STANDARDPACK = "18181a46-0d4e-45cd-891e-60aabd171b4e"
MCOEV = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
_PRODUCTS = (
    (
        "STANDARDPACK",
        STANDARDPACK,
        500,
        {
            "EXCHANGE_S_STANDARD": EXCHANGE_S_STANDARD,
            "SHAREPOINTSTANDARD": SHAREPOINTSTANDARD,
            "SHAREPOINTWAC": "e95bec33-7c88-4a70-8e19-b10bd9d0c014",
            "TEAMS1": "57ff2da0-773e-42df-b2af-ffb7a2317929",
            "MCOSTANDARD": "0feaeb32-d00e-4d66-bd5a-43b5b83db82c",
            "YAMMER_ENTERPRISE": "7547a3fe-08ee-4ccb-b430-5077c5041653",
        },
    ),
    ("MCOEV", MCOEV, 200, {"MCOEV": "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"}),
)
_STAFF = (
    ("rowan.keller", "Rowan", "Keller", "Eligible administrator"),
    ("sana.iqbal", "Sana", "Iqbal", "Activated administrator"),
    ("noor.lindahl", "Noor", "Lindahl", "Service desk lead"),
    ("olivia.hartmann", "Olivia", "Hartmann", "Chair of the board"),
)


def seed(store: Store, hired: list[Doc]) -> None:
    """All of it; ids are the same every time."""
    for number, (username, given, family, title) in enumerate(_STAFF, 1):
        store.put("users", _somebody(number, username, given, family, title), 0)
    for product in _PRODUCTS:
        store.put("skus", _sku(*product), 0)
    for group in _groups(hired):
        store.put("groups", group, 0)
    for unit in _units(hired):
        store.put("administrative_units", unit, 0)
    _roles(store)
    held = {assignment["roleDefinitionId"] for assignment in store.all("role_assignments")}
    for role in sorted(held | {GLOBAL_ADMINISTRATOR}):
        activate(store, role)


def _somebody(number: int, username: str, given: str, family: str, title: str) -> Doc:
    values = {"jobTitle": title, "employeeId": f"D{number:05d}", "employeeType": "Employee"}
    unlicensed: Doc = {"mail": None, "proxyAddresses": [], "licenseAssignmentStates": [], "assignedLicenses": []}
    return person(username, given, family, **values, **unlicensed)


def _sku(name: str, sku_id: str, seats: int, plans: dict[str, str]) -> Doc:
    """A product beside the catalogue's: one that excludes others, one that needs others."""
    return {
        "id": f"{TENANT_ID}_{sku_id}",
        "accountId": TENANT_ID,
        "accountName": "Practice",
        "skuId": sku_id,
        "skuPartNumber": name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "prepaidUnits": {"enabled": seats, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {"servicePlanId": key, "servicePlanName": plan, "provisioningStatus": "Success", "appliesTo": "User"}
            for plan, key in plans.items()
        ],
        "subscriptionIds": [made(f"subscription/{name}")],
    }


# -- groups and units --------------------------------------------------------------------------------------------------


def _groups(hired: list[Doc]) -> list[Doc]:
    """Nested, owned, mail-enabled in both ways, and one that carries a role."""
    heads = [one["id"] for one in hired[:5]]
    alone = hired[min(21, len(hired) - 1)]["id"]
    return [
        _group("All technology", [made("group/Engineering"), made("group/IT")]),
        _group("Project Orion", [alone], _owners=[alone]),
        _group("Sales hub", heads[:3], _owners=heads[:2], **_team("sales-hub", "Private")),
        _group("Town hall", heads, _owners=heads[:1], **_team("town-hall", "Public")),
        _group("Finance approvals", heads[:2], **_mail("finance-approvals")),
        _group("Office notices", heads, securityEnabled=False, **_mail("office-notices")),
        _group("Service desk leads", [made("user/noor.lindahl")], isAssignableToRole=True),
    ]


def _team(nickname: str, visibility: str) -> Doc:
    return {**_mail(nickname), "groupTypes": ["Unified"], "visibility": visibility}


def _mail(nickname: str) -> Doc:
    address = f"{nickname}@{DOMAIN}"
    return {"mailEnabled": True, "mail": address, "mailNickname": nickname, "proxyAddresses": [f"SMTP:{address}"]}


def _group(name: str, members: list[str], **values: object) -> Doc:
    key = made(f"group/{name}")
    return {
        **dict.fromkeys(GROUP.default),
        **{listed: [] for listed in GROUP_LISTS},
        "id": key,
        "createdDateTime": SINCE,
        "renewedDateTime": SINCE,
        "displayName": name,
        "mailEnabled": False,
        "mailNickname": name.lower().replace(" ", "-"),
        "securityEnabled": True,
        "securityIdentifier": security_identifier(key),
        "_members": members,
        "_owners": [],
        "_licences": [],
        **values,
    }


def _units(hired: list[Doc]) -> list[Doc]:
    """The people of one office, and one whose members only its own administrators may change."""
    office = [one["id"] for one in hired if one["officeLocation"] == hired[0]["officeLocation"]]
    return [
        _unit("Headquarters", "Everybody in the first office", office),
        _unit("Executive accounts", "Changed by their own administrators only", [made("user/olivia.hartmann")], True),
    ]


def _unit(name: str, description: str, members: list[str], restricted: bool = False) -> Doc:
    return {
        "id": made(f"unit/{name}"),
        "deletedDateTime": None,
        "displayName": name,
        "description": description,
        "visibility": None,
        "isMemberManagementRestricted": restricted,
        "_members": members,
    }


# -- roles -------------------------------------------------------------------------------------------------------------


def _roles(store: Store) -> None:
    """By a group, in a unit, eligible, and active since an activation."""
    assign_role(store, made("group/Service desk leads"), HELPDESK_ADMINISTRATOR)
    for unit, role in (("Headquarters", HELPDESK_ADMINISTRATOR), ("Executive accounts", USER_ADMINISTRATOR)):
        scope, principal = UNIT_SCOPE + made(f"unit/{unit}"), made("user/sana.iqbal")
        key = assignment_id(role, principal, scope)
        held = {"id": key, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": scope}
        store.put("role_assignments", held, 0)
    _eligible(store, "rowan.keller", USER_ADMINISTRATOR)
    _activated(store, "sana.iqbal", GROUPS_ADMINISTRATOR)


def _eligible(store: Store, username: str, role: str) -> Doc:
    return _schedule(store, f"eligible/{username}", username, role, datetime.fromisoformat(SINCE), _kind="eligibility")


def _activated(store: Store, username: str, role: str) -> None:
    """For eight hours from the company's beginning."""
    eligible, since = _eligible(store, username, role), store.now()
    schedule = _schedule(
        store, f"active/{username}", username, role, since, timedelta(hours=8),
        assignmentType="Activated", _kind="assignment", _using=eligible["id"],
    )  # fmt: skip
    principal = schedule["principalId"]
    held = {
        "id": assignment_id(role, principal),
        "principalId": principal,
        "roleDefinitionId": role,
        "directoryScopeId": "/",
        "_schedule": schedule["id"],
    }
    store.put("role_assignments", held, 0)


def _schedule(
    store: Store,
    name: str,
    username: str,
    role: str,
    since: datetime,
    length: timedelta | None = None,
    **values: object,
) -> Doc:
    key, start = made(f"schedule/{name}/{role}"), seven_decimals(since)
    expiration = {"type": "afterDuration" if length else "noExpiration", "endDateTime": None}
    schedule = {
        "id": key,
        "principalId": made(f"user/{username}"),
        "roleDefinitionId": role,
        "directoryScopeId": "/",
        "appScopeId": None,
        "createdUsing": key,
        "createdDateTime": start,
        "modifiedDateTime": None,
        "status": "Provisioned",
        "memberType": "Direct",
        "scheduleInfo": {
            "startDateTime": start,
            "recurrence": None,
            "expiration": {**expiration, "duration": "PT8H" if length else None},
        },
        "_start": start,
        "_end": seven_decimals(since + length) if length else None,
        "_timed": "yes" if length else None,
        "_using": None,
        **values,
    }
    return store.put("role_schedules", schedule, 0)
