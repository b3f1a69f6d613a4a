"""Names of fields for validation errors: what pydantic says, in the words of the request."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi.exceptions import RequestValidationError

_OWN = re.compile(r"^(?:Value error, )?(?P<field>[a-z_]+): (?P<message>.+)$", re.DOTALL)


def errors_of(error: RequestValidationError) -> list[tuple[str, str]]:
    """Pairs of field and message, one a field; what several readings of one field say is joined by *or*."""
    found: dict[str, list[str]] = {}
    for item in error.errors():
        field, message = _field_and_message(item, error.body)
        messages = found.setdefault(field, [])
        if message not in messages:
            messages.append(message)
    return [(field, "; or: ".join(messages)) for field, messages in found.items()]


def _field_and_message(item: Any, body: Any) -> tuple[str, str]:
    path = list(_path(item, body))
    message = str(item["msg"])
    if item["type"] == "json_invalid":
        return "body", f"is not JSON: {item.get('ctx', {}).get('error', message)}"
    if item["type"] == "value_error" and (own := _OWN.match(message)):
        # A rule over several fields stands at their common parent and says itself which one it means.
        path = path if path[-1:] == [own["field"]] else [*path, own["field"]]
        message = own["message"]
    return ".".join(path) or "body", message.removeprefix("Value error, ")


def _path(item: Any, body: Any) -> Iterator[str]:
    """The location without what is not in the request: FastAPI's source and the names of union members."""
    source, *parts = item["loc"]
    node = body if source == "body" else dict.fromkeys(parts)
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if isinstance(node, dict) and (part in node or (last and item["type"] == "missing")):
            node = node.get(part)
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            return
        yield str(part)
