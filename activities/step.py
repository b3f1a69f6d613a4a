"""Writing once: the wrapper that every step goes through.

A worker may die between a write and its record, and a read just after a write may be stale. So:

* an outcome that is in the ledger is the outcome, and nothing is sent;
* a first attempt trusts what was read when the step was planned; every later attempt, and every retry on command,
  looks for itself before it writes;
* an attempt that failed with certainty says so in a last heartbeat. Where that mark is missing, the next attempt
  sends nothing: it leaves the mark itself and comes again when the directory has settled;
* a write and its row are shielded from cancellation.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from temporalio import activity

from activities.attempt import Attempt, beating, mark_certain, seed, shielded
from activities.failures import Failure, StepError, failure_of
from connectors.errors import WireError
from connectors.tally import Tally, tallying, write_id
from domain.runsheet import URGENT_QUEUE, Outcome, StepCall
from ledger import Entry, Ledger, LifecyclePatch, PersonPatch, Record, StepPatch

Room = TypeVar("Room")
Look = Callable[[], Awaitable[Outcome | None]]
Change = Callable[[], Coroutine[Any, Any, Outcome]]

_MOST_WRITES = 24
"""More than an attempt sends: a batch of twenty, the batch itself and a few more."""


def step(name: str) -> Callable[[Callable[[Room, StepCall], Awaitable[Outcome]]], Callable[..., Awaitable[Outcome]]]:
    """Make a method the activity ``name``; what it refuses before anything is begun leaves as a failure, too."""

    def make(method: Callable[[Room, StepCall], Awaitable[Outcome]]) -> Callable[..., Awaitable[Outcome]]:
        @activity.defn(name=name)
        @wraps(method)
        async def run(self: Room, call: StepCall) -> Outcome:
            try:
                return await method(self, call)
            except StepError as error:
                raise error.failure.as_application_error(call, activity.info().attempt) from None

        return run

    return make


def given(call: StepCall, name: str) -> Any:
    """An input that the step cannot do without."""
    if name not in call.input:
        raise StepError("BadInput", f"The input has no {name}. Retry with a complete one, or skip the step.")
    return call.input[name]


class StepRunner:
    """Runs steps by the rules above and writes their rows. ``settle``: seconds until a read surely shows a write."""

    def __init__(self, ledger: Ledger, settle: float) -> None:
        self.ledger = ledger
        self.settle = settle

    async def run(
        self, call: StepCall, change: Change, look: Look | None = None, *, settles: bool = True, listed: bool = True
    ) -> Outcome:
        """The outcome of a step: recorded before, found by ``look``, or brought about by ``change``.

        ``look`` answers None when there is something to do. ``settles=False`` is for steps whose look cannot be too
        early; ``listed=False`` for those that are no line of the run sheet. Raises ``ApplicationError``.
        """
        attempt = Attempt.of(call)
        recorded = await asyncio.to_thread(self._begin, call, attempt, listed)
        if recorded is not None:
            return outcome_of(recorded)
        tally = Tally(attempt.seed, urgent=activity.info().task_queue == URGENT_QUEUE)
        async with beating(attempt.number):
            try:
                if settles and not attempt.certain:
                    await self._wait_until_settled(call, attempt)
                with tallying(tally):
                    found = await look() if look and attempt.looks else None
                    return await shielded(self._finish(call, attempt, tally, found, change, listed))
            except (WireError, StepError) as error:
                failure, certain = failure_of(error), _is_certain(error, tally)
                await shielded(asyncio.to_thread(self._record_failure, call, attempt, tally, failure, listed))
        if failure.retryable and activity.is_cancelled():
            raise asyncio.CancelledError
        if certain:
            mark_certain(attempt.number)
        raise failure.as_application_error(call, attempt.number)

    async def _finish(
        self, call: StepCall, attempt: Attempt, tally: Tally, found: Outcome | None, change: Change, listed: bool
    ) -> Outcome:
        outcome = found or await change()
        return outcome_of(await asyncio.to_thread(self._record_outcome, call, attempt, tally, outcome, listed))

    async def _wait_until_settled(self, call: StepCall, attempt: Attempt) -> None:
        await shielded(asyncio.to_thread(self._record_lost, call, attempt.number - 1))
        raise StepError(
            "Unsettled",
            "The attempt before ended without a word, so its write may have taken effect; the next one looks.",
            retryable=True,
            delay=self.settle,
            benign=True,
        )

    def _begin(self, call: StepCall, attempt: Attempt, listed: bool) -> Record | None:
        recorded = self.ledger.record(call.key)
        if recorded is None and listed:
            self.ledger.begin_step(call.lifecycle_id, call.step, attempt.number)
        return recorded

    def _record_outcome(self, call: StepCall, attempt: Attempt, tally: Tally, outcome: Outcome, listed: bool) -> Record:
        body = _body(call, attempt, tally) | {"evidence": outcome.evidence, "grade": outcome.grade}
        patch = _patch(call, attempt, state="done", evidence=outcome.evidence, grade=outcome.grade)
        return self.ledger.append(
            _entry(call, call.key, "step.done", body, {"input": call.input, "facts": outcome.facts}),
            lifecycle=_lifecycle(call, outcome),
            person=_person(call, outcome),
            steps=[patch] if listed else [],
        )

    def _record_failure(self, call: StepCall, attempt: Attempt, tally: Tally, failure: Failure, listed: bool) -> None:
        """A row for an attempt that wrote something and failed all the same: those writes need a place, too."""
        if not tally.client_request_ids:
            return
        told = {"cause": failure.cause, "details": failure.details}
        patch = _patch(call, attempt, cause=failure.cause, last_error=failure.message)
        self.ledger.append(
            _entry(
                call,
                _attempt_key(call, attempt.number),
                "step.attempt",
                _body(call, attempt, tally) | told,
                {"input": call.input, "error": failure.message},
            ),
            steps=[patch] if listed else [],
        )

    def _record_lost(self, call: StepCall, number: int) -> None:
        """A row for an attempt that ended without a word, with the ids its writes bear if it sent any."""
        ids = [write_id(seed(call, number), count) for count in range(_MOST_WRITES)]
        body = {"step": call.step, "attempt": number, "may_have_sent": ids}
        self.ledger.append(_entry(call, _attempt_key(call, number), "step.attempt", body))


def outcome_of(record: Record) -> Outcome:
    """What a step's row says; of an erased person's the facts are gone."""
    personal = record.personal or {}
    return Outcome(
        evidence=record.body.get("evidence", {}), grade=record.body.get("grade"), facts=personal.get("facts", {})
    )


def object_id_of(call: StepCall) -> str:
    """The account that a step works on."""
    found = call.facts.get("object_id")
    if not found:
        raise StepError(
            "NoAccount",
            "No account is known yet: the step that finds or creates it was left out. Retry that one, or skip this.",
        )
    return str(found)


def _is_certain(error: WireError | StepError, tally: Tally) -> bool:
    answered = isinstance(error, StepError) or error.certain or not tally.client_request_ids
    return answered and not tally.uncertain


def _attempt_key(call: StepCall, number: int) -> str:
    return f"{call.key}#{write_id(seed(call, number), 0)}"


def _entry(call: StepCall, key: str, kind: str, body: dict[str, Any], personal: dict[str, Any] | None = None) -> Entry:
    return Entry(
        key=key,
        kind=kind,
        actor=call.actor,
        employee_id=call.employee_id,
        event_id=call.event_id,
        lifecycle_id=call.lifecycle_id,
        reason=call.reason,
        body=body,
        personal=personal,
    )


def _body(call: StepCall, attempt: Attempt, tally: Tally) -> dict[str, Any]:
    return {
        "step": call.step,
        "leg": call.leg,
        "activity": activity.info().activity_type,
        "object_id": call.facts.get("object_id"),
        "round": call.round,
        "attempt": attempt.number,
        "requests": tally.requests,
        "throttled": tally.throttled,
        "client_request_ids": tally.client_request_ids,
    }


def _patch(call: StepCall, attempt: Attempt, **changes: Any) -> StepPatch:
    return StepPatch(
        name=call.step,
        leg=call.leg,
        activity=activity.info().activity_type,
        attempts=attempt.number,
        input=call.input,
        **changes,
    )


def _lifecycle(call: StepCall, outcome: Outcome) -> LifecyclePatch | None:
    object_id = outcome.facts.get("object_id")
    return LifecyclePatch(call.lifecycle_id, object_id=object_id) if object_id else None


def _person(call: StepCall, outcome: Outcome) -> PersonPatch | None:
    object_id = outcome.facts.get("object_id")
    if not object_id:
        return None
    return PersonPatch(
        call.employee_id, effective_at=datetime.now(UTC), object_id=object_id, upn=outcome.facts.get("upn")
    )
