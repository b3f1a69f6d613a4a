"""Reading collections and single objects: ``$filter $search $select $expand $orderby $top $count`` and paging.

What needs the eventual index (header ``ConsistencyLevel: eventual`` and ``$count=true``) is refused without it, as
"Advanced query capabilities on Microsoft Entra ID objects" says.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.graph.call import Call
from sandbox.graph.errors import GraphError, bad_request, malformed, unsupported_query
from sandbox.graph.odata import Filter, comparable, parse
from sandbox.graph.schema import Resource
from sandbox.store import Doc

DEFAULT_PAGE, MAX_PAGE = 100, 999
SIMPLE_ORDER = {"user": {"displayName", "userPrincipalName"}, "group": {"displayName"}}
_SEARCH = re.compile(r'"(?P<name>\w+):(?P<text>[^"]*)"')
_EXPAND = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<options>[^()]*)\))?\s*$")

Expansion = Callable[[Call, Doc, dict[str, str]], Any]


def wanted(call: Call, resource: Resource) -> Filter | None:
    """The parsed ``$filter``, refused if it asks for a property the index does not have."""
    text = call.query.get("filter")
    if not text:
        return None
    found = parse(text, resource.names, resource.name)
    for name in resource.unfilterable:
        if re.search(rf"\b{name}\b", text, re.IGNORECASE):
            raise unsupported_query(
                f"Unsupported or invalid query filter clause specified for property '{name}' of resource "
                f"'{resource.title}'."
            )
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
    found = list(documents) if clause is None else [doc for doc in documents if clause.test(doc)]
    if "search" in call.query:
        found = [doc for doc in found if _searched(call.query["search"], doc)]
    found = _ordered(call, resource, found)
    page, rest = _page(call, found)
    names = selected(call, resource)
    expand = _expanded(call, resource, expansions)
    value = [{**shape(doc, names), **expand(doc)} for doc in page]
    suffix = f"({','.join(names)})" if "select" in call.query else ""
    return call.answer({**_annotations(call, len(found), rest), "value": value}, context + suffix)


def mixed(call: Call, documents: Sequence[tuple[Doc, Resource]], context: str = "directoryObjects") -> Response:
    """A page of objects of several kinds, each with its ``@odata.type`` first."""
    page, rest = _page(call, list(documents))
    value = [typed(call, doc, resource) for doc, resource in page]
    return call.answer({**_annotations(call, len(documents), rest), "value": value}, context)


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


def selected(call: Call, resource: Resource) -> tuple[str, ...]:
    """The properties to give: those of ``$select``, else the default ones."""
    text = call.query.get("select")
    if not text:
        return resource.default
    names: list[str] = []
    for name in (part.strip() for part in text.split(",")):
        if name == "*":
            names.extend(resource.default)
            continue
        spelling = resource.names.get(name.lower())
        if spelling is None and name not in resource.navigations:
            raise _unknown(name, resource)
        if spelling:
            names.append(spelling)
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
    if "skip" in call.query:
        raise malformed("'$skip' is not supported by the service.")
    advanced = call.eventual and call.query.get("count") == "true"
    if "search" in call.query and not call.eventual:
        raise unsupported_query(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'"
        )
    if clause is not None and clause.advanced and not advanced:
        raise unsupported_query("Unsupported or invalid query filter clause specified.")
    if "orderby" in call.query and not advanced and (clause is not None or not _simple_order(call, resource)):
        raise unsupported_query("Sorting not supported for current query.")
    if advanced and call.query.get("expand") and clause is not None and clause.advanced:
        raise unsupported_query("The query parameter $expand is not supported together with advanced queries.")


def _simple_order(call: Call, resource: Resource) -> bool:
    words = call.query["orderby"].split(",")[0].split() or [""]
    return resource.names.get(words[0].lower()) in SIMPLE_ORDER.get(resource.name, ())


def _searched(text: str, doc: Doc) -> bool:
    """``"property:text"`` joined by AND and OR; a word of the property begins with the text."""
    terms = list(_SEARCH.finditer(text))
    if not terms:
        raise malformed(f"Syntax error: character '{text[:1]}' is not valid at position 0 in '{text}'.")
    hits = [_begins(doc.get(term["name"]), term["text"].casefold()) for term in terms]
    return any(hits) if re.search(r'"\s+OR\s+"', text) else all(hits)


def _begins(held: Any, text: str) -> bool:
    if not isinstance(held, str):
        return False
    folded = held.casefold()
    return folded.startswith(text) or any(word.startswith(text) for word in re.split(r"\W+", folded))


def _ordered(call: Call, resource: Resource, found: list[Doc]) -> list[Doc]:
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


def _page(call: Call, found: list[Any]) -> tuple[list[Any], str | None]:
    """The page asked for, and the link to the next one."""
    size = _size(call)
    at = _start(call, found)
    if call.store.settings.empty_pages and "skiptoken" not in call.query and found:
        return [], _next(call, 0, None)
    page = found[at : at + size]
    if at + size >= len(found):
        return page, None
    return page, _next(call, at + size, _id(page[-1]))


def _size(call: Call) -> int:
    text = call.query.get("top", str(DEFAULT_PAGE))
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PAGE:
        raise unsupported_query(f"Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive.")
    return int(text)


def _id(item: Any) -> str:
    return str(item[0]["id"] if isinstance(item, tuple) else item["id"])


def _start(call: Call, found: list[Any]) -> int:
    """Where the page begins: after the last object given, wherever that stands now."""
    token = call.query.get("skiptoken")
    if token is None:
        return 0
    try:
        at, last, query = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, binascii.Error) as error:
        raise malformed("Skip token is invalid.") from error
    if query != _asked(call):
        raise malformed("The query parameters of a page must be those of the first page.")
    if last is None or (at and at <= len(found) and _id(found[at - 1]) == last):
        return int(at)
    return next((index + 1 for index, item in enumerate(found) if _id(item) == last), int(at))


def _asked(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.query.items() if name != "skiptoken"}


def _next(call: Call, at: int, last: str | None) -> str:
    token = base64.urlsafe_b64encode(json.dumps([at, last, _asked(call)]).encode()).decode()
    query = {f"${name}": value for name, value in call.query.items() if name != "skiptoken"}
    return f"{call.sent.origin}{call.sent.path}?{urlencode({**query, '$skiptoken': token}, safe='$')}"


def _annotations(call: Call, total: int, rest: str | None) -> Doc:
    found: Doc = {}
    if call.eventual and call.query.get("count") == "true" and "skiptoken" not in call.query:
        found["@odata.count"] = total
    if rest:
        found["@odata.nextLink"] = rest
    return found


def _expanded(call: Call, resource: Resource, expansions: Mapping[str, Expansion] | None) -> Callable[[Doc], Doc]:
    """The reader of the one relation named by ``$expand``."""
    text = call.query.get("expand")
    if not text:
        return lambda doc: {}
    match = _EXPAND.match(text)
    known = {name.lower(): name for name in expansions or ()}
    if match is None or match["name"].lower() not in known:
        raise _unknown(text, resource)
    name = known[match["name"].lower()]
    options = dict(part.strip().split("=", 1) for part in (match["options"] or "").split(";") if "=" in part)
    options = {key.lstrip("$").lower(): value for key, value in options.items()}
    read = (expansions or {})[name]
    return lambda doc: {} if (value := read(call, doc, options)) is None else {name: value}
