"""Somebody's job changes: what is new comes first, what is old goes once it is seen."""

from typing import ClassVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.events import LifecycleKind
    from domain.runsheet import LifecycleStatus
    from workflows import contract
    from workflows.commands import CommandedLifecycle


@workflow.defn
class MoverWorkflow(CommandedLifecycle):
    """One change of a person."""

    kind: ClassVar[LifecycleKind] = "mover"

    @workflow.init
    def __init__(self, start: contract.LifecycleStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: contract.LifecycleStart) -> None:
        """Until the change is completed, cancelled or superseded."""
        await self.run_to_the_end()

    async def live(self) -> LifecycleStatus:
        """Wait for the moment and the turn, move, complete."""
        await self.moment()
        if self.go is None:
            await self.ask_for_the_turn()
        await self.turn()
        await self.work("move")
        return await self.complete()

    def give_way_if_idle(self) -> None:
        """Parked or in its overlap, it is superseded by the next due one, whose plan covers the whole person."""
        idle = self.sheet.stuck and bool(self.sheet.in_attention or self.sheet.delayed)
        if self.waited_by and self.go is not None and self.status == "running" and idle:
            self.interrupt("superseded", self.waited_by, f"superseded by {self.waited_by} while it waited")
