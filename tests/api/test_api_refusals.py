"""Refused requests leave one ledger row per caller, reason and minute."""

import asyncio
import time
import uuid

from ledger import Ledger, Record
from tests.api.samples import hire
from tests.api.serving import Api


def refusals(ledger: Ledger, actor: str) -> list[Record]:
    rows = ledger.records(actor=actor, limit=200).items
    return [row for row in rows if row.kind == "request.refused"]


async def within_a_minute() -> None:
    """Wait for the next minute if this one is nearly over, so that a test stays within one."""
    if (left := 60 - time.time() % 60) < 5:
        await asyncio.sleep(left)


async def test_one_row_per_caller_reason_and_minute(api: Api, ledger: Ledger) -> None:
    await within_a_minute()
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    for _ in range(3):
        await api.get("/audit/export", role="Iam.Admin", oid=one)
        await api.post("/hr/new-hire", {**hire(), "country": "XX"}, role="Hr.Operator", oid=one)
    await api.get("/audit/export", role="Iam.Admin", oid=other)
    rows = refusals(ledger, one)
    assert [(row.reason, row.body["status"]) for row in rows] == [("role-missing", 403), ("unfit", 422)]
    assert rows[0].body["path"] == "/audit/export"
    assert rows[0].lifecycle_id.startswith("platform:")
    assert len(refusals(ledger, other)) == 1


async def test_a_stranger_is_recorded_by_address_and_without_the_token(api: Api, ledger: Ledger) -> None:
    secret = f"nonsense{uuid.uuid4().hex}"
    await api.get("/lifecycles", headers={"Authorization": f"Bearer {secret}"})
    rows = refusals(ledger, "address:127.0.0.1")
    assert "token-malformed" in {row.reason for row in rows}
    assert all(secret not in row.body_json for row in rows)


async def test_neither_success_nor_looking_for_what_is_not_there_yet_is_recorded(api: Api, ledger: Ledger) -> None:
    caller = str(uuid.uuid4())
    await api.get("/lifecycles/joiner:E1:later", role="Iam.Auditor", oid=caller)
    await api.get("/lifecycles", role="Iam.Auditor", oid=caller)
    assert refusals(ledger, caller) == []
