"""What somebody owns or has created: groups, applications, service principals."""

from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph.apps import applications, service_principals
from sandbox.graph.apps.app_objects import seen
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.permissions import APPLICATIONS_READ, GROUPS_READ, USERS_READ
from sandbox.graph.query import collection, mixed, wanted
from sandbox.graph.schema import APPLICATION, GROUP, SERVICE_PRINCIPAL, Resource
from sandbox.store import Doc

router = Router()

Finder = Callable[[Call], list[tuple[Doc, Resource]]]


def _owned_by(call: Call, key: str) -> list[tuple[Doc, Resource]]:
    find = call.store.find_seen
    return [
        *((doc, GROUP) for doc in find("groups", "_owners", key)),
        *((applications.view(doc), APPLICATION) for doc in find("applications", "_owners", key)),
        *((service_principals.view(doc), SERVICE_PRINCIPAL) for doc in find("service_principals", "_owners", key)),
    ]


def _created_by(call: Call, key: str) -> list[tuple[Doc, Resource]]:
    kinds = (("applications", APPLICATION), ("service_principals", SERVICE_PRINCIPAL))
    return [(doc, kind) for name, kind in kinds for doc in call.store.seen_all(name) if doc.get("_creator") == key]


def _readable(call: Call, doc: Doc, kind: Resource) -> Doc:
    """What the caller may not read is there by its id only."""
    needed = GROUPS_READ if kind is GROUP else APPLICATIONS_READ
    return doc if call.caller.user or call.caller.roles & needed else {"id": doc["id"]}


def _relation(path: str, find: Finder, readers: frozenset[str]) -> None:
    @router.add("GET", path, readers)
    def plain(call: Call) -> Response:
        return mixed(call, [(_readable(call, doc, kind), kind) for doc, kind in find(call)])

    for resource in (GROUP, APPLICATION, SERVICE_PRINCIPAL):
        _cast(f"{path}/microsoft.graph.{resource.name}", find, resource, readers)


def _cast(path: str, find: Finder, resource: Resource, readers: frozenset[str]) -> None:
    @router.add("GET", path, readers)
    def cast(call: Call) -> Response:
        found = [_readable(call, doc, kind) for doc, kind in find(call) if kind is resource]
        return collection(call, found, resource, resource.name + "s", clause=wanted(call, resource))


def _of_user(read: Callable[[Call, str], list[tuple[Doc, Resource]]]) -> Finder:
    return lambda call: read(call, seen_user(call.store, call.params["user"])["id"])


_relation("users/{user}/ownedObjects", _of_user(_owned_by), USERS_READ)
_relation("users/{user}/createdObjects", _of_user(_created_by), USERS_READ)
_relation(
    "servicePrincipals/{object}/ownedObjects",
    lambda call: _owned_by(call, seen(call, "service_principals")["id"]),
    APPLICATIONS_READ,
)
