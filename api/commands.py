"""Administrators' commands: looked at in the ledger first, carried out by the lifecycle, shown as it then is."""

import asyncio

from api import temporal
from api.errors import Problem, not_found
from api.models import LifecycleDetail, Retried
from api.query import lifecycle_id_or_404
from api.services import Services
from api.visit import Visit
from domain.runsheet import FINISHED
from ledger import LifecycleView, ParkedStep
from workflows.contract import Command, Retry

AT_ONCE = 10
WITHIN_SECONDS = 8


async def carry_out(
    services: Services, visit: Visit, lifecycle_id: str, verb: str, command: Command
) -> LifecycleDetail:
    """Send the command and answer with the lifecycle as it now is. The request's id makes a second try harmless."""
    view = await _read(services, lifecycle_id)
    if view.status in FINISHED:
        raise Problem(409, "senseless", f"Nothing was done: {view.id} is {view.status} already.")
    await temporal.command(services.temporal, view.id, verb, command, f"{verb}:{visit.request_id}")
    return LifecycleDetail.model_validate(await _read(services, lifecycle_id))


async def decide(services: Services, visit: Visit, lifecycle_id: str, verb: str, command: Command) -> LifecycleDetail:
    """Approve or reject, where somebody is asked to."""
    view = await _read(services, lifecycle_id)
    if view.status != "awaiting_approval":
        raise Problem(409, "senseless", f"Nothing was done: {view.id} is {view.status}, it awaits no approval.")
    return await carry_out(services, visit, lifecycle_id, verb, command)


async def retry_all(services: Services, visit: Visit, cause: str, command: Retry) -> Retried:
    """Retry every step parked for ``cause``, as far as the time of one request goes; 503 if not one was taken."""
    parked = await asyncio.to_thread(services.ledger.parked, cause)
    slots = asyncio.Semaphore(AT_ONCE)
    tasks = [asyncio.create_task(_retry(services, visit, slots, item, command)) for item in parked]
    if not tasks:
        return Retried(retried=[])
    _, late = await asyncio.wait(tasks, timeout=WITHIN_SECONDS)
    for task in late:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    _raise_defects(outcomes)
    retried = {item.lifecycle_id for item, outcome in zip(parked, outcomes, strict=True) if outcome is True}
    failed = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    if failed and not retried:
        raise failed[0]
    return Retried(retried=sorted(retried), left=len([item for item in outcomes if not isinstance(item, bool)]))


async def _retry(
    services: Services, visit: Visit, slots: asyncio.Semaphore, parked: ParkedStep, command: Retry
) -> bool:
    """Whether the step began anew; False if somebody was faster and it is parked no longer."""
    argument = command.model_copy(update={"step": parked.step})
    update_id = f"retry:{visit.request_id}:{parked.step}"
    async with slots:
        try:
            await temporal.command(services.temporal, parked.lifecycle_id, "retry", argument, update_id)
        except Problem as problem:
            if problem.status == 503:
                raise
            return False
    return True


def _raise_defects(outcomes: list[bool | BaseException]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Problem | asyncio.CancelledError):
            raise outcome


async def _read(services: Services, lifecycle_id: str) -> LifecycleView:
    view = await asyncio.to_thread(services.ledger.lifecycle, lifecycle_id_or_404(lifecycle_id))
    return view or not_found(f"There is no lifecycle {lifecycle_id!r}, or no worker has begun it yet.")
