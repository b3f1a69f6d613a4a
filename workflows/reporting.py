"""How a lifecycle makes itself known: ledger rows, search attributes, details, and messages to its person."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.events import LifecycleKind
    from domain.runsheet import FINISHED, TENANT_QUEUE, LifecycleStatus, StepCall, StepRun
    from workflows import contract
    from workflows.runsheet import RunSheet

RECORD_TIMEOUT = timedelta(seconds=30)
NOTICE_PATIENCE = timedelta(hours=1)


class Reporting:
    """The state of a lifecycle and its one way to the outside for each kind of news."""

    kind: ClassVar[LifecycleKind]

    def __init__(self, start: contract.LifecycleStart, *, interrupted: Callable[[], bool]) -> None:
        self.envelope = start.envelope
        self.lifecycle_id = start.envelope.lifecycle_id or ""
        self.status: LifecycleStatus = "scheduled"
        self.waited_by: str | None = None
        self.go = start.go
        self.over = False
        self.sheet = RunSheet(
            self._call("", "", {}),
            Priority(priority_key=contract.PRIORITY[self.kind]),
            parked=self._parked,
            rested=self.give_way_if_idle,
            interrupted=interrupted,
        )
        if start.go is not None:
            self.sheet.facts["object_id"] = start.go.object_id
        self._published: tuple[str, str] | None = None
        self._records = 0
        if start.carried is not None:
            self._take_up(start.carried)

    def _take_up(self, carried: contract.Carried) -> None:
        self.status = carried.status
        self.sheet.runs = {run.step.name: run for run in carried.sheet}
        self.sheet.facts = carried.facts
        self.sheet.policy_hash = carried.policy_hash
        self._records = carried.records

    @property
    def object_id(self) -> str | None:
        """The account, as soon as it is known."""
        return self.sheet.facts.get("object_id")

    async def record(
        self,
        kind: str,
        *,
        key: str | None = None,
        actor: str | None = None,
        reason: str | None = None,
        status: LifecycleStatus | None = None,
        waiting_for: str | None = None,
        effective_at: datetime | None = None,
        body: dict[str, Any] | None = None,
        personal: dict[str, Any] | None = None,
        steps: list[StepRun] | None = None,
    ) -> None:
        """One row in the ledger, with the projection's change."""
        self._records += 1
        call = contract.RecordCall(
            key=key or f"{self.lifecycle_id}/{kind}/{self._records}",
            kind=kind,
            employee_id=self.envelope.employee_id,
            event_id=self.envelope.event_id,
            lifecycle_id=self.lifecycle_id,
            actor=actor or self.envelope.actor,
            reason=reason,
            body=body or {},
            personal=personal,
            status=status,
            waiting_for=waiting_for,
            effective_at=effective_at,
            object_id=self.object_id,
            steps=steps or [],
        )
        await self._execute("records.write", call)

    async def _execute(self, activity: str, argument: BaseModel) -> None:
        await workflow.execute_activity(
            activity,
            argument,
            task_queue=contract.WORKFLOW_QUEUE,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30)),
            summary=activity,
        )

    async def _parked(self, run: StepRun) -> None:
        self.publish()
        body = {"step": run.step.name, "cause": run.cause, "attempts": run.attempts}
        error = {"error": run.last_error}
        await self.record("step.parked", status="attention", steps=[run], body=body, personal=error)
        workflow.start_activity(
            "notices.attention",
            self._notice(f"notice about {run.step.name}", run.round, body | error),
            task_queue=TENANT_QUEUE,
            schedule_to_close_timeout=NOTICE_PATIENCE,
            start_to_close_timeout=timedelta(seconds=60),
            summary=f"notice: {run.step.name} needs somebody",
        )

    def _notice(self, step: str, again: int, argument: dict[str, Any]) -> StepCall:
        call = self._call(step, "notice", argument | {"lifecycle_id": self.lifecycle_id})
        return call.model_copy(update={"round": again, "facts": self.sheet.facts})

    def _call(self, step: str, leg: str, argument: dict[str, Any]) -> StepCall:
        return StepCall(
            lifecycle_id=self.lifecycle_id,
            employee_id=self.envelope.employee_id,
            event_id=self.envelope.event_id,
            actor=self.envelope.actor,
            step=step,
            leg=leg,
            input=argument,
        )

    def give_way_if_idle(self) -> None:
        """A mover that is parked or in its overlap gives way to the one that waits for it; others do not."""

    @property
    def shown_status(self) -> LifecycleStatus:
        """The status that people see: one parked step makes the lifecycle ``attention``."""
        if self.status in FINISHED - {"completed"}:
            return self.status
        if self.sheet.in_attention:
            return "attention"
        return "held" if self.sheet.held else self.status

    def publish(self) -> None:
        stuck = self.sheet.in_attention[0].step.name if self.sheet.in_attention and not self.over else ""
        shown = (self.shown_status, stuck)
        if shown != self._published:
            self._published = shown
            workflow.upsert_search_attributes(
                [contract.STATUS.value_set(shown[0]), contract.STUCK_STEP.value_set(shown[1])]
            )
        workflow.set_current_details(self._details())

    def _details(self) -> str:
        lines = [f"**{self.shown_status}**", "", "| step | leg | state | tries |", "|---|---|---|---|"]
        return "\n".join([*lines, *(_line(run) for run in self.sheet.runs.values())])

    async def tell_person(self, signal: str, message: BaseModel) -> bool:
        """Whether the person was there to be told: whoever starts it again reads the ledger."""
        person = workflow.get_external_workflow_handle(contract.person_workflow_id(self.envelope.employee_id))
        try:
            await person.signal(signal, message)
        except ApplicationError as error:
            if error.type != "ExternalWorkflowExecutionNotFound":
                raise
            workflow.logger.warning("The person of %s is not open; %s was not delivered", self.lifecycle_id, signal)
            return False
        return True


def _line(run: StepRun) -> str:
    state = f"{run.state}: {run.cause}" if run.cause else run.state
    return f"| {run.step.name} | {run.step.leg} | {state} | {run.attempts} |"
