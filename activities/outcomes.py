"""Rows that hold a whole outcome, so that a second attempt answers what the first one did."""

from typing import Any

from domain.runsheet import Outcome, StepCall
from ledger import Entry, Ledger, Record


def begin_or_recall(ledger: Ledger, call: StepCall, attempt: int) -> Outcome | None:
    """The outcome if there is one already; else the step shows as running."""
    recorded = stored_outcome(ledger.record(call.key))
    if recorded is None:
        ledger.begin_step(call.lifecycle_id, call.step, attempt)
    return recorded


def row_of(call: StepCall, kind: str, body: dict[str, Any], outcome: Outcome) -> Entry:
    """The row of an outcome under the call's key. The outcome itself names people, so it can be erased."""
    return Entry(
        key=call.key,
        kind=kind,
        actor=call.actor,
        employee_id=call.employee_id,
        event_id=call.event_id,
        lifecycle_id=call.lifecycle_id,
        reason=call.reason,
        body={"step": call.step, "leg": call.leg, "round": call.round, **body},
        personal={"outcome": outcome.model_dump(mode="json")},
    )


def stored_outcome(record: Record | None) -> Outcome | None:
    """The outcome that a row holds; None without one, or if it was erased."""
    personal = record.personal if record is not None else None
    return None if personal is None or "outcome" not in personal else Outcome.model_validate(personal["outcome"])
