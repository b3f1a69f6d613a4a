"""Management locks: ``CanNotDelete`` forbids deletes at its scope and below, ``ReadOnly`` writes and actions too.

Source: learn.microsoft.com/azure/azure-resource-manager/management/lock-resources.
"""

from starlette.responses import Response

from sandbox.azure import scopes
from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request, scope_locked
from sandbox.azure.paging import page
from sandbox.azure.resources import drop, put
from sandbox.store import Doc

router = Router()
_LIST = "{scope}/providers/Microsoft.Authorization/locks"
_ONE = _LIST + "/{name}"
_LEVELS = ("CanNotDelete", "ReadOnly")


def check(call: Call, action: str) -> None:
    """409 if a lock at or above the resource forbids the action; locks themselves can always be changed."""
    if action.endswith("/read") or action.startswith("Microsoft.Authorization/locks/"):
        return
    above = set(scopes.chain(call.store, call.resource))
    _refuse(call, [lock for lock in call.store.seen_all("azure_locks") if lock["_scope"] in above], call.resource)


def check_inside(call: Call, scope: str) -> None:
    """409 if anything below a scope is locked against being deleted with it."""
    inside = scopes.key(scope) + "/"
    _refuse(call, [doc for doc in call.store.seen_all("azure_locks") if doc["_scope"].startswith(inside)], scope)


def _refuse(call: Call, locks: list[Doc], scope: str) -> None:
    deletes = call.sent.method == "DELETE"
    hold = [lock["scope"] for lock in locks if deletes or lock["level"] == "ReadOnly"]
    if hold:
        raise scope_locked(scope, "delete" if deletes else "write", hold)


@router.add("GET", _LIST, "Microsoft.Authorization/locks/read")
def listed(call: Call) -> Response:
    """``GET {scope}/providers/Microsoft.Authorization/locks``: at the scope, above and below it."""
    store, scope = call.store, scopes.key(call.params["scope"])
    above = scopes.chain(store, scope)
    found = [d for d in store.seen_all("azure_locks") if d["_scope"] in above or d["_scope"].startswith(scope + "/")]
    return page(call, found, _shown)


@router.add("GET", _ONE, "Microsoft.Authorization/locks/read")
def show(call: Call) -> Response:
    """``GET …/locks/{name}``."""
    found = call.store.seen("azure_locks", scopes.key(call.resource))
    if found is None:
        raise ArmError(404, "LockNotFound", f"The lock '{call.params['name']}' could not be found.")
    return call.answer(_shown(found))


@router.add("PUT", _ONE, "Microsoft.Authorization/locks/write")
def create(call: Call) -> Response:
    """``PUT …/locks/{name}``: 201 when new, else 200."""
    given, before = call.properties(), call.store.get("azure_locks", scopes.key(call.resource))
    level = next((level for level in _LEVELS if level.lower() == str(given.get("level")).lower()), None)
    if level is None:
        raise bad_request("LockLevelNotSpecified", "The lock level must be 'CanNotDelete' or 'ReadOnly'.")
    doc = {
        "id": scopes.key(call.resource),
        "path": call.resource,
        "name": call.params["name"],
        "scope": call.params["scope"],
        "_scope": scopes.key(call.params["scope"]),
        "level": level,
        "notes": given.get("notes"),
    }
    put(call.store, "azure_locks", doc)
    return call.answer(_shown(doc), 200 if before else 201)


@router.add("DELETE", _ONE, "Microsoft.Authorization/locks/delete")
def delete(call: Call) -> Response:
    """``DELETE …/locks/{name}``: 200, or 204 if there is none."""
    key = scopes.key(call.resource)
    if call.store.get("azure_locks", key) is None:
        return empty(204)
    drop(call.store, "azure_locks", key)
    return empty(200)


def _shown(doc: Doc) -> Doc:
    notes = {"notes": doc["notes"]} if doc["notes"] else {}
    base = {"id": doc["path"], "type": "Microsoft.Authorization/locks", "name": doc["name"]}
    return {**base, "properties": {"level": doc["level"], **notes}}
