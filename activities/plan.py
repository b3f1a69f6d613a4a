"""``records.plan``: look at the tenant and at HR's truth, plan a phase, and write the plan down."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from activities.attempt import beating, seed
from activities.facts import QUICK_TRIES, Facts
from activities.failures import Failure, StepError, failure_of
from activities.outcomes import begin_or_recall, row_of, stored_outcome
from activities.snapshot import AmbiguousPersonError, Directory, VanishedError
from connectors.errors import WireError
from connectors.tally import Tally, tallying
from domain.planning import Plan, PlanRefused, make_plan
from domain.policy import Policy
from domain.runsheet import URGENT_QUEUE, Outcome, Step, StepCall
from ledger import Ledger, LifecyclePatch, PersonPatch, StepPatch


class Planning:
    """Plans by the policy in force."""

    def __init__(self, ledger: Ledger, directory: Directory, policy: Policy) -> None:
        self._ledger = ledger
        self._policy = policy
        self._facts = Facts(ledger, directory, policy)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.plan]

    @activity.defn(name="records.plan")
    async def plan(self, call: StepCall) -> Outcome:
        """The steps of ``call.input``'s ``phase``, from what the tenant says now; one plan for one call."""
        attempt = activity.info().attempt
        recorded = await asyncio.to_thread(begin_or_recall, self._ledger, call, attempt)
        if recorded is not None:
            return recorded
        tally = Tally(seed(call, attempt), urgent=activity.info().task_queue == URGENT_QUEUE)
        async with beating(attempt):
            try:
                with tallying(tally):
                    made = make_plan(await self._facts.request(call, attempt))
                return await asyncio.to_thread(self._record, call, attempt, tally, made)
            except (PlanRefused, AmbiguousPersonError, VanishedError) as error:
                raise self._declined(error, attempt).as_application_error(call, attempt) from error
            except (WireError, StepError) as error:
                raise failure_of(error).as_application_error(call, attempt) from error

    def _declined(self, error: Exception, attempt: int) -> Failure:
        settle = self._policy.timings.settle_seconds
        if isinstance(error, PlanRefused):
            again = error.cause == "PersonUnknown" and attempt < QUICK_TRIES
            return Failure(error.cause, str(error), retryable=again, delay=settle if again else None, benign=again)
        if isinstance(error, AmbiguousPersonError):
            return Failure("AmbiguousPerson", str(error))
        return Failure("NotYetSeen", str(error), retryable=True, delay=settle, benign=True)

    def _record(self, call: StepCall, attempt: int, tally: Tally, plan: Plan) -> Outcome:
        evidence = {"phase": call.input["phase"], "notes": plan.notes, "entitlements": plan.entitlements}
        outcome = Outcome(
            evidence=evidence | {"found": plan.facts.get("found", False)},
            grade="observed",
            facts=plan.facts,
            steps=plan.steps,
            policy_hash=self._policy.hash,
        )
        body = {"phase": call.input["phase"], "policy_hash": self._policy.hash, "notes": plan.notes}
        names = {"steps": [step.name for step in plan.steps], "requests": tally.requests, "attempt": attempt}
        own = StepPatch(
            call.step,
            leg=call.leg,
            activity="records.plan",
            state="done",
            attempts=attempt,
            input={"phase": call.input["phase"]},
            evidence=outcome.evidence,
            grade=outcome.grade,
        )
        record = self._ledger.append(
            row_of(call, "plan", body | names, outcome),
            lifecycle=LifecyclePatch(
                call.lifecycle_id, policy_hash=self._policy.hash, object_id=plan.facts.get("object_id")
            ),
            steps=[own, *map(_planned, plan.steps)],
            person=_person(call, plan),
        )
        return stored_outcome(record) or outcome


def _planned(step: Step) -> StepPatch:
    return StepPatch(step.name, leg=step.leg, activity=step.activity, state="waiting", input=step.input)


def _person(call: StepCall, plan: Plan) -> PersonPatch | None:
    """The account that was found belongs to the person from now on."""
    object_id = plan.facts.get("object_id")
    if object_id is None:
        return None
    return PersonPatch(call.employee_id, effective_at=datetime.now(UTC), object_id=object_id, upn=plan.facts.get("upn"))
