"""Members and owners of groups."""

from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import (
    live_group,
    live_user,
    reference,
    seen_group,
    seen_objects,
    seen_pairs,
    sent_reference,
)
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.groups.groups import add_references, after, check_members_writable, check_writable, remove_group
from sandbox.graph.groups.memberships import member_ids
from sandbox.graph.people.users import remove_user
from sandbox.graph.permissions import (
    GROUPS_READ,
    GROUPS_WRITE,
    MEMBERS_WRITE,
    USERS_DELETE,
)
from sandbox.graph.query import collection, count, mixed, wanted
from sandbox.graph.schema import USER, Resource
from sandbox.store import Doc

router = Router()
_LAST_OWNER = "The group must have at least one owner, hence this owner cannot be removed."


# -- members and owners of a group -------------------------------------------------------------------------------------


def _members(call: Call) -> list[str]:
    return member_ids(call.store, seen_group(call.store, call.params["group"]))


def _owners(call: Call) -> list[str]:
    return list(seen_group(call.store, call.params["group"]).get("_owners") or ())


def _transitive_members(call: Call) -> list[str]:
    found = dict.fromkeys(_members(call))
    groups = [key for key in found if call.store.seen("groups", key) is not None]
    for key in groups:
        below = [one for one in member_ids(call.store, seen_group(call.store, key)) if one not in found]
        found.update(dict.fromkeys(below))
        groups.extend(one for one in below if call.store.seen("groups", one) is not None)
    return list(found)


def _list(name: str, ids: Callable[[Call], list[str]]) -> None:
    """The reads of one relation: as they are, cast to users or groups, counted, as addresses."""
    path = f"groups/{{group}}/{name}"

    @router.add("GET", path, GROUPS_READ)
    def plain(call: Call) -> Response:
        return mixed(call, seen_pairs(call.store, ids(call)))

    @router.add("GET", path + "/$ref", GROUPS_READ)
    def addresses(call: Call) -> Response:
        value = [
            {"@odata.id": f"{call.root}/directoryObjects/{doc['id']}"} for doc, _ in seen_objects(call.store, ids(call))
        ]
        return call.answer({"value": value}, "Collection($ref)")

    @router.add("GET", path + "/$count", GROUPS_READ)
    def counted(call: Call) -> Response:
        docs = [doc for doc, _ in seen_objects(call.store, ids(call))]
        return count(call, docs, wanted(call, USER))

    for resource in directory.KINDS.values():
        _cast(path, ids, resource)


def _cast(path: str, ids: Callable[[Call], list[str]], resource: Resource) -> None:
    def of_kind(call: Call) -> list[Doc]:
        return [doc for doc, kind in seen_objects(call.store, ids(call)) if kind is resource]

    @router.add("GET", f"{path}/microsoft.graph.{resource.name}", GROUPS_READ)
    def cast(call: Call) -> Response:
        return collection(call, of_kind(call), resource, resource.name + "s", clause=wanted(call, resource))

    @router.add("GET", f"{path}/microsoft.graph.{resource.name}/$count", GROUPS_READ)
    def counted(call: Call) -> Response:
        return count(call, of_kind(call), wanted(call, resource))


_list("members", _members)
_list("owners", _owners)
_list("transitiveMembers", _transitive_members)


def _address(call: Call) -> str:
    return reference(sent_reference(call))


@router.add("POST", "groups/{group}/members/$ref", MEMBERS_WRITE)
def add_member(call: Call) -> Response:
    """``POST /groups/{g}/members/$ref``: 204; 400 for who is in already, 404 for who is not (seen) there."""
    add_references(call, live_group(call.store, call.params["group"]), "_members", [_address(call)])
    return Response(status_code=204)


@router.add("POST", "groups/{group}/owners/$ref", GROUPS_WRITE)
def add_owner(call: Call) -> Response:
    """``POST /groups/{g}/owners/$ref``: 204."""
    add_references(call, live_group(call.store, call.params["group"]), "_owners", [_address(call)])
    return Response(status_code=204)


@router.add("DELETE", "groups/{group}/members/{member}/$ref", MEMBERS_WRITE)
def remove_member(call: Call) -> Response:
    """``DELETE /groups/{g}/members/{id}/$ref``: 204; 404 for who is not in."""
    target = live_group(call.store, call.params["group"])
    check_members_writable(call, target)
    _remove(call, target, "_members", call.params["member"].lower())
    return Response(status_code=204)


@router.add("DELETE", "groups/{group}/owners/{member}/$ref", GROUPS_WRITE)
def remove_owner(call: Call) -> Response:
    """``DELETE /groups/{g}/owners/{id}/$ref``: 204; a Microsoft 365 group keeps its last owner."""
    target = live_group(call.store, call.params["group"])
    check_writable(call, target)
    if "Unified" in target["groupTypes"] and target["_owners"] == [call.params["member"].lower()]:
        raise bad_request(_LAST_OWNER)
    _remove(call, target, "_owners", call.params["member"].lower())
    return Response(status_code=204)


def _remove(call: Call, target: Doc, field: str, key: str) -> None:
    held = target.get(field) or []
    if key not in held:
        raise not_found(key)
    changed = call.store.put("groups", {**target, field: [other for other in held if other != key]})
    after(call.store, changed, field, [key])


@router.add("DELETE", "groups/{group}/members/{member}", MEMBERS_WRITE)
@router.add("DELETE", "groups/{group}/owners/{member}", MEMBERS_WRITE)
def delete_behind(call: Call) -> Response:
    """``DELETE /groups/{g}/members/{id}`` without ``/$ref`` deletes the user or group itself, if the caller may."""
    key = call.params["member"].lower()
    held = live_group(call.store, call.params["group"])
    if key not in [*member_ids(call.store, held), *(held.get("_owners") or ())]:
        raise not_found(call.params["member"])
    if call.store.get("groups", key) is not None:
        call.require(GROUPS_WRITE)
        remove_group(call, live_group(call.store, key))
    else:
        call.require(USERS_DELETE)
        remove_user(call, live_user(call.store, key))
    return Response(status_code=204)
