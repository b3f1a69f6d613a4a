"""``Microsoft.Compute/virtualMachines``: made, started, stopped and deallocated by asynchronous operations."""

import uuid
from copy import deepcopy

from starlette.responses import Response

from sandbox.azure import operations
from sandbox.azure.call import Call, Router, empty, stamp
from sandbox.azure.errors import another_operation, bad_request, conflict
from sandbox.azure.groups import remove_resource
from sandbox.azure.paging import page
from sandbox.azure.resources import again, changed, checked_tags, find, free, listed, named, new, put, shown
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.store import Doc, Store

router = Router()
KIND = "Microsoft.Compute/virtualMachines"
_LIST = f"/providers/{KIND}"
_ONE = f"{GROUP}/providers/{KIND}/{{name}}"
_PROVIDER = "Microsoft.Compute"
_ACTIONS = {"start": "running", "powerOff": "stopped", "deallocate": "deallocated", "restart": "running"}
_MEANWHILE = {"start": "starting", "powerOff": "stopping", "deallocate": "deallocating", "restart": "running"}
_LEFT = {"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/UpdateVM3Min;236,Microsoft.Compute/UpdateVM30Min;1187"}


@router.add("GET", f"{SUBSCRIPTION}{_LIST}", f"{KIND}/read")
@router.add("GET", f"{GROUP}{_LIST}", f"{KIND}/read")
def machines(call: Call) -> Response:
    """``GET …/virtualMachines[?statusOnly=true]``: there is no filter by tag here."""
    return page(call, listed(call, KIND.lower()), lambda doc: _shown(doc, _wants_status(call)))


@router.add("GET", f"{SUBSCRIPTION}/providers/{_PROVIDER}/locations/{{region}}/virtualMachines", f"{KIND}/read")
def in_region(call: Call) -> Response:
    """``GET …/locations/{region}/virtualMachines``."""
    region = call.params["region"].lower()
    found = [doc for doc in listed(call, KIND.lower()) if doc["location"] == region]
    return page(call, found, lambda doc: _shown(doc, _wants_status(call)))


def _wants_status(call: Call) -> bool:
    return call.query.get("statusonly", "").lower() == "true" or "instanceview" in call.query.get("expand", "").lower()


@router.add("GET", _ONE, f"{KIND}/read")
def show(call: Call) -> Response:
    """``GET …/virtualMachines/{name}[?$expand=instanceView]``."""
    return call.answer(_shown(named(call, KIND), _wants_status(call)))


@router.add("GET", f"{_ONE}/instanceView", f"{KIND}/instanceView/read")
def instance_view(call: Call) -> Response:
    """``GET …/virtualMachines/{name}/instanceView``."""
    return call.answer(_view(named(call, KIND)))


def _shown(doc: Doc, with_status: bool = False) -> Doc:
    body = shown(doc)
    if with_status:
        body["properties"] = {**body["properties"], "instanceView": _view(doc)}
    return body


def _view(doc: Doc) -> Doc:
    """Provisioning and power; a machine that is being made has no power state yet."""
    state, power = doc["properties"]["provisioningState"], doc["_power"]
    provisioning = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": f"Provisioning {state.lower()}",
        "time": doc["_changed"].replace("Z", "+00:00"),
    }
    powered = {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"}
    return {"statuses": [provisioning, *([powered] if power else [])]}


# -- making and deleting -----------------------------------------------------------------------------------------------


@router.add("PUT", _ONE, f"{KIND}/write")
def create(call: Call) -> Response:
    """``PUT …/virtualMachines/{name}``: 201 ``Creating`` when new, 200 ``Updating`` else; done by an operation."""
    before = find(call, KIND)
    given = call.properties()
    if before is None and not given.get("networkProfile", {}).get("networkInterfaces"):
        raise bad_request("InvalidParameter", "Required parameter 'networkProfile' is missing (null).")
    if before is not None:
        free(before)
    doc = _made(call, before, given)
    operation = operations.begin(call, "create_machine", doc["id"], doc["location"])
    put(call.store, "azure_resources", {**doc, "_busy": operation["id"]})
    headers = operations.polled(call, _PROVIDER, operation)
    headers.pop("Location")
    headers["Azure-AsyncNotification"] = "Enabled"
    return call.answer(_shown(doc), 200 if before else 201, headers)


def _made(call: Call, before: Doc | None, given: Doc) -> Doc:
    old = before["properties"] if before else {}
    properties = {
        "vmId": old.get("vmId") or str(uuid.uuid4()),
        **deepcopy(given),
        "provisioningState": "Updating" if before else "Creating",
        "timeCreated": old.get("timeCreated") or stamp(call.store.now(), "+00:00"),
    }
    if password := properties.get("osProfile", {}).pop("adminPassword", None):
        call.store.secret("password", str(password))
    more = {name: call.body()[name] for name in ("identity", "zones") if call.body().get(name)}
    doc = new(call, KIND, properties, **more, _power=before["_power"] if before else None)
    if before and before["location"] != doc["location"]:
        text = f"Changing property 'location' is not allowed for resource '{before['name']}'."
        raise conflict("PropertyChangeNotAllowed", text)
    return again(doc, before)


@router.add("PATCH", _ONE, f"{KIND}/write")
def update(call: Call) -> Response:
    """``PATCH …/virtualMachines/{name}``: tags, and properties laid over those there; 200."""
    doc, body = named(call, KIND), call.body()
    free(doc)
    tags = checked_tags(body["tags"]) if "tags" in body else doc["tags"]
    properties = {**doc["properties"], **call.properties()}
    properties["provisioningState"] = "Succeeded"
    return call.answer(_shown(changed(call, doc, tags=tags, properties=properties)))


@operations.ending("create_machine")
def _created(store: Store, operation: Doc) -> None:
    _settle(store, operation, "running")


@router.add("DELETE", _ONE, f"{KIND}/delete")
def delete(call: Call) -> Response:
    """``DELETE …/virtualMachines/{name}``: 202, done by an operation; 204 if there is none."""
    doc = find(call, KIND)
    if doc is None:
        return empty(204)
    operation = operations.begin(call, "delete_machine", doc["id"], doc["location"])
    properties = {**doc["properties"], "provisioningState": "Deleting"}
    put(call.store, "azure_resources", {**doc, "properties": properties, "_busy": operation["id"]})
    return empty(202, {**operations.polled(call, _PROVIDER, operation), **_LEFT})


@operations.ending("delete_machine")
def _deleted(store: Store, operation: Doc) -> None:
    doc = store.get("azure_resources", operation["resource"])
    if doc is None:
        return
    if operation["error"]:
        _settle(store, operation, doc["_power"])
    else:
        remove_resource(store, doc)


# -- power -------------------------------------------------------------------------------------------------------------


def _power(call: Call, action: str) -> Response:
    """202 with both addresses, whatever the state before; 409 while something else is under way."""
    doc = named(call, KIND)
    running = call.store.get("azure_operations", doc.get("_busy") or "")
    if running is not None and running["name"] != action:
        raise another_operation(doc["path"])
    operation = operations.begin(call, action, doc["id"], doc["location"])
    properties = {**doc["properties"], "provisioningState": "Updating"}
    changed(call, doc, properties=properties, _power=_MEANWHILE[action], _before=doc["_power"], _busy=operation["id"])
    return empty(202, {**operations.polled(call, _PROVIDER, operation), **_LEFT})


def _register(action: str, power: str) -> None:
    """One route and one ending for each power action."""

    def handle(call: Call) -> Response:
        return _power(call, action)

    def end(store: Store, operation: Doc) -> None:
        doc = store.get("azure_resources", operation["resource"]) or {}
        _settle(store, operation, doc.get("_before") if operation["error"] else power)

    router.add("POST", f"{_ONE}/{action}", f"{KIND}/{action}/action")(handle)
    operations.ending(action)(end)


for _action, _reached in _ACTIONS.items():
    _register(_action, _reached)


def _settle(store: Store, operation: Doc, power: str | None) -> None:
    """The end of an operation: the state it led to, unless a later one works on the machine already."""
    doc = store.get("azure_resources", operation["resource"])
    if doc is None or doc.get("_busy") != operation["id"]:
        return
    state = "Failed" if operation["error"] else "Succeeded"
    properties = {**doc["properties"], "provisioningState": state}
    put(store, "azure_resources", {**doc, "properties": properties, "_power": power, "_busy": None})
