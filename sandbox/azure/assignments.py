"""Role assignments at every scope: who has which role where. They outlive the principal that they are for.

Source: learn.microsoft.com/rest/api/authorization/role-assignments, and its "role-assignments-list-rest" page.
"""

import time
import uuid
from datetime import timedelta

from starlette.responses import Response

from sandbox.azure import scopes
from sandbox.azure.call import Call, Router, empty, stamp
from sandbox.azure.errors import ArmError, bad_request, conflict
from sandbox.azure.filters import Filter
from sandbox.azure.paging import page
from sandbox.azure.rbac import principals
from sandbox.azure.resources import by_id, drop, put
from sandbox.azure.role_catalogue import OWNER
from sandbox.azure.roles import missing, path_of
from sandbox.store import Doc, Store

router = Router()
KIND = "Microsoft.Authorization/roleAssignments"
_LIST = f"{{scope}}/providers/{KIND}"
_ONE = f"{_LIST}/{{name}}"
_TYPES = {"users": "User", "groups": "Group", "service_principals": "ServicePrincipal"}


@router.add("GET", _LIST, f"{KIND}/read")
def listed(call: Call) -> Response:
    """``GET {scope}/…/roleAssignments``: at the scope, above and below; ``atScope()`` leaves out what lies below."""
    asked = Filter(call.query.get("filter", "")).only("atscope", "principalid", "assignedto", "roledefinitionid")
    found = [doc for doc in _asked(call, asked) if in_sight(call.store, doc, call.params["scope"], asked)]
    return page(call, found, lambda doc: shown(call, doc))


def _asked(call: Call, asked: Filter) -> list[Doc]:
    """Those of the principal asked for; ``assignedTo`` counts its groups, through other groups too."""
    store = call.store
    if (direct := asked.equals.get("principalid")) is not None:
        return store.find_seen("azure_assignments", "principalId", direct)
    if (assigned := asked.functions.get("assignedto")) is not None:
        held = sorted(principals(store, assigned.lower()))
        return [doc for principal in held for doc in store.find_seen("azure_assignments", "principalId", principal)]
    return store.seen_all("azure_assignments")


def in_sight(store: Store, doc: Doc, scope: str, asked: Filter) -> bool:
    """Is it at the scope or above, or (unless ``atScope()``) below it?"""
    above = doc["_scope"] in scopes.chain(store, scope)
    return above or ("atscope" not in asked.functions and scopes.lies_in(store, doc["_scope"], scope))


@router.add("GET", _ONE, f"{KIND}/read")
def show(call: Call) -> Response:
    """``GET {scope}/…/roleAssignments/{guid}``."""
    found = call.store.seen("azure_assignments", scopes.key(call.resource))
    if found is None:
        text = f"The role assignment '{call.params['name'].replace('-', '')}' is not found."
        raise ArmError(404, "RoleAssignmentNotFound", text)
    return call.answer(shown(call, found))


@router.add("PUT", _ONE, f"{KIND}/write")
def assign(call: Call) -> Response:
    """``PUT {scope}/…/roleAssignments/{guid}``: 201; the same again 200; the same under another name is 409."""
    given = call.properties()
    _check(call, given)
    role = str(given["roleDefinitionId"]).rstrip("/").rpartition("/")[2].lower()
    if call.store.get("azure_roles", role) is None:
        raise missing(role)
    before = next(iter(call.store.find("azure_assignments", "name", call.params["name"])), None)
    principal = str(given["principalId"]).lower()
    if before is not None:
        return _again(call, before, role, principal, given)
    _check_free(call.store, call.params["scope"], role, principal)
    kind = _principal_type(call, principal, given.get("principalType"))
    doc = assignment(call.params["scope"], call.params["name"].lower(), role, principal, kind, call.caller.object_id,
                     call.moment(), given)  # fmt: skip
    put(call.store, "azure_assignments", doc)
    return call.answer(_fresh(call, doc), 201)


def _check(call: Call, given: Doc) -> None:
    try:
        uuid.UUID(call.params["name"])
    except ValueError:
        text = f"The role assignment ID '{call.params['name']}' is not valid. The role assignment ID must be a GUID."
        raise bad_request("InvalidRoleAssignmentId", text) from None
    if not isinstance(given.get("roleDefinitionId"), str) or not isinstance(given.get("principalId"), str):
        text = "The request content was invalid: 'roleDefinitionId' and 'principalId' are required."
        raise bad_request("InvalidCreateRoleAssignmentRequest", text)
    scope = call.params["scope"]
    if scope.count("/") >= 4 and "resourcegroups" in scope.lower() and by_id(call.store, scope) is None:
        raise _scope_missing(scope)


def _scope_missing(scope: str) -> ArmError:
    if "/providers/" not in scope:
        name = scope.rpartition("/")[2]
        return ArmError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return ArmError(404, "ResourceNotFound", f"The Resource '{scope}' was not found.")


def _again(call: Call, before: Doc, role: str, principal: str, given: Doc) -> Response:
    """A name used already: only description and condition may change."""
    same = (scopes.key(call.params["scope"]), role, principal)
    if (before["_scope"], before["role"], before["principalId"]) != same:
        text = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
        raise bad_request("RoleAssignmentUpdateNotPermitted", text)
    loose = {name: given.get(name) for name in ("description", "condition", "conditionVersion")}
    if loose != {name: before[name] for name in loose}:
        before = put(call.store, "azure_assignments", {**before, **loose, "updated": call.moment()})
    return call.answer(shown(call, before))


def _check_free(store: Store, scope: str, role: str, principal: str) -> None:
    for doc in store.find("azure_assignments", "principalId", principal):
        if (doc["role"], doc["_scope"]) == (role, scopes.key(scope)):
            text = (
                "The role assignment already exists. The ID of the existing role assignment is "
                f"{doc['name'].replace('-', '')}."
            )
            raise conflict("RoleAssignmentExists", text)


def _principal_type(call: Call, principal: str, given: str | None) -> str:
    """What the principal is; whoever says so is believed while the directory has not seen it yet."""
    known = next((name for kind, name in _TYPES.items() if call.store.seen(kind, principal)), None)
    if given and known and given.lower() != known.lower():
        text = (
            f"The PrincipalId '{principal.replace('-', '')}' has type '{known}' , which is different from specified "
            f"PrinciaplType '{given}'."
        )
        raise bad_request("UnmatchedPrincipalType", text)
    if not (known or given):
        raise _principal_not_found(principal, call.sent.pipeline.tenant_id)
    return known or str(given)


def _principal_not_found(principal: str, tenant: str) -> ArmError:
    text = (
        f"Principal {principal.replace('-', '')} does not exist in the directory {tenant}. Check that you have the "
        "correct principal ID. If you are creating this principal and then immediately assigning a role, this error "
        "might be related to a replication delay. In this case, set the role assignment principalType property to a "
        "value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype"
    )
    return bad_request("PrincipalNotFound", text)


def assignment(
    scope: str, name: str, role: str, principal: str, kind: str, by: str, at: str, given: Doc | None = None
) -> Doc:
    """An assignment's document; ``_made`` is when it began, for caches that learn of it late."""
    path, more = f"{scope.rstrip('/')}/providers/{KIND}/{name}", given or {}
    return {
        "id": scopes.key(path),
        "path": path,
        "name": name,
        "scope": scope.rstrip("/") or "/",
        "_scope": scopes.key(scope),
        "role": role,
        "principalId": principal,
        "principalType": kind,
        "by": by,
        "updated": at,
        "_made": time.time(),
        **{field: more.get(field) for field in ("description", "condition", "conditionVersion")},
    }


def shown(call: Call, doc: Doc) -> Doc:
    """An assignment as it is read later: made when it was last written, by whom."""
    properties = {
        "roleDefinitionId": path_of(call.params["scope"], doc["role"]),
        "principalId": doc["principalId"],
        "principalType": doc["principalType"],
        "scope": doc["scope"],
        "condition": doc["condition"],
        "conditionVersion": doc["conditionVersion"],
        "createdOn": doc["updated"],
        "updatedOn": doc["updated"],
        "createdBy": doc["by"],
        "updatedBy": doc["by"],
        "delegatedManagedIdentityResourceId": None,
        "description": doc["description"],
    }
    return {"properties": properties, "id": doc["path"], "type": KIND, "name": doc["name"]}


def _fresh(call: Call, doc: Doc) -> Doc:
    """As the answer to PUT has it (recorded): no ``createdBy`` yet, and made a little before it was written."""
    body = shown(call, doc)
    before = stamp(call.store.now() - timedelta(milliseconds=108))
    body["properties"] |= {"createdOn": before, "createdBy": None}
    return body


@router.add("DELETE", _ONE, f"{KIND}/delete")
def remove(call: Call) -> Response:
    """``DELETE {scope}/…/roleAssignments/{guid}``: 200 with what it was, 204 if it is gone; the last Owner stays."""
    found = call.store.get("azure_assignments", scopes.key(call.resource))
    if found is None:
        return empty(204)
    if _last_owner(call.store, found):
        text = "Cannot delete the last RBAC admin assignment."
        raise conflict("LastRbacAdminAssignment", text)
    drop(call.store, "azure_assignments", found["id"])
    return call.answer(shown(call, found))


def _last_owner(store: Store, doc: Doc) -> bool:
    """Is it the only Owner left of a subscription?"""
    if doc["role"] != OWNER or doc["_scope"].count("/") != 2 or not scopes.subscription_of(doc["_scope"]):
        return False
    owners = store.find("azure_assignments", "_scope", doc["_scope"])
    return len([one for one in owners if one["role"] == OWNER]) == 1
