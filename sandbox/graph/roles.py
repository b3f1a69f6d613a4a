"""Directory roles: definitions and assignments of ``/roleManagement/directory`` (unified role management)."""

import base64
import uuid

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_object
from sandbox.graph.errors import bad_request, missing, not_found
from sandbox.graph.permissions import ROLES_READ, ROLES_WRITE
from sandbox.graph.query import Expansion, collection, entity, shape, typed, wanted
from sandbox.graph.schema import GROUP, ROLE_ASSIGNMENT, ROLE_DEFINITION, spelled
from sandbox.seed_catalogue import GLOBAL_ADMINISTRATOR
from sandbox.store import Doc

router = Router()
_ROOT = "roleManagement/directory"
CONFLICT = "A conflicting object with one or more of the specified property values is present in the directory."


@router.add("GET", f"{_ROOT}/roleDefinitions", ROLES_READ)
def definitions(call: Call) -> Response:
    """``GET /roleManagement/directory/roleDefinitions``."""
    found = call.store.seen_all("role_definitions")
    context = f"{_ROOT}/roleDefinitions"
    return collection(call, found, ROLE_DEFINITION, context, clause=wanted(call, ROLE_DEFINITION))


@router.add("GET", f"{_ROOT}/roleDefinitions/{{role}}", ROLES_READ)
def definition(call: Call) -> Response:
    """``GET /roleManagement/directory/roleDefinitions/{id}``."""
    return entity(call, _definition(call, call.params["role"]), ROLE_DEFINITION, f"{_ROOT}/roleDefinitions")


def _definition(call: Call, key: str) -> Doc:
    found = call.store.seen("role_definitions", key.lower())
    if found is None:
        raise not_found(key)
    return found


@router.add("GET", f"{_ROOT}/roleAssignments", ROLES_READ)
def assignments(call: Call) -> Response:
    """``GET …/roleAssignments?$filter=principalId eq '…'[&$expand=roleDefinition]``: direct ones only."""
    clause = wanted(call, ROLE_ASSIGNMENT)
    principal = clause.equals.get("principalId") if clause else None
    if principal:
        found = call.store.find_seen("role_assignments", "principalId", principal)
    else:
        found = call.store.seen_all("role_assignments")
    there = [doc for doc in found if call.store.get("deleted_users", doc["principalId"]) is None]
    context = f"{_ROOT}/roleAssignments"
    return collection(call, there, ROLE_ASSIGNMENT, context, clause=clause, expansions=_EXPANSIONS)


@router.add("GET", f"{_ROOT}/roleAssignments/{{assignment}}", ROLES_READ)
def assignment(call: Call) -> Response:
    """``GET …/roleAssignments/{id}``."""
    found = call.store.seen("role_assignments", call.params["assignment"])
    if found is None:
        raise not_found(call.params["assignment"])
    return entity(call, found, ROLE_ASSIGNMENT, f"{_ROOT}/roleAssignments", expansions=_EXPANSIONS)


@router.add("POST", f"{_ROOT}/roleAssignments", ROLES_WRITE)
def assign(call: Call) -> Response:
    """``POST …/roleAssignments``: 201; the same once more is 400."""
    values = spelled(call.body(), ROLE_ASSIGNMENT)
    for name in ("principalId", "roleDefinitionId"):
        if not isinstance(values.get(name), str):
            raise missing(name, "UnifiedRoleAssignment")
    role = _definition(call, values["roleDefinitionId"])["id"]
    principal, kind = seen_object(call.store, values["principalId"])
    if kind is GROUP and not principal.get("isAssignableToRole"):
        raise bad_request("The group is not assignable to roles.")
    scope = values.get("directoryScopeId") or "/"
    held = call.store.find("role_assignments", "principalId", principal["id"])
    if any((doc["roleDefinitionId"], doc["directoryScopeId"]) == (role, scope) for doc in held):
        raise bad_request(CONFLICT)
    key = assignment_id(role, principal["id"], scope)
    doc = {"id": key, "principalId": principal["id"], "directoryScopeId": scope, "roleDefinitionId": role}
    call.store.put("role_assignments", doc)
    return entity(call, doc, ROLE_ASSIGNMENT, f"{_ROOT}/roleAssignments", status=201)


def assignment_id(role: str, principal: str, scope: str = "/") -> str:
    """An id as the directory makes it: opaque, URL-safe, the same for the same role, principal and scope."""
    raw = uuid.UUID(role).bytes + uuid.UUID(principal).bytes
    if scope != "/":
        raw += uuid.uuid5(uuid.NAMESPACE_URL, scope).bytes
    return base64.urlsafe_b64encode(raw).decode().rstrip("=") + "-1"


@router.add("DELETE", f"{_ROOT}/roleAssignments/{{assignment}}", ROLES_WRITE)
def remove(call: Call) -> Response:
    """``DELETE …/roleAssignments/{id}``: 204; 404 if gone; the last Global Administrator stays."""
    key = call.params["assignment"]
    found = call.store.get("role_assignments", key)
    if found is None or call.store.seen("role_assignments", key) is None:
        raise not_found(key)
    administrators = call.store.find("role_assignments", "roleDefinitionId", GLOBAL_ADMINISTRATOR)
    if [doc["id"] for doc in administrators] == [key]:
        raise bad_request("The last Global Administrator of the organization cannot be removed.")
    call.store.remove("role_assignments", key)
    return Response(status_code=204)


def _expand_definition(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    found = call.store.seen("role_definitions", doc["roleDefinitionId"])
    if found is None:
        return None
    names = [ROLE_DEFINITION.names.get(n.strip().lower(), n.strip()) for n in options.get("select", "").split(",") if n]
    return shape(found, names or ROLE_DEFINITION.default)


def _expand_principal(call: Call, doc: Doc, options: dict[str, str]) -> Doc | None:
    found, kind = seen_object(call.store, doc["principalId"])
    return typed(call, found, kind)


_EXPANSIONS: dict[str, Expansion] = {"roleDefinition": _expand_definition, "principal": _expand_principal}
