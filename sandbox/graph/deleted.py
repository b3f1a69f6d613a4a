"""The recycle bin: soft-deleted users and groups, for 30 days (``/directory/deletedItems``)."""

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import conflict, not_found
from sandbox.graph.permissions import DELETED_READ, DELETED_WRITE, GROUPS_READ, GROUPS_WRITE, USERS_DELETE, USERS_READ
from sandbox.graph.query import collection, count, entity, typed, wanted
from sandbox.graph.schema import GROUP, USER, Resource
from sandbox.graph.users import check_upn, guard
from sandbox.store import Doc

router = Router()
_BIN = "directory/deletedItems"


@router.add("GET", f"{_BIN}/microsoft.graph.user", USERS_READ)
def deleted_users(call: Call) -> Response:
    """``GET /directory/deletedItems/microsoft.graph.user``."""
    directory.expire_deleted(call.store)
    return collection(call, call.store.seen_all("deleted_users"), USER, "users", clause=wanted(call, USER))


@router.add("GET", f"{_BIN}/microsoft.graph.user/$count", USERS_READ)
def deleted_users_count(call: Call) -> Response:
    """``GET /directory/deletedItems/microsoft.graph.user/$count``."""
    return count(call, call.store.seen_all("deleted_users"), wanted(call, USER))


@router.add("GET", f"{_BIN}/microsoft.graph.group", GROUPS_READ)
def deleted_groups(call: Call) -> Response:
    """``GET /directory/deletedItems/microsoft.graph.group``."""
    return collection(call, call.store.seen_all("deleted_groups"), GROUP, "groups", clause=wanted(call, GROUP))


@router.add("GET", f"{_BIN}/{{item}}", DELETED_READ)
def deleted_item(call: Call) -> Response:
    """``GET /directory/deletedItems/{id}``."""
    doc, resource = _seen(call)
    if "select" in call.query:
        return entity(call, doc, resource, resource.name + "s")
    return call.answer(typed(call, doc, resource), "directoryObjects/$entity")


@router.add("GET", f"{_BIN}/{{item}}/microsoft.graph.user", USERS_READ)
def deleted_user(call: Call) -> Response:
    """``GET /directory/deletedItems/{id}/microsoft.graph.user``."""
    doc, resource = _seen(call)
    if resource is not USER:
        raise not_found(call.params["item"])
    return entity(call, doc, USER, "users")


@router.add("POST", f"{_BIN}/{{item}}/restore", DELETED_WRITE)
def restore(call: Call) -> Response:
    """``POST /directory/deletedItems/{id}/restore``: 200 with the object; 400 where somebody else has the name now."""
    doc, resource = _live(call)
    if resource is GROUP:
        call.require(GROUPS_WRITE)
        call.store.remove("deleted_groups", doc["id"])
        restored = call.store.put("groups", {**doc, "deletedDateTime": None})
        return call.answer(typed(call, restored, GROUP), "directoryObjects/$entity")
    call.require(USERS_DELETE)
    guard(call, doc)
    upn = call.body().get("newUserPrincipalName") or doc["_userPrincipalName"]
    check_upn(upn)
    if other := directory.name_holder(call.store, upn):
        raise conflict("userPrincipalName", f"User_{other['id']}")
    return call.answer(typed(call, directory.restore_user(call.store, doc, upn), USER), "directoryObjects/$entity")


@router.add("DELETE", f"{_BIN}/{{item}}", DELETED_WRITE)
def purge(call: Call) -> Response:
    """``DELETE /directory/deletedItems/{id}``: 204, for good."""
    doc, resource = _live(call)
    if resource is GROUP:
        call.require(GROUPS_WRITE)
        call.store.remove("deleted_groups", doc["id"])
    else:
        call.require(USERS_DELETE)
        guard(call, doc)
        directory.purge_user(call.store, doc["id"])
    return Response(status_code=204)


def _seen(call: Call) -> tuple[Doc, Resource]:
    directory.expire_deleted(call.store)
    key = call.params["item"].lower()
    for kind, resource in (("deleted_users", USER), ("deleted_groups", GROUP)):
        if (doc := call.store.seen(kind, key)) is not None:
            return doc, resource
    raise not_found(call.params["item"])


def _live(call: Call) -> tuple[Doc, Resource]:
    doc, resource = _seen(call)
    found = call.store.get("deleted_users" if resource is USER else "deleted_groups", doc["id"])
    if found is None:
        raise not_found(call.params["item"])
    return found, resource
