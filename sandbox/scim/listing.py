"""Many resources: filtered, sorted and paged (RFC 7644, 3.4.2), by a query or by ``.search``."""

from collections.abc import Mapping, Sequence
from typing import Any, Union

from scim2_models import ResponseParameters, SearchRequest
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from sandbox.scim.ask import Ask, Reply, listing
from sandbox.scim.kinds import GROUPS, KINDS, POLICY, Kind, as_kept, as_seen, shown
from sandbox.scim.plain import plain, plain_key
from sandbox.store import Doc, Store

MAX_RESULTS = 200
_KNOWN = ("attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count")
_NAMES = {name.lower(): name for name in _KNOWN}
_INDEXED = {
    "User": {"username": "userName", "externalid": "externalId"},
    "Group": {"displayname": "displayName", "members": "_members"},
}


def listed(ask: Ask, *kinds: Kind) -> Reply:
    """``GET /Users``, ``/Groups`` or, over both, the root: always 200, nothing found is an empty list."""
    return _page(ask, kinds, ask.query)


def searched(ask: Ask, *kinds: Kind) -> Reply:
    """``POST …/.search``: the same, asked in a body (RFC 7644, 3.4.3)."""
    return _page(ask, kinds, ask.body)


def _page(ask: Ask, kinds: Sequence[Kind], given: Mapping[str, Any]) -> Reply:
    known = {_NAMES[name.lower()]: value for name, value in given.items() if name.lower() in _NAMES}
    model: Any = Union[tuple(kind.model for kind in kinds)]  # noqa: UP007
    asked: Any = SearchRequest[model].model_validate(known, scim_policy=POLICY)
    found = _found(ask, kinds, asked)
    start = asked.start_index or 1
    count = MAX_RESULTS if asked.count is None else min(asked.count, MAX_RESULTS)
    page = found[start - 1 : start - 1 + count]
    resources = [shown(ask, kind, doc, _projected(kind, asked)) for kind, doc in page]
    return Reply(200, listing(len(found), start, resources))


def _projected(kind: Kind, asked: Any) -> ResponseParameters[Any] | None:
    """What is to be shown of each; a name that only the other kind has means nothing."""
    return asked if asked.attributes or asked.excluded_attributes else None


def _found(ask: Ask, kinds: Sequence[Kind], asked: Any) -> list[tuple[Kind, Doc]]:
    documents = [(kind, doc) for kind in kinds for doc in _fitting(ask, kind, asked.filter)]
    if asked.sort_by is None:
        return documents
    if len(kinds) == 1 and (key := plain_key(asked, kinds[0])) is not None:
        descending = asked.sort_order == SearchRequest.SortOrder.descending
        return sorted(documents, key=lambda pair: key(pair[1]), reverse=descending)
    models = [as_kept(*pair) for pair in documents]
    pairs = {id(model): pair for model, pair in zip(models, documents, strict=True)}
    return [pairs[id(model)] for model in asked.sort(models)]


def _fitting(ask: Ask, kind: Kind, clause: Any) -> list[Doc]:
    found = _candidates(ask.store, kind, clause)
    if clause is None:
        return found
    test = plain(clause, kind) or (lambda doc: _matches(ask, kind, doc, clause))
    return [doc for doc in found if test(doc)]


def _matches(ask: Ask, kind: Kind, doc: Doc, clause: Any) -> bool:
    """Does a resource fit? What is worked out on showing is worked out only for a filter that may name it."""
    shown_only = kind is GROUPS or "groups" in clause.lower() or "displayname" in clause.lower()
    resource = as_seen(ask, kind, doc) if shown_only else as_kept(kind, doc)
    return bool(clause.match(resource))


def _candidates(store: Store, kind: Kind, clause: Any) -> list[Doc]:
    """The documents that an equality of the filter leaves to look at; all of them without one."""
    for name, value in _equalities(clause.ast) if clause is not None else ():
        if name == "id":
            found = store.get(kind.documents, value)
            return [found] if found is not None else []
        if name in _INDEXED[kind.name]:
            return store.find(kind.documents, _INDEXED[kind.name][name], value)
    return store.all(kind.documents)


def _equalities(node: FilterNode) -> list[tuple[str, str]]:
    """``attribute eq "text"`` conditions that every match must fulfil."""
    if isinstance(node, LogicalExpr):
        terms = node.terms if node.op == LogicalOperator.and_ else ()
        return [pair for term in terms for pair in _equalities(term)]
    if isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
        path = node.attr_path
        return [(path.attr.lower(), node.value)] if path.sub_attr is None else []
    return []


def everything(ask: Ask) -> Reply:
    """``GET`` of the root: resources of every kind (RFC 7644, 3.4.2.1)."""
    return listed(ask, *KINDS)
