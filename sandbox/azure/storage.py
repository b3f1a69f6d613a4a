"""``Microsoft.Storage``: accounts with their two keys, and the containers of their blob service."""

import base64
import re
import secrets
import uuid

from starlette.responses import Response

from sandbox.azure import operations
from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request, conflict
from sandbox.azure.groups import remove_resource
from sandbox.azure.paging import page
from sandbox.azure.resources import changed, checked_tags, drop, find, listed, named, new, put, shown
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.entra_resources import LOOPBACK
from sandbox.store import Doc, Store

router = Router()
KIND = "Microsoft.Storage/storageAccounts"
_ONE = f"{GROUP}/providers/{KIND}/{{name}}"
_BLOBS = f"{_ONE}/blobServices/default"
_CONTAINERS = f"{_BLOBS}/containers"
_CONTAINER = f"{_CONTAINERS}/{{container}}"
_PLAIN = "application/json"
_NAME = re.compile(r"[a-z0-9]{3,24}")
CONTAINER_NAME = re.compile(r"\$root|\$logs|\$web|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
_SERVICES = ("dfs", "web", "blob", "queue", "table", "file")


def key(store: Store, name: str, moment: str) -> Doc:
    """A new access key of an account."""
    value = store.secret("storage_key", base64.b64encode(secrets.token_bytes(64)).decode())
    return {"creationTime": moment, "keyName": name, "value": value, "permissions": "FULL"}


def account_named(store: Store, name: str) -> Doc | None:
    """The storage account of a name, which is the world's."""
    found = store.find_seen("azure_resources", "_type", KIND.lower())
    return next((doc for doc in found if doc["name"] == name.lower()), None)


def properties_of(name: str, location: str, given: Doc, moment: str) -> Doc:
    """An account's properties; ``primaryEndpoints`` depend on the host that is asked."""
    return {
        "keyCreationTime": {"key1": moment, "key2": moment},
        "allowSharedKeyAccess": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
        "supportsHttpsTrafficOnly": True,
        "accessTier": "Hot",
        **given,
        "privateEndpointConnections": [],
        "networkAcls": {"bypass": "AzureServices", "virtualNetworkRules": [], "ipRules": [], "defaultAction": "Allow"},
        "encryption": {
            "services": {kind: {"keyType": "Account", "enabled": True} for kind in ("file", "blob")},
            "keySource": "Microsoft.Storage",
        },
        "provisioningState": "Succeeded",
        "creationTime": moment,
        "primaryLocation": location,
        "statusOfPrimary": "available",
    }


def _shown(call: Call, doc: Doc) -> Doc:
    body = shown(doc)
    body["properties"] = {**body["properties"], "primaryEndpoints": _endpoints(call, doc["name"])}
    return body


def _endpoints(call: Call, name: str) -> Doc:
    """Microsoft's host names, or where this machine itself serves blobs in path style."""
    found = {service: f"https://{name}.{service}.core.windows.net/" for service in _SERVICES}
    host = call.sent.origin.partition("://")[2].rpartition(":")[0]
    return {**found, "blob": f"{call.sent.origin}/{name}/"} if host in LOOPBACK else found


@router.add("GET", f"{SUBSCRIPTION}/providers/{KIND}", f"{KIND}/read")
@router.add("GET", f"{GROUP}/providers/{KIND}", f"{KIND}/read")
def accounts(call: Call) -> Response:
    """``GET …/storageAccounts``."""
    return page(call, listed(call, KIND.lower()), lambda doc: _shown(call, doc))


@router.add("GET", _ONE, f"{KIND}/read")
def show(call: Call) -> Response:
    """``GET …/storageAccounts/{name}``."""
    return call.answer(_shown(call, named(call, KIND)))


@router.add("POST", f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability", f"{KIND}/read")
def check_name(call: Call) -> Response:
    """``POST …/checkNameAvailability``: names are the world's."""
    name = str(call.body().get("name"))
    if not _NAME.fullmatch(name):
        return call.answer({"nameAvailable": False, "reason": "AccountNameInvalid", "message": _invalid(name)})
    if account_named(call.store, name):
        return call.answer({"nameAvailable": False, "reason": "AlreadyExists", "message": _taken(name)})
    return call.answer({"nameAvailable": True})


def _invalid(name: str) -> str:
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
        "length and use numbers and lower-case letters only."
    )


def _taken(name: str) -> str:
    return f"The storage account named {name} is already taken."


@router.add("PUT", _ONE, f"{KIND}/write")
def create(call: Call) -> Response:
    """``PUT …/storageAccounts/{name}``: 202 with ``Location`` when new, 200 when it is there."""
    name, body = call.params["name"], call.body()
    if not _NAME.fullmatch(name):
        raise bad_request("AccountNameInvalid", _invalid(name))
    before = find(call, KIND)
    if before is None and account_named(call.store, name):
        raise conflict("StorageAccountAlreadyTaken", _taken(name))
    if before is not None:
        merged = {**before["properties"], **call.properties()}
        return call.answer(_shown(call, changed(call, before, properties=merged, tags=checked_tags(body.get("tags")))))
    sku = body.get("sku") or {}
    moment = call.moment()
    doc = new(
        call, KIND, properties_of(name, str(body.get("location")), call.properties(), moment),
        sku={"name": sku.get("name", "Standard_LRS"), "tier": str(sku.get("name", "Standard")).partition("_")[0]},
        kind=body.get("kind", "StorageV2"), _keys=[key(call.store, each, moment) for each in ("key1", "key2")],
    )  # fmt: skip
    operation = operations.begin(call, "create_account", doc["id"], doc["location"], doc=doc)
    return empty(202, operations.located(call, "Microsoft.Storage", operation, "asyncoperations"))


@operations.ending("create_account")
def _created(store: Store, operation: Doc) -> None:
    if not operation["error"]:
        put(store, "azure_resources", operation["doc"])


operations.RESULTS["create_account"] = lambda call, operation: _shown(call, operation["doc"])


@router.add("PATCH", _ONE, f"{KIND}/write")
def update(call: Call) -> Response:
    """``PATCH …/storageAccounts/{name}``: tags and properties."""
    doc, body = named(call, KIND), call.body()
    tags = checked_tags(body["tags"]) if "tags" in body else doc["tags"]
    merged = {**doc["properties"], **call.properties()}
    return call.answer(_shown(call, changed(call, doc, tags=tags, properties=merged)))


@router.add("DELETE", _ONE, f"{KIND}/delete")
def delete(call: Call) -> Response:
    """``DELETE …/storageAccounts/{name}``: 200, or 204 if there is none."""
    doc = find(call, KIND)
    if doc is None:
        return empty(204)
    remove_resource(call.store, doc)
    return empty(200)


# -- keys --------------------------------------------------------------------------------------------------------------


@router.add("POST", f"{_ONE}/listKeys", f"{KIND}/listKeys/action")
def list_keys(call: Call) -> Response:
    """``POST …/listKeys[?$expand=kerb]``; recorded without a charset."""
    return call.answer({"keys": named(call, KIND)["_keys"]}, media_type=_PLAIN)


@router.add("POST", f"{_ONE}/regenerateKey", f"{KIND}/regenerateKey/action")
def regenerate_key(call: Call) -> Response:
    """``POST …/regenerateKey {"keyName"}``: answers both keys; only the renewed one's ``creationTime`` moves."""
    doc, wanted = named(call, KIND), call.body().get("keyName")
    if wanted not in ("key1", "key2"):
        raise bad_request("InvalidValuesForRequestParameters", "Values for request parameters are invalid: keyName.")
    made = key(call.store, wanted, call.moment())
    keys = [made if held["keyName"] == wanted else held for held in doc["_keys"]]
    times = {held["keyName"]: held["creationTime"] for held in keys}
    changed(call, doc, _keys=keys, properties={**doc["properties"], "keyCreationTime": times})
    return call.answer({"keys": keys}, media_type=_PLAIN)


# -- containers --------------------------------------------------------------------------------------------------------


@router.add("GET", _BLOBS, f"{KIND}/blobServices/read")
def blob_service(call: Call) -> Response:
    """``GET …/blobServices/default``."""
    doc = named(call, KIND)
    properties = {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}}
    key_ = f"{doc['path']}/blobServices/default"
    return call.answer({"id": key_, "name": "default", "type": f"{KIND}/blobServices", "properties": properties})


def container(account: str, name: str, metadata: Doc, moment: str) -> Doc:
    """A container's document."""
    return {
        "id": f"{account}/{name}",
        "name": name,
        "metadata": metadata,
        "etag": uuid.uuid4().hex[:15].upper(),
        "modified": moment,
        "_account": account,
    }


def container_shown(doc: Doc, account: Doc) -> Doc:
    """A container as Resource Manager shows it."""
    metadata = {"metadata": doc["metadata"]} if doc["metadata"] else {}
    return {
        "id": f"{account['path']}/blobServices/default/containers/{doc['name']}",
        "name": doc["name"],
        "type": f"{KIND}/blobServices/containers",
        "etag": f'"0x{doc["etag"]}"',
        "properties": {
            **metadata,
            "deleted": False,
            "remainingRetentionDays": 0,
            "publicAccess": "None",
            "lastModifiedTime": doc["modified"],
            "leaseStatus": "Unlocked",
            "leaseState": "Available",
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        },
    }


def containers_of(store: Store, account: str) -> list[Doc]:
    """An account's containers by name."""
    found = [doc for doc in store.seen_all("azure_containers") if doc["_account"] == account]
    return sorted(found, key=lambda doc: str(doc["name"]))


@router.add("GET", _CONTAINERS, f"{KIND}/blobServices/containers/read")
def containers(call: Call) -> Response:
    """``GET …/containers[?$filter=prefix]``: ``$maxpagesize`` makes the page smaller."""
    account = named(call, KIND)
    prefix = call.query.get("filter", "")
    found = [doc for doc in containers_of(call.store, account["name"]) if doc["name"].startswith(prefix)]
    size = call.query.get("maxpagesize", "5000")
    return page(call, found, lambda doc: container_shown(doc, account), int(size) if size.isdecimal() else 5000)


@router.add("GET", _CONTAINER, f"{KIND}/blobServices/containers/read")
def show_container(call: Call) -> Response:
    """``GET …/containers/{name}``."""
    account = named(call, KIND)
    found = call.store.seen("azure_containers", f"{account['name']}/{call.params['container']}")
    if found is None:
        raise ArmError(404, "ContainerNotFound", "The specified container does not exist.")
    return call.answer(container_shown(found, account))


@router.add("PUT", _CONTAINER, f"{KIND}/blobServices/containers/write")
def create_container(call: Call) -> Response:
    """``PUT …/containers/{name}``: 201 when new, else 200."""
    account, name = named(call, KIND), call.params["container"]
    if not CONTAINER_NAME.fullmatch(name):
        raise bad_request("InvalidResourceName", "The specified resource name contains invalid characters.")
    before = call.store.get("azure_containers", f"{account['name']}/{name}")
    metadata = call.properties().get("metadata") or {}
    doc = put(call.store, "azure_containers", container(account["name"], name, metadata, call.moment()))
    return call.answer(container_shown(doc, account), 200 if before else 201)


@router.add("DELETE", _CONTAINER, f"{KIND}/blobServices/containers/delete")
def delete_container(call: Call) -> Response:
    """``DELETE …/containers/{name}``: 200, or 204 if there is none."""
    account = named(call, KIND)
    found = call.store.get("azure_containers", f"{account['name']}/{call.params['container']}")
    if found is None:
        return empty(204)
    remove_container(call.store, found)
    return empty(200)


def remove_container(store: Store, doc: Doc) -> None:
    """Take a container away with its blobs."""
    for blob in store.find("azure_blobs", "_container", doc["id"]):
        drop(store, "azure_blobs", blob["id"])
    drop(store, "azure_containers", doc["id"])
