"""Pages of collections: sizes, links on the caller's own host, tokens that belong to one query."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

from sandbox.graph.call import Call
from sandbox.graph.errors import malformed, unsupported_query
from sandbox.graph.schema import Resource
from sandbox.store import Doc

DEFAULT_PAGE, MAX_PAGE = 100, 999
Item = TypeVar("Item", Doc, tuple[Doc, Resource])


def page_size(call: Call) -> int:
    """``$top``, else the preferred ``odata.maxpagesize``, else 100."""
    text = call.query.get("top")
    if text is not None:
        if not text.isdecimal() or not 1 <= int(text) <= MAX_PAGE:
            raise unsupported_query(f"Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive.")
        return int(text)
    preferred = call.preferences().get("odata.maxpagesize", "")
    return min(max(int(preferred), 1), MAX_PAGE) if preferred.isdecimal() else DEFAULT_PAGE


def page_of(call: Call, found: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
    """The page asked for, and the link to the next one."""
    size = page_size(call)
    at = _start(call, found)
    if call.store.settings.empty_pages and "skiptoken" not in call.query and found:
        return [], _next(call, 0, None)
    page = found[at : at + size]
    if at + size >= len(found):
        return page, None
    return page, _next(call, at + size, _id(page[-1]))


def annotations(call: Call, total: int, rest: str | None) -> Doc:
    """``@odata.count``, on the first page of an advanced query only, and ``@odata.nextLink``."""
    found: Doc = {}
    if call.advanced and "skiptoken" not in call.query:
        found["@odata.count"] = total
    if rest:
        found["@odata.nextLink"] = rest
    return found


def _id(item: Doc | tuple[Doc, Resource]) -> str:
    return str(item[0]["id"] if isinstance(item, tuple) else item["id"])


def _start(call: Call, found: Sequence[Item]) -> int:
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
    """The options in the link come as SDKs and browsers write them: blanks as ``%20``, ``$`` and ``,`` as they are."""
    query = _asked(call)
    token = base64.urlsafe_b64encode(json.dumps([at, last, query]).encode()).decode()
    options = [f"${name}={quote(value, safe='$,():/')}" for name, value in query.items()]
    return f"{call.sent.origin}{quote(call.sent.path)}?{'&'.join([*options, f'$skiptoken={token}'])}"
