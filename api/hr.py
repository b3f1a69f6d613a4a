"""``/hr``: the six things that HR says. Signed or with a token; each is answered with a receipt."""

from fastapi import APIRouter

from api.receipts import Receipt
from api.services import CallerDep, ServicesDep
from domain.events import Leave, NewHire, Rescind, Return, Termination, Update

router = APIRouter(prefix="/hr", tags=["hr"])


@router.post("/new-hire", status_code=202)
async def new_hire(event: NewHire, services: ServicesDep, caller: CallerDep) -> Receipt:
    """Somebody joins: starts a joiner."""
    return await services.reception.take(event, caller)


@router.post("/update", status_code=202)
async def update(event: Update, services: ServicesDep, caller: CallerDep) -> Receipt:
    """Something about somebody changes: starts a mover."""
    return await services.reception.take(event, caller)


@router.post("/termination", status_code=202)
async def termination(event: Termination, services: ServicesDep, caller: CallerDep) -> Receipt:
    """Somebody leaves: starts a leaver, which pre-empts whatever else goes on for them."""
    return await services.reception.take(event, caller)


@router.post("/rescind", status_code=202)
async def rescind(event: Rescind, services: ServicesDep, caller: CallerDep) -> Receipt:
    """HR takes an event back: its lifecycle is cancelled, and what it did is undone."""
    return await services.reception.take(event, caller)


@router.post("/leave", status_code=202)
async def leave(event: Leave, services: ServicesDep, caller: CallerDep) -> Receipt:
    """A leave of absence begins: access is suspended."""
    return await services.reception.take(event, caller)


@router.post("/return", status_code=202, name="return")
async def return_(event: Return, services: ServicesDep, caller: CallerDep) -> Receipt:
    """A leave of absence ends: what it suspended comes back."""
    return await services.reception.take(event, caller)
