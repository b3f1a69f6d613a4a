"""``/lifecycles``: lists and details from the ledger, commands as updates of the lifecycle's workflow."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from api import commands
from api.errors import not_found
from api.models import (
    CancelBody,
    CommandBody,
    LifecycleDetail,
    Listed,
    PostponeBody,
    Retried,
    RetryAllBody,
    RetryBody,
    SkipBody,
)
from api.query import Limit, OfEmployee, PageToken, Words, lifecycle_id_or_404, listed
from api.services import CallerDep, ServicesDep, VisitDep
from domain.events import LifecycleKind
from domain.runsheet import LifecycleStatus
from workflows.contract import Cancel, Command, Postpone, Retry, Skip

router = APIRouter(prefix="/lifecycles", tags=["lifecycles"])


@router.get("")
async def lifecycles(
    services: ServicesDep,
    kind: Annotated[LifecycleKind | None, Query()] = None,
    status: Annotated[LifecycleStatus | None, Query()] = None,
    employee_id: OfEmployee = None,
    q: Words = None,
    page_token: PageToken = None,
    limit: Limit = 50,
) -> Listed[LifecycleDetail]:
    """Lifecycles, newest first."""
    return await asyncio.to_thread(
        listed,
        lambda: services.ledger.lifecycles(
            kind=kind, status=status, employee_id=employee_id, q=q, page_token=page_token, limit=limit
        ),
        LifecycleDetail.model_validate,
    )


@router.get("/{lifecycle_id}")
async def lifecycle(lifecycle_id: str, services: ServicesDep) -> LifecycleDetail:
    """One lifecycle. Just after its receipt it may not be there yet: it is once a worker has begun it."""
    view = await asyncio.to_thread(services.ledger.lifecycle, lifecycle_id_or_404(lifecycle_id))
    if view is None:
        not_found(f"There is no lifecycle {lifecycle_id!r}, or no worker has begun it yet.")
    return LifecycleDetail.model_validate(view)


@router.post("/retry")
async def retry_all(body: RetryAllBody, services: ServicesDep, caller: CallerDep, visit: VisitDep) -> Retried:
    """Begin every step anew that is parked for this cause."""
    return await commands.retry_all(services, visit, body.cause, Retry(actor=caller.actor, reason=body.reason))


@router.post("/{lifecycle_id}/retry")
async def retry(
    lifecycle_id: str, body: RetryBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Begin a parked step anew."""
    command = Retry(actor=caller.actor, reason=body.reason, step=body.step, input=body.input)
    return await commands.carry_out(services, visit, lifecycle_id, "retry", command)


@router.post("/{lifecycle_id}/skip")
async def skip(
    lifecycle_id: str, body: SkipBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Leave a parked or waiting step out."""
    command = Skip(actor=caller.actor, reason=body.reason, step=body.step)
    return await commands.carry_out(services, visit, lifecycle_id, "skip", command)


@router.post("/{lifecycle_id}/cancel")
async def cancel(
    lifecycle_id: str, body: CancelBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """End the lifecycle."""
    command = Cancel(actor=caller.actor, reason=body.reason, mode=body.mode)
    return await commands.carry_out(services, visit, lifecycle_id, "cancel", command)


@router.post("/{lifecycle_id}/hold")
async def hold(
    lifecycle_id: str, body: CommandBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Begin no further step until released."""
    command = Command(actor=caller.actor, reason=body.reason)
    return await commands.carry_out(services, visit, lifecycle_id, "hold", command)


@router.post("/{lifecycle_id}/release")
async def release(
    lifecycle_id: str, body: CommandBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Go on after a hold."""
    command = Command(actor=caller.actor, reason=body.reason)
    return await commands.carry_out(services, visit, lifecycle_id, "release", command)


@router.post("/{lifecycle_id}/expedite")
async def expedite(
    lifecycle_id: str, body: CommandBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Make the moment it waits for now; a retained leaver is deleted."""
    command = Command(actor=caller.actor, reason=body.reason)
    return await commands.carry_out(services, visit, lifecycle_id, "expedite", command)


@router.post("/{lifecycle_id}/postpone")
async def postpone(
    lifecycle_id: str, body: PostponeBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Move the moment it waits for."""
    command = Postpone(actor=caller.actor, reason=body.reason, until=body.until)
    return await commands.carry_out(services, visit, lifecycle_id, "postpone", command)


@router.post("/{lifecycle_id}/approve")
async def approve(
    lifecycle_id: str, body: CommandBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """Let a lifecycle go on that awaits approval."""
    command = Command(actor=caller.actor, reason=body.reason)
    return await commands.decide(services, visit, lifecycle_id, "approve", command)


@router.post("/{lifecycle_id}/reject")
async def reject(
    lifecycle_id: str, body: CommandBody, services: ServicesDep, caller: CallerDep, visit: VisitDep
) -> LifecycleDetail:
    """End a lifecycle that awaits approval."""
    command = Command(actor=caller.actor, reason=body.reason)
    return await commands.decide(services, visit, lifecycle_id, "reject", command)
