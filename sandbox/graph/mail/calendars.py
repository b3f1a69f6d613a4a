"""Calendars and events (Microsoft Graph v1.0, resource types calendar and event)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.responses import Response

from sandbox import moments
from sandbox.graph.call import Call, Router
from sandbox.graph.mail import meetings
from sandbox.graph.mail.outlook import (
    check_names,
    chosen,
    invalid,
    item_not_found,
    listed,
    moment,
    one_of,
    opened,
    zoned,
)
from sandbox.graph.mail.services import erase
from sandbox.graph.permissions import CALENDARS_READ, CALENDARS_WRITE
from sandbox.store import Doc

router = Router()
_WRITABLE = [
    "subject",
    "body",
    "start",
    "end",
    "location",
    "locations",
    "attendees",
    "isAllDay",
    "showAs",
    "sensitivity",
    "importance",
    "recurrence",
    "reminderMinutesBeforeStart",
    "isReminderOn",
    "responseRequested",
    "allowNewTimeProposals",
    "hideAttendees",
    "isOnlineMeeting",
    "onlineMeetingProvider",
    "categories",
    "transactionId",
    "originalStartTimeZone",
    "originalEndTimeZone",
]
_NOT_ORGANISER = "Your request can't be completed. You need to be an organizer to cancel a meeting."
_WINDOW = "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime."
_LONGEST_VIEW = 1825
_TOO_LONG = (
    "Your request can't be completed. The range between the start and end dates is greater than the allowed range. "
    f"Maximum number of days: {_LONGEST_VIEW}"
)


def shown(event: Doc) -> Doc:
    """An event with every property that Graph gives by default."""
    public = {name: value for name, value in event.items() if not name.startswith("_")}
    response = "organizer" if event["isOrganizer"] else "notResponded"
    return {
        "@odata.etag": f'W/"{event["changeKey"]}"',
        "categories": [],
        "transactionId": None,
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": True,
        "hasAttachments": False,
        "bodyPreview": str(event["body"].get("content", ""))[:255],
        "responseRequested": True,
        "seriesMasterId": None,
        "type": "seriesMaster" if event.get("recurrence") else "singleInstance",
        "webLink": f"https://outlook.office365.com/owa/?itemid={event['id']}&exvsurl=1&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "responseStatus": {"response": response, "time": "0001-01-01T00:00:00Z"},
        "locations": [],
        "onlineMeeting": None,
        **public,
    }


# -- calendars ---------------------------------------------------------------------------------------------------------


def _calendar(user: Doc) -> Doc:
    return {
        "id": f"AAMkACalendar{user['id'].replace('-', '')}AAA=",
        "name": "Calendar",
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": True,
        "changeKey": "AAAA",
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": True,
        "isRemovable": False,
        "owner": {"name": user["displayName"], "address": user.get("mail")},
    }


@router.add("GET", "users/{user}/calendar", CALENDARS_READ)
def calendar(call: Call) -> Response:
    """``GET /users/{u}/calendar``."""
    user, _ = opened(call)
    return call.answer(chosen(call, _calendar(user)), f"users('{user['id']}')/calendar/$entity")


@router.add("GET", "users/{user}/calendars", CALENDARS_READ)
def calendars(call: Call) -> Response:
    """``GET /users/{u}/calendars``: the default one."""
    user, _ = opened(call)
    return listed(call, [_calendar(user)], "calendar", f"users('{user['id']}')/calendars")


# -- events ------------------------------------------------------------------------------------------------------------


def _events(call: Call) -> Response:
    """``GET /users/{u}/events``: single events and series masters."""
    user, _ = opened(call)
    found = [shown(event) for event in call.store.find_seen("events", "_mailbox", user["id"])]
    return listed(call, found, "event", f"users('{user['id']}')/events")


def _create(call: Call) -> Response:
    """``POST /users/{u}/events``: 201; attendees are invited."""
    user, _ = opened(call)
    values = _checked(call.body())
    for name in ("start", "end"):
        if name not in values:
            raise invalid(
                "ErrorPropertyValidationFailure", f"The property '{name}' is required when creating an event."
            )
    made = meetings.create(call.store, user, values)
    return call.answer(shown(made), f"users('{user['id']}')/events/$entity", 201)


def _one(call: Call) -> tuple[Doc, Doc]:
    user, _ = opened(call)
    found = call.store.seen("events", call.params["event"])
    if found is None or found["_mailbox"] != user["id"]:
        raise item_not_found()
    return user, found


def _event(call: Call) -> Response:
    """``GET /users/{u}/events/{id}``."""
    user, found = _one(call)
    return call.answer(chosen(call, shown(found)), f"users('{user['id']}')/events/$entity")


def _change(call: Call) -> Response:
    """``PATCH /users/{u}/events/{id}``: 200 with the event."""
    user, found = _one(call)
    values = _checked(call.body(), found)
    return call.answer(shown(meetings.change(call.store, found, values)), f"users('{user['id']}')/events/$entity")


def _delete(call: Call) -> Response:
    """``DELETE /users/{u}/events/{id}``: 204; the organiser's deletion tells the attendees, as cancelling does."""
    user, found = _one(call)
    if found["isOrganizer"]:
        meetings.cancel(call.store, user, found)
    else:
        erase(call.store, "events", found["id"])
    return Response(status_code=204)


def _cancel(call: Call) -> Response:
    """``POST /users/{u}/events/{id}/cancel {"Comment"}``: 202; the organiser only."""
    user, found = _one(call)
    if not found["isOrganizer"]:
        raise invalid("ErrorInvalidRequest", _NOT_ORGANISER)
    body = {name.lower(): value for name, value in call.body().items()}
    meetings.cancel(call.store, user, found, str(body.get("comment") or ""))
    return Response(status_code=202)


def _view(call: Call) -> Response:
    """``GET /users/{u}/calendarView?startDateTime&endDateTime``: what takes place, each time of a series."""
    user, _ = opened(call)
    start, end = _edge(call, "startdatetime"), _edge(call, "enddatetime")
    if (end - start).days > _LONGEST_VIEW:
        raise invalid("ErrorInvalidRequest", _TOO_LONG)
    found: list[tuple[datetime, Doc]] = []
    for event in call.store.find_seen("events", "_mailbox", user["id"]):
        for begin, finish in meetings.occurrences(event, start, end):
            found.append((begin, _occurrence(event, begin, finish)))
    found.sort(key=lambda pair: pair[0])
    return listed(call, [event for _, event in found], "event", f"users('{user['id']}')/calendarView")


def _occurrence(event: Doc, begin: datetime, finish: datetime) -> Doc:
    if not event.get("recurrence"):
        return shown(event)
    one = {"id": f"{event['id']}.{begin:%Y%m%d}", "type": "occurrence", "seriesMasterId": event["id"]}
    return {**shown(event), **one, "recurrence": None, "start": zoned(begin), "end": zoned(finish)}


def _edge(call: Call, name: str) -> datetime:
    try:
        return moments.read(call.query[name].replace(" ", "+"))
    except (KeyError, ValueError) as error:
        raise invalid("ErrorInvalidParameter", _WINDOW) from error


def _checked(body: Doc, before: Doc | None = None) -> Doc:
    values = check_names(body, _WRITABLE, "event")
    for name in ("start", "end"):
        if name in values:
            values[name] = zoned(moment(values[name], name))
    times: dict[str, Any] = {**(before or {}), **values}
    if "start" in times and "end" in times and moment(times["end"], "end") < moment(times["start"], "start"):
        raise invalid("ErrorPropertyValidationFailure", "The end of an event must not be before its start.")
    for attendee in values.get("attendees") or ():
        address = attendee.get("emailAddress") if isinstance(attendee, dict) else None
        if not isinstance(address, dict) or "@" not in str(address.get("address")):
            raise invalid("ErrorInvalidRecipients", "At least one recipient is not valid.")
        attendee["type"] = one_of(attendee.get("type") or "required", ("required", "optional", "resource"))
    return values


def _register(method: str, path: str, write: bool, handler: Callable[[Call], Response]) -> None:
    """An event's address with and without the calendar before it."""
    for calendar in ("", "calendar/", "calendars/{calendar}/"):
        router.add(method, f"users/{{user}}/{calendar}{path}", CALENDARS_WRITE if write else CALENDARS_READ)(handler)


_register("GET", "events", False, _events)
_register("POST", "events", True, _create)
_register("GET", "events/{event}", False, _event)
_register("PATCH", "events/{event}", True, _change)
_register("DELETE", "events/{event}", True, _delete)
_register("POST", "events/{event}/cancel", True, _cancel)
_register("GET", "calendarView", False, _view)
