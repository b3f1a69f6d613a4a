"""The recycle bin: what was deleted within 30 days, by kind (``/directory/deletedItems``).

A kind is put in by :func:`bin_of`, with what its restoration and its end mean.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import conflict, not_found
from sandbox.graph.groups.groups import refuse_nickname
from sandbox.graph.groups.memberships import evaluate_all, is_dynamic
from sandbox.graph.people.users import check_upn
from sandbox.graph.permissions import (
    DELETED_READ,
    DELETED_WRITE,
    GROUPS_READ,
    GROUPS_WRITE,
    ROLE_GROUPS,
    UNITS_READ,
    UNITS_WRITE,
    USERS_DELETE,
    USERS_READ,
)
from sandbox.graph.query import collection, count, entity, typed, wanted
from sandbox.graph.roles.privileges import guard, refuse_restricted
from sandbox.graph.schema import GROUP, USER, Resource
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT
from sandbox.store import Doc, Store

router = Router()
_PATH = "directory/deletedItems"


@dataclass(frozen=True)
class Bin:
    """One kind of deleted objects: where they are kept, who may read and write them, what bringing back means."""

    kind: str
    resource: Resource
    context: str
    read: frozenset[str]
    write: frozenset[str]
    may: Callable[[Call, Doc], None]
    restore: Callable[[Call, Doc], Doc]
    purge: Callable[[Store, str], None]


_BINS: list[Bin] = []


def bin_of(entry: Bin) -> None:
    """Put a kind in: its list, its count and its cast, beside what all kinds share."""
    _BINS.append(entry)
    path, resource = f"{_PATH}/microsoft.graph.{entry.resource.name}", entry.resource

    @router.add("GET", path, entry.read)
    def listed(call: Call) -> Response:
        expire(call.store)
        found = call.store.seen_all(entry.kind)
        return collection(call, found, resource, entry.context, clause=wanted(call, resource))

    @router.add("GET", f"{path}/$count", entry.read)
    def counted(call: Call) -> Response:
        expire(call.store)
        return count(call, call.store.seen_all(entry.kind), wanted(call, resource))

    @router.add("GET", f"{_PATH}/{{item}}/microsoft.graph.{resource.name}", entry.read)
    def cast(call: Call) -> Response:
        doc, found = _seen(call)
        if found is not entry:
            raise not_found(call.params["item"])
        return entity(call, doc, resource, entry.context)


def expire(store: Store) -> None:
    """Purge whatever has been in the recycle bin for 30 days of the tenant's time."""
    oldest = directory.stamp(store.now() - directory.RETENTION)
    for entry in _BINS:
        for doc in store.all(entry.kind):
            if doc["deletedDateTime"] < oldest:
                entry.purge(store, doc["id"])


# -- calls -------------------------------------------------------------------------------------------------------------


@router.add("GET", f"{_PATH}/{{item}}", DELETED_READ)
def deleted_item(call: Call) -> Response:
    """``GET /directory/deletedItems/{id}``."""
    doc, entry = _seen(call)
    call.require(entry.read)
    if "select" in call.query:
        return entity(call, doc, entry.resource, entry.context)
    return call.answer(typed(call, doc, entry.resource), "directoryObjects/$entity")


@router.add("POST", f"{_PATH}/{{item}}/restore", DELETED_WRITE)
def restore(call: Call) -> Response:
    """``POST /directory/deletedItems/{id}/restore``: 200 with the object; 400 where somebody else has its name now."""
    doc, entry = _live(call)
    call.require(entry.write)
    entry.may(call, doc)
    return call.answer(typed(call, entry.restore(call, doc), entry.resource), "directoryObjects/$entity")


@router.add("DELETE", f"{_PATH}/{{item}}", DELETED_WRITE)
def purge(call: Call) -> Response:
    """``DELETE /directory/deletedItems/{id}``: 204, for good."""
    doc, entry = _live(call)
    call.require(entry.write)
    entry.may(call, doc)
    entry.purge(call.store, doc["id"])
    return Response(status_code=204)


def _seen(call: Call) -> tuple[Doc, Bin]:
    expire(call.store)
    key = call.params["item"].lower()
    for entry in _BINS:
        if (doc := call.store.seen(entry.kind, key)) is not None:
            return doc, entry
    raise not_found(call.params["item"])


def _live(call: Call) -> tuple[Doc, Bin]:
    doc, entry = _seen(call)
    found = call.store.get(entry.kind, doc["id"])
    if found is None:
        raise not_found(call.params["item"])
    return found, entry


# -- users -------------------------------------------------------------------------------------------------------------


def _restore_user(call: Call, doc: Doc) -> Doc:
    """With another sign-in name, and without addresses that others have now, where the caller asks for that."""
    body = {name.lower(): value for name, value in call.body().items()}
    upn = body.get("newuserprincipalname") or doc["_userPrincipalName"]
    check_upn(upn)
    if (found := directory.holder(call.store, upn)) is not None:
        raise conflict("userPrincipalName", f"{found[2].title}_{found[1]['id']}")
    taken = [address for address in doc.get("proxyAddresses") or () if _taken(call.store, address)]
    if taken and body.get("autoreconcileproxyconflict") is not True:
        _, other, kind = _taken(call.store, taken[0]) or ("", doc, USER)
        raise conflict("proxyAddresses", f"{kind.title}_{other['id']}")
    return directory.restore_user(call.store, _reconciled(doc, taken), upn)


def _taken(store: Store, address: str) -> tuple[str, Doc, Resource] | None:
    return directory.holder(store, address.partition(":")[2])


def _reconciled(doc: Doc, taken: list[str]) -> Doc:
    """The user without the addresses that others have; a primary one takes the mail with it."""
    if not taken:
        return doc
    kept = [address for address in doc["proxyAddresses"] if address not in taken]
    primary = next((address[5:] for address in kept if address.startswith("SMTP:")), None)
    return {**doc, "proxyAddresses": kept, "mail": primary}


bin_of(
    Bin(
        "deleted_users",
        USER,
        "users",
        USERS_READ,
        USERS_DELETE,
        guard,
        _restore_user,
        directory.purge_user,
    )
)


# -- groups and administrative units -----------------------------------------------------------------------------------


def _may_group(call: Call, doc: Doc) -> None:
    refuse_restricted(call, doc["id"])
    if doc.get("isAssignableToRole"):
        call.require(ROLE_GROUPS)


def _restore_group(call: Call, doc: Doc) -> Doc:
    if "Unified" in doc["groupTypes"]:
        refuse_nickname(call.store, doc["mailNickname"])
    call.store.remove("deleted_groups", doc["id"])
    restored = call.store.put("groups", {**doc, "deletedDateTime": None})
    if is_dynamic(restored):
        evaluate_all(call.store)
    return restored


def _purge_group(store: Store, key: str) -> None:
    store.remove("deleted_groups", key)
    directory.forget(store, key)


def _may_unit(call: Call, doc: Doc) -> None:
    """Whoever may write units may bring them back."""


def _restore_unit(call: Call, doc: Doc) -> Doc:
    call.store.remove("deleted_administrative_units", doc["id"])
    return call.store.put("administrative_units", {**doc, "deletedDateTime": None})


def _purge_unit(store: Store, key: str) -> None:
    store.remove("deleted_administrative_units", key)
    for assignment in store.find("role_assignments", "directoryScopeId", f"/administrativeUnits/{key}"):
        store.remove("role_assignments", assignment["id"])


bin_of(Bin("deleted_groups", GROUP, "groups", GROUPS_READ, GROUPS_WRITE, _may_group, _restore_group, _purge_group))
bin_of(
    Bin(
        "deleted_administrative_units",
        ADMINISTRATIVE_UNIT,
        "administrativeUnits",
        UNITS_READ,
        UNITS_WRITE,
        _may_unit,
        _restore_unit,
        _purge_unit,
    )
)
