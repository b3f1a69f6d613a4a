"""Resource groups: whoever deletes one deletes what is in it, and the role assignments below it."""

import re

from starlette.responses import Response

from sandbox.azure import locks, operations, scopes
from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request, conflict
from sandbox.azure.filters import Filter
from sandbox.azure.paging import page
from sandbox.azure.rbac import allowed
from sandbox.azure.resources import checked_tags, drop, group_of, group_path, put, tagged
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.azure.vault_state import soft_delete
from sandbox.store import Doc, Store

router = Router()
_READ = "Microsoft.Resources/subscriptions/resourceGroups/read"
_WRITE = "Microsoft.Resources/subscriptions/resourceGroups/write"
_DELETE = "Microsoft.Resources/subscriptions/resourceGroups/delete"
_NAME = re.compile(r"[\w().-]{0,89}[\w()-]")


def document(path: str, location: str, tags: Doc, managed_by: str | None = None) -> Doc:
    """A resource group's document."""
    return {
        "id": scopes.key(path),
        "path": path,
        "name": path.rpartition("/")[2],
        "location": location.replace(" ", "").lower(),
        "tags": tags,
        "managedBy": managed_by,
        "state": "Succeeded",
    }


def shown(doc: Doc) -> Doc:
    """A resource group as it is answered; tags and ``managedBy`` only where set."""
    extra = {name: doc[name] for name in ("managedBy", "tags") if doc[name]}
    base = {"id": doc["path"], "name": doc["name"], "type": "Microsoft.Resources/resourceGroups"}
    return {**base, "location": doc["location"], **extra, "properties": {"provisioningState": doc["state"]}}


@router.add("GET", f"{SUBSCRIPTION}/resourceGroups", None)
def listed(call: Call) -> Response:
    """``GET …/resourcegroups[?$filter=tagName eq 'a' and tagValue eq 'b']``: those the caller may read."""
    asked = Filter(call.query.get("filter", "")).only("tagname", "tagvalue")
    inside = scopes.key(f"/subscriptions/{call.params['subscription']}") + "/"
    found = [
        doc
        for doc in call.store.seen_all("azure_groups")
        if doc["id"].startswith(inside)
        and tagged(doc, asked)
        and allowed(call.store, call.caller.object_id, _READ, doc["path"])
    ]
    return page(call, sorted(found, key=lambda doc: str(doc["id"])), shown)


@router.add("GET", GROUP, _READ)
def show(call: Call) -> Response:
    """``GET …/resourcegroups/{name}``."""
    return call.answer(shown(group_of(call)))


@router.add("HEAD", GROUP, _READ)
def exists(call: Call) -> Response:
    """``HEAD …/resourcegroups/{name}``: 204, or the 404 of the GET."""
    group_of(call)
    return empty(204)


@router.add("PUT", GROUP, _WRITE)
def create(call: Call) -> Response:
    """``PUT …/resourcegroups/{name}``: 201 when new, else 200; it cannot move."""
    if not _NAME.fullmatch(call.params["group"]):
        text = f"The provided resource group name '{call.params['group']}' has invalid characters or length."
        raise bad_request("InvalidResourceGroupName", text)
    body = call.body()
    if not isinstance(body.get("location"), str):
        raise bad_request("LocationRequired", "The location property is required for this definition.")
    before = call.store.get("azure_groups", scopes.key(group_path(call)))
    doc = document(
        before["path"] if before else group_path(call), body["location"], checked_tags(body.get("tags")),
        body.get("managedBy"),
    )  # fmt: skip
    _check_same_place(before, doc)
    put(call.store, "azure_groups", doc)
    return call.answer(shown(doc), 200 if before else 201)


def _check_same_place(before: Doc | None, doc: Doc) -> None:
    if before is None:
        return
    if before["state"] == "Deleting":
        text = f"The resource group '{before['name']}' is in deprovisioning state and cannot perform this operation."
        raise conflict("ResourceGroupBeingDeleted", text)
    if before["location"] != doc["location"]:
        text = (
            f"Invalid resource group location '{doc['location']}'. The Resource group already exists in location "
            f"'{before['location']}'."
        )
        raise conflict("InvalidResourceGroupLocation", text)


@router.add("PATCH", GROUP, _WRITE)
def update(call: Call) -> Response:
    """``PATCH …/resourcegroups/{name}``: its tags."""
    doc, body = group_of(call), call.body()
    tags = checked_tags(body["tags"]) if "tags" in body else doc["tags"]
    return call.answer(shown(put(call.store, "azure_groups", {**doc, "tags": tags})))


@router.add("DELETE", GROUP, _DELETE)
def delete(call: Call) -> Response:
    """``DELETE …/resourcegroups/{name}``: 202 with the address of a job; locks inside forbid it."""
    doc = group_of(call)
    locks.check_inside(call, doc["path"])
    if doc["state"] == "Deleting":
        raise _being_deleted(doc)
    operation = operations.begin(call, "delete_group", doc["id"], doc["location"])
    put(call.store, "azure_groups", {**doc, "state": "Deleting"})
    return empty(202, operations.job(call, operation))


def _being_deleted(doc: Doc) -> ArmError:
    text = f"The resource group '{doc['name']}' is in deprovisioning state and cannot perform this operation."
    return conflict("ResourceGroupBeingDeleted", text)


@operations.ending("delete_group")
def _deleted(store: Store, operation: Doc) -> None:
    doc = store.get("azure_groups", operation["resource"])
    if doc is None:
        return
    if operation["error"]:
        put(store, "azure_groups", {**doc, "state": "Succeeded"})
        return
    for resource in store.find("azure_resources", "_group", doc["id"]):
        remove_resource(store, resource)
    forget_below(store, doc["id"])
    drop(store, "azure_groups", doc["id"])


def remove_resource(store: Store, resource: Doc) -> None:
    """Take a resource away with what depends on it; a vault can still be recovered."""
    if resource["_type"] == "microsoft.keyvault/vaults":
        soft_delete(store, resource)
    for kind in ("azure_containers", "azure_blobs"):
        for doc in store.all(kind) if resource["_type"] == "microsoft.storage/storageaccounts" else ():
            if doc["_account"] == resource["name"]:
                drop(store, kind, doc["id"])
    forget_below(store, resource["id"])
    drop(store, "azure_resources", resource["id"])


def forget_below(store: Store, scope: str) -> None:
    """Role assignments and locks go with what they are on."""
    for kind in ("azure_assignments", "azure_locks", "azure_eligibilities"):
        for doc in store.all(kind):
            if doc["_scope"] == scope or doc["_scope"].startswith(scope + "/"):
                drop(store, kind, doc["id"])
