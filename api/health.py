"""``/health`` and ``/metrics``: open to whoever watches us; they say nothing about people."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from api import temporal
from api.errors import unavailable
from api.metrics import CONTENT_TYPE
from api.models import Health
from api.services import ServicesDep

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Health:
    """The process answers."""
    return Health(status="live")


@router.get("/health/ready")
async def ready(services: ServicesDep) -> Health:
    """Events can be taken in: Temporal answers, the ledger has its schema, the tenant's signing keys are known."""
    reached = await asyncio.gather(
        temporal.healthy(services.temporal), asyncio.to_thread(services.ledger.ready), services.keys.ready()
    )
    checks = dict(zip(("temporal", "ledger", "signing_keys"), reached, strict=True))
    missing = [name for name, reachable in checks.items() if not reachable]
    if missing:
        raise unavailable("not-ready", f"Not reachable: {', '.join(missing)}.")
    return Health(status="ready", checks=checks)


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Counters for Prometheus, in its text format."""
    return Response(services.metrics.exposition(), media_type=CONTENT_TYPE)
