"""From an HR event to its receipt: ids and moments filled in, refused if it makes no sense, handed to Temporal."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from temporalio.client import Client

from api.errors import unfit
from api.links import Addresses
from api.metrics import Metrics
from api.temporal import send_event
from api.visit import Caller
from domain.events import Envelope, Leave, NewHire, Rescind, Return, Termination, Update
from domain.time import Moments, Timing, moments
from ledger import Ledger, LifecycleView, PersonRow
from workflows.contract import person_workflow_id

HrEvent = NewHire | Update | Termination | Rescind | Leave | Return
Status = Literal["accepted", "duplicate"]
REMEMBERED = 10_000


class Links(BaseModel):
    """Where to look next."""

    lifecycle: str | None
    person: str
    console: str
    temporal: str


class Receipt(BaseModel):
    """The answer to an event. It is durable from here on; what becomes of it is at ``links.lifecycle``."""

    event_id: str
    employee_id: str
    status: Status
    person_workflow_id: str
    lifecycle_workflow_id: str | None = Field(
        description="The lifecycle that the event starts; for rescind and return their target, null if it is unknown."
    )
    links: Links


@dataclass(frozen=True)
class Known:
    """What the ledger knows when an event arrives."""

    person: PersonRow | None
    seen: bool
    target: str | None


class Reception:
    """Takes HR events in. Ids accepted a moment ago are remembered, until the ledger has their rows."""

    def __init__(self, ledger: Ledger, client: Client, timing: Timing, addresses: Addresses, metrics: Metrics) -> None:
        self._ledger = ledger
        self._client = client
        self._timing = timing
        self._addresses = addresses
        self._metrics = metrics
        self._recent: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def take(self, event: HrEvent, caller: Caller) -> Receipt:
        """Accept the event, or recognise it as one that was accepted before."""
        event_id = caller.event_id or event.event_id or body_id(event)
        known = await asyncio.to_thread(self._look, event, event_id)
        zone, now = _zone_of(event) or (known.person.time_zone if known.person else None), datetime.now(UTC)
        envelope = self._envelope(event, event_id, caller, self._moments(event, zone, now), now)
        duplicate = known.seen or (event.employee_id, event_id) in self._recent
        if not duplicate:
            refuse_before_hire(event, known.person, ZoneInfo(zone or self._timing.zone), now)
            await send_event(self._client, envelope)
            self._remember(event.employee_id, event_id)
        status: Status = "duplicate" if duplicate else "accepted"
        self._metrics.event(event.type, status)
        return self._receipt(envelope, status, envelope.lifecycle_id or known.target)

    def _look(self, event: HrEvent, event_id: str) -> Known:
        return Known(
            self._ledger.person(event.employee_id),
            self._ledger.seen(event.employee_id, event_id),
            self._target(event),
        )

    def _target(self, event: HrEvent) -> str | None:
        """The lifecycle that a rescind or return is about, as far as the ledger knows it."""
        match event:
            case Rescind(target_event_id=None):
                return _newest(self._ledger.open_lifecycles(event.employee_id))
            case Rescind():
                page = self._ledger.lifecycles(employee_id=event.employee_id, q=event.target_event_id)
                return _newest([item for item in page.items if item.event_id == event.target_event_id])
            case Return():
                open_ones = self._ledger.open_lifecycles(event.employee_id)
                return _newest([item for item in open_ones if item.event_type == "leave"])
            case _:
                return None

    def _envelope(self, event: HrEvent, event_id: str, caller: Caller, when: Moments, now: datetime) -> Envelope:
        return Envelope(
            event=event,
            event_id=event_id,
            employee_id=event.employee_id,
            occurred_at=event.occurred_at or now,
            effective_at=when.effective_at,
            prepare_at=when.prepare_at,
            due=(when.prepare_at or when.effective_at) <= now,
            actor=caller.actor,
        )

    def _moments(self, event: HrEvent, zone: str | None, now: datetime) -> Moments:
        try:
            return moments(event, zone, self._timing, now)
        except ValueError as error:
            field, _, message = str(error).partition(": ")
            raise unfit(field, message) from None

    def _remember(self, employee_id: str, event_id: str) -> None:
        self._recent[employee_id, event_id] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _receipt(self, envelope: Envelope, status: Status, lifecycle_id: str | None) -> Receipt:
        addresses, employee_id = self._addresses, envelope.employee_id
        return Receipt(
            event_id=envelope.event_id,
            employee_id=employee_id,
            status=status,
            person_workflow_id=person_workflow_id(employee_id),
            lifecycle_workflow_id=lifecycle_id,
            links=Links(
                lifecycle=addresses.lifecycle(lifecycle_id) if lifecycle_id else None,
                person=addresses.person(employee_id),
                console=addresses.on_console(employee_id, lifecycle_id),
                temporal=addresses.on_temporal(employee_id, lifecycle_id),
            ),
        )


def body_id(event: HrEvent) -> str:
    """``body-`` and the SHA-256 of the canonical body: the same event sent twice without an id is one event."""
    body = event.model_dump(mode="json", exclude={"event_id"})
    if isinstance(event, Update):
        # Here a null says "clear" and an absent field "leave": they must not look alike.
        body["changes"] = event.changes.given()
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return f"body-{hashlib.sha256(text.encode()).hexdigest()}"


def refuse_before_hire(event: HrEvent, person: PersonRow | None, zone: ZoneInfo, now: datetime) -> None:
    """422 for a leave date before the hire of somebody who has joined; before joining it is a no-show and fine."""
    hired = person.attributes.get("hire_date") if person else None
    if not isinstance(event, Termination) or hired is None:
        return
    hire_date, field = date.fromisoformat(hired), "last_day" if event.last_day else "effective_at"
    leaves_on = event.last_day or (event.effective_at or now).astimezone(zone).date()
    if leaves_on < hire_date <= now.astimezone(zone).date():
        raise unfit(field, f"lies before the hire of {event.employee_id} on {hire_date}, who has joined already")


def _zone_of(event: HrEvent) -> str | None:
    return event.changes.time_zone if isinstance(event, Update) else getattr(event, "time_zone", None)


def _newest(found: list[LifecycleView]) -> str | None:
    return max(found, key=lambda item: item.created_at).id if found else None
