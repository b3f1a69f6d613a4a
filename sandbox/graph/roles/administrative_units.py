"""Administrative units: containers of users, groups and devices that roles are scoped to, some of them restricted.

Source: Microsoft Graph v1.0, resource type administrativeUnit; Entra, "Restricted management administrative units".
"""

import uuid

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import KINDS, seen_object, seen_objects, sent_reference, user_reference
from sandbox.graph.directory import reference as object_reference
from sandbox.graph.errors import bad_request, forbidden, invalid_value, missing, not_found
from sandbox.graph.groups.groups import ALREADY
from sandbox.graph.permissions import UNITS_READ, UNITS_WRITE
from sandbox.graph.query import Expansion, collection, count, entity, mixed, shape, wanted
from sandbox.graph.schema import GROUP, Resource, spelled
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT
from sandbox.store import Doc, Store

router = Router()
PATH = "directory/administrativeUnits"
_WRITABLE: dict[str, type] = {
    "displayName": str,
    "description": str,
    "visibility": str,
    "membershipRule": str,
    "membershipType": str,
    "membershipRuleProcessingState": str,
    "isMemberManagementRestricted": bool,
}


def seen_unit(store: Store, key: str) -> Doc:
    """A unit by id, as a reader sees it."""
    found = store.seen("administrative_units", key.lower())
    if found is None:
        raise not_found(key)
    return found


def live_unit(store: Store, key: str) -> Doc:
    """A unit that a write may work on."""
    seen_unit(store, key)
    found = store.get("administrative_units", key.lower())
    if found is None:
        raise not_found(key)
    return found


def units_of(store: Store, object_id: str) -> list[Doc]:
    """The units an object is in, as a reader sees it."""
    return store.find_seen("administrative_units", "_members", object_id)


# -- units -------------------------------------------------------------------------------------------------------------


@router.add("GET", PATH, UNITS_READ)
def units(call: Call) -> Response:
    """``GET /directory/administrativeUnits``."""
    clause = wanted(call, ADMINISTRATIVE_UNIT)
    found = call.store.seen_all("administrative_units")
    return collection(call, found, ADMINISTRATIVE_UNIT, PATH, clause=clause, expansions=_EXPANSIONS)


@router.add("GET", f"{PATH}/$count", UNITS_READ)
def units_count(call: Call) -> Response:
    """``GET /directory/administrativeUnits/$count``."""
    return count(call, call.store.seen_all("administrative_units"), wanted(call, ADMINISTRATIVE_UNIT))


@router.add("GET", f"{PATH}/{{unit}}", UNITS_READ)
def unit(call: Call) -> Response:
    """``GET /directory/administrativeUnits/{id}``."""
    found = seen_unit(call.store, call.params["unit"])
    return entity(call, found, ADMINISTRATIVE_UNIT, PATH, expansions=_EXPANSIONS)


@router.add("POST", PATH, UNITS_WRITE)
def create(call: Call) -> Response:
    """``POST /directory/administrativeUnits``: 201; restricted management is decided now or never."""
    values = spelled(call.body(), ADMINISTRATIVE_UNIT)
    if not values.get("displayName"):
        raise missing("displayName", "AdministrativeUnit")
    _check(values)
    doc = {
        "id": str(uuid.uuid4()),
        "deletedDateTime": None,
        "isMemberManagementRestricted": False,
        **values,
        "_members": [],
    }
    call.store.put("administrative_units", doc)
    headers = call.location(ADMINISTRATIVE_UNIT.odata, doc["id"])
    return entity(call, doc, ADMINISTRATIVE_UNIT, PATH, status=201, headers=headers)


def _check(values: Doc) -> None:
    for name, value in values.items():
        if name not in _WRITABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if value is not None and not isinstance(value, _WRITABLE[name]):
            raise invalid_value(name, "AdministrativeUnit")
    if values.get("visibility") not in (None, "Public", "HiddenMembership"):
        raise invalid_value("visibility", "AdministrativeUnit")


@router.add("PATCH", f"{PATH}/{{unit}}", UNITS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /directory/administrativeUnits/{id}``: 204."""
    values = spelled(call.body(), ADMINISTRATIVE_UNIT)
    target = live_unit(call.store, call.params["unit"])
    _check(values)
    if "isMemberManagementRestricted" in values or values.get("displayName", "") is None:
        raise bad_request("One or more property values specified are invalid.")
    call.store.put("administrative_units", {**target, **values})
    return Response(status_code=204)


@router.add("DELETE", f"{PATH}/{{unit}}", UNITS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /directory/administrativeUnits/{id}``: 204, into the recycle bin for 30 days."""
    target = live_unit(call.store, call.params["unit"])
    call.store.remove("administrative_units", target["id"])
    call.store.put("deleted_administrative_units", {**target, "deletedDateTime": call.moment()})
    return Response(status_code=204)


# -- members -----------------------------------------------------------------------------------------------------------


def _members(call: Call) -> list[tuple[Doc, Resource]]:
    return list(seen_objects(call.store, seen_unit(call.store, call.params["unit"])["_members"]))


@router.add("GET", f"{PATH}/{{unit}}/members", UNITS_READ)
def members(call: Call) -> Response:
    """``GET /directory/administrativeUnits/{id}/members``."""
    return mixed(call, _members(call))


@router.add("GET", f"{PATH}/{{unit}}/members/$ref", UNITS_READ)
def member_references(call: Call) -> Response:
    """``GET …/members/$ref``: addresses only."""
    value = [{"@odata.id": f"{call.root}/directoryObjects/{doc['id']}"} for doc, _ in _members(call)]
    return call.answer({"value": value}, "Collection($ref)")


@router.add("GET", f"{PATH}/{{unit}}/members/{{member}}", UNITS_READ)
def member(call: Call) -> Response:
    """``GET …/members/{id}``: 404 for who is not in; ``members/microsoft.graph.user`` is those of one kind."""
    key = call.params["member"]
    for kind in KINDS.values():
        if key.lower() == f"microsoft.graph.{kind.name}".lower():
            return _cast(call, kind)
    for doc, kind in _members(call):
        if doc["id"] == key.lower():
            return call.answer({"@odata.type": kind.odata, **shape(doc, kind.default)}, "directoryObjects/$entity")
    raise not_found(key)


def _cast(call: Call, kind: Resource) -> Response:
    of_kind = [doc for doc, found in _members(call) if found is kind]
    return collection(call, of_kind, kind, kind.name + "s", clause=wanted(call, kind))


@router.add("POST", f"{PATH}/{{unit}}/members/$ref", UNITS_WRITE)
def add_member(call: Call) -> Response:
    """``POST …/members/$ref``: 204; users (also by ``/users/`` addresses), groups and devices."""
    target = live_unit(call.store, call.params["unit"])
    doc, kind = _pointed_at(call.store, sent_reference(call))
    _refuse(target, doc, kind)
    call.store.put("administrative_units", {**target, "_members": [*target["_members"], doc["id"]]})
    return Response(status_code=204)


def _pointed_at(store: Store, url: str) -> tuple[Doc, Resource]:
    if "/users/" in url.lower():
        return user_reference(store, url), KINDS["users"]
    return seen_object(store, object_reference(url))


def _refuse(target: Doc, doc: Doc, kind: Resource) -> None:
    """Who is in already, who decides by rule, and what restricted units do not take."""
    if target.get("membershipType") == "Dynamic":
        raise forbidden()
    if doc["id"] in target["_members"]:
        raise bad_request(ALREADY.format("members"))
    if kind.name == "servicePrincipal":
        raise invalid_value("members", "AdministrativeUnit")
    if kind is GROUP and doc["mailEnabled"] and target.get("isMemberManagementRestricted"):
        raise bad_request("Mail-enabled groups cannot be members of a restricted management administrative unit.")


@router.add("DELETE", f"{PATH}/{{unit}}/members/{{member}}/$ref", UNITS_WRITE)
def remove_member(call: Call) -> Response:
    """``DELETE …/members/{id}/$ref``: 204; 404 for who is not in."""
    target = live_unit(call.store, call.params["unit"])
    if target.get("membershipType") == "Dynamic":
        raise forbidden()
    key = call.params["member"].lower()
    if key not in target["_members"]:
        raise not_found(key)
    rest = [other for other in target["_members"] if other != key]
    call.store.put("administrative_units", {**target, "_members": rest})
    return Response(status_code=204)


def _expand_members(call: Call, doc: Doc, options: dict[str, str]) -> list[Doc]:
    found = list(seen_objects(call.store, doc["_members"]))[:20]
    return [{"@odata.type": kind.odata, **shape(member, kind.default)} for member, kind in found]


_EXPANSIONS: dict[str, Expansion] = {"members": _expand_members}
