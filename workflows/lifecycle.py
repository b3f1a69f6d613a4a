"""What joiner, mover and leaver have in common: their moment, their turn, and their end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel
from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from domain.runsheet import CONTAINMENT, SECOND_LOOK, TENANT_QUEUE, URGENT_QUEUE, LifecycleStatus, Step
    from workflows import contract
    from workflows.reporting import Reporting

FOREVER = datetime.max.replace(tzinfo=UTC)


class Interruption(BaseModel):
    """Why a lifecycle leaves its way: another takes its place, or somebody cancels it."""

    mode: Literal["superseded", "stop", "restore", "contain"]
    actor: str
    reason: str


class Interrupted(Exception):  # noqa: N818 - it says what happened, nothing went wrong
    """Raised at the waiting points of a lifecycle once an interruption has come."""


class Lifecycle(Reporting):
    """One lifecycle of one person; ``live`` is what distinguishes the kinds."""

    def __init__(self, start: contract.LifecycleStart) -> None:
        super().__init__(start, interrupted=lambda: self.interruption is not None)
        self.carried = start.carried
        self.due_at = self.envelope.prepare_at or self.envelope.effective_at
        self.awaits_preparation = self.envelope.prepare_at is not None
        self.delete_at = start.carried.delete_at if start.carried else None
        self.return_at: datetime | None = None
        self.waiting_for: str | None = None
        self.interruption: Interruption | None = None
        self.asked = False
        self._plans: list[str] = []
        self._yielded = start.carried is not None
        self._stirred = False

    # --- the way of a lifecycle -------------------------------------------------------------------------------

    async def run_to_the_end(self) -> None:
        """Open, live, wind up if interrupted, and tell the person as the last act."""
        if self.carried is None:
            await self._execute("records.open", self.envelope)
        self.publish()
        await self._end(await self._live_or_wind_up())

    async def live(self) -> LifecycleStatus:
        """The kind's own way from here to its end state; raises ``Interrupted`` where it waits."""
        raise NotImplementedError

    async def moment(self, at: Callable[[], datetime] | None = None) -> None:
        """Wait until ``at`` (by default the lifecycle's own moment, which commands can move)."""
        at = at or (lambda: self.due_at)
        while (moment := at()) > (now := workflow.now()):
            left = None if moment == FOREVER else moment - now
            await self.until(lambda: self._stirred, left, f"until {moment:%Y-%m-%d %H:%M} UTC")

    async def ask_for_the_turn(self) -> None:
        """Say that the moment has come; the answer is ``go``, now or later."""
        self.asked, self._yielded = True, False
        if not await self.tell_person("due", contract.Due(lifecycle_id=self.lifecycle_id)):
            await self._start_person()

    async def _start_person(self) -> None:
        """The person was ended from outside; started anew it finds us in the ledger and asks."""
        with contextlib.suppress(WorkflowAlreadyStartedError):
            await workflow.start_child_workflow(
                contract.PERSON_WORKFLOW,
                contract.PersonStart(employee_id=self.envelope.employee_id),
                id=contract.person_workflow_id(self.envelope.employee_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
            )

    async def turn(self) -> None:
        """Wait for ``go``; say for whom we wait. What was parked before can be retried meanwhile."""
        told: str | None = None
        async with self.working_beside(frozenset({SECOND_LOOK})):
            while self.go is None:
                await self.until(lambda: self._stirred or self.go is not None)
                if self.waiting_for != told and self.go is None:
                    told = self.waiting_for
                    await self.record("lifecycle.waiting", status=self.shown_status, waiting_for=told or "")
        self.asked, self.waiting_for = False, None
        if told:
            await self.record("lifecycle.turn", waiting_for="")

    @contextlib.asynccontextmanager
    async def working_beside(self, leaving_out: frozenset[str] = frozenset()) -> AsyncIterator[None]:
        """Let the sheet work while something else is waited for."""
        working = asyncio.create_task(self._work_on(leaving_out))
        try:
            yield
        finally:
            working.cancel()

    async def _work_on(self, leaving_out: frozenset[str]) -> None:
        await self.sheet.carry_out(leaving_out=leaving_out)
        self.publish()

    async def contain(self) -> None:
        """Cut access, on containment's own queue; what parks there does not keep the rest from going on."""
        await self.work("contain", URGENT_QUEUE, or_stuck=True)

    async def work(self, phase: str, queue: str = TENANT_QUEUE, *, or_stuck: bool = False) -> None:
        """Plan a phase and carry it out, its second look aside."""
        if self.status == "scheduled":
            self.status = "running"
        plan_input = {"phase": phase, "envelope": self.envelope.model_dump(mode="json")}
        plan = Step(
            name=f"plan {phase}",
            activity="records.plan",
            input=plan_input,
            needs=self._plans,
            leg="plan",
            queue=queue,
        )
        if queue == URGENT_QUEUE:
            plan = plan.model_copy(update={"leg": CONTAINMENT, "patience_seconds": None})
        self.sheet.append([plan])
        self._plans = [plan.name]
        await self.carry_out(leaving_out=frozenset({SECOND_LOOK}), or_stuck=or_stuck)

    async def carry_out(self, *, leaving_out: frozenset[str] = frozenset(), or_stuck: bool = False) -> None:
        """Let the sheet work until it is settled; raises ``Interrupted``."""
        self.publish()
        await self.sheet.carry_out(leaving_out=leaving_out, or_stuck=or_stuck)
        self.publish()
        self._raise_if_interrupted()

    async def complete(self) -> LifecycleStatus:
        """Completed: give the turn back, then look once more at what was written."""
        self.status = "completed"
        await self.settle("lifecycle.completed")
        await self.yield_turn()
        if await self.second_look():
            await self.settle("lifecycle.completed")
        return "completed"

    async def second_look(self) -> bool:
        """Carry out what is left of the sheet; True if that is news to the ledger. An interruption ends it."""
        records = self._records
        try:
            await self.carry_out()
        except Interrupted:
            if self.interruption is not None and self.interruption.mode != "superseded":
                self.status = "running"  # a rescind or cancel that met the moment of completion
                raise
            why = self._take_interruption()
            await self.sheet.stop()
            self.sheet.leave_out({"ended_by": why.reason})
            return True
        return self._records != records

    async def yield_turn(self) -> None:
        """Tell the person that another lifecycle may work."""
        self.go, self.asked, self._yielded = None, False, True
        message = contract.Yielded(lifecycle_id=self.lifecycle_id, status=self.status, object_id=self.object_id)
        await self.tell_person("yielded", message)

    async def _live_or_wind_up(self) -> LifecycleStatus:
        try:
            return await self.live()
        except Interrupted:
            while True:
                try:
                    return await self._wind_up(self._take_interruption())
                except Interrupted:
                    continue

    async def _wind_up(self, why: Interruption) -> LifecycleStatus:
        untouched = self.status == "scheduled" and not self.sheet.runs
        await self.sheet.stop()
        self.sheet.reason, self.sheet.held, self.waited_by = why.reason, False, None
        if why.mode == "restore" and not untouched:
            await self._restore()
        if why.mode == "contain" and not untouched:
            await self._contain()
        return "superseded" if why.mode == "superseded" else "cancelled"

    async def _restore(self) -> None:
        self.status = "running"
        await self.record("lifecycle.restoring", status="running", waiting_for="")
        self.sheet.append_inverses()
        await self.carry_out(leaving_out=frozenset({*(run.step.leg for run in self.sheet.runs.values())} - {"restore"}))

    async def _contain(self) -> None:
        self.sheet.leave_out({"left_out_by": "cancel with contain"}, but=CONTAINMENT)
        await self.work("contain", URGENT_QUEUE)

    async def _end(self, state: LifecycleStatus) -> None:
        if self.status != state or state != "completed":
            self.status = state
            await self.settle(f"lifecycle.{state}")
        self.over = True
        self.publish()
        await workflow.wait_condition(workflow.all_handlers_finished)
        message = contract.Ended(lifecycle_id=self.lifecycle_id, state=state, object_id=self.object_id)
        await self.tell_person("ended", message)

    async def settle(self, kind: str) -> None:
        self.publish()
        await self.record(kind, status=self.status, steps=list(self.sheet.runs.values()), waiting_for="")

    # --- waiting and being interrupted ------------------------------------------------------------------------

    async def until(self, come: Callable[[], bool], at_most: timedelta | None = None, summary: str = "") -> None:
        """Wait for ``come`` or the time; raises ``Interrupted`` once there is an interruption."""
        self._raise_if_interrupted()
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: come() or self.interruption is not None, timeout=at_most, timeout_summary=summary or None
            )
        self._stirred = False
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        if self.interruption is not None:
            raise Interrupted

    def _take_interruption(self) -> Interruption:
        why = self.interruption
        assert why is not None  # noqa: S101 - Interrupted is raised only when there is one
        self.interruption = None
        return why

    def interrupt(self, mode: Literal["superseded", "stop", "restore", "contain"], actor: str, reason: str) -> None:
        """Leave the way; who is superseded is not cancelled as well."""
        if self.interruption is None or self.interruption.mode != "superseded":
            self.interruption = Interruption(mode=mode, actor=actor, reason=reason)
        self.stir()

    def stir(self) -> None:
        self._stirred = True
        self.sheet.wake()

    # --- messages from the person -----------------------------------------------------------------------------

    @workflow.signal(name="go")
    def on_go(self, message: contract.Go) -> None:
        """You have the turn."""
        self.go, self._yielded = message, False
        if message.object_id is not None:
            self.sheet.facts["object_id"] = message.object_id
        self.stir()

    @workflow.signal(name="supersede")
    def on_supersede(self, message: contract.Supersede) -> None:
        """Another lifecycle takes your place."""
        self.interrupt("superseded", message.by, f"superseded by {message.by}")

    @workflow.signal(name="rescind")
    def on_rescind(self, message: contract.TakenBack) -> None:
        """HR takes the event back."""
        self.interrupt("restore", message.actor, f"rescinded by event {message.event_id}")

    @workflow.signal(name="waiting")
    async def on_waiting(self, message: contract.Waiting) -> None:
        """You wait for another, another waits for you, or: are you due?"""
        if message.by is not None:
            self.waited_by = message.by or None
            self.give_way_if_idle()
        elif message.waiting_for is not None:
            self.waiting_for = message.waiting_for
            self.stir()
        elif self._yielded:
            await self.yield_turn()
        elif self.asked and self.go is None:
            await self.ask_for_the_turn()
