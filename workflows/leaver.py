"""Somebody leaves: access is cut at once, the rest follows in its turn, and the account is kept for a while."""

from datetime import datetime
from typing import ClassVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.events import LifecycleKind
    from domain.runsheet import URGENT_QUEUE, LifecycleStatus
    from workflows import contract
    from workflows.commands import CommandedLifecycle
    from workflows.lifecycle import FOREVER


@workflow.defn
class LeaverWorkflow(CommandedLifecycle):
    """One termination, or one leave of absence."""

    kind: ClassVar[LifecycleKind] = "leaver"

    @workflow.init
    def __init__(self, start: contract.LifecycleStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: contract.LifecycleStart) -> None:
        """Until the account is deleted, somebody comes back, or the leaver is cancelled or superseded."""
        await self.run_to_the_end()

    @workflow.signal(name="return")
    def on_return(self, message: contract.Returned) -> None:
        """The leave of absence ends."""
        self.return_at = message.effective_at
        self.sheet.reason = f"returned by event {message.event_id}"
        self.stir()

    async def live(self) -> LifecycleStatus:
        """Contain without waiting for anybody, strip in turn, retain; somebody without an account leaves nothing."""
        if self.carried is None:
            await self.moment()
            await (self._suspend() if self._is_leave else self._terminate())
            if not self.sheet.facts.get("found", True):
                return "completed"
            await self._retain()
        return await self._retained()

    @property
    def _is_leave(self) -> bool:
        return self.envelope.event.type == "leave"

    async def _suspend(self) -> None:
        if self.go is None:
            await self.ask_for_the_turn()
        await self.turn()
        await self.work("contain", URGENT_QUEUE)

    async def _terminate(self) -> None:
        if self.go is None:
            await self.ask_for_the_turn()
        await self.contain()
        await self.turn()
        await self.work("strip")

    async def _retain(self) -> None:
        self.status = "retained"
        planned = self.sheet.facts.get("delete_at")
        self.delete_at = datetime.fromisoformat(planned) if planned else None
        await self.settle("lifecycle.retained")
        await self.yield_turn()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self.interruption is None and self.return_at is None:
            workflow.continue_as_new(self._continued())

    def _continued(self) -> contract.LifecycleStart:
        carried = contract.Carried(
            status=self.status,
            sheet=list(self.sheet.runs.values()),
            facts=self.sheet.facts,
            policy_hash=self.sheet.policy_hash,
            delete_at=self.delete_at,
            records=self._records,
        )
        return contract.LifecycleStart(envelope=self.envelope, carried=carried)

    async def _retained(self) -> LifecycleStatus:
        """The long wait for the deletion or the return, whichever comes first; the second pass runs beside it."""
        async with self.working_beside():
            await self.moment(lambda: min(self.delete_at or FOREVER, self.return_at or FOREVER))
        await self.sheet.stop()
        self.sheet.leave_out({"ended_by": "the end of the retention"})
        if self.return_at is not None and self.return_at <= workflow.now():
            await self._restore()
        else:
            await self.work("delete")
        return "completed"
