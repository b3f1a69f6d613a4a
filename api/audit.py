"""``/audit``: the ledger, its verdict on itself, and an export that others can verify."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from api.export import as_csv, as_jsonl
from api.models import ChainVerdict, LedgerRecord, Listed
from api.query import Limit, OfEmployee, OfLifecycle, PageToken, PlainText, Since, listed
from api.services import ServicesDep

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("/events")
async def events(
    services: ServicesDep,
    employee_id: OfEmployee = None,
    lifecycle_id: OfLifecycle = None,
    actor: Annotated[PlainText | None, Query(description="Only what this one did.")] = None,
    since: Since = None,
    page_token: PageToken = None,
    limit: Limit = 100,
    newest_first: Annotated[bool, Query()] = False,
) -> Listed[LedgerRecord]:
    """Rows of the ledger, oldest first unless asked otherwise."""
    return await asyncio.to_thread(
        listed,
        lambda: services.ledger.records(
            employee_id=employee_id,
            lifecycle_id=lifecycle_id,
            actor=actor,
            since=since,
            page_token=page_token,
            limit=limit,
            newest_first=newest_first,
        ),
        LedgerRecord.model_validate,
    )


@router.get("/verify")
async def verify(services: ServicesDep) -> ChainVerdict:
    """Walk every chain: is each row as it was written, and is none missing?"""
    return ChainVerdict.model_validate(await asyncio.to_thread(services.ledger.verify))


@router.get("/export", response_class=StreamingResponse)
async def export(
    services: ServicesDep,
    format_: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "jsonl",
) -> StreamingResponse:
    """The whole ledger, streamed. ``jsonl`` is what hashes are checked on; ``csv`` is for spreadsheets.

    Personal parts stay here: an exported file would outlive their erasure. The chain verifies without them.
    """
    lines, media_type = (
        (as_csv(services.ledger), "text/csv") if format_ == "csv" else (as_jsonl(services.ledger), "application/jsonl")
    )
    disposition = f'attachment; filename="ledger.{format_}"'
    return StreamingResponse(lines, media_type=media_type, headers={"Content-Disposition": disposition})
