"""How the logs are asked: ``$filter $orderby $top $select`` and paging, newest first.

Sources: Graph, "List directoryAudits", "List signIns", "List provisioningObjectSummary"; their limit of five requests
in ten seconds is ``sandbox.throttle``'s.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.graph.call import Call
from sandbox.graph.errors import malformed, not_found
from sandbox.graph.odata import Filter, parse
from sandbox.store import Doc

MAX_PAGE = 1000
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)(?!')", re.IGNORECASE)
_DAY = re.compile(r"(?<![\w'-])(\d{4}-\d\d-\d\d)(?![\w-])")
_CONTAINS = re.compile(r"\bcontains\(\s*(?P<name>[\w/]+)\s*,\s*'(?P<text>(?:[^']|'')*)'\s*\)", re.IGNORECASE)


@dataclass(frozen=True)
class Log:
    """One log: the kind of its documents, its properties, the one that says when, and its address."""

    documents: str
    title: str
    properties: tuple[str, ...]
    moment: str
    context: str

    @property
    def names(self) -> dict[str, str]:
        """The spelling of every property, by its name in lower case."""
        return {name.lower(): name for name in self.properties}


def page(call: Call, log: Log, documents: Iterable[Doc]) -> Response:
    """A page of a log's rows that are to be seen already."""
    now = time.time()
    rows = [doc for doc in documents if doc["_visible_at"] <= now]
    clause = _clause(call.query.get("filter"), log)
    if clause is not None:
        rows = [doc for doc in rows if clause.test(_padded(doc, log))]
    rows = _ordered(call, log, rows)
    at, size = _start(call), _size(call)
    value = [_shaped(call, log, doc) for doc in rows[at : at + size]]
    body: Doc = {"value": value}
    if at + size < len(rows):
        body = {"@odata.nextLink": _next(call, at + size), **body}
    return call.answer(body, log.context)


def one(call: Call, log: Log, key: str) -> Response:
    """One row of a log; 404 for one that is not, or not yet."""
    doc = call.store.get(log.documents, key)
    if doc is None or doc["_visible_at"] > time.time():
        raise not_found(key)
    return call.answer(_shaped(call, log, doc), log.context + "/$entity")


# -- filters -----------------------------------------------------------------------------------------------------------


def _clause(text: str | None, log: Log) -> Filter | None:
    """The filter, moments brought to seven decimals and ``contains`` to a condition that the parser knows."""
    if not text:
        return None
    names, extra = log.names, []

    def contained(match: re.Match[str]) -> str:
        extra.append((match["name"], match["text"].replace("''", "'")))
        names[f"_contains{len(extra)}"] = f"_contains{len(extra)}"
        return f"_contains{len(extra)} eq true"

    text = _CONTAINS.sub(contained, text)
    text = _MOMENT.sub(lambda m: f"{m[1]}.{(m[2] or '').ljust(7, '0')[:7]}Z", text)
    parsed = parse(_DAY.sub(r"\1T00:00:00.0000000Z", text), names, log.title)
    if not extra:
        return parsed
    test = parsed.test
    parsed.test = lambda document: test({**document, **_contains(document, extra)})
    return parsed


def _contains(document: Any, extra: list[tuple[str, str]]) -> Doc:
    spelled = {name.lower(): value for name, value in document.items()}
    return {
        f"_contains{number}": text.casefold() in str(spelled.get(name.lower()) or "").casefold()
        for number, (name, text) in enumerate(extra, 1)
    }


def _padded(doc: Doc, log: Log) -> Doc:
    """A row with its moment in the form that filters are brought to; absent initiators have no properties."""
    match = _MOMENT.fullmatch(str(doc.get(log.moment)))
    moment = f"{match[1]}.{(match[2] or '').ljust(7, '0')[:7]}Z" if match else doc.get(log.moment)
    return {**doc, log.moment: moment}


# -- order, pages, shape -----------------------------------------------------------------------------------------------


def _ordered(call: Call, log: Log, rows: list[Doc]) -> list[Doc]:
    words = call.query.get("orderby", f"{log.moment} desc").split()
    name = log.names.get(words[0].lower()) if words else None
    if name is None:
        raise malformed(f"Could not find a property named '{' '.join(words)}' on type 'microsoft.graph.{log.title}'.")
    descending = len(words) > 1 and words[1].lower() == "desc"
    newest_first = reversed(rows) if descending else rows
    return sorted(newest_first, key=lambda doc: str(doc.get(name) or ""), reverse=descending)


def _size(call: Call) -> int:
    text = call.query.get("top", str(MAX_PAGE))
    if not text.isdecimal() or not 1 <= int(text) <= MAX_PAGE:
        raise malformed(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_PAGE} inclusive.")
    return int(text)


def _start(call: Call) -> int:
    token = call.query.get("skiptoken")
    if token is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))[0])
    except (ValueError, TypeError, KeyError, IndexError, binascii.Error) as error:
        raise malformed("Skip token is invalid.") from error


def _next(call: Call, at: int) -> str:
    token = base64.urlsafe_b64encode(json.dumps([at]).encode()).decode()
    query = {f"${name}": value for name, value in call.query.items() if name != "skiptoken"}
    return f"{call.sent.origin}{call.sent.path}?{urlencode({**query, '$skiptoken': token}, safe='$')}"


def _shaped(call: Call, log: Log, doc: Doc) -> Doc:
    names: Iterable[str] = log.properties
    if call.query.get("select"):
        wanted = [name.strip().lower() for name in call.query["select"].split(",")]
        unknown = next((name for name in wanted if name not in log.names), None)
        if unknown is not None:
            raise malformed(f"Could not find a property named '{unknown}' on type 'microsoft.graph.{log.title}'.")
        names = [log.names[name] for name in wanted]
    return {name: doc.get(name) for name in names}
