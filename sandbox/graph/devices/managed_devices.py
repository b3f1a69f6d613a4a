"""Devices under Intune's management (Microsoft Graph v1.0, resource type managedDevice).

Kind ``managed_devices``. Wipe and retire are accepted at once; the device leaves Intune when it has done as told, after
``provisioning_delay_ms``.
"""

import json

from starlette.responses import Response

from sandbox.graph import background
from sandbox.graph.call import Call, Handler, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError
from sandbox.graph.permissions import INTUNE_PRIVILEGED, INTUNE_READ, INTUNE_WIPE, INTUNE_WRITE
from sandbox.graph.query import collection, entity, wanted
from sandbox.graph.schema_objects import MANAGED_DEVICE
from sandbox.store import Doc, Store

router = Router()

_ROOT = "deviceManagement/managedDevices"


def _absent(key: str) -> GraphError:
    """404 in Intune's own shape: the message is JSON in a string."""
    text = {"_version": 3, "Message": f"The device '{key}' was not found.", "CustomApiErrorPhrase": ""}
    return GraphError(404, "ResourceNotFound", json.dumps(text, indent=2).replace("\n", "\r\n"))


def _one(call: Call) -> Doc:
    key = call.params["managed"].lower()
    found = call.store.seen("managed_devices", key)
    if found is None or call.store.get("managed_devices", key) is None:
        raise _absent(key)
    return found


@router.add("GET", _ROOT, INTUNE_READ)
def managed_devices(call: Call) -> Response:
    """``GET /deviceManagement/managedDevices``, also by ``userId``, ``userPrincipalName`` or ``azureADDeviceId``."""
    clause = wanted(call, MANAGED_DEVICE)
    for field in ("userId", "azureADDeviceId"):
        if clause and isinstance(value := clause.equals.get(field), str):
            found = call.store.find_seen("managed_devices", field, value)
            return collection(call, found, MANAGED_DEVICE, _ROOT, clause=clause)
    return collection(call, call.store.seen_all("managed_devices"), MANAGED_DEVICE, _ROOT, clause=clause)


@router.add("GET", "users/{user}/managedDevices", INTUNE_READ)
def of_person(call: Call) -> Response:
    """``GET /users/{u}/managedDevices``."""
    person = seen_user(call.store, call.params["user"])
    found = call.store.find_seen("managed_devices", "userId", person["id"])
    context = f"users('{call.params['user']}')/managedDevices"
    return collection(call, found, MANAGED_DEVICE, context, clause=wanted(call, MANAGED_DEVICE))


@router.add("GET", _ROOT + "/{managed}", INTUNE_READ)
def managed_device(call: Call) -> Response:
    """``GET /deviceManagement/managedDevices/{id}``."""
    return entity(call, _one(call), MANAGED_DEVICE, _ROOT)


@router.add("DELETE", _ROOT + "/{managed}", INTUNE_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /deviceManagement/managedDevices/{id}``: 204; the device is retired when it next comes by."""
    _leave(call.store, _one(call)["id"])
    return Response(status_code=204)


@router.add("POST", _ROOT + "/{managed}/syncDevice", INTUNE_PRIVILEGED)
def sync(call: Call) -> Response:
    """``POST …/syncDevice``: 204."""
    call.store.put("managed_devices", {**_one(call), "lastSyncDateTime": call.moment()})
    return Response(status_code=204)


def _farewell(name: str, state: str) -> Handler:
    """An action after which the device is no longer managed."""

    def act(call: Call) -> Response:
        doc, now = _one(call), call.moment()
        stays = call.body().get("keepEnrollmentData") is True
        result = {"actionName": name, "actionState": "pending", "startDateTime": now, "lastUpdatedDateTime": now}
        results = [*(doc.get("deviceActionResults") or []), result]
        call.store.put("managed_devices", {**doc, "managementState": state, "deviceActionResults": results})
        if not stays:
            background.later(call.store, call.store.settings.provisioning_delay_ms / 1000, "unmanage", doc["id"])
        return Response(status_code=204)

    return act


router.add("POST", _ROOT + "/{managed}/wipe", INTUNE_WIPE)(_farewell("factoryReset", "wipePending"))
router.add("POST", _ROOT + "/{managed}/retire", INTUNE_PRIVILEGED)(_farewell("retire", "retirePending"))


@background.work("unmanage")
def _leave(store: Store, key: str) -> None:
    """Intune lets go of a device; the directory's device stays and is no longer managed."""
    doc = store.get("managed_devices", key)
    if doc is None:
        return
    store.remove("managed_devices", key)
    for device in store.find("devices", "deviceId", doc["azureADDeviceId"]):
        store.put("devices", {**device, "isManaged": False, "isCompliant": False})
