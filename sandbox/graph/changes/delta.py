"""Delta queries: what there is, then what has changed since (Microsoft Graph, "Use delta query to track changes").

The state of a client stands in its token, which is opaque to it: where it was, when the token was given, and the
``$select`` and ``$filter`` of the first request. Tokens live seven days of the tenant's time.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TypeVar

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.changes.changes import Changed, log_of
from sandbox.graph.directory import seen_objects
from sandbox.graph.errors import GraphError, malformed, unsupported_query
from sandbox.graph.groups.memberships import member_ids
from sandbox.graph.paging import page_size
from sandbox.graph.permissions import (
    APPLICATIONS_READ,
    DEVICES_READ,
    GRANTS_READ,
    GROUPS_READ,
    UNITS_READ,
    USERS_READ,
)
from sandbox.graph.query import selected, shape
from sandbox.graph.schema import APPLICATION, GROUP, SERVICE_PRINCIPAL, USER, Resource
from sandbox.graph.schema_objects import DEVICE, OAUTH_GRANT
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT
from sandbox.store import Doc

router = Router()
LIFE = timedelta(days=7)
MAX_IDS = 50
CHUNK = 1000
"""How many members of one group stand in one page; the group comes again on the next with the others."""
_IDS = re.compile(r"\s*id\s+eq\s+'([0-9a-f-]{36})'\s*", re.IGNORECASE)
_REFUSED = ("expand", "orderby", "top", "search", "skip")

Related = Callable[[Call, Doc], list[str]]
T = TypeVar("T")


@dataclass(frozen=True)
class _Tracked:
    """One kind of object that delta follows, and its relations; ``implied`` are told without ``$select`` too."""

    path: str
    kind: str
    resource: Resource
    relations: dict[str, Related]
    implied: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Token:
    """What a client knows: everything up to ``after``; within a round ``at`` is where the next page begins.

    ``before`` is what it knew before the round that it knows last.
    """

    kind: str
    given: float
    after: int
    up_to: int | None = None
    at: int = 0
    last: str | None = None
    select: str | None = None
    ids: tuple[str, ...] = ()
    before: int | None = None

    def text(self) -> str:
        """The token as it stands in a link."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")


def _register(tracked: _Tracked, allowed: frozenset[str]) -> None:
    @router.add("GET", f"{tracked.path}/delta", allowed)
    def delta(call: Call) -> Response:
        return _delta(call, tracked)


def _delta(call: Call, tracked: _Tracked) -> Response:
    """``GET /{kind}/delta``: a page, and the link to the next page or to the next round."""
    refused = next((name for name in _REFUSED if name in call.query), None)
    if refused:
        raise unsupported_query(f"The query option '${refused}' is not supported in a delta query.")
    token = _asked(call, tracked)
    call.query |= {"select": token.select} if token.select else {}
    if call.query.get("deltatoken", "").lower() == "latest":
        return _page(call, tracked, [], _delta_link(call, replace(token, after=_settled(call, tracked))))
    return _first_round(call, tracked, token) if token.after == 0 else _later_round(call, tracked, token)


def _asked(call: Call, tracked: _Tracked) -> _Token:
    given = call.store.now().timestamp()
    text = call.query.get("skiptoken") or call.query.get("deltatoken", "")
    if text.lower() in ("", "latest"):
        return _Token(tracked.kind, given, 0, select=call.query.get("select"), ids=_ids(call.query.get("filter")))
    token = _read(text)
    if token.kind != tracked.kind or ("skiptoken" in call.query and "select" in call.query):
        raise malformed("Badly formed token.")
    _check_age(call, token)
    chosen = call.query.get("select") or token.select
    return replace(token, select=chosen, given=given if token.up_to is None else token.given)


def _read(text: str) -> _Token:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return _Token(**{**values, "ids": tuple(values["ids"])})
    except (ValueError, TypeError, KeyError, binascii.Error) as error:
        raise malformed("Badly formed token.") from error


def _check_age(call: Call, token: _Token) -> None:
    """410 for a token that is too old, from before the log began, or (``delta_resync``) no longer wanted."""
    fresh = {"Location": f"{call.sent.origin}{call.sent.path}?$deltatoken="}
    age = timedelta(seconds=call.store.now().timestamp() - token.given)
    if age > LIFE:
        text = f"The sync state is older than {LIFE.days} days and is not found any more. Start a full synchronization."
        raise GraphError(410, "syncStateNotFound", text, headers=fresh)
    if call.store.settings.delta_resync or (token.after or token.up_to or 0) < log_of(call.store).start:
        raise GraphError(410, "resyncRequired", "Resync required. Start a full synchronization.", headers=fresh)


def _ids(text: str | None) -> tuple[str, ...]:
    """The ids of a scoping filter: ``id eq '…' or id eq '…'``, at most fifty; nothing else is supported."""
    if not text:
        return ()
    found = [_IDS.fullmatch(part) for part in re.split(r"\bor\b", text, flags=re.IGNORECASE)]
    if not all(found) or len(found) > MAX_IDS:
        raise unsupported_query(f"A delta query can be filtered by up to {MAX_IDS} ids only.")
    return tuple(match[1].lower() for match in found if match)


# -- the rounds --------------------------------------------------------------------------------------------------------


def _first_round(call: Call, tracked: _Tracked, token: _Token) -> Response:
    """Everything there is, page by page; what changes meanwhile is told in the next round."""
    if token.up_to is None:
        token = replace(token, up_to=_settled(call, tracked))
    docs = [doc for doc in call.store.seen_all(tracked.kind) if not token.ids or doc["id"] in token.ids]
    relations = _relations(call, tracked)
    items = [(doc, part) for doc in docs for part in range(_parts(call, tracked, relations, doc))]
    page, following = _cut(call, tracked, items, token, lambda item: f"{item[0]['id']}/{item[1]}")
    value = [_current(call, tracked, relations, doc, part) for doc, part in page]
    return _page(call, tracked, value, following)


def _later_round(call: Call, tracked: _Tracked, token: _Token) -> Response:
    """What has changed since the token was given; with ``delta_replays`` what the round before told comes again."""
    log = log_of(call.store)
    replayed = token.before if call.store.settings.delta_replays else None
    since = token.after if replayed is None else replayed
    if token.up_to is None:
        token = replace(token, up_to=log.last)
    changed = log.between(tracked.kind, since, token.up_to or log.last)
    found = [one for one in changed if (not token.ids or one.id in token.ids) and _matters(call, tracked, one)]
    page, following = _cut(call, tracked, found, token, lambda one: one.id)
    return _page(call, tracked, [_change(call, tracked, one) for one in page], following)


def _settled(call: Call, tracked: _Tracked) -> int:
    return log_of(call.store).settled(tracked.kind)


def _cut(call: Call, tracked: _Tracked, items: list[T], token: _Token, name: Callable[[T], str]) -> tuple[list[T], str]:
    """One page of a round, and the link of the next page or of the next round."""
    start = token.at
    if token.last and not (0 < start <= len(items) and name(items[start - 1]) == token.last):
        start = next((n for n, item in enumerate(items, 1) if name(item) == token.last), start)
    size = page_size(call)
    if call.store.settings.empty_pages and token.last is None and "skiptoken" not in call.query and items:
        return [], _next_link(call, token)
    page = items[start : start + size]
    if start + size < len(items):
        return page, _next_link(call, replace(token, at=start + size, last=name(page[-1])))
    reached = min(token.up_to or 0, _settled(call, tracked))
    return page, _delta_link(
        call, replace(token, after=reached, before=token.after or None, up_to=None, at=0, last=None)
    )


def _next_link(call: Call, token: _Token) -> str:
    return f"{call.sent.origin}{call.sent.path}?$skiptoken={token.text()}"


def _delta_link(call: Call, token: _Token) -> str:
    return f"{call.sent.origin}{call.sent.path}?$deltatoken={token.text()}"


def _page(call: Call, tracked: _Tracked, value: list[Doc], link: str) -> Response:
    name = "@odata.nextLink" if "$skiptoken=" in link else "@odata.deltaLink"
    names = f"({call.query['select']})" if "select" in call.query else ""
    return call.answer({name: link, "value": value}, tracked.path + names, headers=_applied(call))


def _applied(call: Call) -> dict[str, str]:
    preferred = call.preferences()
    known = {name: value for name, value in preferred.items() if name in ("odata.maxpagesize", "return")}
    return {"Preference-Applied": ",".join(f"{name}={value}" for name, value in known.items())} if known else {}


# -- objects -----------------------------------------------------------------------------------------------------------


def _relations(call: Call, tracked: _Tracked) -> list[str]:
    """The relations to tell: those selected, else the implied ones."""
    if "select" not in call.query:
        return sorted(tracked.implied)
    asked = {name.strip().lower() for name in call.query["select"].split(",")}
    return [name for name in tracked.relations if name.lower() in asked]


def _properties(call: Call, tracked: _Tracked) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*selected(call, tracked.resource, single=False), "id")))


def _parts(call: Call, tracked: _Tracked, relations: list[str], doc: Doc) -> int:
    """In how many pieces an object comes, so that no page grows beyond all bounds."""
    if "members" not in relations:
        return 1
    return max(1, -(-len(doc.get("_members") or ()) // CHUNK))


def _current(call: Call, tracked: _Tracked, relations: list[str], doc: Doc, part: int) -> Doc:
    """An object as it is; what was never set is left out."""
    told = shape(doc, [name for name in _properties(call, tracked) if name in doc])
    for relation in relations:
        ids = tracked.relations[relation](call, doc)
        if chosen := ids[part * CHUNK : (part + 1) * CHUNK] if relation == "members" else ids:
            told[f"{relation}@delta"] = _related(call, dict.fromkeys(chosen, True))
    return told


def _matters(call: Call, tracked: _Tracked, one: Changed) -> bool:
    """Does the client follow any of what changed?"""
    if one.whole or "select" not in call.query:
        return one.whole or bool(one.names) or not one.moved.keys().isdisjoint(_relations(call, tracked))
    return not one.names.isdisjoint(_properties(call, tracked)) or any(
        relation in one.moved for relation in _relations(call, tracked)
    )


def _change(call: Call, tracked: _Tracked, one: Changed) -> Doc:
    """An object as it is now, only what changed of it (``Prefer: return=minimal``), or that it is gone."""
    doc = call.store.seen(tracked.kind, one.id)
    if doc is None:
        reason = "changed" if call.store.seen(f"deleted_{tracked.kind}", one.id) else "deleted"
        return {"id": one.id, "@removed": {"reason": reason}}
    names: Iterable[str] = _properties(call, tracked)
    changed = one.names & set(tracked.resource.names.values())
    if call.preferences().get("return") == "minimal" and not one.whole:
        names = [name for name in names if name == "id" or name in changed]
    elif "select" not in call.query:
        names = dict.fromkeys((*names, *sorted(changed)))
    told = shape(doc, [name for name in names if name in doc or name in changed])
    for relation in _relations(call, tracked):
        if moved := one.moved.get(relation):
            told[f"{relation}@delta"] = _related(call, moved)
    return told


def _related(call: Call, moved: dict[str, bool]) -> list[Doc]:
    """Who is, or came, and (False) who went."""
    types = {doc["id"]: kind.odata for doc, kind in seen_objects(call.store, moved)}
    return [
        {"@odata.type": types.get(key, USER.odata), "id": key, **({} if there else {"@removed": {"reason": "deleted"}})}
        for key, there in moved.items()
    ]


def _one(field: str) -> Related:
    return lambda call, doc: [doc[field]] if doc.get(field) else []


def _many(field: str) -> Related:
    return lambda call, doc: list(doc.get(field) or ())


def _members(call: Call, doc: Doc) -> list[str]:
    return member_ids(call.store, doc)


_OWNERS = {"owners": _many("_owners")}
_UNITS = "directory/administrativeUnits"
_GROUP_RELATIONS = {"members": _members, **_OWNERS}
_register(_Tracked("users", "users", USER, {"manager": _one("_manager")}), USERS_READ)
_register(_Tracked("groups", "groups", GROUP, _GROUP_RELATIONS, frozenset({"members"})), GROUPS_READ)
_register(_Tracked("applications", "applications", APPLICATION, _OWNERS), APPLICATIONS_READ)
_register(_Tracked("servicePrincipals", "service_principals", SERVICE_PRINCIPAL, _OWNERS), APPLICATIONS_READ)
_register(_Tracked(_UNITS, "administrative_units", ADMINISTRATIVE_UNIT, {"members": _many("_members")}), UNITS_READ)
_register(_Tracked("devices", "devices", DEVICE, {}), DEVICES_READ)
_register(_Tracked("oauth2PermissionGrants", "oauth2_permission_grants", OAUTH_GRANT, {}), GRANTS_READ)
