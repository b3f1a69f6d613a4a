"""Asynchronous operations: accepted now, done after ``arm_operation_ms``, asked for by one of two addresses.

Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations. A failed one is a 200 that says
``Failed``; ``arm_operations_failing`` makes the next ones fail.
"""

import base64
import json
import math
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from sandbox.azure.call import Call, Router, empty, stamp
from sandbox.azure.errors import ArmError
from sandbox.graph import background
from sandbox.store import Doc, Store, journal

router = Router()
End = Callable[[Store, Doc], None]
_ENDS: dict[str, End] = {}
_FAILURE = {
    "code": "InternalExecutionError",
    "message": "An internal execution error occurred. Please retry later.",
}
_ALLOCATION = {
    "code": "AllocationFailed",
    "message": "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. Read "
    "more about improving likelihood of allocation success at http://aka.ms/allocation-guidance",
}


def ending(name: str) -> Callable[[End], End]:
    """Register what is done when an operation of this name ends; ``operation["error"]`` tells whether it failed."""

    def register(function: End) -> End:
        _ENDS[name] = function
        return function

    return register


def begin(call: Call, name: str, resource: str, region: str, **more: Any) -> Doc:
    """Start an operation on a resource (by its id, lower case); it survives a restart."""
    store = call.store
    seconds = store.settings.arm_operation_ms / 1000
    operation: Doc = {
        "id": str(uuid.uuid4()),
        "name": name,
        "resource": resource,
        "region": region,
        "subscription": call.params.get("subscription", ""),
        "started": stamp(store.now(), "+00:00"),
        "due": time.time() + seconds,
        "error": _failure(store, name),
        **more,
    }
    _write(store, operation)
    background.later(store, seconds, "azure", operation["id"])
    return operation


def _failure(store: Store, name: str) -> Doc | None:
    failing = store.settings.arm_operations_failing
    if not failing:
        return None
    token = journal.set(None)
    try:
        store.set_settings(store.settings.changed({"arm_operations_failing": failing - 1}))
    finally:
        journal.reset(token)
    return _ALLOCATION if name == "start" else _FAILURE


def _write(store: Store, operation: Doc) -> None:
    """Outside of a fault's journal: what was acknowledged can be asked for, even if it then has no effect."""
    token = journal.set(None)
    try:
        store.put("azure_operations", operation, time.time())
    finally:
        journal.reset(token)


@background.work("azure")
def _end(store: Store, key: str) -> None:
    operation = store.get("azure_operations", key)
    if operation is not None:
        _ENDS[operation["name"]](store, operation)
        _write(store, {**operation, "ended": stamp(store.now(), "+00:00")})


def status(operation: Doc) -> str:
    """``InProgress`` until its moment, then ``Succeeded`` or ``Failed``."""
    if time.time() < operation["due"]:
        return "InProgress"
    return "Failed" if operation["error"] else "Succeeded"


def retry_after(operation: Doc) -> dict[str, str]:
    """When to ask again: never 0, which pollers read as no answer at all."""
    return {"Retry-After": str(max(1, math.ceil(operation["due"] - time.time())))}


# -- addresses ---------------------------------------------------------------------------------------------------------


def polled(call: Call, provider: str, operation: Doc, kind: str = "operations") -> dict[str, str]:
    """Both addresses of an operation, as the compute provider gives them."""
    location = located(call, provider, operation, kind)["Location"]
    both = {"Azure-AsyncOperation": location.removesuffix("&monitor=true"), "Location": location}
    return {**both, **retry_after(operation)}


def located(call: Call, provider: str, operation: Doc, kind: str = "operations") -> dict[str, str]:
    """Only ``Location``: what is asked for has a result and no body of its own."""
    path = f"/subscriptions/{operation['subscription']}/providers/{provider}/locations/{operation['region']}/{kind}"
    url = call.link(f"{path}/{operation['id']}", p=operation["id"])
    return {"Location": f"{url}&monitor=true", **retry_after(operation)}


def job(call: Call, operation: Doc) -> dict[str, str]:
    """The address of a job of ARM itself: an opaque token."""
    token = {"jobId": f"RESOURCEGROUPDELETIONJOB-{operation['id']}", "jobLocation": operation["region"]}
    opaque = base64.urlsafe_b64encode(json.dumps(token, separators=(",", ":")).encode()).decode().rstrip("=")
    path = f"/subscriptions/{operation['subscription']}/operationresults/{opaque}"
    return {"Location": call.link(path), **retry_after(operation)}


@router.add("GET", "/subscriptions/{subscription}/operationresults/{token}", None)
def job_result(call: Call) -> Response:
    """``GET …/operationresults/{token}``: 202 with the same address until it is done, then an empty 200."""
    operation = call.store.seen("azure_operations", _job_id(call.params["token"]))
    if operation is None:
        raise _gone(call.params["token"])
    if status(operation) == "InProgress":
        return empty(202, job(call, operation))
    return _failed(call, operation) if operation["error"] else empty(200)


def _job_id(token: str) -> str:
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return str(read["jobId"]).partition("-")[2]
    except (ValueError, KeyError, TypeError):
        raise _gone(token) from None


@router.add("GET", "/subscriptions/{subscription}/providers/{provider}/locations/{region}/{kind}/{operation}", None)
def poll(call: Call) -> Response:
    """``GET …/locations/{region}/operations/{id}``: its status, or with ``monitor=true`` its result."""
    operation = call.store.seen("azure_operations", call.params["operation"].lower())
    if operation is None:
        raise _gone(call.params["operation"])
    if call.query.get("monitor") == "true":
        return _monitored(call, operation)
    return call.answer(_told(operation), headers=retry_after(operation) if _running(operation) else None)


def _running(operation: Doc) -> bool:
    return status(operation) == "InProgress"


def _monitored(call: Call, operation: Doc) -> Response:
    """``Location``: 202 while it runs, then 200 with the result where there is one."""
    if _running(operation):
        here = call.sent.origin + call.sent.path + "?" + call.sent.query
        return empty(202, {"Location": here, **retry_after(operation)})
    if operation["error"]:
        return _failed(call, operation)
    shown = RESULTS.get(operation["name"])
    return call.answer(shown(call, operation)) if shown else empty(200)


def _told(operation: Doc) -> Mapping[str, Any]:
    """The body of ``Azure-AsyncOperation``."""
    at = status(operation)
    ended = {} if at == "InProgress" else {"endTime": operation.get("ended", operation["started"])}
    error = {"error": operation["error"]} if at == "Failed" else {}
    return {"startTime": operation["started"], **ended, "status": at, **error, "name": operation["id"]}


def _failed(call: Call, operation: Doc) -> Response:
    return call.answer({"error": operation["error"]}, 500 if operation["name"] == "delete_group" else 409)


def _gone(name: str) -> ArmError:
    return ArmError(404, "NotFound", f"The entity was not found: the operation '{name}' is unknown or has expired.")


RESULTS: dict[str, Callable[[Call, Doc], Doc]] = {}
"""What an operation's ``Location`` answers at its end, by the operation's name; the others answer an empty 200."""
