"""Role definitions at any scope: the built-in ones, whose ids are the same in every tenant."""

from starlette.responses import Response

from sandbox.azure import scopes
from sandbox.azure.call import Call, Router
from sandbox.azure.errors import ArmError
from sandbox.azure.filters import Filter
from sandbox.azure.paging import page
from sandbox.store import Doc

router = Router()
KIND = "Microsoft.Authorization/roleDefinitions"
_LIST = f"{{scope}}/providers/{KIND}"
_SINCE = "2015-02-02T21:55:09.8806423Z"
_CHANGED = "2023-11-06T22:00:48.1205467Z"


@router.add("GET", _LIST, f"{KIND}/read")
def definitions(call: Call) -> Response:
    """``GET {scope}/…/roleDefinitions[?$filter=roleName eq 'Reader']``: names are compared without case."""
    asked = Filter(call.query.get("filter", "")).only("rolename", "type", "atscope", "atscopeandbelow").equals
    there = call.store.seen_all("azure_roles")
    name, kind = asked.get("rolename"), asked.get("type", "BuiltInRole")
    found = [
        doc
        for doc in there
        if (name is None or doc["roleName"].lower() == name.lower()) and kind.lower() == "builtinrole"
    ]
    return page(call, found, lambda doc: _shown(call, doc), size=1000)


@router.add("GET", f"{_LIST}/{{name}}", f"{KIND}/read")
def definition(call: Call) -> Response:
    """``GET {scope}/…/roleDefinitions/{guid}``."""
    found = call.store.seen("azure_roles", call.params["name"].lower())
    if found is None:
        raise missing(call.params["name"])
    return call.answer(_shown(call, found))


def missing(name: str) -> ArmError:
    """404 of a role that is not defined."""
    text = f"The specified role definition with ID '{name.replace('-', '').lower()}' does not exist."
    return ArmError(404, "RoleDefinitionDoesNotExist", text)


def path_of(scope: str, role: str) -> str:
    """A definition's id as seen from a scope: below its subscription, or the tenant's."""
    subscription = scopes.subscription_of(scope)
    root = f"/subscriptions/{subscription}" if subscription else ""
    return f"{root}/providers/{KIND}/{role}"


def _shown(call: Call, doc: Doc) -> Doc:
    properties = {
        "roleName": doc["roleName"],
        "type": "BuiltInRole",
        "description": doc["description"],
        "assignableScopes": ["/"],
        "permissions": doc["permissions"],
        "createdOn": _SINCE,
        "updatedOn": _CHANGED,
        "createdBy": None,
        "updatedBy": None,
    }
    return {
        "properties": properties,
        "id": path_of(call.params["scope"], doc["id"]),
        "type": KIND,
        "name": doc["id"],
    }
