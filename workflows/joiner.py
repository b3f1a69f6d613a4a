"""Somebody joins: the account is prepared ahead of the day if the policy says so, and opened on it."""

from typing import ClassVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.events import LifecycleKind
    from domain.runsheet import LifecycleStatus
    from workflows import contract
    from workflows.commands import CommandedLifecycle


@workflow.defn
class JoinerWorkflow(CommandedLifecycle):
    """One hire."""

    kind: ClassVar[LifecycleKind] = "joiner"

    @workflow.init
    def __init__(self, start: contract.LifecycleStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: contract.LifecycleStart) -> None:
        """Until the hire is completed, cancelled or superseded."""
        await self.run_to_the_end()

    async def live(self) -> LifecycleStatus:
        """Prepare when there is time for it, join on the day."""
        await self._come_to_turn()
        if self.awaits_preparation and self.envelope.effective_at > workflow.now():
            await self._prepare()
            await self._come_to_turn()
        await self.work("join")
        return await self.complete()

    async def _come_to_turn(self) -> None:
        await self.moment()
        if self.go is None:
            await self.ask_for_the_turn()
        await self.turn()

    async def _prepare(self) -> None:
        await self.work("prepare")
        self.status, self.awaits_preparation = "scheduled", False
        self.due_at = self.envelope.effective_at
        await self.settle("lifecycle.prepared")
        await self.yield_turn()
