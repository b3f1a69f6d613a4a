"""One resource: created, read, replaced, patched, deleted (RFC 7644, 3.3 to 3.6)."""

from typing import Any
from uuid import uuid4

from scim2_models import (
    Context,
    EnterpriseUser,
    InvalidValueException,
    NotFoundException,
    PatchOp,
    PreconditionFailedException,
    ResponseParameters,
    UniquenessException,
)

from sandbox.graph.directory import name_holder
from sandbox.scim.ask import Ask, Reply
from sandbox.scim.dialect import patch_in_dialect, resource_in_dialect
from sandbox.scim.kinds import GROUPS, POLICY, USERS, Kind, as_kept, as_seen, found_anywhere, shown, stored, version
from sandbox.scim.provisioning import provision, withdraw
from sandbox.store import Doc, Store


def create(ask: Ask, kind: Kind) -> Reply:
    """``POST /Users`` or ``/Groups``: 201; 409 where the userName is taken."""
    resource = _read(ask, kind, Context.RESOURCE_CREATION_REQUEST)
    _check(ask, kind, resource, None)
    new = {"id": ask.assigned or str(uuid4()), "created": ask.now(), "version": 0}
    return _answer(ask, kind, _keep(ask.store, kind, stored(ask, kind, resource, new)), 201)


def show(ask: Ask, kind: Kind, key: str) -> Reply:
    """``GET``: 304 where the caller has this version."""
    doc = _found(ask, kind, key)
    if ask.if_none_match is not None and _same_version(ask.if_none_match, doc):
        return Reply(304, headers={"ETag": version(doc)})
    return _answer(ask, kind, doc)


def replace(ask: Ask, kind: Kind, key: str) -> Reply:
    """``PUT``: 200; what is left out is cleared, what only the service may write is ignored."""
    doc = _matched(ask, kind, key)
    resource = _read(ask, kind, Context.RESOURCE_REPLACEMENT_REQUEST)
    resource.replace(as_seen(ask, kind, doc))
    _check(ask, kind, resource, doc)
    return _answer(ask, kind, _changed(ask, kind, resource, doc))


def patch(ask: Ask, kind: Kind, key: str) -> Reply:
    """``PATCH``: all operations or none; a user comes back, of a group 204 unless attributes are asked for."""
    doc = _matched(ask, kind, key)
    operations = PatchOp[kind.model].model_validate(  # type: ignore[name-defined]
        patch_in_dialect(ask.body), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )
    resource = as_seen(ask, kind, doc)
    if operations.patch(resource, scim_policy=POLICY):
        _check(ask, kind, resource, doc)
        doc = _changed(ask, kind, resource, doc)
    if kind is GROUPS and _asked(ask, kind) is None:
        return Reply(204, headers={"ETag": version(doc)})
    return _answer(ask, kind, doc)


def delete(ask: Ask, kind: Kind, key: str) -> Reply:
    """``DELETE``: 204; the name is free again, groups and reports let go of whoever is gone."""
    doc = _matched(ask, kind, key)
    ask.store.remove(kind.documents, doc["id"])
    _let_go(ask, doc["id"])
    if kind is USERS:
        withdraw(ask.store, doc)
    return Reply(204)


def _let_go(ask: Ask, key: str) -> None:
    for group in ask.store.find("scim_groups", "_members", key):
        resource = as_kept(GROUPS, group).model_copy(deep=True)
        resource.members = [member for member in resource.members or () if member.value != key]
        ask.store.put("scim_groups", stored(ask, GROUPS, resource, group))
    for report in ask.store.find("scim_users", "_manager", key):
        resource = as_kept(USERS, report).model_copy(deep=True)
        resource[EnterpriseUser].manager = None
        ask.store.put("scim_users", stored(ask, USERS, resource, report))


def undo(store: Store, kind: Kind, key: str) -> None:
    """Take a resource away that a bulk job has made in vain."""
    store.remove(kind.documents, key)


def _read(ask: Ask, kind: Kind, context: Context) -> Any:
    return kind.model.model_validate(resource_in_dialect(ask.body), scim_ctx=context, scim_policy=POLICY)


def _changed(ask: Ask, kind: Kind, resource: Any, doc: Doc) -> Doc:
    """Keep a resource, with a new version only if it differs."""
    new = stored(ask, kind, resource, doc)
    return doc if new["resource"] == doc["resource"] else _keep(ask.store, kind, new)


def _keep(store: Store, kind: Kind, doc: Doc) -> Doc:
    store.put(kind.documents, doc)
    if kind is USERS:
        provision(store, doc)
    return doc


def _check(ask: Ask, kind: Kind, resource: Any, doc: Doc | None) -> None:
    """A name is one person's, a member is somebody."""
    if kind is USERS:
        _check_unique(ask.store, resource, doc)
        return
    for member in resource.members or ():
        if not member.value or (member.value != ask.assigned and not _known(ask, member.value)):
            raise InvalidValueException(detail=f"There is no user or group {member.value!r} to be a member.")


def _known(ask: Ask, key: str) -> bool:
    return key in ask.promised or found_anywhere(ask.store, key) is not None


def _check_unique(store: Store, person: Any, doc: Doc | None) -> None:
    """Another SCIM user's name is refused, and so is that of a stranger in the directory."""
    own = doc["id"] if doc else None
    others = [other for other in store.find("scim_users", "userName", str(person.user_name)) if other["id"] != own]
    if others or _a_strangers(store, person, doc):
        raise UniquenessException(detail=f"A user with the userName {person.user_name!r} exists already.")


def _a_strangers(store: Store, person: Any, doc: Doc | None) -> bool:
    """Is the name held by a directory user that provisioning would not match with this one?"""
    holder = name_holder(store, str(person.user_name), doc.get("object_id") if doc else None)
    enterprise = person[EnterpriseUser]
    employee_id = (enterprise.employee_number if enterprise else None) or person.external_id
    return holder is not None and (employee_id is None or holder.get("employeeId") != employee_id)


def _found(ask: Ask, kind: Kind, key: str) -> Doc:
    doc = ask.store.get(kind.documents, key)
    if doc is None:
        raise NotFoundException(detail=f"Resource {key} not found.")
    return doc


def _matched(ask: Ask, kind: Kind, key: str) -> Doc:
    """The resource, if the caller's ``If-Match`` is its version (RFC 7644, 3.14)."""
    doc = _found(ask, kind, key)
    if ask.if_match is not None and not _same_version(ask.if_match, doc):
        raise PreconditionFailedException(detail=f"Resource {key} has changed: its version is {version(doc)} now.")
    return doc


def _same_version(tags: str, doc: Doc) -> bool:
    """Is the version among the tags? Weak and strong ones compare alike."""
    opaque = version(doc).removeprefix("W/")
    return tags.strip() == "*" or opaque in (tag.strip().removeprefix("W/") for tag in tags.split(","))


def _asked(ask: Ask, kind: Kind) -> ResponseParameters[Any] | None:
    names = ("attributes", "excludedAttributes")
    lowered = {name.lower(): name for name in names}
    given = {lowered[name.lower()]: value for name, value in ask.query.items() if name.lower() in lowered}
    if not given:
        return None
    asked: ResponseParameters[Any] = ResponseParameters[kind.model].model_validate(  # type: ignore[name-defined]
        given, scim_policy=POLICY
    )
    return asked


def _answer(ask: Ask, kind: Kind, doc: Doc, status: int = 200) -> Reply:
    headers = {"ETag": version(doc), "Location": f"{ask.root}/{kind.endpoint}/{doc['id']}"}
    return Reply(status, shown(ask, kind, doc, _asked(ask, kind)), headers)
