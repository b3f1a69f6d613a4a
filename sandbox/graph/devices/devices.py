"""Devices of the directory, their owner and users (Microsoft Graph v1.0, resource type device).

Kind ``devices``: ``_owners`` (at most one) and ``_users`` are lists of user ids.
"""

import uuid
from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import forget, live_user, reference, seen_objects, seen_user, sent_reference
from sandbox.graph.errors import bad_request, conflict, forbidden, invalid_value, missing, not_found
from sandbox.graph.groups.groups import ALREADY
from sandbox.graph.groups.memberships import groups_of, transitive_groups
from sandbox.graph.permissions import DEVICES_DELETE, DEVICES_READ, DEVICES_WRITE, USERS_READ
from sandbox.graph.query import collection, count, entity, mixed, wanted
from sandbox.graph.roles.privileges import refuse_restricted
from sandbox.graph.schema import GROUP, USER, spelled
from sandbox.graph.schema_objects import DEVICE, DEVICE_WRITABLE, EXTENSION_ATTRIBUTES
from sandbox.store import Doc

router = Router()

_REQUIRED = ("accountEnabled", "displayName", "operatingSystem", "operatingSystemVersion")
_RELATIONS = {"registeredOwners": "_owners", "registeredUsers": "_users"}
_ONE_OWNER = "A device can have only one registered owner; remove the present one first."


def seen_device(call: Call) -> Doc:
    """The device of the path, by object id or ``deviceId='…'``, as a reader sees it."""
    key = call.params["device"]
    if key.lower().startswith("deviceid="):
        found = next(iter(call.store.find_seen("devices", "deviceId", key[9:].strip("'"))), None)
    else:
        found = call.store.seen("devices", key.lower())
    if found is None:
        raise not_found(key)
    return found


def _live_device(call: Call) -> Doc:
    """The device of the path for a write; one in a restricted unit only its own administrators change."""
    found = call.store.get("devices", seen_device(call)["id"])
    if found is None:
        raise not_found(call.params["device"])
    refuse_restricted(call, found["id"])
    return found


def _view(doc: Doc) -> Doc:
    held = doc.get("extensionAttributes") or {}
    return {**doc, "extensionAttributes": {name: held.get(name) for name in EXTENSION_ATTRIBUTES}}


# -- devices -----------------------------------------------------------------------------------------------------------


@router.add("GET", "devices", DEVICES_READ)
def devices(call: Call) -> Response:
    """``GET /devices``."""
    clause = wanted(call, DEVICE)
    known = clause.equals.get("deviceId") if clause else None
    found = call.store.find_seen("devices", "deviceId", known) if known else call.store.seen_all("devices")
    return collection(call, (_view(doc) for doc in found), DEVICE, "devices", clause=clause)


@router.add("GET", "devices/$count", DEVICES_READ)
def devices_count(call: Call) -> Response:
    """``GET /devices/$count``."""
    return count(call, call.store.seen_all("devices"), wanted(call, DEVICE))


@router.add("GET", "devices/{device}", DEVICES_READ)
def device(call: Call) -> Response:
    """``GET /devices/{id}`` or ``/devices(deviceId='…')``."""
    return entity(call, _view(seen_device(call)), DEVICE, "devices")


@router.add("POST", "devices", DEVICES_WRITE)
def create(call: Call) -> Response:
    """``POST /devices``: 201; nobody else may have the ``deviceId``."""
    values = spelled(call.body(), DEVICE)
    for name in _REQUIRED:
        if values.get(name) is None:
            raise missing(name, "Device")
    _check(values)
    values.setdefault("deviceId", str(uuid.uuid4()))
    if other := call.store.find("devices", "deviceId", values["deviceId"]):
        raise conflict("deviceId", f"Device_{other[0]['id']}")
    made = call.store.put("devices", _new(values, call.moment()))
    return entity(
        call, _view(made), DEVICE, "devices", status=201, headers=call.location(DEVICE.odata, made["id"])
    )  # fmt: skip


def _new(values: Doc, now: str) -> Doc:
    return {
        "id": str(uuid.uuid4()),
        "createdDateTime": now,
        "registrationDateTime": now,
        "approximateLastSignInDateTime": now,
        "profileType": "RegisteredDevice",
        "alternativeSecurityIds": [],
        "physicalIds": [],
        "systemLabels": [],
        "_owners": [],
        "_users": [],
        **values,
    }


def _check(values: Doc) -> None:
    for name, value in values.items():
        if name not in DEVICE_WRITABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if (value is not None and not isinstance(value, DEVICE_WRITABLE[name])) or value == "":
            raise invalid_value(name, "Device")
        if value is None and name in _REQUIRED:
            raise invalid_value(name, "Device")


@router.add("PATCH", "devices/{device}", DEVICES_WRITE)
def update(call: Call) -> Response:
    """``PATCH /devices/{id}``: 204; compliance is the business of Intune and approved MDM apps: 403."""
    values, target = spelled(call.body(), DEVICE), _live_device(call)
    _check(values)
    if {"isCompliant", "isManaged"} & values.keys():
        raise forbidden()
    if "deviceId" in values and values["deviceId"] != target["deviceId"]:
        raise bad_request("Property 'deviceId' is read-only and cannot be set.")
    if "extensionAttributes" in values:
        values["extensionAttributes"] = _merged(target, values["extensionAttributes"] or {})
    call.store.put("devices", {**target, **values})
    return Response(status_code=204)


def _merged(target: Doc, values: Doc) -> Doc:
    if unknown := values.keys() - set(EXTENSION_ATTRIBUTES):
        raise bad_request(f"Invalid property '{sorted(unknown)[0]}'.")
    return {**(target.get("extensionAttributes") or {}), **values}


@router.add("DELETE", "devices/{device}", DEVICES_DELETE)
def delete(call: Call) -> Response:
    """``DELETE /devices/{id}``: 204, for good."""
    target = _live_device(call)
    call.store.remove("devices", target["id"])
    forget(call.store, target["id"])
    return Response(status_code=204)


# -- owner and users ---------------------------------------------------------------------------------------------------


def _relation(name: str, field: str) -> None:
    path = f"devices/{{device}}/{name}"

    @router.add("GET", path, DEVICES_READ)
    def plain(call: Call) -> Response:
        return mixed(call, list(seen_objects(call.store, seen_device(call)[field])))

    @router.add("GET", path + "/microsoft.graph.user", DEVICES_READ)
    def cast(call: Call) -> Response:
        found = [doc for doc, kind in seen_objects(call.store, seen_device(call)[field]) if kind is USER]
        return collection(call, found, USER, "users", clause=wanted(call, USER))

    @router.add("GET", path + "/$ref", DEVICES_READ)
    def addresses(call: Call) -> Response:
        found = seen_objects(call.store, seen_device(call)[field])
        value = [{"@odata.id": f"{call.root}/directoryObjects/{doc['id']}"} for doc, _ in found]
        return call.answer({"value": value}, "Collection($ref)")

    router.add("POST", path + "/$ref", DEVICES_WRITE)(_adding(name, field))
    router.add("DELETE", path + "/{user}/$ref", DEVICES_WRITE)(_removal(field))


def _adding(name: str, field: str) -> Callable[[Call], Response]:
    def add(call: Call) -> Response:
        person, target = live_user(call.store, reference(sent_reference(call))), _live_device(call)
        held = [key for key in target[field] if field == "_users" or call.store.get("users", key)]
        if person["id"] in held:
            raise bad_request(ALREADY.format(name))
        if field == "_owners" and held:
            raise bad_request(_ONE_OWNER)
        call.store.put("devices", {**target, field: [*held, person["id"]]})
        return Response(status_code=204)

    return add


def _removal(field: str) -> Callable[[Call], Response]:
    def remove(call: Call) -> Response:
        target, key = _live_device(call), call.params["user"].lower()
        if key not in target[field]:
            raise not_found(key)
        call.store.put("devices", {**target, field: [other for other in target[field] if other != key]})
        return Response(status_code=204)

    return remove


for _name, _field in _RELATIONS.items():
    _relation(_name, _field)


def _groups(name: str, groups: Callable[[Call, str], list[Doc]]) -> None:
    @router.add("GET", f"devices/{{device}}/{name}", DEVICES_READ)
    def plain(call: Call) -> Response:
        return mixed(call, [(group, GROUP) for group in groups(call, seen_device(call)["id"])])


_groups("memberOf", lambda call, key: groups_of(call.store, key))
_groups("transitiveMemberOf", lambda call, key: transitive_groups(call.store, key))


# -- devices of a person -----------------------------------------------------------------------------------------------


def _of_person(name: str, field: str) -> None:
    path = f"users/{{user}}/{name}"

    def held(call: Call) -> list[Doc]:
        person = seen_user(call.store, call.params["user"])
        return [_view(doc) for doc in call.store.find_seen("devices", field, person["id"])]

    @router.add("GET", path, USERS_READ)
    def plain(call: Call) -> Response:
        return mixed(call, [(doc, DEVICE) for doc in held(call)])

    @router.add("GET", path + "/microsoft.graph.device", USERS_READ)
    def cast(call: Call) -> Response:
        return collection(call, held(call), DEVICE, "devices", clause=wanted(call, DEVICE))


_of_person("ownedDevices", "_owners")
_of_person("registeredDevices", "_users")
