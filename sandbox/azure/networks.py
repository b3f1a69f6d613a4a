"""``Microsoft.Network``: virtual networks with subnets, network interfaces, security groups, public addresses."""

import uuid
from copy import deepcopy
from functools import partial

from starlette.responses import Response

from sandbox.azure import operations
from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request
from sandbox.azure.groups import remove_resource
from sandbox.azure.paging import page
from sandbox.azure.resources import again, changed, checked_tags, find, free, listed, named, new, put, shown
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.store import Doc, Store

router = Router()
_PROVIDER = "Microsoft.Network"
VNET = f"{_PROVIDER}/virtualNetworks"
KINDS = (VNET, f"{_PROVIDER}/networkInterfaces", f"{_PROVIDER}/networkSecurityGroups", f"{_PROVIDER}/publicIPAddresses")
_PARTS = ("subnets", "ipConfigurations", "securityRules")
_SUBNETS = f"{GROUP}/providers/{VNET}/{{name}}/subnets"


def _list(kind: str, call: Call) -> Response:
    return page(call, listed(call, kind.lower()), _shown)


def _show(kind: str, call: Call) -> Response:
    return call.answer(_shown(named(call, kind)))


def _shown(doc: Doc) -> Doc:
    return {**shown(doc), "etag": doc["_etag"]}


def _create(kind: str, call: Call) -> Response:
    """201 when new, else 200; done by an operation that is asked for by ``Azure-AsyncOperation`` only."""
    before = find(call, kind)
    if before is not None:
        free(before)
    if kind == VNET and not call.properties().get("addressSpace"):
        raise bad_request("InvalidRequestFormat", "Cannot parse the request: 'addressSpace' is missing.")
    doc = again({**new(call, kind, deepcopy(call.properties())), "_etag": _etag()}, before)
    doc["properties"] = completed(doc, before["properties"]["resourceGuid"] if before else str(uuid.uuid4()))
    return _began(call, doc, _shown(doc), 200 if before else 201)


def completed(doc: Doc, guid: str, state: str = "Updating") -> Doc:
    """What the provider adds to a body: ids and states of the parts, and a GUID."""
    properties = {**doc["properties"], "provisioningState": state, "resourceGuid": guid}
    for name in _PARTS:
        if isinstance(properties.get(name), list):
            properties[name] = [part(doc, name, one) for one in properties[name]]
    return properties


def part(doc: Doc, kind: str, given: Doc) -> Doc:
    """A subnet, an IP configuration or a rule, with its id."""
    return {
        "name": given.get("name"),
        "id": f"{doc['path']}/{kind}/{given.get('name')}",
        "etag": doc["_etag"],
        "properties": {**(given.get("properties") or {}), "provisioningState": "Succeeded"},
        "type": f"{doc['type']}/{kind}",
    }


def _etag() -> str:
    return f'W/"{uuid.uuid4()}"'


def _began(call: Call, doc: Doc, body: Doc, status: int) -> Response:
    operation = operations.begin(call, "network", doc["id"], doc["location"])
    put(call.store, "azure_resources", {**doc, "_busy": operation["id"]})
    headers = operations.polled(call, _PROVIDER, operation)
    headers.pop("Location")
    return call.answer(body, status, {**headers, "Azure-AsyncNotification": "Enabled"})


@operations.ending("network")
def _created(store: Store, operation: Doc) -> None:
    doc = store.get("azure_resources", operation["resource"])
    if doc is not None and doc.get("_busy") == operation["id"]:
        state = "Failed" if operation["error"] else "Succeeded"
        properties = {**doc["properties"], "provisioningState": state}
        put(store, "azure_resources", {**doc, "properties": properties, "_busy": None})


def _update(kind: str, call: Call) -> Response:
    """``PATCH``: the tags; 200."""
    doc = named(call, kind)
    return call.answer(_shown(changed(call, doc, tags=checked_tags(call.body().get("tags")))))


def _delete(kind: str, call: Call) -> Response:
    """202, done by an operation; 204 if there is none; 400 while something is connected to it."""
    doc = find(call, kind)
    if doc is None:
        return empty(204)
    free(doc)
    _check_unused(call, doc, doc["path"])
    operation = operations.begin(call, "delete_network", doc["id"], doc["location"])
    put(call.store, "azure_resources", {**doc, "_busy": operation["id"]})
    return empty(202, operations.polled(call, _PROVIDER, operation))


@operations.ending("delete_network")
def _deleted(store: Store, operation: Doc) -> None:
    doc = store.get("azure_resources", operation["resource"])
    if doc is None:
        return
    if operation["error"]:
        put(store, "azure_resources", {**doc, "_busy": None})
    else:
        remove_resource(store, doc)


def _check_unused(call: Call, doc: Doc, path: str) -> None:
    for nic in call.store.find("azure_resources", "_type", KINDS[1].lower()):
        for one in nic["properties"].get("ipConfigurations") or []:
            subnet = str(((one.get("properties") or {}).get("subnet") or {}).get("id"))
            if doc["type"] == VNET and (subnet.lower() + "/").startswith(path.lower() + "/"):
                name = subnet.rpartition("/")[2]
                text = f"Subnet {name} is in use by {one['id']} and cannot be deleted."
                raise bad_request("InUseSubnetCannotBeDeleted", text)


def _register(kind: str) -> None:
    """The calls that every kind has."""
    for where in (SUBSCRIPTION, GROUP):
        router.add("GET", f"{where}/providers/{kind}", f"{kind}/read")(partial(_list, kind))
    one = f"{GROUP}/providers/{kind}/{{name}}"
    router.add("GET", one, f"{kind}/read")(partial(_show, kind))
    router.add("PUT", one, f"{kind}/write")(partial(_create, kind))
    router.add("PATCH", one, f"{kind}/write")(partial(_update, kind))
    router.add("DELETE", one, f"{kind}/delete")(partial(_delete, kind))


for _kind in KINDS:
    _register(_kind)


# -- subnets -----------------------------------------------------------------------------------------------------------


def _subnets(doc: Doc) -> list[Doc]:
    return list(doc["properties"].get("subnets") or [])


def _subnet(call: Call, doc: Doc) -> Doc | None:
    wanted = call.params["subnet"].lower()
    return next((one for one in _subnets(doc) if one["name"].lower() == wanted), None)


@router.add("GET", _SUBNETS, f"{VNET}/subnets/read")
def subnets(call: Call) -> Response:
    """``GET …/virtualNetworks/{name}/subnets``."""
    return page(call, _subnets(named(call, VNET)))


@router.add("GET", f"{_SUBNETS}/{{subnet}}", f"{VNET}/subnets/read")
def subnet(call: Call) -> Response:
    """``GET …/subnets/{name}``."""
    found = _subnet(call, named(call, VNET))
    if found is None:
        raise ArmError(404, "NotFound", f"Resource {call.resource} not found.")
    return call.answer(found)


@router.add("PUT", f"{_SUBNETS}/{{subnet}}", f"{VNET}/subnets/write")
def create_subnet(call: Call) -> Response:
    """``PUT …/subnets/{name}``: 201 when new, else 200; done by an operation on the network."""
    doc = named(call, VNET)
    free(doc)
    before = _subnet(call, doc)
    made = part(doc, "subnets", {"name": call.params["subnet"], "properties": call.properties()})
    return _began(call, _with(doc, before, made), made, 200 if before else 201)


@router.add("DELETE", f"{_SUBNETS}/{{subnet}}", f"{VNET}/subnets/delete")
def delete_subnet(call: Call) -> Response:
    """``DELETE …/subnets/{name}``: 202, done by an operation; 204 if there is none."""
    doc = named(call, VNET)
    free(doc)
    before = _subnet(call, doc)
    if before is None:
        return empty(204)
    _check_unused(call, doc, before["id"])
    operation = operations.begin(call, "network", doc["id"], doc["location"])
    put(call.store, "azure_resources", {**_with(doc, before, None), "_busy": operation["id"]})
    return empty(202, operations.polled(call, _PROVIDER, operation))


def _with(doc: Doc, before: Doc | None, after: Doc | None) -> Doc:
    kept = [one for one in _subnets(doc) if before is None or one["id"] != before["id"]]
    return {**doc, "properties": {**doc["properties"], "subnets": [*kept, *([after] if after else [])]}}
