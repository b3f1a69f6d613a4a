"""What all calls into a mailbox share: finding it, Exchange's refusals, lists with their own paging, ids, moments."""

import base64
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.graph.call import Call
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError, malformed, not_found
from sandbox.graph.mail.services import mailbox
from sandbox.graph.odata import comparable, parse
from sandbox.store import Doc

PAGE, MAX_PAGE = 10, 1000
_NO_MAILBOX = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."


def owner(call: Call) -> Doc:
    """The user whose mailbox is asked for; who is unknown by name is Exchange's own 404."""
    key = call.params["user"]
    try:
        return seen_user(call.store, key)
    except GraphError as error:
        if "@" in key:
            raise GraphError(404, "ErrorInvalidUser", f"The requested user '{key}' is invalid.") from error
        raise not_found(key) from error


def opened(call: Call) -> tuple[Doc, Doc]:
    """The user and their mailbox; 404 while there is none, not yet or not any more."""
    user = owner(call)
    box = mailbox(call.store, user)
    if box is None:
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", _NO_MAILBOX)
    return user, box


def item_not_found() -> GraphError:
    """404 of something that is not in the mailbox."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def invalid(code: str, message: str) -> GraphError:
    """400 in Exchange's words."""
    return GraphError(400, code, message)


def check_names(body: Doc, known: Iterable[str], kind: str) -> Doc:
    """The body in the documented spelling; an unknown property is refused."""
    spelling = {name.lower(): name for name in known}
    found: Doc = {}
    for name, value in body.items():
        if "@" in name:
            continue
        if name.lower() not in spelling:
            raise invalid(
                "RequestBodyRead",
                f"The property '{name}' does not exist on type 'microsoft.graph.{kind}'. Make sure to only use "
                "property names that are defined by the type or mark the type as open type.",
            )
        found[spelling[name.lower()]] = value
    return found


def one_of(value: object, allowed: Iterable[str]) -> str:
    """An enumeration's member whatever its case; else refused."""
    found = next((name for name in allowed if name.lower() == str(value).lower()), None)
    if found is None:
        raise invalid("RequestBodyRead", f"Requested value '{value}' was not found.")
    return found


def new_id() -> str:
    """An id as the store gives them: long, URL-safe, with case."""
    return "AAMkA" + base64.urlsafe_b64encode(uuid.uuid4().bytes * 3).decode() + "A="


def change_key() -> str:
    """A version of an item."""
    return base64.b64encode(uuid.uuid4().bytes[:12]).decode()


def moment(zoned: Any, name: str) -> datetime:
    """``{dateTime, timeZone}`` as a moment; times of zones other than UTC are taken as they stand."""
    try:
        found = datetime.fromisoformat(str(zoned["dateTime"])[:19])
    except (TypeError, KeyError, ValueError) as error:
        raise invalid("ErrorInvalidArgument", f"The value of '{name}' is not a date and time with a zone.") from error
    return found.replace(tzinfo=UTC)


def zoned(at: datetime) -> Doc:
    """A moment as Exchange writes it."""
    return {"dateTime": at.strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


def listed(call: Call, items: list[Doc], kind: str, context: str, page: int = PAGE) -> Response:
    """A page of a mailbox's items: ``$filter $orderby $select $top $skip $count``, no header needed for any."""
    names = {name.lower(): name for item in items for name in item}
    if text := call.query.get("filter"):
        test = parse(text, {**names, **_KNOWN}, kind).test
        items = [item for item in items if test(item)]
    items = _ordered(call, items, {**names, **_KNOWN})
    top, skip = _number(call, "top", page), _number(call, "skip", 0)
    if not 1 <= top <= MAX_PAGE:
        raise invalid("ErrorInvalidUrlQueryFilter", f"The value of $top must be from 1 to {MAX_PAGE}.")
    value = [chosen(call, item) for item in items[skip : skip + top]]
    body: Doc = {"@odata.count": len(items)} if call.query.get("count") == "true" else {}
    body["value"] = value
    if skip + top < len(items):
        query = {f"${name}": text for name, text in call.query.items() if name != "skip"}
        link = urlencode({**query, "$skip": str(skip + top)}, safe="$")
        body["@odata.nextLink"] = f"{call.sent.origin}{call.sent.path}?{link}"
    return call.answer(body, context)


_KNOWN = {
    name.lower(): name
    for name in [
        "id",
        "subject",
        "isOrganizer",
        "isCancelled",
        "isRead",
        "start",
        "end",
        "receivedDateTime",
        "sentDateTime",
        "attendees",
        "organizer",
        "from",
        "displayName",
        "isEnabled",
        "sequence",
        "type",
        "seriesMasterId",
        "roles",
        "userId",
    ]
}


def chosen(call: Call, item: Doc) -> Doc:
    """What is selected of an item; its id and version always."""
    text = call.query.get("select")
    if not text:
        return item
    wanted = {name.strip().lower() for name in text.split(",")} | {"id", "@odata.etag", "@odata.type"}
    return {name: value for name, value in item.items() if name.lower() in wanted}


def _ordered(call: Call, items: list[Doc], names: dict[str, str]) -> list[Doc]:
    text = call.query.get("orderby")
    if not text:
        return items
    words = text.split(",")[0].split()
    first, *rest = words[0].split("/")
    if first.lower() not in names:
        raise malformed(f"Could not find a property named '{first}'.")
    path = [names[first.lower()], *rest]
    return sorted(items, key=lambda item: str(comparable(_at(item, path))), reverse=words[-1].lower() == "desc")


def _at(item: Any, path: list[str]) -> Any:
    for name in path:
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal():
        raise malformed(f"Invalid value '{text}' for ${name} query option found.")
    return int(text)
