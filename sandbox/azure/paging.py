"""Lists in pages: ``value`` and, while there is more, ``nextLink``, which is called as it stands."""

import base64
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import Response

from sandbox.azure.call import Call
from sandbox.azure.errors import bad_request
from sandbox.store import Doc

PAGE = 200


def page(
    call: Call, found: Sequence[Doc], show: Callable[[Doc], Doc] = dict, size: int = PAGE, **more: Any
) -> Response:
    """One page of what was found; ``$top`` makes it smaller, ``more`` stands beside ``value``."""
    start, wanted = _start(call), min(size, _top(call))
    if call.store.settings.empty_pages and "skiptoken" not in call.query:
        return call.answer({"value": [], "nextLink": _next(call, 0), **more})
    items = found[start : start + wanted]
    body: Doc = {"value": [show(item) for item in items], **more}
    if start + wanted < len(found):
        body["nextLink"] = _next(call, start + wanted)
    return call.answer(body)


def _start(call: Call) -> int:
    token = call.query.get("skiptoken")
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        raise bad_request("InvalidSkipToken", f"The skip token '{token}' is invalid.") from None


def _top(call: Call) -> int:
    text = call.query.get("top", str(PAGE))
    if not text.isdecimal() or int(text) < 1:
        raise bad_request("InvalidTopInQueryString", f"Invalid $top '{text}' specified in the query string.")
    return int(text)


def _next(call: Call, start: int) -> str:
    kept = [
        (name, value)
        for name, value in parse_qsl(call.sent.query, keep_blank_values=True)
        if name.lower().removeprefix("$") != "skiptoken"
    ]
    token = base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")
    return f"{call.sent.origin}{call.sent.path}?{urlencode([*kept, ('$skiptoken', token)])}"
