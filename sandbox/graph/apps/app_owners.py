"""Owners of applications and service principals: they may change them, and an application may own others."""

from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph.apps.app_objects import live, seen
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import reference, seen_object, seen_objects, sent_reference
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.groups.groups import ALREADY
from sandbox.graph.permissions import APPLICATIONS_READ, APPLICATIONS_WRITE
from sandbox.graph.query import collection, count, mixed, wanted
from sandbox.graph.schema import SERVICE_PRINCIPAL, USER, Resource
from sandbox.store import Doc

router = Router()


def _owned(path: str, kind: str) -> None:
    root = f"{path}/{{object}}/owners"

    def owners(call: Call) -> list[tuple[Doc, Resource]]:
        return list(seen_objects(call.store, seen(call, kind).get("_owners") or ()))

    @router.add("GET", root, APPLICATIONS_READ)
    def plain(call: Call) -> Response:
        return mixed(call, owners(call))

    @router.add("GET", root + "/$ref", APPLICATIONS_READ)
    def addresses(call: Call) -> Response:
        value = [{"@odata.id": f"{call.root}/directoryObjects/{doc['id']}"} for doc, _ in owners(call)]
        return call.answer({"value": value}, "Collection($ref)")

    @router.add("GET", root + "/$count", APPLICATIONS_READ)
    def counted(call: Call) -> Response:
        return count(call, [doc for doc, _ in owners(call)], wanted(call, USER))

    for resource in (USER, SERVICE_PRINCIPAL):
        _cast(f"{root}/microsoft.graph.{resource.name}", owners, resource)

    @router.add("POST", root + "/$ref", APPLICATIONS_WRITE)
    def add(call: Call) -> Response:
        target, key = live(call, kind), _address(call)
        held = target.get("_owners") or []
        if key in held:
            raise bad_request(ALREADY.format("owners"))
        call.store.put(kind, {**target, "_owners": [*held, key]})
        return Response(status_code=204)

    @router.add("DELETE", root + "/{owner}/$ref", APPLICATIONS_WRITE)
    def remove(call: Call) -> Response:
        target, key = live(call, kind), call.params["owner"].lower()
        held = target.get("_owners") or []
        if key not in held:
            raise not_found(key)
        call.store.put(kind, {**target, "_owners": [other for other in held if other != key]})
        return Response(status_code=204)


def _cast(path: str, owners: Callable[[Call], list[tuple[Doc, Resource]]], resource: Resource) -> None:
    @router.add("GET", path, APPLICATIONS_READ)
    def cast(call: Call) -> Response:
        found = [doc for doc, kind in owners(call) if kind is resource]
        return collection(call, found, resource, resource.name + "s", clause=wanted(call, resource))


def _address(call: Call) -> str:
    """The user or service principal that the body points at; nothing else can own."""
    found, kind = seen_object(call.store, reference(sent_reference(call)))
    if kind not in (USER, SERVICE_PRINCIPAL):
        raise bad_request(f"An owner must be a user or a service principal; '{found['id']}' is a {kind.name}.")
    return str(found["id"])


_owned("applications", "applications")
_owned("servicePrincipals", "service_principals")
