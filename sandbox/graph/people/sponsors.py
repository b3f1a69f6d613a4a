"""Who answers for somebody's being here: up to five users or groups (``/users/{u}/sponsors``)."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import reference, seen_object, seen_objects, seen_user, sent_reference, writable_user
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.groups.groups import ALREADY
from sandbox.graph.permissions import USERS_READ, USERS_WRITE
from sandbox.graph.query import collection, mixed, wanted
from sandbox.graph.schema import GROUP, USER, Resource
from sandbox.store import Doc

router = Router()

_PATH = "users/{user}/sponsors"
_MOST = 5


def _held(call: Call) -> list[tuple[Doc, Resource]]:
    person = seen_user(call.store, call.params["user"])
    return list(seen_objects(call.store, person.get("_sponsors") or ()))


@router.add("GET", _PATH, USERS_READ)
def sponsors(call: Call) -> Response:
    """``GET /users/{u}/sponsors``."""
    return mixed(call, _held(call))


@router.add("GET", _PATH + "/microsoft.graph.user", USERS_READ)
def sponsoring_users(call: Call) -> Response:
    """``GET /users/{u}/sponsors/microsoft.graph.user``."""
    found = [doc for doc, kind in _held(call) if kind is USER]
    return collection(call, found, USER, "users", clause=wanted(call, USER))


@router.add("POST", _PATH + "/$ref", USERS_WRITE)
def add(call: Call) -> Response:
    """``POST /users/{u}/sponsors/$ref``: 204; the same once more is 400."""
    found, kind = seen_object(call.store, reference(sent_reference(call)))
    target = writable_user(call)
    held = target.get("_sponsors") or []
    if kind not in (USER, GROUP) or found["id"] == target["id"]:
        raise bad_request("A sponsor must be another user or a group.")
    if found["id"] in held:
        raise bad_request(ALREADY.format("sponsors"))
    if len(held) >= _MOST:
        raise bad_request(f"A user can have at most {_MOST} sponsors.")
    call.store.put("users", {**target, "_sponsors": [*held, found["id"]]})
    return Response(status_code=204)


@router.add("DELETE", _PATH + "/{sponsor}/$ref", USERS_WRITE)
def remove(call: Call) -> Response:
    """``DELETE /users/{u}/sponsors/{id}/$ref``: 204; 404 for who is none."""
    target, key = writable_user(call), call.params["sponsor"].lower()
    held = target.get("_sponsors") or []
    if key not in held:
        raise not_found(key)
    call.store.put("users", {**target, "_sponsors": [other for other in held if other != key]})
    return Response(status_code=204)
