"""Rows that workflows write, and what people and lifecycles ask the ledger. Nothing here touches the tenant."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import activity

from domain.events import LIFECYCLE_OF, Envelope, NewHire
from domain.runsheet import StepRun
from ledger import Entry, Ledger, LifecyclePatch, LifecycleView, PersonPatch, StepPatch
from workflows.contract import OpenLifecycle, RecordCall, SeenCall

EVENT_OF: dict[str, str] = {kind: event_type for event_type, kind in reversed(LIFECYCLE_OF.items())}


class Records:
    """The ledger as workflows know it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.open, self.write, self.seen, self.open_lifecycles]

    @activity.defn(name="records.open")
    async def open(self, envelope: Envelope) -> None:
        """A lifecycle's first act: the event's row, its line in the projection, and for a hire the person."""
        await asyncio.to_thread(self._open, envelope)

    @activity.defn(name="records.write")
    async def write(self, call: RecordCall) -> None:
        """One row and the projection's change; harmless a second time."""
        await asyncio.to_thread(self._write, call)

    @activity.defn(name="records.seen")
    async def seen(self, call: SeenCall) -> bool:
        """Whether the event has its row."""
        return await asyncio.to_thread(self._ledger.seen, call.employee_id, call.event_id)

    @activity.defn(name="records.open_lifecycles")
    async def open_lifecycles(self, employee_id: str) -> list[OpenLifecycle]:
        """A person's unfinished lifecycles, oldest first."""
        found = await asyncio.to_thread(self._ledger.open_lifecycles, employee_id)
        return [line for line in map(_line, found) if line is not None]

    def _open(self, envelope: Envelope) -> None:
        event = envelope.event
        entry = Entry(
            key=f"event:{envelope.employee_id}:{envelope.event_id}",
            kind="event",
            actor=envelope.actor,
            employee_id=envelope.employee_id,
            event_id=envelope.event_id,
            lifecycle_id=envelope.lifecycle_id,
            body={
                "type": event.type,
                "effective_at": envelope.effective_at.isoformat(),
                "occurred_at": envelope.occurred_at.isoformat(),
            },
            personal={"event": event.model_dump(mode="json", exclude_none=True)},
        )
        lifecycle = LifecyclePatch(
            envelope.lifecycle_id or "",
            kind=envelope.kind,
            employee_id=envelope.employee_id,
            event_id=envelope.event_id,
            event_type=event.type,
            status="scheduled",
            effective_at=envelope.effective_at,
            occurred_at=envelope.occurred_at,
            summary=f"{event.type} of {envelope.employee_id}, {envelope.effective_at:%Y-%m-%d %H:%M} UTC",
        )
        person = self._hired(envelope, event) if isinstance(event, NewHire) else None
        self._ledger.append(entry, lifecycle=lifecycle, person=person)

    def _hired(self, envelope: Envelope, event: NewHire) -> PersonPatch:
        """A hire says everything anew. It holds from when HR said it, so that a correction before the day counts.

        Somebody HR has told of before loses what the new hire leaves out; of somebody new, that is just not known.
        """
        before = self._ledger.person(envelope.employee_id)
        told = event.model_dump(mode="json", exclude={"type", "event_id", "occurred_at", "employee_id"})
        changes = {name: value for name, value in told.items() if before or value is not None or name == "department"}
        since = min(envelope.effective_at, envelope.occurred_at)
        stamps = [datetime.fromisoformat(stamp) for stamp in before.stamps.values()] if before else []
        return PersonPatch(envelope.employee_id, effective_at=max(since, min(stamps, default=since)), changes=changes)

    def _write(self, call: RecordCall) -> None:
        entry = Entry(
            key=call.key,
            kind=call.kind,
            actor=call.actor,
            employee_id=call.employee_id,
            event_id=call.event_id,
            lifecycle_id=call.lifecycle_id,
            reason=call.reason,
            body=call.body,
            personal=call.personal,
        )
        lifecycle = None
        if call.lifecycle_id is not None:
            lifecycle = LifecyclePatch(
                call.lifecycle_id,
                status=call.status,
                waiting_for=call.waiting_for,
                effective_at=call.effective_at,
                object_id=call.object_id,
            )
        self._ledger.append(entry, lifecycle=lifecycle, steps=[_patch(run) for run in call.steps])


def _patch(run: StepRun) -> StepPatch:
    """A step as its workflow sees it. Of a finished one its own activity has counted the attempts."""
    return StepPatch(
        run.step.name,
        leg=run.step.leg,
        activity=run.step.activity,
        state=run.state,
        attempts=None if run.state == "done" else run.attempts,
        cause=run.cause or "",
        last_error=run.last_error or "",
        input=run.step.input,
        evidence=run.evidence or None,
        grade=run.grade,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def _line(view: LifecycleView) -> OpenLifecycle | None:
    """A view as its person needs it; None if the ledger has seen no more of it than its id."""
    if view.effective_at is None or view.occurred_at is None:
        return None
    return OpenLifecycle.model_validate(
        {
            "lifecycle_id": view.id,
            "kind": view.kind,
            "event_type": view.event_type or EVENT_OF[view.kind],
            "status": view.status,
            "effective_at": view.effective_at,
            "occurred_at": view.occurred_at,
            "object_id": view.object_id,
        }
    )
