"""Who has which app role of which application (Microsoft Graph v1.0, resource type appRoleAssignment).

What a group has reaches its direct members, never those of nested groups. Kind ``app_role_assignments``.
"""

import base64
import re
import uuid
from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph.apps.app_objects import precise, seen
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_group, seen_object, seen_user
from sandbox.graph.errors import bad_request, malformed, missing, not_found
from sandbox.graph.groups.memberships import groups_of
from sandbox.graph.permissions import APP_ROLES_READ, APP_ROLES_WRITE, APPLICATIONS_READ
from sandbox.graph.query import collection, entity, wanted
from sandbox.graph.schema import GROUP, SERVICE_PRINCIPAL, USER, spelled
from sandbox.graph.schema_objects import APP_ROLE_ASSIGNMENT
from sandbox.store import Doc, Store

router = Router()

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role of an assignment to an application as such."""
EXISTS = "Permission being assigned already exists on the object"
NOT_FOUND = "Permission being assigned was not found on application '{}'."
GONE = "EntitlementGrant being updated or deleted is not found."
_QUOTED_GUID = re.compile(r"\b(?:resourceId|principalId|appRoleId)\s+(?:eq|ne|in)\s+\(?\s*'", re.IGNORECASE)
_KINDS = {USER.name: "User", GROUP.name: "Group", SERVICE_PRINCIPAL.name: "ServicePrincipal"}


def assignments_of(store: Store, field: str, object_id: str) -> list[Doc]:
    """The assignments of a principal or to a resource, as a reader sees them; those of the recycle bin rest."""
    found = store.find_seen("app_role_assignments", field, object_id)
    bins = ("deleted_users", "deleted_groups", "deleted_service_principals")
    return [doc for doc in found if not any(store.get(kind, doc["principalId"]) for kind in bins)]


def _answer(call: Call, found: list[Doc], context: str) -> Response:
    if _QUOTED_GUID.search(call.query.get("filter", "")):
        raise malformed(
            "Invalid filter clause: A binary operator with incompatible types was detected. Found operand types "
            "'Edm.Guid' and 'Edm.String' for operator kind 'Equal'."
        )
    clause = wanted(call, APP_ROLE_ASSIGNMENT)
    return collection(call, found, APP_ROLE_ASSIGNMENT, context, clause=clause)


# -- by principal ------------------------------------------------------------------------------------------------------


def _user(call: Call) -> Doc:
    return seen_user(call.store, call.params["object"])


def _group(call: Call) -> Doc:
    return seen_group(call.store, call.params["object"])


def _principal(call: Call) -> Doc:
    return seen(call, "service_principals")


def _held(call: Call, object_id: str) -> list[Doc]:
    """A principal's own, and what the groups give that it is a direct member of."""
    ids = [object_id, *(group["id"] for group in groups_of(call.store, object_id))]
    return [doc for key in ids for doc in assignments_of(call.store, "principalId", key)]


def _of_principal(kind: str, find: Callable[[Call], Doc], readers: frozenset[str]) -> None:
    path = f"{kind}/{{object}}/appRoleAssignments"

    def context(call: Call) -> str:
        return f"{kind}('{call.params['object']}')/appRoleAssignments"

    @router.add("GET", path, readers)
    def listed(call: Call) -> Response:
        key = find(call)["id"]
        own = assignments_of(call.store, "principalId", key)
        return _answer(call, _held(call, key) if kind == "users" else own, context(call))

    @router.add("GET", path + "/{assignment}", readers)
    def one(call: Call) -> Response:
        return entity(call, _found(call, "principalId", find(call)["id"]), APP_ROLE_ASSIGNMENT, context(call))

    @router.add("POST", path, APP_ROLES_WRITE)
    def assign(call: Call) -> Response:
        values, key = _values(call), find(call)["id"]
        if values["principalId"] != key:
            raise bad_request("Not a valid reference update.")
        return entity(call, _assign(call, values), APP_ROLE_ASSIGNMENT, context(call), status=201)

    @router.add("DELETE", path + "/{assignment}", APP_ROLES_WRITE)
    def remove(call: Call) -> Response:
        return _remove(call, "principalId", find(call)["id"])


_of_principal("users", _user, APP_ROLES_READ)
_of_principal("groups", _group, APP_ROLES_READ)
_of_principal("servicePrincipals", _principal, APPLICATIONS_READ)


# -- by resource -------------------------------------------------------------------------------------------------------

_ASSIGNED = "servicePrincipals/{object}/appRoleAssignedTo"


def _assigned_context(call: Call) -> str:
    return f"servicePrincipals('{call.params['object']}')/appRoleAssignedTo"


@router.add("GET", _ASSIGNED, APPLICATIONS_READ)
def assigned_to(call: Call) -> Response:
    """``GET /servicePrincipals/{id}/appRoleAssignedTo``: who has roles of this application."""
    return _answer(call, assignments_of(call.store, "resourceId", _principal(call)["id"]), _assigned_context(call))


@router.add("GET", _ASSIGNED + "/{assignment}", APPLICATIONS_READ)
def assigned_one(call: Call) -> Response:
    """``GET /servicePrincipals/{id}/appRoleAssignedTo/{id}``."""
    found = _found(call, "resourceId", _principal(call)["id"])
    return entity(call, found, APP_ROLE_ASSIGNMENT, _assigned_context(call))


@router.add("POST", _ASSIGNED, APP_ROLES_WRITE)
def assign_to(call: Call) -> Response:
    """``POST /servicePrincipals/{id}/appRoleAssignedTo``: 201; Application.Read.All is needed as well."""
    call.require(APPLICATIONS_READ)
    values = _values(call)
    if values["resourceId"] != _principal(call)["id"]:
        raise bad_request("Not a valid reference update.")
    return entity(call, _assign(call, values), APP_ROLE_ASSIGNMENT, _assigned_context(call), status=201)


@router.add("DELETE", _ASSIGNED + "/{assignment}", APP_ROLES_WRITE)
def unassign(call: Call) -> Response:
    """``DELETE /servicePrincipals/{id}/appRoleAssignedTo/{id}``: 204."""
    return _remove(call, "resourceId", _principal(call)["id"])


# -- writing -----------------------------------------------------------------------------------------------------------


def _values(call: Call) -> Doc:
    values = spelled(call.body(), APP_ROLE_ASSIGNMENT)
    for name in ("principalId", "resourceId", "appRoleId"):
        if not isinstance(values.get(name), str):
            raise missing(name, "AppRoleAssignment")
    return {name: str(values[name]).lower() for name in ("principalId", "resourceId", "appRoleId")}


def _assign(call: Call, values: Doc) -> Doc:
    principal, kind = seen_object(call.store, values["principalId"])
    resource = call.store.seen("service_principals", values["resourceId"])
    if resource is None:
        raise not_found(values["resourceId"])
    if kind.name not in _KINDS:
        raise bad_request(f"Resource '{principal['id']}' cannot have app roles.")
    _check_role(resource, values["appRoleId"], "Application" if kind is SERVICE_PRINCIPAL else "User")
    held = call.store.find("app_role_assignments", "principalId", principal["id"])
    if any((doc["resourceId"], doc["appRoleId"]) == (resource["id"], values["appRoleId"]) for doc in held):
        raise bad_request(EXISTS)
    raw = uuid.UUID(principal["id"]).bytes_le + uuid.uuid4().bytes
    doc = {
        "id": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "appRoleId": values["appRoleId"],
        "createdDateTime": precise(call.store.now()),
        "principalDisplayName": principal.get("displayName"),
        "principalId": principal["id"],
        "principalType": _KINDS[kind.name],
        "resourceDisplayName": resource.get("displayName"),
        "resourceId": resource["id"],
    }
    return call.store.put("app_role_assignments", doc)


def _check_role(resource: Doc, role_id: str, member: str) -> None:
    """The role must be one of the resource's, switched on, and meant for this kind of member."""
    if role_id == DEFAULT_ACCESS and member == "User":
        return
    role = next((role for role in resource.get("appRoles") or [] if role["id"] == role_id), None)
    if role is None or not role["isEnabled"] or member not in role["allowedMemberTypes"]:
        raise bad_request(NOT_FOUND.format(resource["id"]))


def _found(call: Call, field: str, object_id: str) -> Doc:
    found = call.store.seen("app_role_assignments", call.params["assignment"])
    if found is None or found[field] != object_id:
        raise not_found(call.params["assignment"])
    return found


def _remove(call: Call, field: str, object_id: str) -> Response:
    """204; an assignment that is gone is 404, one of another principal or resource is 400."""
    key = call.params["assignment"]
    found = call.store.get("app_role_assignments", key)
    if found is None or call.store.seen("app_role_assignments", key) is None:
        raise not_found(key)
    if found[field] != object_id:
        raise bad_request(GONE)
    call.store.remove("app_role_assignments", key)
    return Response(status_code=204)
