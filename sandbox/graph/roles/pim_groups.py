"""Privileged identity management of groups: eligible and active members and owners, for a time.

Source: Microsoft Graph v1.0, "Manage PIM for Groups" (``/identityGovernance/privilegedAccess/group``).
"""

from collections.abc import Callable, Iterable

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_object, seen_objects
from sandbox.graph.errors import GraphError, bad_request, missing, not_found
from sandbox.graph.groups.groups import after
from sandbox.graph.groups.memberships import is_dynamic
from sandbox.graph.permissions import (
    GROUP_ELIGIBILITIES_READ,
    GROUP_ELIGIBILITIES_WRITE,
    GROUP_SCHEDULES_READ,
    GROUP_SCHEDULES_WRITE,
)
from sandbox.graph.query import Expansion, collection, entity, typed, wanted
from sandbox.graph.roles.pim_policies import Policy
from sandbox.graph.roles.pim_schedules import Book, cancel, carry_out
from sandbox.graph.roles.privileges import seven_decimals
from sandbox.graph.schema import GROUP, Resource
from sandbox.graph.schema_roles import (
    GROUP_ACTIVE,
    GROUP_ACTIVE_INSTANCE,
    GROUP_ACTIVE_REQUEST,
    GROUP_ELIGIBILITY,
    GROUP_ELIGIBILITY_INSTANCE,
    GROUP_ELIGIBILITY_REQUEST,
)
from sandbox.store import Doc, Store

router = Router()
ROOT = "identityGovernance/privilegedAccess/group"
_KEYS = ("principalId", "groupId", "accessId")
_FIELDS = {"member": "_members", "owner": "_owners"}


def tick(store: Store) -> None:
    """Begin and end memberships that have a time, by the tenant's clock."""
    timed = store.find("group_schedules", "_timed", "yes")
    if not timed:
        return
    now = seven_decimals(store.now())
    for schedule in timed:
        if schedule["_end"] is not None and schedule["_end"] <= now:
            _end(store, schedule)
        elif schedule["_kind"] == "assignment" and schedule["_start"] <= now:
            _begin(store, schedule)


# -- the two books -----------------------------------------------------------------------------------------------------


def _check(store: Store, body: Doc) -> Doc:
    """A request's body with its references resolved, refused where they lead nowhere or to what rules decide."""
    for name in _KEYS:
        if not isinstance(body.get(name), str):
            raise missing(name, "PrivilegedAccessGroupScheduleRequest")
    access = body["accessId"].lower()
    if access not in _FIELDS:
        raise bad_request(f"Invalid value specified for property 'accessId': '{body['accessId']}'.")
    try:
        principal, _ = seen_object(store, body["principalId"])
    except GraphError:
        raise GraphError(400, "SubjectNotFound", "The subject is not found.") from None
    group = store.seen("groups", body["groupId"].lower())
    if group is None:
        raise GraphError(400, "ResourceNotFound", "The resource is not found.")
    if is_dynamic(group) or group.get("onPremisesSyncEnabled"):
        raise bad_request("Groups with dynamic membership or synchronized from on-premises cannot be managed in PIM.")
    tick(store)
    return {**body, "principalId": principal["id"], "groupId": group["id"], "accessId": access}


def _schedule(store: Store, kind: str, body: Doc) -> Doc | None:
    for doc in store.find("group_schedules", "principalId", body["principalId"]):
        if doc["_kind"] == kind and all(doc[key] == body[key] for key in _KEYS):
            return doc
    return None


def _eligibility(store: Store, body: Doc) -> Doc | None:
    return _schedule(store, "eligibility", body)


def _active(store: Store, body: Doc) -> Doc | None:
    """What makes somebody a member or owner: a schedule, or having been added without one."""
    if (planned := _schedule(store, "assignment", body)) is not None:
        return planned
    group = store.get("groups", body["groupId"]) or {}
    return dict(body) if body["principalId"] in (group.get(_FIELDS[body["accessId"]]) or ()) else None


def _begin(store: Store, schedule: Doc) -> None:
    field = _FIELDS[schedule["accessId"]]
    group = store.get("groups", schedule["groupId"])
    if group is not None and schedule["principalId"] not in group[field]:
        changed = store.put("groups", {**group, field: [*group[field], schedule["principalId"]]})
        after(store, changed, field, [schedule["principalId"]])
    if schedule["_end"] is None and schedule["_timed"]:
        store.put("group_schedules", {**schedule, "_timed": None})


def _end(store: Store, held: Doc) -> None:
    field, key = _FIELDS[held["accessId"]], held["principalId"]
    if "_kind" in held:
        store.remove("group_schedules", held["id"])
        if held["_kind"] == "eligibility":
            return
    group = store.get("groups", held["groupId"])
    if group is not None and key in group[field]:
        changed = store.put("groups", {**group, field: [other for other in group[field] if other != key]})
        after(store, changed, field, [key])


def _nothing(store: Store, schedule: Doc) -> None:
    """Being eligible has no effect by itself."""


def _book(kind: str, request: Resource, held: Callable[[Store, Doc], Doc | None], *, active: bool) -> Book:
    return Book(
        kind=kind,
        schedules="group_schedules",
        requests="group_requests",
        keys=_KEYS,
        request=request,
        active=active,
        word=str.lower,
        check=_check,
        held=held,
        eligible=_eligibility,
        policy=lambda store, body: Policy(),
        schedule_id=lambda body, key: f"{body['groupId']}_{body['accessId']}_{key}",
        begin=_begin if active else _nothing,
        end=_end,
    )


_ELIGIBILITIES = _book("eligibility", GROUP_ELIGIBILITY_REQUEST, _eligibility, active=False)
_ACTIVE = _book("assignment", GROUP_ACTIVE_REQUEST, _active, active=True)


# -- reading -----------------------------------------------------------------------------------------------------------

Rows = Callable[[Store, str | None, str | None], Iterable[Doc]]


def _schedules(store: Store, kind: str, principal_id: str | None, group_id: str | None) -> list[Doc]:
    if principal_id:
        found = store.find_seen("group_schedules", "principalId", principal_id)
    elif group_id:
        found = store.find_seen("group_schedules", "groupId", group_id)
    else:
        found = store.seen_all("group_schedules")
    return [doc for doc in found if doc["_kind"] == kind and store.get("deleted_users", doc["principalId"]) is None]


def _eligible(store: Store, principal_id: str | None, group_id: str | None) -> Iterable[Doc]:
    return _schedules(store, "eligibility", principal_id, group_id)


def _eligible_instances(store: Store, principal_id: str | None, group_id: str | None) -> Iterable[Doc]:
    return _in_force(store, _eligible(store, principal_id, group_id), "eligibilityScheduleId")


def _in_force(store: Store, schedules: Iterable[Doc], name: str) -> Iterable[Doc]:
    now = seven_decimals(store.now())
    for doc in schedules:
        if doc["_start"] is None or doc["_start"] <= now:
            yield {**doc, "startDateTime": doc["_start"], "endDateTime": doc["_end"], name: doc["id"]}


def _actives(store: Store, principal_id: str | None, group_id: str | None) -> Iterable[Doc]:
    """Schedules, and members and owners who were added without one."""
    planned = _schedules(store, "assignment", principal_id, group_id)
    yield from planned
    known = {tuple(doc[key] for key in _KEYS) for doc in planned}
    group = store.seen("groups", group_id) if group_id else None
    for access, field in _FIELDS.items():
        for key in (group or {}).get(field) or ():
            if (key, group_id, access) not in known and principal_id in (None, key):
                yield _unplanned(key, str(group_id), access)


def _unplanned(principal_id: str, group_id: str, access: str) -> Doc:
    expiration = {"type": "noExpiration", "endDateTime": None, "duration": None}
    return {
        "id": f"{group_id}_{access}_{principal_id}",
        "principalId": principal_id,
        "groupId": group_id,
        "accessId": access,
        "status": "Provisioned",
        "memberType": "direct",
        "assignmentType": "assigned",
        "scheduleInfo": {"startDateTime": None, "recurrence": None, "expiration": expiration},
        "_start": None,
        "_end": None,
    }


def _active_instances(store: Store, principal_id: str | None, group_id: str | None) -> Iterable[Doc]:
    return _in_force(store, _actives(store, principal_id, group_id), "assignmentScheduleId")


def _expand_principal(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    known = next(seen_objects(call.store, [doc["principalId"]]), None)
    return None if known is None else typed(call, *known)


def _expand_group(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    found = call.store.seen("groups", doc["groupId"])
    return None if found is None else typed(call, found, GROUP)


_EXPANSIONS: dict[str, Expansion] = {"principal": _expand_principal, "group": _expand_group}


def _reads(name: str, resource: Resource, rows: Rows, allowed: frozenset[str]) -> None:
    path = f"{ROOT}/{name}"

    @router.add("GET", path, allowed)
    def many(call: Call) -> Response:
        tick(call.store)
        clause = wanted(call, resource)
        principal, group = _asked(clause.equals if clause else {})
        found = rows(call.store, principal, group)
        return collection(call, found, resource, path, clause=clause, expansions=_EXPANSIONS)

    @router.add("GET", f"{path}/filterByCurrentUser(on='principal')", allowed)
    def own(call: Call) -> Response:
        tick(call.store)
        found = rows(call.store, call.caller.object_id, None)
        return collection(call, found, resource, f"Collection({resource.name})", expansions=_EXPANSIONS)

    @router.add("GET", f"{path}/{{row}}", allowed)
    def one(call: Call) -> Response:
        tick(call.store)
        key = call.params["row"].lower()
        for doc in rows(call.store, None, key.partition("_")[0] if "_" in key else None):
            if doc["id"].lower() == key:
                return entity(call, doc, resource, path, expansions=_EXPANSIONS)
        raise not_found(call.params["row"])


def _asked(equals: Doc) -> tuple[str | None, str | None]:
    """Whom or which group is asked about: one of both must be."""
    principal, group = equals.get("principalId"), equals.get("groupId")
    if not principal and not group:
        raise bad_request("The request must be filtered by principalId or groupId.")
    return principal, group


_reads("eligibilitySchedules", GROUP_ELIGIBILITY, _eligible, GROUP_ELIGIBILITIES_READ)
_reads("eligibilityScheduleInstances", GROUP_ELIGIBILITY_INSTANCE, _eligible_instances, GROUP_ELIGIBILITIES_READ)
_reads("assignmentSchedules", GROUP_ACTIVE, _actives, GROUP_SCHEDULES_READ)
_reads("assignmentScheduleInstances", GROUP_ACTIVE_INSTANCE, _active_instances, GROUP_SCHEDULES_READ)


# -- requests ----------------------------------------------------------------------------------------------------------


def _requests(name: str, book: Book, read: frozenset[str], write: frozenset[str]) -> None:
    path = f"{ROOT}/{name}"

    def rows(store: Store, principal_id: str | None, group_id: str | None) -> Iterable[Doc]:
        for doc in store.seen_all("group_requests"):
            if doc["_kind"] == book.kind and principal_id in (None, doc["principalId"]):
                yield doc

    _reads(name, book.request, rows, read)

    @router.add("POST", path, write)
    def request(call: Call) -> Response:
        if not str(call.body().get("action", "")).lower().startswith("self"):
            call.require(write)
        return entity(call, carry_out(call, book), book.request, path, status=201)

    @router.add("POST", f"{path}/{{row}}/cancel", write)
    def withdraw(call: Call) -> Response:
        cancel(call.store, book, call.params["row"])
        return Response(status_code=204)


_requests("eligibilityScheduleRequests", _ELIGIBILITIES, GROUP_ELIGIBILITIES_READ, GROUP_ELIGIBILITIES_WRITE)
_requests("assignmentScheduleRequests", _ACTIVE, GROUP_SCHEDULES_READ, GROUP_SCHEDULES_WRITE)
