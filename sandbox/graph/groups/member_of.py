"""What somebody is a member of: groups, directory roles, administrative units; and directory objects by their ids."""

from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Handler, Router
from sandbox.graph.directory import live_group, live_user, seen_object, seen_objects, seen_user
from sandbox.graph.errors import bad_request, forbidden, not_found
from sandbox.graph.groups.groups import remove_group
from sandbox.graph.groups.memberships import groups_of, transitive_groups
from sandbox.graph.people.users import remove_user
from sandbox.graph.permissions import GROUPS_READ, GROUPS_WRITE, OBJECTS_READ, USERS_DELETE
from sandbox.graph.query import collection, count, mixed, typed, wanted
from sandbox.graph.roles.administrative_units import units_of
from sandbox.graph.roles.directory_roles import roles_seen
from sandbox.graph.roles.privileges import tick
from sandbox.graph.schema import GROUP, USER, Resource
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT, DIRECTORY_ROLE
from sandbox.store import Doc

router = Router()


def _other_memberships(call: Call, object_id: str, *, transitive: bool) -> list[tuple[Doc, Resource]]:
    """Directory roles and administrative units, which stand among the memberships as objects of their own."""
    tick(call.store)
    roles = roles_seen(call.store, object_id, transitive=transitive)
    units = units_of(call.store, object_id)
    return [*((role, DIRECTORY_ROLE) for role in roles), *((unit, ADMINISTRATIVE_UNIT) for unit in units)]


def _member_of(name: str, groups: Callable[[Call, str], list[Doc]]) -> None:
    for kind in ("users", "groups", "servicePrincipals"):
        _member_of_kind(kind, name, groups)


def _member_of_kind(kind: str, name: str, groups: Callable[[Call, str], list[Doc]]) -> None:
    path, transitive = f"{kind}/{{member}}/{name}", name.startswith("transitive")

    def key(call: Call) -> str:
        if kind == "users":
            return str(seen_user(call.store, call.params["member"])["id"])
        return str(seen_object(call.store, call.params["member"])[0]["id"])

    @router.add("GET", path, GROUPS_READ)
    def plain(call: Call) -> Response:
        object_id = key(call)
        found = [(group, GROUP) for group in groups(call, object_id)]
        return mixed(call, [*found, *_other_memberships(call, object_id, transitive=transitive)])

    @router.add("GET", path + "/$count", GROUPS_READ)
    def all_counted(call: Call) -> Response:
        object_id = key(call)
        others = _other_memberships(call, object_id, transitive=transitive)
        return count(call, [*groups(call, object_id), *(doc for doc, _ in others)], None)

    @router.add("GET", path + "/microsoft.graph.group", GROUPS_READ)
    def cast(call: Call) -> Response:
        return collection(call, groups(call, key(call)), GROUP, "groups", clause=wanted(call, GROUP))

    @router.add("GET", path + "/microsoft.graph.group/$count", GROUPS_READ)
    def counted(call: Call) -> Response:
        return count(call, groups(call, key(call)), wanted(call, GROUP))

    for resource, context in ((DIRECTORY_ROLE, "directoryRoles"), (ADMINISTRATIVE_UNIT, "administrativeUnits")):
        _cast_other(path, key, resource, context, transitive=transitive)


def _cast_other(path: str, key: Callable[[Call], str], resource: Resource, context: str, *, transitive: bool) -> None:
    @router.add("GET", f"{path}/microsoft.graph.{resource.name}", GROUPS_READ)
    def cast(call: Call) -> Response:
        held = [doc for doc, kind in _other_memberships(call, key(call), transitive=transitive) if kind is resource]
        return collection(call, held, resource, context, clause=wanted(call, resource))


_member_of("memberOf", lambda call, key: groups_of(call.store, key))
_member_of("transitiveMemberOf", lambda call, key: transitive_groups(call.store, key))


def _strings(call: Call, value: list[str]) -> Response:
    return call.answer({"value": value}, "Collection(Edm.String)", headers={"Location": "https://graph.microsoft.com"})


def _asked_about(call: Call) -> str:
    if "user" in call.params:
        return str(seen_user(call.store, call.params["user"])["id"])
    return str(seen_object(call.store, call.params["object"])[0]["id"])


def _about(name: str) -> Callable[[Handler], Handler]:
    """The action ``name`` of users, groups, service principals and directory objects."""

    def register(handler: Handler) -> Handler:
        for path in ("users/{user}", "groups/{object}", "servicePrincipals/{object}", "directoryObjects/{object}"):
            router.add("POST", f"{path}/{name}", GROUPS_READ)(handler)
        return handler

    return register


@_about("getMemberGroups")
def get_member_groups(call: Call) -> Response:
    """``POST …/getMemberGroups {"securityEnabledOnly": false}``: ids, transitive."""
    only = _security_only(call)
    groups = transitive_groups(call.store, _asked_about(call))
    return _strings(call, [group["id"] for group in groups if group["securityEnabled"] or not only])


def _security_only(call: Call) -> bool:
    only = {name.lower(): value for name, value in call.body().items()}.get("securityenabledonly", False)
    if not isinstance(only, bool):
        raise bad_request("Invalid value specified for property 'securityEnabledOnly'.")
    return only


def _objects(call: Call, key: str) -> list[str]:
    """The ids of groups, roles and administrative units, transitive."""
    others = _other_memberships(call, key, transitive=True)
    return [*(group["id"] for group in transitive_groups(call.store, key)), *(doc["id"] for doc, _ in others)]


@_about("getMemberObjects")
def get_member_objects(call: Call) -> Response:
    """``POST …/getMemberObjects``: ids of groups, roles and administrative units, transitive."""
    key = _asked_about(call)
    if not _security_only(call):
        return _strings(call, _objects(call, key))
    return _strings(call, [group["id"] for group in transitive_groups(call.store, key) if group["securityEnabled"]])


@_about("checkMemberGroups")
def check_member_groups(call: Call) -> Response:
    """``POST …/checkMemberGroups {"groupIds": [at most 20]}``: those of them that one is in."""
    held = {group["id"] for group in transitive_groups(call.store, _asked_about(call))}
    return _strings(call, [key for key in _listed_ids(call, "groupIds") if key in held])


@_about("checkMemberObjects")
def check_member_objects(call: Call) -> Response:
    """``POST …/checkMemberObjects {"ids": [at most 20]}``: groups, roles and administrative units among them."""
    held = set(_objects(call, _asked_about(call)))
    return _strings(call, [key for key in _listed_ids(call, "ids") if key in held])


def _listed_ids(call: Call, name: str) -> list[str]:
    asked = {key.lower(): value for key, value in call.body().items()}.get(name.lower())
    if not isinstance(asked, list) or len(asked) > 20:
        raise bad_request(f"The property '{name}' must be a list of at most 20 ids.")
    return [str(item).lower() for item in asked]


@router.add("POST", "directoryObjects/getByIds", OBJECTS_READ)
def get_by_ids(call: Call) -> Response:
    """``POST /directoryObjects/getByIds {"ids", "types"}``: those that are there; unknown types are passed over."""
    body = call.body()
    ids, types = body.get("ids"), {str(kind).lower() for kind in body.get("types") or ()}
    if not isinstance(ids, list) or len(ids) > 1000:
        raise bad_request("The property 'ids' must be a list of at most 1000 ids.")
    found = seen_objects(call.store, (str(key).lower() for key in ids), directory.all_kinds())
    asked = [
        (doc, kind) for doc, kind in found if not types or kind.name.lower() in types or "directoryobject" in types
    ]
    response = mixed(call, asked)
    response.headers["Location"] = "https://graph.microsoft.com"
    return response


@router.add("GET", "directoryObjects/{object}", OBJECTS_READ)
def directory_object(call: Call) -> Response:
    """``GET /directoryObjects/{id}``."""
    for doc, kind in seen_objects(call.store, [call.params["object"].lower()], directory.all_kinds()):
        return call.answer(typed(call, doc, kind), "directoryObjects/$entity")
    raise not_found(call.params["object"])


@router.add("DELETE", "directoryObjects/{object}", USERS_DELETE | GROUPS_WRITE)
def delete_directory_object(call: Call) -> Response:
    """``DELETE /directoryObjects/{id}``: 204, of users and groups."""
    doc, kind = seen_object(call.store, call.params["object"])
    if kind is USER:
        call.require(USERS_DELETE)
        remove_user(call, live_user(call.store, doc["id"]))
    elif kind is GROUP:
        call.require(GROUPS_WRITE)
        remove_group(call, live_group(call.store, doc["id"]))
    else:
        raise forbidden()
    return Response(status_code=204)
