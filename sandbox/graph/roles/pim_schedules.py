"""What privileged identity management has in common for roles and for groups: periods, requests, their refusals.

A request (``…ScheduleRequests``) gives, changes or takes a schedule; a schedule is in force between its moments by the
tenant's clock. Source: Microsoft Graph v1.0, "Privileged identity management (PIM) APIs".
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.graph.call import Call
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.roles.pim_periods import Period, failed, period
from sandbox.graph.roles.pim_policies import Policy
from sandbox.graph.roles.privileges import seven_decimals
from sandbox.graph.schema import Resource, spelled
from sandbox.store import Doc, Store

SHORTEST = timedelta(minutes=5)
"""For so long an activated assignment cannot be deactivated."""
EXISTS = GraphError(400, "RoleAssignmentExists", "The Role assignment already exists.")
ABSENT = GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
PENDING = GraphError(
    400, "PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request."
)
TOO_SHORT = GraphError(
    400, "ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes."
)
UNAUTHORIZED = GraphError(403, "UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")


# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Book:
    """One of the four kinds of schedules, and how its entries take effect.

    ``keys`` identify what a schedule is about, ``held`` gives what a principal has of it now (a schedule, or an
    assignment made without one), ``begin`` and ``end`` let it take effect and end it.
    """

    kind: str
    schedules: str
    requests: str
    keys: tuple[str, ...]
    request: Resource
    active: bool
    word: Callable[[str], str]
    check: Callable[[Store, Doc], Doc]
    held: Callable[[Store, Doc], Doc | None]
    eligible: Callable[[Store, Doc], Doc | None]
    policy: Callable[[Store, Doc], Policy]
    schedule_id: Callable[[Doc, str], str]
    begin: Callable[[Store, Doc], None]
    end: Callable[[Store, Doc], None]


def carry_out(call: Call, book: Book) -> Doc:
    """Do what a request asks, and write the request down; the request as it is answered."""
    body = spelled(call.body(), book.request)
    action = str(body.get("action") or "")
    act = _ACTIONS.get(action.lower())
    if act is None:
        raise bad_request(f"The action '{action}' is not supported.")
    body = book.check(call.store, body)
    if action.lower().startswith("self") and call.caller.object_id != body["principalId"]:
        raise UNAUTHORIZED
    if _pending(call.store, book, body):
        raise PENDING
    if body.get("isValidationOnly"):
        return _request(call, book, body, "Granted", None)
    status, schedule = act(call, book, body)
    made = _request(call, book, body, status, schedule)
    return call.store.put(book.requests, made)


def _pending(store: Store, book: Book, body: Doc) -> bool:
    return any(
        doc["status"] == "PendingApproval" and doc["_kind"] == book.kind and _same(book, doc, body)
        for doc in store.all(book.requests)
    )


def _same(book: Book, one: Doc, other: Doc) -> bool:
    return all(str(one[key]).lower() == str(other[key]).lower() for key in book.keys)


def _request(call: Call, book: Book, body: Doc, status: str, schedule: Doc | None) -> Doc:
    now = seven_decimals(call.store.now())
    done = status in ("Provisioned", "Granted")
    who = {"displayName": None, "id": call.caller.object_id}
    key = schedule["createdUsing"] if schedule and status != "PendingApproval" else None
    return {
        "id": key or str(uuid.uuid4()),
        "status": status,
        "createdDateTime": now,
        "completedDateTime": now if done else None,
        "approvalId": str(uuid.uuid4()) if status == "PendingApproval" else None,
        "customData": None,
        "action": body["action"],
        **{name: body.get(name) for name in book.keys},
        "isValidationOnly": bool(body.get("isValidationOnly")),
        "targetScheduleId": schedule["id"] if schedule else None,
        "justification": body.get("justification"),
        "createdBy": {
            "application": None if call.caller.user else who,
            "device": None,
            "user": who if call.caller.user else None,
        },
        "scheduleInfo": (schedule or {}).get("scheduleInfo") or body.get("scheduleInfo"),
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None, **(body.get("ticketInfo") or {})},
        "_kind": book.kind,
    }


# -- actions: status and schedule --------------------------------------------------------------------------------------

_Done = tuple[str, Doc | None]


def _assign(call: Call, book: Book, body: Doc) -> _Done:
    if book.held(call.store, body) is not None:
        raise EXISTS
    asked = period(body.get("scheduleInfo"), call.store.now())
    _check_period(asked, book.policy(call.store, body).longest(active=book.active))
    return _written(call, book, body, asked, "Assigned")


def _check_period(asked: Period, longest: timedelta | None) -> None:
    if longest is not None and (asked.end is None or asked.end - asked.start > longest):
        raise failed("ExpirationRule")


def _written(call: Call, book: Book, body: Doc, asked: Period, how: str, using: str | None = None) -> _Done:
    now, request_id = call.store.now(), str(uuid.uuid4())
    schedule = {
        "id": book.schedule_id(body, request_id),
        **{key: body[key] for key in book.keys},
        "appScopeId": None,
        "createdUsing": request_id,
        "createdDateTime": seven_decimals(now),
        "modifiedDateTime": None,
        "status": "Provisioned",
        "memberType": book.word("Direct"),
        "scheduleInfo": asked.shown(),
        **({"assignmentType": book.word(how)} if book.active else {}),
        "_kind": book.kind,
        "_start": seven_decimals(asked.start),
        "_end": seven_decimals(asked.end) if asked.end else None,
        "_timed": "yes" if asked.end or asked.start > now else None,
        "_using": using,
    }
    call.store.put(book.schedules, schedule)
    if asked.start > now:
        return "PendingScheduleCreation", schedule
    book.begin(call.store, schedule)
    return "Provisioned", schedule


def _remove(call: Call, book: Book, body: Doc) -> _Done:
    found = book.held(call.store, body)
    if found is None:
        raise ABSENT
    _refuse_hasty(call, book, found)
    book.end(call.store, found)
    return "Revoked", None


def _refuse_hasty(call: Call, book: Book, found: Doc) -> None:
    """What was activated stays for five minutes at least."""
    if found.get("assignmentType") != book.word("Activated"):
        return
    if seven_decimals(call.store.now() - SHORTEST) < found["_start"]:
        raise TOO_SHORT


def _change(call: Call, book: Book, body: Doc) -> _Done:
    found = book.held(call.store, body)
    if found is None or "_kind" not in found:
        raise ABSENT
    asked = period(body.get("scheduleInfo"), call.store.now())
    _check_period(asked, book.policy(call.store, body).longest(active=book.active))
    changed = {
        **found,
        "modifiedDateTime": seven_decimals(call.store.now()),
        "createdUsing": str(uuid.uuid4()),
        "scheduleInfo": asked.shown(),
        "_end": seven_decimals(asked.end) if asked.end else None,
        "_timed": "yes" if asked.end else None,
    }
    call.store.put(book.schedules, changed)
    return "Provisioned", changed


def _activate(call: Call, book: Book, body: Doc) -> _Done:
    """Use an eligibility, for a time that the policy allows, or once somebody has approved of it."""
    eligible = book.eligible(call.store, body) if book.active else None
    if eligible is None:
        raise ABSENT
    if book.held(call.store, body) is not None:
        raise EXISTS
    policy = book.policy(call.store, body)
    asked = period(body.get("scheduleInfo"), call.store.now())
    broken = [] if body.get("justification") or not policy.justified else ["JustificationRule"]
    end = asked.end or asked.start + policy.activation + SHORTEST
    if end - asked.start > policy.activation:
        broken.append("ExpirationRule")
    if broken:
        raise failed(*broken)
    if policy.approved:
        return "PendingApproval", None
    if eligible["_end"] is not None:
        until = datetime.fromisoformat(eligible["_end"][:26] + "+00:00")
        asked = Period(asked.start, until if until < end else end, asked.expiration)
    return _written(call, book, body, asked, "Activated", eligible["id"])


def _deactivate(call: Call, book: Book, body: Doc) -> _Done:
    found = book.held(call.store, body) if book.active else None
    if found is None or found.get("assignmentType") != book.word("Activated"):
        raise ABSENT
    return _remove(call, book, body)


_ACTIONS: dict[str, Callable[[Call, Book, Doc], _Done]] = {
    "adminassign": _assign,
    "adminremove": _remove,
    "adminupdate": _change,
    "adminextend": _change,
    "adminrenew": _assign,
    "selfactivate": _activate,
    "selfdeactivate": _deactivate,
}


def cancel(store: Store, book: Book, key: str) -> None:
    """Withdraw a request that waits for its approval or its moment; another one cannot be."""
    found = store.get(book.requests, key)
    if found is None or found["_kind"] != book.kind:
        raise GraphError(404, "ResourceNotFound", "The resource is not found.")
    if found["status"] not in ("PendingApproval", "PendingScheduleCreation"):
        raise bad_request("The request cannot be canceled in its state.")
    if found["targetScheduleId"]:
        store.remove(book.schedules, found["targetScheduleId"])
    store.put(book.requests, {**found, "status": "Canceled"})
