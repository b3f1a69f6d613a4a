"""What a person writes and says itself: of events that start no lifecycle, and of lifecycles that vanished."""

from typing import Any

from temporalio.common import SearchAttributePair, TypedSearchAttributes

from domain.events import Envelope
from domain.runsheet import StepCall
from workflows import contract
from workflows.contract import OpenEntry, RecordCall, person_workflow_id


def event_row(envelope: Envelope, outcome: dict[str, Any]) -> RecordCall:
    """The row of an event that starts no lifecycle, written after acting on it."""
    return RecordCall(
        key=f"event:{envelope.employee_id}:{envelope.event_id}",
        kind="event",
        employee_id=envelope.employee_id,
        event_id=envelope.event_id,
        actor=envelope.actor,
        body={"event": envelope.event.model_dump(mode="json"), **outcome},
    )


def lost_row(employee_id: str, entry: OpenEntry) -> RecordCall:
    """The row of a lifecycle that somebody closed from outside; its line in the projection ends with it."""
    return RecordCall(
        key=f"{entry.lifecycle_id}/lifecycle.lost",
        kind="lifecycle.lost",
        employee_id=employee_id,
        lifecycle_id=entry.lifecycle_id,
        actor="platform",
        reason="closed from outside, without its last act",
        status="cancelled",
    )


def notice_about(envelope: Envelope, body: dict[str, Any]) -> StepCall:
    """A message to administrators about an event that could not be met."""
    return StepCall(
        lifecycle_id=person_workflow_id(envelope.employee_id),
        employee_id=envelope.employee_id,
        event_id=envelope.event_id,
        actor=envelope.actor,
        step=f"notice about {envelope.event.type} {envelope.event_id}",
        leg="notice",
        input=body,
    )


def search_attributes(employee_id: str, entry: OpenEntry) -> TypedSearchAttributes:
    """By what a lifecycle is found in Temporal's own console."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(contract.KIND, entry.kind),
            SearchAttributePair(contract.STATUS, "scheduled"),
            SearchAttributePair(contract.EMPLOYEE_ID, employee_id),
            SearchAttributePair(contract.EFFECTIVE_AT, entry.effective_at),
        ]
    )
