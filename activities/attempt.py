"""One attempt of an activity: what is known of the one before, signs of life, and what cancellation may not cut."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from temporalio import activity

from domain.runsheet import StepCall

T = TypeVar("T")

BEATS_PER_TIMEOUT = 3


@dataclass(frozen=True)
class Attempt:
    """Which attempt this is, and what it may rely on.

    ``certain``: the attempt before (if any) changed nothing unsaid. ``looks``: it reads for itself before it writes.
    ``seed`` names the attempt; the ids of its writes follow from it.
    """

    number: int
    certain: bool
    looks: bool
    seed: str

    @classmethod
    def of(cls, call: StepCall) -> "Attempt":
        """The attempt at work, from its activity's info and the heartbeat details that the one before left."""
        info = activity.info()
        before = info.attempt - 1
        return cls(
            number=info.attempt,
            certain=before == 0 or _mark(before) in info.heartbeat_details,
            looks=before > 0 or call.round > 0,
            seed=seed(call, info.attempt),
        )


def seed(call: StepCall, attempt: int) -> str:
    """The name of an attempt, the same whenever and wherever it is asked for."""
    info = activity.info()
    return f"{call.key}/{info.workflow_run_id}/{info.activity_id}/{attempt}"


def waited() -> float:
    """Seconds since the step's first attempt was due."""
    return (datetime.now(UTC) - activity.info().scheduled_time).total_seconds()


def mark_certain(attempt: int) -> None:
    """Say, as the last thing of an attempt, that it changed nothing beyond what its error tells."""
    activity.heartbeat(_mark(attempt))


@asynccontextmanager
async def beating(attempt: int) -> AsyncIterator[None]:
    """Signs of life inside the block, so that a dead worker is noticed soon and a cancellation arrives."""
    timeout = activity.info().heartbeat_timeout
    task = asyncio.create_task(_beat(attempt, timeout.total_seconds() / BEATS_PER_TIMEOUT)) if timeout else None
    try:
        yield
    finally:
        if task:
            task.cancel()


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish ``work`` whatever is cancelled meanwhile, and return its result."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
    return task.result()


async def _beat(attempt: int, interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        activity.heartbeat({"attempt": attempt, "sent": True})


def _mark(attempt: int) -> dict[str, Any]:
    return {"attempt": attempt, "sent": False}
