"""What the directory's audit log says of a change: which activity, on whom, from what to what.

A change is told from the documents before and after it, so whatever does it (a Graph call, a part of a ``$batch``,
provisioning) leaves the same rows. Activities: Microsoft Entra, "Audit log activity reference", Core Directory.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.index import difference
from sandbox.store import Change, Doc, Store


@dataclass
class Activity:
    """One thing that happened to one or two objects."""

    name: str
    category: str
    operation: str
    targets: list[Doc]
    service: str = "Core Directory"
    reason: str = ""


@dataclass(frozen=True)
class Moved:
    """A document before and after; ``had`` and ``has`` tell of kinds that share its id (the recycle bin)."""

    store: Store
    kind: str
    before: Doc | None
    after: Doc | None
    deleted_before: Doc | None = None
    deleted_after: Doc | None = None

    @property
    def doc(self) -> Doc:
        """What there is of it."""
        return self.after or self.before or {}


def activities(store: Store, changes: list[Change]) -> list[Activity]:
    """The activities that a call's changes amount to, in their order."""
    first: dict[tuple[str, str], Doc | None] = {}
    for kind, key, before, _ in changes:
        first.setdefault((kind, key), before)
    found: list[Activity] = []
    for (kind, key), before in first.items():
        if kind not in _TELLERS:
            continue
        bin_ = f"deleted_{kind}"
        moved = Moved(
            store, kind, before, store.get(kind, key), first.get((bin_, key), store.get(bin_, key)),
            store.get(bin_, key),
        )  # fmt: skip
        found.extend(_TELLERS[kind](moved))
    return found


# -- objects with a recycle bin ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Noun:
    noun: str
    type: str
    category: str
    deletes: str = "Delete"


_NOUNS = {
    "users": _Noun("user", "User", "UserManagement"),
    "groups": _Noun("group", "Group", "GroupManagement"),
    "devices": _Noun("device", "Device", "Device"),
    "applications": _Noun("application", "Application", "ApplicationManagement"),
    "service_principals": _Noun("service principal", "ServicePrincipal", "ApplicationManagement", "Remove"),
    "administrative_units": _Noun("administrative unit", "AdministrativeUnit", "AdministrativeUnit"),
}
_UNTOLD = (
    "assignedLicenses licenseAssignmentStates lastPasswordChangeDateTime signInSessionsValidFromDateTime "
    "refreshTokensValidFromDateTime createdDateTime deletedDateTime renewedDateTime proxyAddresses "
    "onPremisesLastSyncDateTime approximateLastSignInDateTime"
)
_STAMPS = frozenset(_UNTOLD.split())
_SCHEMA_NAMES = {
    "officeLocation": "PhysicalDeliveryOfficeName",
    "businessPhones": "TelephoneNumber",
    "mobilePhone": "Mobile",
    "otherMails": "OtherMail",
}


def _object(moved: Moved) -> Iterator[Activity]:
    noun = _NOUNS[moved.kind]
    if moved.before is None and moved.after is not None:
        verb = "Restore" if moved.deleted_before is not None else "Add"
        yield _about(moved, noun, f"{verb} {noun.noun}", "Add", _properties(moved, {}, moved.after))
        yield from _relations(moved, noun, {} if verb == "Add" else moved.after)
    elif moved.after is None and moved.before is not None:
        yield _about(moved, noun, f"{noun.deletes} {noun.noun}", "Delete", [])
    elif moved.before is not None and moved.after is not None:
        yield from _altered(moved, noun)


def _altered(moved: Moved, noun: _Noun) -> Iterator[Activity]:
    before, after = moved.before or {}, moved.after or {}
    properties = _properties(moved, before, after)
    if moved.kind == "users":
        yield from _person(moved, noun)
    if properties:
        names = ", ".join(p["displayName"] for p in properties)
        included = {"displayName": "Included Updated Properties", "oldValue": None, "newValue": json.dumps(names)}
        yield _about(moved, noun, f"Update {noun.noun}", "Update", [*properties, included])
    yield from _relations(moved, noun, before)


def _person(moved: Moved, noun: _Noun) -> Iterator[Activity]:
    before, after = moved.before or {}, moved.after or {}
    if before.get("accountEnabled") != after.get("accountEnabled"):
        verb = "Enable" if after.get("accountEnabled") else "Disable"
        yield _about(moved, noun, f"{verb} account", "Update", [_property("accountEnabled", before, after)])
    if before.get("_password") != after.get("_password"):
        yield _about(moved, noun, "Reset user password", "Update", [])
    elif before.get("signInSessionsValidFromDateTime") != after.get("signInSessionsValidFromDateTime"):
        stamp = {
            **_property("signInSessionsValidFromDateTime", before, after),
            "displayName": "StsRefreshTokensValidFrom",
        }
        yield _about(moved, noun, "Update StsRefreshTokenValidFrom Timestamp", "Update", [stamp])
    if before.get("assignedLicenses") != after.get("assignedLicenses"):
        change = {**_property("assignedLicenses", before, after), "displayName": "AssignedLicense"}
        yield _about(moved, noun, "Change user license", "Update", [change])
    if before.get("_manager") != after.get("_manager"):
        name = "Set user manager" if after.get("_manager") else "Remove user manager"
        yield _about(moved, noun, name, "Update", [], _target(moved.store, after.get("_manager")))


def _purged(moved: Moved) -> Iterator[Activity]:
    """Gone from the recycle bin, and not because of a restore."""
    kind = moved.kind.removeprefix("deleted_")
    if moved.before is not None and moved.after is None and moved.store.get(kind, moved.before["id"]) is None:
        noun = _NOUNS[kind]
        yield _about(Moved(moved.store, kind, moved.before, None), noun, f"Hard Delete {noun.noun}", "Delete", [])


# -- relations ---------------------------------------------------------------------------------------------------------

_RELATIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("groups", "_members"): ("Add member to group", "Remove member from group"),
    ("groups", "_owners"): ("Add owner to group", "Remove owner from group"),
    ("applications", "_owners"): ("Add owner to application", "Remove owner from application"),
    ("service_principals", "_owners"): ("Add owner to service principal", "Remove owner from service principal"),
    ("devices", "_owners"): ("Add registered owner to device", "Remove registered owner from device"),
    ("devices", "_users"): ("Add registered users to device", "Remove registered users from device"),
    ("administrative_units", "_members"): (
        "Add member to administrative unit",
        "Remove member from administrative unit",
    ),
}  # fmt: skip


def _relations(moved: Moved, noun: _Noun, before: Doc) -> Iterator[Activity]:
    """Who came and who went; the person is the first target, the object the second."""
    for (kind, name), (added, removed) in _RELATIONS.items():
        if kind != moved.kind:
            continue
        old, new = before.get(name) or [], moved.doc.get(name) or []
        gone, come = difference(old, new)
        yield from (_relation(moved, noun, added, "Assign", key) for key in come)
        yield from (_relation(moved, noun, removed, "Unassign", key) for key in gone)
    if moved.kind == "groups" and (before.get("_licences") or []) != (moved.doc.get("_licences") or []):
        yield _about(moved, noun, "Set group license", "Update", [])


def _relation(moved: Moved, noun: _Noun, name: str, operation: str, key: str) -> Activity:
    label = noun.type
    named = [
        _value(f"{label}.ObjectID", moved.doc["id"], operation),
        _value(f"{label}.DisplayName", moved.doc.get("displayName"), operation),
    ]
    person = {**(_target(moved.store, key) or {"id": key, "type": "Other"}), "modifiedProperties": named}
    return Activity(name, noun.category, operation, [person, _of(moved.doc, noun.type)])


def _value(name: str, value: Any, operation: str) -> Doc:
    """A value that came (``Assign``) or went."""
    text = json.dumps(value)
    old, new = (None, text) if operation in ("Assign", "Add") else (text, None)
    return {"displayName": name, "oldValue": old, "newValue": new}


# -- assignments and grants --------------------------------------------------------------------------------------------


def _role(moved: Moved) -> Iterator[Activity]:
    came = moved.after is not None
    if came == (moved.before is not None):
        return
    operation, role = "Assign" if came else "Unassign", _role_of(moved)
    named = [
        _value("Role.ObjectID", role["id"], operation),
        _value("Role.DisplayName", role.get("displayName"), operation),
        _value("Role.TemplateId", role.get("templateId"), operation),
    ]
    principal = _target(moved.store, moved.doc["principalId"]) or {"id": moved.doc["principalId"], "type": "Other"}
    name = "Add member to role" if came else "Remove member from role"
    yield Activity(name, "RoleManagement", operation, [{**principal, "modifiedProperties": named}, _of(role, "Role")])


def _role_of(moved: Moved) -> Doc:
    key = moved.doc["roleDefinitionId"]
    return moved.store.get("role_definitions", key) or {"id": key}


_APP_ROLE = {"User": "grant to user", "Group": "to group", "ServicePrincipal": "to service principal"}
_APP_ROLE_REMOVED = {"User": "from user", "Group": "from group", "ServicePrincipal": "from service principal"}


def _app_role(moved: Moved) -> Iterator[Activity]:
    came, doc = moved.after is not None, moved.doc
    if came == (moved.before is not None):
        return
    operation, kind = "Assign" if came else "Unassign", str(doc.get("principalType") or "User")
    words = f"Add app role assignment {_APP_ROLE.get(kind, 'to ' + kind)}"
    if not came:
        words = f"Remove app role assignment {_APP_ROLE_REMOVED.get(kind, 'from ' + kind)}"
    named = [_value("AppRole.Id", doc.get("appRoleId"), operation)]
    resource = moved.store.get("service_principals", doc["resourceId"]) or {"id": doc["resourceId"]}
    principal = _target(moved.store, doc["principalId"]) or {"id": doc["principalId"], "type": kind}
    targets = [{**_of(resource, "ServicePrincipal"), "modifiedProperties": named}, principal]
    yield Activity(words, "UserManagement" if kind == "User" else "ApplicationManagement", operation, targets)


def _consent(moved: Moved) -> Iterator[Activity]:
    verb = "Update" if moved.before and moved.after else ("Add" if moved.after else "Remove")
    client = moved.store.get("service_principals", moved.doc["clientId"]) or {"id": moved.doc["clientId"]}
    before, after = moved.before or {}, moved.after or {}
    scope = {**_property("scope", before, after), "displayName": "DelegatedPermissionGrant.Scope"}
    targets = [{**_of(client, "ServicePrincipal"), "modifiedProperties": [scope]}]
    yield Activity(f"{verb} delegated permission grant", "ApplicationManagement", verb, targets)


def _method(moved: Moved) -> Iterator[Activity]:
    """An administrator's work on somebody's authentication methods."""
    words = "registered" if moved.before is None else ("deleted" if moved.after is None else "updated")
    target = _target(moved.store, moved.doc.get("_user"))
    if target is not None:
        yield Activity(
            f"Admin {words} security info", "UserManagement", "Update", [target], "Authentication Methods",
            f"Admin {words} a method for user",
        )  # fmt: skip


# -- targets and properties --------------------------------------------------------------------------------------------


def _about(
    moved: Moved, noun: _Noun, name: str, operation: str, properties: list[Doc], other: Doc | None = None
) -> Activity:
    target = {**_of(moved.doc, noun.type), "modifiedProperties": properties}
    return Activity(name, noun.category, operation, [target, *([other] if other else [])])


def _of(doc: Doc, kind: str) -> Doc:
    """A target resource (Graph resource type targetResource)."""
    group = None
    if kind == "Group":
        group = "unifiedGroups" if "Unified" in (doc.get("groupTypes") or ()) else "azureAD"
    return {
        "id": doc.get("id"),
        "displayName": doc.get("displayName"),
        "type": kind,
        "userPrincipalName": doc.get("_userPrincipalName") or doc.get("userPrincipalName"),
        "groupType": group,
        "modifiedProperties": [],
    }


def _target(store: Store, key: str | None) -> Doc | None:
    """Whatever has this id, deleted or not."""
    for kind, noun in _NOUNS.items():
        if key and (doc := store.get(kind, key) or store.get(f"deleted_{kind}", key)):
            return _of(doc, noun.type)
    return None


def _properties(moved: Moved, before: Doc, after: Doc) -> list[Doc]:
    names = sorted({*before, *after} - _STAMPS - {"id"})
    shown = (n for n in names if not n.startswith("_") and (before.get(n) or None) != (after.get(n) or None))
    return [_property(name, before, after) for name in shown]


def _property(name: str, before: Doc, after: Doc) -> Doc:
    """Old and new value as the log has them: JSON lists, under the directory's own name of the property."""
    title = _SCHEMA_NAMES.get(name, name[0].upper() + name[1:])
    return {"displayName": title, "oldValue": _listed(before.get(name)), "newValue": _listed(after.get(name))}


def _listed(value: Any) -> str:
    if value is None or value == []:
        return "[]"
    return json.dumps(value if isinstance(value, list) else [value])


Teller = Callable[[Moved], Iterator[Activity]]
_TELLERS: dict[str, Teller] = {
    **dict.fromkeys(_NOUNS, _object),
    **dict.fromkeys((f"deleted_{kind}" for kind in _NOUNS), _purged),
    "role_assignments": _role,
    "app_role_assignments": _app_role,
    "oauth2_permission_grants": _consent,
    "authentication_methods": _method,
    "temporary_access_passes": _method,
}
