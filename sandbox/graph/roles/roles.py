"""Directory roles: definitions and assignments of ``/roleManagement/directory`` (unified role management)."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_object, seen_objects
from sandbox.graph.errors import bad_request, malformed, missing, not_found, unknown_segment
from sandbox.graph.permissions import ROLES_READ, ROLES_WRITE
from sandbox.graph.query import Expansion, collection, entity, shape, typed, wanted
from sandbox.graph.roles.directory_roles import activate
from sandbox.graph.roles.privileges import UNIT_SCOPE, assignment_id, end_schedule, tick
from sandbox.graph.schema import GROUP, ROLE_ASSIGNMENT, ROLE_DEFINITION, Resource, spelled
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT
from sandbox.seed_catalogue import GLOBAL_ADMINISTRATOR
from sandbox.store import Doc, Store

router = Router()
ROOT = "roleManagement/directory"
CONFLICT = "A conflicting object with one or more of the specified property values is present in the directory."


@router.add("GET", f"{ROOT}/roleDefinitions", ROLES_READ)
def definitions(call: Call) -> Response:
    """``GET /roleManagement/directory/roleDefinitions``."""
    found = call.store.seen_all("role_definitions")
    context = f"{ROOT}/roleDefinitions"
    return collection(call, found, ROLE_DEFINITION, context, clause=wanted(call, ROLE_DEFINITION))


@router.add("GET", f"{ROOT}/roleDefinitions/{{role}}", ROLES_READ)
def one_definition(call: Call) -> Response:
    """``GET /roleManagement/directory/roleDefinitions/{id}``."""
    return entity(call, definition(call.store, call.params["role"]), ROLE_DEFINITION, f"{ROOT}/roleDefinitions")


def definition(store: Store, key: str) -> Doc:
    """A role definition by id; 404 if there is none."""
    found = store.seen("role_definitions", key.lower())
    if found is None:
        raise not_found(key)
    return found


@router.add("GET", f"{ROOT}/roleAssignments", ROLES_READ)
def assignments(call: Call) -> Response:
    """``GET …/roleAssignments?$filter=principalId eq '…'[&$expand=roleDefinition]``: direct ones only."""
    tick(call.store)
    clause = wanted(call, ROLE_ASSIGNMENT)
    equals = clause.equals if clause else {}
    found = _seen(call.store, equals)
    context = f"{ROOT}/roleAssignments"
    return collection(call, found, ROLE_ASSIGNMENT, context, clause=clause, expansions=EXPANSIONS)


def _seen(store: Store, equals: Doc) -> list[Doc]:
    """The assignments an indexed equality leaves to look at; those of principals in the recycle bin do not show."""
    for name in ("principalId", "directoryScopeId", "roleDefinitionId"):
        if isinstance(value := equals.get(name), str):
            found = store.find_seen("role_assignments", name, value)
            break
    else:
        found = store.seen_all("role_assignments")
    return [doc for doc in found if store.get("deleted_users", doc["principalId"]) is None]


@router.add("GET", f"{ROOT}/transitiveRoleAssignments", ROLES_READ)
def transitive(call: Call) -> Response:
    """``GET /beta/…/transitiveRoleAssignments?$count=true&$filter=principalId eq '…'``: through groups too."""
    if call.version != "beta":
        raise unknown_segment("transitiveRoleAssignments")
    tick(call.store)
    clause = wanted(call, ROLE_ASSIGNMENT)
    principal = clause.equals.get("principalId") if clause else None
    if not isinstance(principal, str) or not call.eventual or call.query.get("count") != "true":
        raise malformed(
            "This query takes $filter on principalId, $count=true and the header ConsistencyLevel: eventual."
        )
    groups = [g["id"] for g in call.store.find_seen("groups", "_members", principal) if g.get("isAssignableToRole")]
    found = [doc for key in (principal, *groups) for doc in _seen(call.store, {"principalId": key})]
    return collection(call, found, ROLE_ASSIGNMENT, f"{ROOT}/transitiveRoleAssignments", expansions=EXPANSIONS)


@router.add("GET", f"{ROOT}/roleAssignments/{{assignment}}", ROLES_READ)
def assignment(call: Call) -> Response:
    """``GET …/roleAssignments/{id}``."""
    tick(call.store)
    found = call.store.seen("role_assignments", call.params["assignment"])
    if found is None:
        raise not_found(call.params["assignment"])
    return entity(call, found, ROLE_ASSIGNMENT, f"{ROOT}/roleAssignments", expansions=EXPANSIONS)


@router.add("POST", f"{ROOT}/roleAssignments", ROLES_WRITE)
def assign(call: Call) -> Response:
    """``POST …/roleAssignments``: 201; the same once more is 400."""
    values = spelled(call.body(), ROLE_ASSIGNMENT)
    for name in ("principalId", "roleDefinitionId"):
        if not isinstance(values.get(name), str):
            raise missing(name, "UnifiedRoleAssignment")
    role = definition(call.store, values["roleDefinitionId"])["id"]
    principal, kind = seen_object(call.store, values["principalId"])
    made = grant(call.store, role, principal, kind, scope_of(call.store, values.get("directoryScopeId")))
    return entity(call, made, ROLE_ASSIGNMENT, f"{ROOT}/roleAssignments", status=201)


def grant(store: Store, role: str, principal: Doc, kind: Resource, scope: str) -> Doc:
    """Write an assignment, unless the principal has it already or cannot have any."""
    refuse_group(principal, kind)
    if held(store, principal["id"], role, scope) is not None:
        raise bad_request(CONFLICT)
    activate(store, role)
    key = assignment_id(role, principal["id"], scope)
    doc = {"id": key, "principalId": principal["id"], "directoryScopeId": scope, "roleDefinitionId": role}
    return store.put("role_assignments", doc)


def refuse_group(principal: Doc, kind: Resource) -> None:
    """Groups can have roles only if they were made for it."""
    if kind is GROUP and not principal.get("isAssignableToRole"):
        raise bad_request("The group is not assignable to roles.")


def held(store: Store, principal_id: str, role: str, scope: str) -> Doc | None:
    """The active direct assignment of a role in a scope, as it truly is."""
    tick(store)
    found = store.find("role_assignments", "principalId", principal_id)
    same = (doc for doc in found if (doc["roleDefinitionId"], doc["directoryScopeId"].lower()) == (role, scope.lower()))
    return next(same, None)


def scope_of(store: Store, asked: object) -> str:
    """A ``directoryScopeId``: the whole directory, an administrative unit or another object that is there."""
    scope = str(asked or "/")
    if scope == "/":
        return scope
    kind, _, key = scope.strip("/").rpartition("/")
    if kind.lower() == "administrativeunits":
        if store.seen("administrative_units", key.lower()) is None:
            raise not_found(key)
        return f"{UNIT_SCOPE}{key.lower()}"
    if kind or (store.seen("applications", key.lower()) is None and not any(seen_objects(store, [key.lower()]))):
        raise not_found(key)
    return f"/{key.lower()}"


@router.add("DELETE", f"{ROOT}/roleAssignments/{{assignment}}", ROLES_WRITE)
def remove(call: Call) -> Response:
    """``DELETE …/roleAssignments/{id}``: 204; 404 if gone; the last Global Administrator stays.

    Of a role that was activated, or assigned for a time, the eligibility remains.
    """
    tick(call.store)
    key = call.params["assignment"]
    found = call.store.get("role_assignments", key)
    if found is None or call.store.seen("role_assignments", key) is None:
        raise not_found(key)
    take(call.store, found)
    return Response(status_code=204)


def take(store: Store, doc: Doc) -> None:
    """Take an active assignment away, with the schedule that made it."""
    administrators = store.find("role_assignments", "roleDefinitionId", GLOBAL_ADMINISTRATOR)
    if [other["id"] for other in administrators if other["directoryScopeId"] == "/"] == [doc["id"]]:
        raise bad_request("The last Global Administrator of the organization cannot be removed.")
    store.remove("role_assignments", doc["id"])
    if doc.get("_schedule") and (schedule := store.get("role_schedules", doc["_schedule"])):
        end_schedule(store, schedule)


def _expand_definition(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    found = call.store.seen("role_definitions", doc["roleDefinitionId"])
    if found is None:
        return None
    names = [ROLE_DEFINITION.names.get(n.strip().lower(), n.strip()) for n in options.get("select", "").split(",") if n]
    return shape(found, names or ROLE_DEFINITION.default)


def _expand_principal(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    """Whoever holds the role; nothing of somebody who is gone or not to be seen yet."""
    known = next(seen_objects(call.store, [doc["principalId"]]), None)
    if known is None:
        return None
    found, kind = known
    if options.get("select"):
        names = [kind.names.get(n.strip().lower(), n.strip()) for n in options["select"].split(",")]
        return {"@odata.type": kind.odata, **shape(found, names)}
    return typed(call, found, kind)


def _expand_scope(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    """The administrative unit or other object of a scope; the whole directory is none."""
    key = doc["directoryScopeId"].rpartition("/")[2]
    if not key:
        return None
    if (unit := call.store.seen("administrative_units", key)) is not None:
        return {"@odata.type": ADMINISTRATIVE_UNIT.odata, **shape(unit, ADMINISTRATIVE_UNIT.default)}
    known = next(seen_objects(call.store, [key]), None)
    return None if known is None else typed(call, *known)


EXPANSIONS: dict[str, Expansion] = {
    "roleDefinition": _expand_definition,
    "principal": _expand_principal,
    "directoryScope": _expand_scope,
}
