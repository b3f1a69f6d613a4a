"""Reading collections and single objects: ``$filter $search $select $expand $orderby $top $count`` and paging.

What needs the eventual index (header ``ConsistencyLevel: eventual`` and ``$count=true``) is refused without it, as
"Advanced query capabilities on Microsoft Entra ID objects" says.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from sandbox.graph import filterable
from sandbox.graph.call import Call
from sandbox.graph.errors import GraphError, bad_request, malformed, not_implemented, unsupported_query
from sandbox.graph.expansions import Expansion as Expansion
from sandbox.graph.expansions import several
from sandbox.graph.lazy import fitting, reach
from sandbox.graph.odata import Filter, Lead, comparable, parse
from sandbox.graph.paging import annotations, page_of, page_size
from sandbox.graph.schema import USER, Resource
from sandbox.store import Doc

MAX_EXPANDED = 20
"""How many objects of a relation ``$expand`` gives for directory objects, without a link to the others."""
_OUTSIDE = "aboutme birthday hiredate interests mysite pastprojects preferredname responsibilities schools skills"
OUTSIDE = frozenset(_OUTSIDE.split())
"""Properties of users that are kept in SharePoint: given for a single user only, and never tracked."""
SIMPLE_ORDER = {"user": {"displayName", "userPrincipalName"}, "group": {"displayName"}}
_SEARCH = re.compile(r'"(?P<name>\w+):(?P<text>[^"]*)"')
_EXPAND = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<options>[^()]*)\))?\s*$")

_BY_ID = re.compile(r"\s*id\s+eq\s+'[^']*'\s*", re.IGNORECASE)
DIRECTORY_OBJECT = Resource(
    "directoryObject",
    "#microsoft.graph.directoryObject",
    ("id", "deletedDateTime"),
    {name.lower(): name for name in ("id", "deletedDateTime", "displayName", "mail", "userPrincipalName", "userType")},
)


def wanted(call: Call, resource: Resource) -> Filter | None:
    """The parsed ``$filter``; refused if the index does not answer it, or not without header and count."""
    text = call.query.get("filter")
    if not text:
        return None
    found = parse(text, resource.names, resource.name)
    filterable.check(found, resource, call.advanced or call.sent.path.endswith("/$count"))
    return found


def collection(
    call: Call,
    documents: Iterable[Doc],
    resource: Resource,
    context: str,
    *,
    clause: Filter | None = None,
    expansions: Mapping[str, Expansion] | None = None,
) -> Response:
    """A page of documents of one kind, filtered, searched, ordered, selected and expanded as asked."""
    _gate(call, resource, clause)
    found: Sequence[Doc] = documents if isinstance(documents, Sequence) else list(documents)
    if (test := _test(call, resource, clause)) is not None:
        whole = call.advanced or "orderby" in call.query
        found = fitting(found, test, None if whole else reach(call.query.get("skiptoken"), page_size(call)))
    found = _ordered(call, resource, found)
    page, rest = page_of(call, found)
    names = selected(call, resource, single=False)
    expand = _expanded(call, resource, expansions)
    value = [{**shape(doc, names), **expand(doc)} for doc in page]
    suffix = f"({','.join(names)})" if "select" in call.query else ""
    return call.answer({**annotations(call, len(found), rest), "value": value}, context + suffix)


def _test(call: Call, resource: Resource, clause: Filter | None) -> Callable[[Doc], bool] | None:
    """What ``$filter`` and ``$search`` leave, as one test; None if all."""
    text = call.query.get("search")
    if text is None:
        return clause.test if clause else None
    search = _search(text, resource)
    return lambda doc: (clause is None or clause.test(doc)) and search(doc)


def mixed(call: Call, documents: Sequence[tuple[Doc, Resource]], context: str = "directoryObjects") -> Response:
    """A page of objects of several kinds, each with its ``@odata.type`` first; all but ids is an advanced query."""
    found = [pair for pair in documents if _asked_for(call, *pair)] if _narrows(call) else documents
    if "orderby" in call.query:
        pairs = list(found)
        order = {id(doc): at for at, doc in enumerate(_ordered(call, DIRECTORY_OBJECT, [doc for doc, _ in pairs]))}
        found = sorted(pairs, key=lambda pair: order[id(pair[0])])
    page, rest = page_of(call, found)
    value = [typed(call, doc, resource) for doc, resource in page]
    return call.answer({**annotations(call, len(found), rest), "value": value}, context)


def _narrows(call: Call) -> bool:
    """Is there a ``$filter`` or ``$search``, and may it be here?"""
    _check_options(call)
    text = call.query.get("filter", "")
    if (("orderby" in call.query) or (text and not _BY_ID.fullmatch(text))) and not call.advanced:
        raise unsupported_query("Unsupported Query.")
    return bool(text or "search" in call.query)


def _asked_for(call: Call, doc: Doc, resource: Resource) -> bool:
    """Does an object of a mixed collection fit? One without the property asked about does not."""
    text = call.query.get("filter")
    clause = parse(text, {**DIRECTORY_OBJECT.names, **resource.names}, resource.name) if text else None
    return (clause is None or clause.test(doc)) and (
        "search" not in call.query or _search(call.query["search"], resource)(doc)
    )


def entity(
    call: Call,
    doc: Doc,
    resource: Resource,
    context: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    expansions: Mapping[str, Expansion] | None = None,
) -> Response:
    """One object."""
    names = selected(call, resource)
    if "select" in call.query:
        context += f"({','.join(names)})"
    body = {**shape(doc, names), **_expanded(call, resource, expansions)(doc)}
    return call.answer(body, context + "/$entity", status, headers)


def count(call: Call, documents: Iterable[Doc], clause: Filter | None) -> Response:
    """``/$count``: a plain number, from the eventual index only."""
    if not call.eventual:
        raise bad_request("$count is not currently supported.")
    number = sum(1 for doc in documents if clause is None or clause.test(doc))
    return Response(str(number), media_type="text/plain", headers={"OData-Version": "4.0"})


def selected(call: Call, resource: Resource, *, single: bool = True) -> tuple[str, ...]:
    """The properties to give: those of ``$select``, else the default ones."""
    text = call.query.get("select")
    if not text:
        return resource.default
    names: list[str] = []
    navigations = {name.lower() for name in resource.navigations}
    for name in (part.strip() for part in text.split(",")):
        head = name.partition("/")[0].lower()
        if name == "*":
            names.extend(resource.default)
        elif not single and head in OUTSIDE and resource is USER:
            raise not_implemented()
        elif head in resource.names:
            names.append(resource.names[head])
        elif head not in navigations:
            raise _unknown(name, resource)
    return tuple(dict.fromkeys(names))


def _unknown(name: str, resource: Resource) -> GraphError:
    text = f"Could not find a property named '{name}' on type 'microsoft.graph.{resource.name}'."
    return malformed(f"Parsing OData Select and Expand failed: {text}")


def shape(doc: Doc, names: Iterable[str]) -> Doc:
    """The named properties; unset ones are null and present, a password never is."""
    return {name: None if name == "passwordProfile" else doc.get(name, _empty(name)) for name in names}


def typed(call: Call, doc: Doc, resource: Resource) -> Doc:
    """An object among others: ``@odata.type`` first, then what was selected of it."""
    names: Iterable[str] = resource.default
    if call.query.get("select"):
        asked = (name.strip().lower() for name in call.query["select"].split(","))
        names = [resource.names[name] for name in asked if name in resource.names]
    if resource.name == "user" and "select" not in call.query:
        names = ("id", *(name for name in resource.default if name != "id"))
    return {"@odata.type": resource.odata, **shape(doc, names)}


_LIST_NAMES = (
    "businessPhones otherMails proxyAddresses assignedLicenses assignedPlans provisionedPlans licenseAssignmentStates "
    "imAddresses onPremisesProvisioningErrors serviceProvisioningErrors identities addIns alternativeNames appRoles "
    "identifierUris keyCredentials notificationEmailAddresses oauth2PermissionScopes passwordCredentials replyUrls "
    "requiredResourceAccess resourceSpecificApplicationPermissions servicePrincipalNames tags"
)
_LISTS = frozenset(_LIST_NAMES.split())


def _empty(name: str) -> Any:
    return [] if name in _LISTS else None


def _gate(call: Call, resource: Resource, clause: Filter | None) -> None:
    """Refuse an advanced query without header and count, and what directory objects never support."""
    _check_options(call)
    if "orderby" in call.query and not call.advanced and (clause is not None or not _simple_order(call, resource)):
        raise unsupported_query("Sorting not supported for current query.")
    if call.query.get("expand") and ("search" in call.query or (clause is not None and clause.advanced)):
        raise unsupported_query("The query parameter $expand is not supported together with advanced queries.")


def _check_options(call: Call) -> None:
    if "skip" in call.query:
        raise malformed("'$skip' is not supported by the service.")
    if "search" in call.query and not call.eventual:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )


def _simple_order(call: Call, resource: Resource) -> bool:
    words = call.query["orderby"].split(",")[0].split() or [""]
    return resource.names.get(words[0].lower()) in SIMPLE_ORDER.get(resource.name, ())


def _search(text: str, resource: Resource) -> Callable[[Doc], bool]:
    """``"property:text"`` joined by AND and OR, which binds looser; a word of the property begins with the text."""
    groups = [
        [_term(term, resource) for term in re.split(r'(?<=")\s+AND\s+(?=")', group, flags=re.IGNORECASE)]
        for group in re.split(r'(?<=")\s+OR\s+(?=")', text, flags=re.IGNORECASE)
    ]
    return lambda doc: any(all(test(doc) for test in tests) for tests in groups)


def search_leads(text: str) -> list[Lead]:
    """Lookups that together find all that a ``$search`` of display names can; none where only a scan does."""
    found: list[Lead] = []
    for group in re.split(r'(?<=")\s+OR\s+(?=")', text, flags=re.IGNORECASE):
        match = _SEARCH.match(group.strip(" ()"))
        word = re.match(r"\w+", match["text"].strip().casefold()) if match else None
        if match is None or word is None or match["name"].lower() != "displayname":
            return []
        found.append(("startswith", "_words", word.group()))
    return found


def _term(term: str, resource: Resource) -> Callable[[Doc], bool]:
    match = _SEARCH.fullmatch(term.strip(" ()"))
    if match is None:
        raise malformed(f"Syntax error: character '{term[:1]}' is not valid at position 0 in '{term}'.")
    name = resource.names.get(match["name"].lower())
    if name is None:
        raise malformed(f"Could not find a property named '{match['name']}' on type 'microsoft.graph.{resource.name}'.")
    begins = re.compile(rf"(?:\A|\W){re.escape(match['text'].strip().casefold())}").search
    return lambda doc: _begins(doc.get(name), begins)


def _begins(held: Any, begins: Callable[[str], object]) -> bool:
    if isinstance(held, list):
        return any(_begins(item, begins) for item in held)
    return isinstance(held, str) and begins(held.casefold()) is not None


def _ordered(call: Call, resource: Resource, found: Sequence[Doc]) -> Sequence[Doc]:
    """Sort by the first key of ``$orderby``; nulls come first."""
    if not call.query.get("orderby"):
        return found
    words = call.query["orderby"].split(",")[0].split() or [""]
    name = resource.names.get(words[0].lower())
    if name is None:
        raise malformed(f"Could not find a property named '{words[0]}' on type 'microsoft.graph.{resource.name}'.")
    descending = len(words) > 1 and words[1].lower() == "desc"
    return sorted(
        found, key=lambda doc: (doc.get(name) is not None, str(comparable(doc.get(name)))), reverse=descending
    )


def _expanded(call: Call, resource: Resource, expansions: Mapping[str, Expansion] | None) -> Callable[[Doc], Doc]:
    """The reader of the one relation named by ``$expand``, with its own options in parentheses."""
    text = call.query.get("expand")
    if not text:
        return lambda doc: {}
    if resource.expands_several:
        return several(call, text, resource, expansions or {})
    match = _EXPAND.match(text)
    if match is None and text.count("(") == text.count(")") and "," in text:
        raise unsupported_query("Only one property can be expanded in a query.")
    known = {name.lower(): name for name in expansions or ()}
    if match is None or match["name"].lower() not in known:
        raise _unknown(text, resource)
    name = known[match["name"].lower()]
    read, options = (expansions or {})[name], _options(match["options"] or "")
    return lambda doc: _given(name, read(call, doc, options))


def _options(text: str) -> dict[str, str]:
    options = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    return {name.strip().lstrip("$").lower(): value for name, value in options.items()}


def _given(name: str, value: Any) -> Doc:
    if value is None:
        return {}
    return {name: value[:MAX_EXPANDED] if isinstance(value, list) else value}
