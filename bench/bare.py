"""The yardstick: a workflow that only asks for so many activities that do nothing, all at once."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

QUEUE = "bench"


@activity.defn(name="bench.nothing")
async def nothing() -> None:
    """Do nothing."""


@workflow.defn(name="BareWorkflow")
class Bare:
    """The least that a server has to do for a number of activities."""

    @workflow.run
    async def run(self, activities: int) -> None:
        """Ask for all of them, and end with the last."""
        limit = timedelta(seconds=60)
        await asyncio.gather(
            *(workflow.execute_activity(nothing, start_to_close_timeout=limit) for _ in range(activities))
        )
