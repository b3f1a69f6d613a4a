"""Members and owners of groups, and the groups of members."""

from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import live_group, live_user, reference, seen_group, seen_object, seen_objects, seen_user
from sandbox.graph.errors import bad_request, malformed, not_found
from sandbox.graph.groups import add_references, after, check_members_writable
from sandbox.graph.memberships import groups_of, member_ids, transitive_groups
from sandbox.graph.permissions import (
    GROUPS_READ,
    GROUPS_WRITE,
    MEMBERS_WRITE,
    OBJECTS_READ,
    USERS_DELETE,
    require,
)
from sandbox.graph.query import collection, count, mixed, typed, wanted
from sandbox.graph.schema import GROUP, USER, Resource
from sandbox.graph.users import guard
from sandbox.store import Doc

router = Router()
_LAST_OWNER = "The group must have at least one owner, hence this owner cannot be removed."


# -- members and owners of a group -------------------------------------------------------------------------------------


def _members(call: Call) -> list[str]:
    return member_ids(call.store, seen_group(call.store, call.params["group"]))


def _owners(call: Call) -> list[str]:
    return list(seen_group(call.store, call.params["group"]).get("_owners") or ())


def _transitive_members(call: Call) -> list[str]:
    found: dict[str, None] = {}
    waiting = _members(call)
    while waiting:
        key = waiting.pop(0)
        if key not in found:
            found[key] = None
            if (group := call.store.seen("groups", key)) is not None:
                waiting.extend(member_ids(call.store, group))
    return list(found)


def _list(name: str, ids: Callable[[Call], list[str]]) -> None:
    """The reads of one relation: as they are, cast to users or groups, counted, as addresses."""
    path = f"groups/{{group}}/{name}"

    @router.add("GET", path, GROUPS_READ)
    def plain(call: Call) -> Response:
        return mixed(call, list(seen_objects(call.store, ids(call))))

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

    for resource in (USER, GROUP):
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
    url = call.body().get("@odata.id")
    if not url:
        raise malformed("The request body must contain an '@odata.id'.")
    return reference(url)


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
def delete_member_object(call: Call) -> Response:
    """The same address without ``/$ref`` is the object itself: who may, deletes the user."""
    if call.params["member"] not in _members(call):
        raise not_found(call.params["member"])
    require(call.caller.roles, USERS_DELETE)
    target = live_user(call.store, call.params["member"])
    guard(call, target)
    directory.delete_user(call.store, target)
    return Response(status_code=204)


# -- groups of a member ------------------------------------------------------------------------------------------------


def _roles(call: Call, object_id: str) -> list[tuple[Doc, Resource]]:
    """Directory roles, which stand among the memberships as objects of their own."""
    assignments = call.store.find_seen("role_assignments", "principalId", object_id)
    definitions = (call.store.seen("role_definitions", assignment["roleDefinitionId"]) for assignment in assignments)
    return [({**d, "roleTemplateId": d["id"]}, DIRECTORY_ROLE) for d in definitions if d is not None]


DIRECTORY_ROLE = Resource(
    "directoryRole",
    "#microsoft.graph.directoryRole",
    ("id", "deletedDateTime", "description", "displayName", "roleTemplateId"),
    {name.lower(): name for name in ("id", "deletedDateTime", "description", "displayName", "roleTemplateId")},
)


def _member_of(name: str, groups: Callable[[Call, str], list[Doc]]) -> None:
    for kind, keyed in (("users", True), ("groups", False)):
        _member_of_kind(f"{kind}/{{member}}/{name}", keyed, groups)


def _member_of_kind(path: str, user: bool, groups: Callable[[Call, str], list[Doc]]) -> None:
    def key(call: Call) -> str:
        find = seen_user if user else seen_group
        return str(find(call.store, call.params["member"])["id"])

    @router.add("GET", path, GROUPS_READ)
    def plain(call: Call) -> Response:
        object_id = key(call)
        return mixed(call, [*((group, GROUP) for group in groups(call, object_id)), *_roles(call, object_id)])

    @router.add("GET", path + "/microsoft.graph.group", GROUPS_READ)
    def cast(call: Call) -> Response:
        return collection(call, groups(call, key(call)), GROUP, "groups", clause=wanted(call, GROUP))

    @router.add("GET", path + "/microsoft.graph.group/$count", GROUPS_READ)
    def counted(call: Call) -> Response:
        return count(call, groups(call, key(call)), wanted(call, GROUP))

    @router.add("GET", path + "/microsoft.graph.directoryRole", GROUPS_READ)
    def roles(call: Call) -> Response:
        held = [doc for doc, _ in _roles(call, key(call))]
        return collection(call, held, DIRECTORY_ROLE, "directoryRoles", clause=wanted(call, DIRECTORY_ROLE))


_member_of("memberOf", lambda call, key: groups_of(call.store, key))
_member_of("transitiveMemberOf", lambda call, key: transitive_groups(call.store, key))


def _strings(call: Call, value: list[str]) -> Response:
    return call.answer({"value": value}, "Collection(Edm.String)", headers={"Location": "https://graph.microsoft.com"})


def _asked_about(call: Call) -> str:
    if "user" in call.params:
        return str(seen_user(call.store, call.params["user"])["id"])
    return str(seen_object(call.store, call.params["object"])[0]["id"])


@router.add("POST", "users/{user}/getMemberGroups", GROUPS_READ)
@router.add("POST", "groups/{object}/getMemberGroups", GROUPS_READ)
@router.add("POST", "directoryObjects/{object}/getMemberGroups", GROUPS_READ)
def get_member_groups(call: Call) -> Response:
    """``POST …/getMemberGroups {"securityEnabledOnly": false}``: ids, transitive."""
    only = call.body().get("securityEnabledOnly") is True
    groups = transitive_groups(call.store, _asked_about(call))
    return _strings(call, [group["id"] for group in groups if group["securityEnabled"] or not only])


@router.add("POST", "users/{user}/getMemberObjects", GROUPS_READ)
@router.add("POST", "directoryObjects/{object}/getMemberObjects", GROUPS_READ)
def get_member_objects(call: Call) -> Response:
    """``POST …/getMemberObjects``: ids of groups, transitive, and of directory roles."""
    key = _asked_about(call)
    roles = [doc["id"] for doc, _ in _roles(call, key)]
    return _strings(call, [*(group["id"] for group in transitive_groups(call.store, key)), *roles])


@router.add("POST", "users/{user}/checkMemberGroups", GROUPS_READ)
@router.add("POST", "groups/{object}/checkMemberGroups", GROUPS_READ)
@router.add("POST", "directoryObjects/{object}/checkMemberGroups", GROUPS_READ)
def check_member_groups(call: Call) -> Response:
    """``POST …/checkMemberGroups {"groupIds": [at most 20]}``: those of them that one is in."""
    asked = call.body().get("groupIds")
    if not isinstance(asked, list) or len(asked) > 20:
        raise bad_request("The property 'groupIds' must be a list of at most 20 ids.")
    held = {group["id"] for group in transitive_groups(call.store, _asked_about(call))}
    return _strings(call, [key for key in (str(item).lower() for item in asked) if key in held])


@router.add("POST", "directoryObjects/getByIds", OBJECTS_READ)
def get_by_ids(call: Call) -> Response:
    """``POST /directoryObjects/getByIds {"ids", "types"}``: those that are there; unknown types are passed over."""
    body = call.body()
    ids, types = body.get("ids"), {str(kind).lower() for kind in body.get("types") or ()}
    if not isinstance(ids, list) or len(ids) > 1000:
        raise bad_request("The property 'ids' must be a list of at most 1000 ids.")
    found = seen_objects(call.store, (str(key).lower() for key in ids))
    asked = [
        (doc, kind) for doc, kind in found if not types or kind.name.lower() in types or "directoryobject" in types
    ]
    response = mixed(call, asked)
    response.headers["Location"] = "https://graph.microsoft.com"
    return response


@router.add("GET", "directoryObjects/{object}", OBJECTS_READ)
def directory_object(call: Call) -> Response:
    """``GET /directoryObjects/{id}``."""
    doc, kind = seen_object(call.store, call.params["object"])
    return call.answer(typed(call, doc, kind), "directoryObjects/$entity")
