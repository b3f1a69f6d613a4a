"""Privileged identity management of directory roles: eligibilities, active assignments for a time, and their requests.

An active assignment is an ordinary role assignment too; taking that one away leaves the eligibility. Source: Microsoft
Graph v1.0, "Manage Microsoft Entra role assignments using PIM APIs".
"""

import re
from collections.abc import Callable, Iterable

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_object
from sandbox.graph.errors import GraphError, missing, not_found
from sandbox.graph.permissions import (
    ACTIVE_ROLES_READ,
    ACTIVE_ROLES_REMOVE,
    ACTIVE_ROLES_WRITE,
    ELIGIBILITIES_READ,
    ELIGIBILITIES_REMOVE,
    ELIGIBILITIES_WRITE,
)
from sandbox.graph.query import Expansion, collection, entity, shape, wanted
from sandbox.graph.roles import roles
from sandbox.graph.roles.pim_policies import policy_of
from sandbox.graph.roles.pim_schedules import Book, cancel, carry_out
from sandbox.graph.roles.privileges import begin_schedule, end_schedule, role_groups, seven_decimals, tick
from sandbox.graph.schema import Resource
from sandbox.graph.schema_roles import (
    ACTIVE,
    ACTIVE_INSTANCE,
    ACTIVE_REQUEST,
    ELIGIBILITY,
    ELIGIBILITY_INSTANCE,
    ELIGIBILITY_REQUEST,
)
from sandbox.store import Doc, Store

router = Router()
_KEYS = ("principalId", "roleDefinitionId", "directoryScopeId")


# -- the two books -----------------------------------------------------------------------------------------------------


def _check(store: Store, body: Doc) -> Doc:
    """A request's body with its references resolved, refused where they lead nowhere."""
    for name in ("principalId", "roleDefinitionId"):
        if not isinstance(body.get(name), str):
            raise missing(name, "UnifiedRoleScheduleRequest")
    try:
        principal, kind = seen_object(store, body["principalId"])
    except GraphError:
        raise GraphError(400, "SubjectNotFound", "The subject is not found.") from None
    try:
        role = roles.definition(store, body["roleDefinitionId"])
    except GraphError:
        raise GraphError(400, "RoleNotFound", "The role is not found.") from None
    roles.refuse_group(principal, kind)
    scope = roles.scope_of(store, body.get("directoryScopeId"))
    tick(store)
    return {**body, "principalId": principal["id"], "roleDefinitionId": role["id"], "directoryScopeId": scope}


def _schedule(store: Store, kind: str, principal_id: str, body: Doc) -> Doc | None:
    for doc in store.find("role_schedules", "principalId", principal_id):
        same = all(doc[key] == body[key] for key in ("roleDefinitionId", "directoryScopeId"))
        if same and doc["_kind"] == kind:
            return doc
    return None


def _eligibility(store: Store, body: Doc) -> Doc | None:
    return _schedule(store, "eligibility", body["principalId"], body)


def _usable(store: Store, body: Doc) -> Doc | None:
    """The eligibility that may be activated, the principal's own or by a role-assignable group."""
    groups = [group["id"] for group in role_groups(store, body["principalId"])]
    found = (_schedule(store, "eligibility", key, body) for key in (body["principalId"], *groups))
    now = seven_decimals(store.now())
    return next((doc for doc in found if doc is not None and doc["_start"] <= now), None)


def _active(store: Store, body: Doc) -> Doc | None:
    """What makes the role active: its schedule, or an assignment that was made without one."""
    planned = _schedule(store, "assignment", body["principalId"], body)
    return planned or roles.held(store, body["principalId"], body["roleDefinitionId"], body["directoryScopeId"])


def _end(store: Store, held: Doc) -> None:
    """A schedule, or an assignment that was made without one, is over."""
    planned = "_kind" in held
    made = store.find("role_assignments", "_schedule", held["id"]) if planned else [held]
    for assignment in made:
        roles.take(store, assignment)
    if planned:
        end_schedule(store, held)


def _nothing(store: Store, schedule: Doc) -> None:
    """Being eligible has no effect by itself."""


def _book(kind: str, request: Resource, held: Callable[[Store, Doc], Doc | None], *, active: bool) -> Book:
    return Book(
        kind=kind,
        schedules="role_schedules",
        requests="role_requests",
        keys=_KEYS,
        request=request,
        active=active,
        word=str,
        check=_check,
        held=held,
        eligible=_usable,
        policy=lambda store, body: policy_of(store, body["roleDefinitionId"]),
        schedule_id=lambda body, key: key,
        begin=begin_schedule if active else _nothing,
        end=_end,
    )


_ELIGIBILITIES = _book("eligibility", ELIGIBILITY_REQUEST, _eligibility, active=False)
_ACTIVE = _book("assignment", ACTIVE_REQUEST, _active, active=True)


# -- reading -----------------------------------------------------------------------------------------------------------

Rows = Callable[[Store, str | None], Iterable[Doc]]


def _there(store: Store, docs: Iterable[Doc]) -> Iterable[Doc]:
    return (doc for doc in docs if store.get("deleted_users", doc["principalId"]) is None)


def _schedules(store: Store, kind: str, principal_id: str | None) -> list[Doc]:
    if principal_id:
        found = store.find_seen("role_schedules", "principalId", principal_id)
    else:
        found = store.seen_all("role_schedules")
    return [doc for doc in _there(store, found) if doc["_kind"] == kind]


def _with_groups(store: Store, principal_id: str | None, rows: Callable[[str | None], list[Doc]]) -> Iterable[Doc]:
    """A principal's own rows, and those of the groups they are in, as theirs."""
    yield from rows(principal_id)
    if principal_id is None:
        return
    for group in store.find_seen("groups", "_members", principal_id):
        if group.get("isAssignableToRole"):
            for row in rows(group["id"]):
                yield {**row, "principalId": principal_id, "memberType": "Group"}


def _eligible_schedules(store: Store, principal_id: str | None) -> Iterable[Doc]:
    return _with_groups(store, principal_id, lambda key: _schedules(store, "eligibility", key))


def _eligible_instances(store: Store, principal_id: str | None) -> Iterable[Doc]:
    now = seven_decimals(store.now())
    for doc in _eligible_schedules(store, principal_id):
        if doc["_start"] <= now:
            yield {
                **doc,
                "startDateTime": doc["_start"],
                "endDateTime": doc["_end"],
                "roleEligibilityScheduleId": doc["id"],
            }


def _assignments(store: Store, principal_id: str | None) -> list[Doc]:
    if principal_id:
        found = store.find_seen("role_assignments", "principalId", principal_id)
    else:
        found = store.seen_all("role_assignments")
    return list(_there(store, found))


def _active_schedules(store: Store, principal_id: str | None) -> Iterable[Doc]:
    """Schedules, and assignments made without one in the shape of one."""

    def rows(key: str | None) -> list[Doc]:
        plain = (doc for doc in _assignments(store, key) if not doc.get("_schedule"))
        return [*_schedules(store, "assignment", key), *(_unplanned(store, doc) for doc in plain)]

    return _with_groups(store, principal_id, rows)


def _unplanned(store: Store, doc: Doc) -> Doc:
    expiration = {"type": "noExpiration", "endDateTime": None, "duration": None}
    info = {"startDateTime": seven_decimals(store.now()), "recurrence": None, "expiration": expiration}
    kinds = {"assignmentType": "Assigned", "memberType": "Direct"}
    return {**doc, "status": "Provisioned", **kinds, "scheduleInfo": info}


def _active_instances(store: Store, principal_id: str | None) -> Iterable[Doc]:
    def rows(key: str | None) -> list[Doc]:
        return [_instance(store, doc) for doc in _assignments(store, key)]

    return _with_groups(store, principal_id, rows)


def _instance(store: Store, doc: Doc) -> Doc:
    schedule = store.get("role_schedules", doc.get("_schedule") or "") or {}
    return {
        **doc,
        "startDateTime": schedule.get("_start"),
        "endDateTime": schedule.get("_end"),
        "assignmentType": schedule.get("assignmentType", "Assigned"),
        "memberType": "Direct",
        "roleAssignmentOriginId": doc["id"],
        "roleAssignmentScheduleId": schedule.get("id", doc["id"]),
        "_using": schedule.get("_using"),
    }


def _expand_using(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    """The eligibility that was activated."""
    eligible = call.store.seen("role_schedules", doc.get("_using") or "")
    return None if eligible is None else shape(eligible, ELIGIBILITY.default)


EXPANSIONS: dict[str, Expansion] = {**roles.EXPANSIONS, "activatedUsing": _expand_using}


def _reads(name: str, resource: Resource, rows: Rows, allowed: frozenset[str]) -> None:
    path = f"{roles.ROOT}/{name}"

    @router.add("GET", path, allowed)
    def many(call: Call) -> Response:
        tick(call.store)
        clause = wanted(call, resource)
        principal = clause.equals.get("principalId") if clause else None
        found = rows(call.store, principal if isinstance(principal, str) else None)
        return collection(call, found, resource, path, clause=clause, expansions=EXPANSIONS)

    @router.add("GET", f"{path}/filterByCurrentUser(on='principal')", allowed)
    def own(call: Call) -> Response:
        tick(call.store)
        found = rows(call.store, call.caller.object_id)
        clause = wanted(call, resource)
        return collection(call, found, resource, f"Collection({resource.name})", clause=clause, expansions=EXPANSIONS)

    @router.add("GET", f"{path}/{{row}}", allowed)
    def one(call: Call) -> Response:
        tick(call.store)
        for doc in rows(call.store, None):
            if doc["id"].lower() == call.params["row"].lower():
                return entity(call, doc, resource, path, expansions=EXPANSIONS)
        raise not_found(call.params["row"])


_reads("roleEligibilitySchedules", ELIGIBILITY, _eligible_schedules, ELIGIBILITIES_READ)
_reads("roleEligibilityScheduleInstances", ELIGIBILITY_INSTANCE, _eligible_instances, ELIGIBILITIES_READ)
_reads("roleAssignmentSchedules", ACTIVE, _active_schedules, ACTIVE_ROLES_READ)
_reads("roleAssignmentScheduleInstances", ACTIVE_INSTANCE, _active_instances, ACTIVE_ROLES_READ)


_SELF_SERVICE = re.compile(
    r"(?:roleManagement/directory|identityGovernance/privilegedAccess/group)/"
    r"\w+(?:ScheduleRequests|/filterByCurrentUser\(on='principal'\))",
    re.IGNORECASE,
)


def self_service(call: Call, path: str, allowed: frozenset[str]) -> bool:
    """Does a signed-in person, with a consented scope, ask for what is theirs, or to use it?"""
    return call.caller.user and bool(call.caller.scp & allowed) and _SELF_SERVICE.fullmatch(path) is not None


# -- requests ----------------------------------------------------------------------------------------------------------


def _requests(name: str, book: Book, read: frozenset[str], write: frozenset[str], remove: frozenset[str]) -> None:
    path = f"{roles.ROOT}/{name}"

    def rows(store: Store, principal_id: str | None) -> Iterable[Doc]:
        made = (doc for doc in store.seen_all("role_requests") if doc["_kind"] == book.kind)
        return (doc for doc in made if principal_id in (None, doc["principalId"]))

    _reads(name, book.request, rows, read)

    @router.add("POST", path, remove)
    def request(call: Call) -> Response:
        action = str(call.body().get("action", "")).lower()
        if not action.startswith("self"):
            call.require(remove if action == "adminremove" else write)
        return entity(call, carry_out(call, book), book.request, path, status=201)

    @router.add("POST", f"{path}/{{row}}/cancel", write)
    def withdraw(call: Call) -> Response:
        cancel(call.store, book, call.params["row"])
        return Response(status_code=204)


_requests(
    "roleEligibilityScheduleRequests", _ELIGIBILITIES, ELIGIBILITIES_READ, ELIGIBILITIES_WRITE, ELIGIBILITIES_REMOVE
)
_requests("roleAssignmentScheduleRequests", _ACTIVE, ACTIVE_ROLES_READ, ACTIVE_ROLES_WRITE, ACTIVE_ROLES_REMOVE)
