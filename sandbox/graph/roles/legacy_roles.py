"""The older interface to directory roles: ``/directoryRoleTemplates``, ``/directoryRoles`` and their members.

A role appears among ``/directoryRoles`` once it was activated, by a ``POST`` or by its first assignment; its id is
another than its template's.
"""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import reference, seen_object, seen_objects, sent_reference
from sandbox.graph.errors import bad_request, missing, not_found
from sandbox.graph.groups.groups import ALREADY
from sandbox.graph.permissions import ROLES_READ, ROLES_WRITE
from sandbox.graph.query import collection, entity, mixed, wanted
from sandbox.graph.roles.directory_roles import activate, find_role
from sandbox.graph.roles.privileges import tick
from sandbox.graph.roles.roles import CONFLICT, grant, held, take
from sandbox.graph.schema_roles import DIRECTORY_ROLE, ROLE_TEMPLATE

router = Router()


@router.add("GET", "directoryRoleTemplates", ROLES_READ)
def templates(call: Call) -> Response:
    """``GET /directoryRoleTemplates``."""
    found = call.store.seen_all("role_definitions")
    return collection(call, found, ROLE_TEMPLATE, "directoryRoleTemplates", clause=wanted(call, ROLE_TEMPLATE))


@router.add("GET", "directoryRoleTemplates/{template}", ROLES_READ)
def template(call: Call) -> Response:
    """``GET /directoryRoleTemplates/{id}``."""
    found = call.store.seen("role_definitions", call.params["template"].lower())
    if found is None:
        raise not_found(call.params["template"])
    return entity(call, found, ROLE_TEMPLATE, "directoryRoleTemplates")


@router.add("GET", "directoryRoles", ROLES_READ)
def roles(call: Call) -> Response:
    """``GET /directoryRoles``: those that are activated."""
    clause = wanted(call, DIRECTORY_ROLE)
    return collection(call, call.store.seen_all("directory_roles"), DIRECTORY_ROLE, "directoryRoles", clause=clause)


@router.add("POST", "directoryRoles", ROLES_WRITE)
def activate_role(call: Call) -> Response:
    """``POST /directoryRoles {"roleTemplateId"}``: 201; one that is activated already is 400."""
    body = {name.lower(): value for name, value in call.body().items()}
    key = body.get("roletemplateid")
    if not isinstance(key, str):
        raise missing("roleTemplateId", "DirectoryRole")
    if call.store.get("role_definitions", key.lower()) is None:
        raise not_found(key)
    if call.store.find("directory_roles", "roleTemplateId", key):
        raise bad_request(CONFLICT)
    return entity(call, activate(call.store, key.lower()), DIRECTORY_ROLE, "directoryRoles", status=201)


@router.add("GET", "directoryRoles/{role}", ROLES_READ)
def role(call: Call) -> Response:
    """``GET /directoryRoles/{id}`` or ``/directoryRoles(roleTemplateId='…')``."""
    return entity(call, find_role(call.store, call.params["role"]), DIRECTORY_ROLE, "directoryRoles")


# -- members -----------------------------------------------------------------------------------------------------------


def _member_ids(call: Call) -> list[str]:
    """Who holds the role over the whole directory."""
    tick(call.store)
    template_id = find_role(call.store, call.params["role"])["roleTemplateId"]
    found = call.store.find_seen("role_assignments", "roleDefinitionId", template_id)
    return [doc["principalId"] for doc in found if doc["directoryScopeId"] == "/"]


@router.add("GET", "directoryRoles/{role}/members", ROLES_READ)
def members(call: Call) -> Response:
    """``GET /directoryRoles/{id}/members``."""
    return mixed(call, list(seen_objects(call.store, _member_ids(call))))


@router.add("GET", "directoryRoles/{role}/members/$ref", ROLES_READ)
def member_references(call: Call) -> Response:
    """``GET /directoryRoles/{id}/members/$ref``: addresses only."""
    found = seen_objects(call.store, _member_ids(call))
    value = [{"@odata.id": f"{call.root}/directoryObjects/{doc['id']}"} for doc, _ in found]
    return call.answer({"value": value}, "Collection($ref)")


@router.add("POST", "directoryRoles/{role}/members/$ref", ROLES_WRITE)
def add_member(call: Call) -> Response:
    """``POST /directoryRoles/{id}/members/$ref``: 204; 400 for who is one already."""
    template_id = find_role(call.store, call.params["role"])["roleTemplateId"]
    principal, kind = seen_object(call.store, reference(sent_reference(call)))
    if held(call.store, principal["id"], template_id, "/") is not None:
        raise bad_request(ALREADY.format("members"))
    grant(call.store, template_id, principal, kind, "/")
    return Response(status_code=204)


@router.add("DELETE", "directoryRoles/{role}/members/{member}/$ref", ROLES_WRITE)
def remove_member(call: Call) -> Response:
    """``DELETE /directoryRoles/{id}/members/{id}/$ref``: 204; 404 for who is none."""
    template_id = find_role(call.store, call.params["role"])["roleTemplateId"]
    key = call.params["member"].lower()
    found = held(call.store, key, template_id, "/")
    if found is None:
        raise not_found(key)
    take(call.store, found)
    return Response(status_code=204)
