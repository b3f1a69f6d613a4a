"""Who is protected from whom: active directory roles, role-assignable groups, restricted administrative units.

Sources: Microsoft Graph, "Working with users" (who can perform sensitive actions); Entra, "Restricted management
administrative units".
"""

import base64
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from sandbox.graph.call import Call
from sandbox.graph.errors import forbidden
from sandbox.graph.roles.directory_roles import activate
from sandbox.seed_catalogue import (
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from sandbox.store import Doc, Store

PRIVILEGED_CALLERS = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})
"""The directory roles that may do sensitive things to anybody."""
PASSWORD_CALLERS = PRIVILEGED_CALLERS | {USER_ADMINISTRATOR}
"""The directory roles that may reset a password without the permission for it."""
_DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
_GUEST_INVITER = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
_MESSAGE_CENTER_READER = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"
_REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
_USAGE_READER = "75934031-6c7e-415a-99d7-48dbd49e875e"
_GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
_PASSWORD_ADMINISTRATOR = "966707d0-3269-4727-9be2-8c3a10f19b9d"  # noqa: S105 - a role's id
_AUTHENTICATION_ADMINISTRATOR = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
_HARMLESS = frozenset({_DIRECTORY_READERS, _GUEST_INVITER, _MESSAGE_CENTER_READER, _REPORTS_READER, _USAGE_READER})
_OVER = {
    USER_ADMINISTRATOR: _HARMLESS
    | {_GROUPS_ADMINISTRATOR, HELPDESK_ADMINISTRATOR, _PASSWORD_ADMINISTRATOR, USER_ADMINISTRATOR},
    _AUTHENTICATION_ADMINISTRATOR: _HARMLESS | {_PASSWORD_ADMINISTRATOR, _AUTHENTICATION_ADMINISTRATOR},
}
"""Holders of which roles somebody with a lesser administrator's role may still do sensitive things to."""

UNIT_SCOPE = "/administrativeUnits/"


def seven_decimals(moment: datetime) -> str:
    """A moment as privileged identity management writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{moment.microsecond % 9 + 1}Z"


# -- active roles ------------------------------------------------------------------------------------------------------


def tick(store: Store) -> None:
    """Begin and end what has a time: activations, assignments and eligibilities, by the tenant's clock."""
    timed = store.find("role_schedules", "_timed", "yes")
    if not timed:
        return
    now = seven_decimals(store.now())
    for schedule in timed:
        if schedule["_end"] is not None and schedule["_end"] <= now:
            end_schedule(store, schedule)
        elif schedule["_kind"] == "assignment" and schedule["_start"] <= now:
            begin_schedule(store, schedule)


def begin_schedule(store: Store, schedule: Doc) -> None:
    """An active assignment's time has come: the role is held from now on."""
    if store.find("role_assignments", "_schedule", schedule["id"]):
        return
    activate(store, schedule["roleDefinitionId"])
    store.put(
        "role_assignments",
        {
            "id": assignment_id(schedule["roleDefinitionId"], schedule["principalId"], schedule["directoryScopeId"]),
            "principalId": schedule["principalId"],
            "directoryScopeId": schedule["directoryScopeId"],
            "roleDefinitionId": schedule["roleDefinitionId"],
            "_schedule": schedule["id"],
        },
    )
    if schedule["_end"] is None:
        store.put("role_schedules", {**schedule, "_timed": None})


def assignment_id(role: str, principal: str, scope: str = "/") -> str:
    """An id as the directory makes it: opaque, URL-safe, the same for the same role, principal and scope."""
    raw = uuid.UUID(role).bytes_le + uuid.UUID(principal).bytes_le
    if scope != "/":
        raw += uuid.uuid5(uuid.NAMESPACE_URL, scope).bytes
    return base64.urlsafe_b64encode(raw).decode().rstrip("=") + "-1"


def end_schedule(store: Store, schedule: Doc) -> None:
    """A schedule is over or revoked, and with it the assignment it made."""
    store.remove("role_schedules", schedule["id"])
    for assignment in store.find("role_assignments", "_schedule", schedule["id"]):
        store.remove("role_assignments", assignment["id"])


def assignments_of(store: Store, principal_id: str) -> list[Doc]:
    """The active assignments of a principal, direct and by a role-assignable group, as they truly are."""
    tick(store)
    found = list(store.find("role_assignments", "principalId", principal_id))
    for group in role_groups(store, principal_id):
        found.extend(store.find("role_assignments", "principalId", group["id"]))
    return found


def role_groups(store: Store, principal_id: str) -> list[Doc]:
    """The role-assignable groups somebody is a member of; such groups do not nest."""
    return [group for group in store.find("groups", "_members", principal_id) if group.get("isAssignableToRole")]


def holds_role(store: Store, principal_id: str, roles: Iterable[str], scope: str = "/") -> bool:
    """Does the principal hold one of the directory roles (by template id) in this scope, itself or by a group?"""
    held = {a["roleDefinitionId"] for a in assignments_of(store, principal_id) if a["directoryScopeId"] == scope}
    return not held.isdisjoint(roles)


# -- protected targets -------------------------------------------------------------------------------------------------


def privileged(store: Store, object_id: str) -> bool:
    """Does the user hold a directory role in any scope, or belong to a role-assignable group, or own one?"""
    return bool(assignments_of(store, object_id)) or in_role_group(store, object_id)


def in_role_group(store: Store, object_id: str) -> bool:
    """Is the user a member or an owner of a role-assignable group?"""
    groups = [*store.find("groups", "_members", object_id), *store.find("groups", "_owners", object_id)]
    return any(group.get("isAssignableToRole") for group in groups)


def guard(call: Call, target: Doc) -> None:
    """403 for a sensitive change of somebody with a directory role, unless the caller's own role is high enough."""
    refuse_restricted(call, target["id"])
    store, key = call.store, target["id"]
    if not privileged(store, key) or holds_role(store, call.caller.object_id, PRIVILEGED_CALLERS):
        return
    held = {assignment["roleDefinitionId"] for assignment in assignments_of(store, key)}
    lesser = (over for role, over in _OVER.items() if holds_role(store, call.caller.object_id, (role,)))
    if in_role_group(store, key) or not any(held <= over for over in lesser):
        raise forbidden()


def restricting_units(store: Store, object_id: str) -> Iterator[Doc]:
    """The restricted management administrative units that an object is in."""
    for unit in store.find("administrative_units", "_members", object_id):
        if unit.get("isMemberManagementRestricted"):
            yield unit


def refuse_restricted(call: Call, object_id: str) -> None:
    """403 for any change of a restricted unit's member, unless the caller has a role in one of its restricted units."""
    units = list(restricting_units(call.store, object_id))
    if not units:
        return
    scopes = {a["directoryScopeId"] for a in assignments_of(call.store, call.caller.object_id)}
    if scopes.isdisjoint(UNIT_SCOPE + unit["id"] for unit in units):
        raise forbidden()
