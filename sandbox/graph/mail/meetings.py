"""Meetings: the organiser's event, the attendees' copies of it, recurrence, and what cancelling does to all of them."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from sandbox.graph.directory import stamp
from sandbox.graph.mail.delivery import notify, recipient, user_at
from sandbox.graph.mail.outlook import change_key, moment, new_id
from sandbox.graph.mail.services import erase, mailbox, write
from sandbox.store import Doc, Store

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def create(store: Store, organiser: Doc, values: Doc, key: str | None = None, ical: str | None = None) -> Doc:
    """Write an event and send its invitations: every attendee with a mailbox here gets a copy."""
    attendees = [_attendee(item) for item in values.get("attendees") or ()]
    event = _event(store, organiser, organiser, {**values, "attendees": attendees}, key or new_id(), ical)
    write(store, "events", event)
    for attendee in attendees:
        _invite(store, organiser, event, attendee["emailAddress"]["address"], bool(key))
    return event


def _attendee(item: Doc) -> Doc:
    answer = {"response": "none", "time": "0001-01-01T00:00:00Z"}
    return {"type": item.get("type") or "required", "status": answer, "emailAddress": item["emailAddress"]}


def _invite(store: Store, organiser: Doc, event: Doc, address: str, quiet: bool) -> None:
    user = user_at(store, address)
    if user is None or user["id"] == organiser["id"] or mailbox(store, user) is None:
        return
    key = f"{event['id']}-{user['id'][:8]}" if quiet else new_id()
    write(store, "events", {**event, "id": key, "_mailbox": user["id"], "isOrganizer": False})
    if not quiet:
        notify(store, organiser, [address], event["subject"], "You are invited.", moment(event["start"], "start"))


def _event(store: Store, owner: Doc, organiser: Doc, values: Doc, key: str, ical: str | None) -> Doc:
    now = stamp(store.now())
    return {
        "id": key,
        "_mailbox": owner["id"],
        "createdDateTime": now,
        "lastModifiedDateTime": now,
        "changeKey": change_key(),
        "iCalUId": ical or uuid.uuid4().hex.upper() + uuid.uuid4().hex.upper(),
        "subject": values.get("subject") or "",
        "body": values.get("body") or {"contentType": "html", "content": ""},
        "start": values["start"],
        "end": values["end"],
        "location": values.get("location") or {"displayName": ""},
        "isAllDay": bool(values.get("isAllDay")),
        "showAs": values.get("showAs") or "busy",
        "sensitivity": values.get("sensitivity") or "normal",
        "importance": values.get("importance") or "normal",
        "recurrence": values.get("recurrence"),
        "attendees": values["attendees"],
        "organizer": recipient(organiser),
        "isOrganizer": True,
        "isCancelled": False,
    }


def copies(store: Store, event: Doc) -> list[Doc]:
    """The attendees' copies of an organiser's event."""
    return [other for other in store.find("events", "iCalUId", event["iCalUId"]) if other["id"] != event["id"]]


def change(store: Store, event: Doc, values: Doc) -> Doc:
    """Change an event; where the organiser does, in the attendees' calendars too."""
    if "attendees" in values:
        values = {**values, "attendees": [_attendee(item) for item in values["attendees"]]}
    marks = {"changeKey": change_key(), "lastModifiedDateTime": stamp(store.now())}
    changed = write(store, "events", {**event, **values, **marks})
    for copy in copies(store, event) if event["isOrganizer"] else ():
        write(store, "events", {**copy, **values, **marks})
    return changed


def cancel(store: Store, organiser: Doc, event: Doc, comment: str = "") -> None:
    """Cancel a meeting: the organiser's event goes, each copy is marked, and attendees are told."""
    erase(store, "events", event["id"])
    for copy in copies(store, event):
        marked = {"isCancelled": True, "subject": f"Canceled: {event['subject']}", "changeKey": change_key()}
        write(store, "events", {**copy, **marked})
    to = [item["emailAddress"]["address"] for item in event["attendees"]]
    others = [address for address in to if address.lower() != str(organiser.get("mail")).lower()]
    notify(store, organiser, others, f"Canceled: {event['subject']}", comment, moment(event["start"], "start"))


# -- time --------------------------------------------------------------------------------------------------------------


def occurrences(event: Doc, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When an event takes place within a window; a daily or weekly series as often as it does."""
    first, last = moment(event["start"], "start"), moment(event["end"], "end")
    length = last - first
    for begin in _beginnings(event, first, (start - first - length).days, end):
        if begin < end and begin + length > start:
            yield begin, begin + length


def _beginnings(event: Doc, first: datetime, earliest: int, end: datetime) -> Iterator[datetime]:
    """From the day ``earliest`` after the first on; a series of a certain number is counted from its beginning."""
    recurrence = event.get("recurrence")
    if not recurrence:
        yield first
        return
    pattern, limit = recurrence["pattern"], recurrence.get("range") or {}
    left = int(limit.get("numberOfOccurrences") or 0)
    for day in range(0 if left else max(0, earliest), (_until(limit, end) - first).days + 1):
        begin = first + timedelta(days=day)
        if _recurs(pattern, first, day, begin):
            yield begin
            left -= 1
            if left == 0:
                return


def _until(limit: Doc, end: datetime) -> datetime:
    if limit.get("type") == "endDate" and limit.get("endDate"):
        return min(end, datetime.fromisoformat(str(limit["endDate"])[:10]).replace(tzinfo=end.tzinfo) + timedelta(1))
    return end


def _recurs(pattern: Doc, first: datetime, day: int, begin: datetime) -> bool:
    interval = int(pattern.get("interval") or 1)
    if str(pattern.get("type")).lower() == "weekly":
        days = [str(name).lower() for name in pattern.get("daysOfWeek") or ()] or [_DAYS[first.weekday()]]
        week = (first.weekday() + day) // 7
        return _DAYS[begin.weekday()] in days and week % interval == 0
    if str(pattern.get("type")).lower() == "absolutemonthly":
        months = (begin.year - first.year) * 12 + begin.month - first.month
        return begin.day == int(pattern.get("dayOfMonth") or first.day) and months % interval == 0
    return day % interval == 0
