"""Temporal away: 503 in time, nothing half-accepted, and back by itself. Workers away: accepted all the same."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ledger import Entry, Ledger, LifecyclePatch
from tests.api.conftest import settings_for
from tests.api.samples import hire, somebody
from tests.api.serving import Api, Issuer, TemporalServer, problem, served


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TemporalServer]:
    server = TemporalServer(file=tmp_path / "temporal.db")
    yield server
    await server.stop()


@pytest.fixture
async def lonely(server: TemporalServer, tenant: Any, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Api]:
    """An API whose Temporal is not there yet."""
    async with served(settings_for(tenant.json, server.address, tmp_path), issuer) as api:
        yield api


async def test_events_are_503_until_temporal_is_there_and_again_when_it_goes(
    lonely: Api, server: TemporalServer
) -> None:
    body = hire(event_id="e1")

    async def refused() -> None:
        begun = time.monotonic()
        answer = await lonely.post("/hr/new-hire", body, role="Hr.Operator")
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
        assert time.monotonic() - begun < 10
        problem(await lonely.get("/health/ready"), 503)
        assert (await lonely.get("/health/live")).status_code == 200

    await refused()
    client = await server.start()
    assert (await client.count_workflows("")).count == 0
    assert (await lonely.get("/health/ready")).status_code == 200
    answer = await lonely.post("/hr/new-hire", body, role="Hr.Operator")
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    await server.stop()
    body = hire(event_id="e2")
    await refused()
    await server.start()
    assert (await lonely.get("/health/ready")).status_code == 200
    answer = await lonely.post("/hr/new-hire", body, role="Hr.Operator")
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")


async def test_a_ledger_that_was_never_made_is_503_and_nothing_is_accepted(
    server: TemporalServer, tenant: Any, issuer: Issuer, tmp_path: Path
) -> None:
    client = await server.start()
    settings = settings_for(tenant.json, server.address, tmp_path)
    (settings.data_dir / "ledger.db").unlink()
    async with served(settings, issuer) as api:
        assert "ledger" in problem(await api.get("/health/ready"), 503)["detail"]
        problem(await api.post("/hr/new-hire", hire(), role="Hr.Operator"), 503)
        problem(await api.get("/lifecycles", role="Iam.Admin"), 503)
    assert (await client.count_workflows("")).count == 0


async def test_commands_are_503_while_temporal_is_away_and_lists_go_on(lonely: Api) -> None:
    ledger = Ledger.open(lonely.settings.database_url)
    lifecycle_id = f"joiner:{somebody()}:e1"
    ledger.append(
        Entry(f"{lifecycle_id}/x", "test", "hr", lifecycle_id=lifecycle_id),
        lifecycle=LifecyclePatch(lifecycle_id, status="running"),
    )
    ledger.close()
    begun = time.monotonic()
    answer = await lonely.post(f"/lifecycles/{lifecycle_id}/hold", {"reason": "wait"}, role="Iam.Admin")
    problem(answer, 503)
    assert "retry-after" in answer.headers
    assert time.monotonic() - begun < 10
    assert len((await lonely.get("/lifecycles", role="Iam.Admin")).json()["items"]) == 1
