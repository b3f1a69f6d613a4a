"""Roles scoped to an administrative unit: ``scopedRoleMembers`` of a unit, ``scopedRoleMemberOf`` of a user.

They are the role assignments with that unit's ``directoryScopeId``, seen from the unit.
"""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_object, seen_user
from sandbox.graph.errors import GraphError, missing, not_found
from sandbox.graph.permissions import ROLES_READ, ROLES_WRITE
from sandbox.graph.roles.administrative_units import PATH, live_unit, seen_unit
from sandbox.graph.roles.directory_roles import activate, find_role
from sandbox.graph.roles.privileges import UNIT_SCOPE, tick
from sandbox.graph.roles.roles import grant, take
from sandbox.store import Doc, Store

router = Router()


@router.add("GET", f"{PATH}/{{unit}}/scopedRoleMembers", ROLES_READ)
def scoped_members(call: Call) -> Response:
    """``GET /directory/administrativeUnits/{id}/scopedRoleMembers``."""
    unit = seen_unit(call.store, call.params["unit"])
    found = _assignments(call.store, f"{UNIT_SCOPE}{unit['id']}")
    return call.answer({"value": [_membership(call.store, doc) for doc in found]}, "scopedRoleMemberships")


@router.add("GET", "users/{user}/scopedRoleMemberOf", ROLES_READ)
def scoped_member_of(call: Call) -> Response:
    """``GET /users/{u}/scopedRoleMemberOf``."""
    tick(call.store)
    user = seen_user(call.store, call.params["user"])
    held = call.store.find_seen("role_assignments", "principalId", user["id"])
    value = [_membership(call.store, doc) for doc in held if doc["directoryScopeId"].startswith(UNIT_SCOPE)]
    return call.answer({"value": value}, "scopedRoleMemberships")


@router.add("GET", f"{PATH}/{{unit}}/scopedRoleMembers/{{membership}}", ROLES_READ)
def scoped_member(call: Call) -> Response:
    """``GET …/scopedRoleMembers/{id}``."""
    return call.answer(_membership(call.store, _find(call)), "scopedRoleMemberships/$entity")


@router.add("POST", f"{PATH}/{{unit}}/scopedRoleMembers", ROLES_WRITE)
def add_scoped_member(call: Call) -> Response:
    """``POST …/scopedRoleMembers {"roleId", "roleMemberInfo": {"id"}}``: 201; the role's id, not its template's."""
    unit = live_unit(call.store, call.params["unit"])
    body = {name.lower(): value for name, value in call.body().items()}
    member = body.get("rolememberinfo")
    if not isinstance(body.get("roleid"), str):
        raise missing("roleId", "ScopedRoleMembership")
    if not isinstance(member, dict) or not isinstance(member.get("id"), str):
        raise missing("roleMemberInfo", "ScopedRoleMembership")
    template_id = _template(call.store, body["roleid"])
    principal, kind = seen_object(call.store, member["id"])
    made = grant(call.store, template_id, principal, kind, f"{UNIT_SCOPE}{unit['id']}")
    return call.answer(_membership(call.store, made), "scopedRoleMemberships/$entity", 201)


def _template(store: Store, role_id: str) -> str:
    """The template of a role's id; a template's own id is taken for an activated role's too."""
    try:
        return str(find_role(store, role_id)["roleTemplateId"])
    except GraphError:
        if not store.find("directory_roles", "roleTemplateId", role_id):
            raise
        return role_id.lower()


@router.add("DELETE", f"{PATH}/{{unit}}/scopedRoleMembers/{{membership}}", ROLES_WRITE)
def remove_scoped_member(call: Call) -> Response:
    """``DELETE …/scopedRoleMembers/{id}``: 204."""
    take(call.store, _find(call))
    return Response(status_code=204)


def _find(call: Call) -> Doc:
    unit = seen_unit(call.store, call.params["unit"])
    key = call.params["membership"]
    for doc in _assignments(call.store, f"{UNIT_SCOPE}{unit['id']}"):
        if doc["id"] == key:
            return doc
    raise not_found(key)


def _assignments(store: Store, scope: str) -> list[Doc]:
    tick(store)
    return store.find_seen("role_assignments", "directoryScopeId", scope)


def _membership(store: Store, doc: Doc) -> Doc:
    principal = store.seen("users", doc["principalId"]) or store.seen("groups", doc["principalId"]) or {}
    info = {
        "id": doc["principalId"],
        "displayName": principal.get("displayName"),
        "userPrincipalName": principal.get("userPrincipalName"),
    }
    return {
        "id": doc["id"],
        "administrativeUnitId": doc["directoryScopeId"].rpartition("/")[2],
        "roleId": activate(store, doc["roleDefinitionId"])["id"],
        "roleMemberInfo": info,
    }
