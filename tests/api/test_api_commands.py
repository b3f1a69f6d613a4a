"""Commands on real lifecycles, carried out by a real worker, and events that were sent while there was none."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from temporalio.client import Client

import worker
from ledger import Ledger
from settings import Settings
from tests.api.conftest import settings_for
from tests.api.samples import day, hire, somebody
from tests.api.serving import Api, Issuer, TemporalServer, problem, served
from workflows.client import connect

WHY = {"reason": "as agreed by telephone"}


@asynccontextmanager
async def working(client: Client, settings: Settings) -> AsyncIterator[None]:
    """A worker, in this process, for as long as the block lasts."""
    policy = worker.load_policy(settings)
    async with (
        worker.tenant(settings) as (graph, scim),
        worker.ledger_of(settings) as ledger,
        AsyncExitStack() as stack,
    ):
        for one in worker.workers(client, graph, scim, ledger, policy):
            await stack.enter_async_context(one)
        yield


@pytest.fixture(scope="module")
async def busy(
    tenant: Any, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Api, list[str]]]:
    """An API with a worker behind it; and the ids of hires that were accepted before there was a worker."""
    server = TemporalServer()
    await server.start()
    settings = settings_for(tenant.json, server.address, tmp_path_factory.mktemp("busy"))
    async with served(settings, issuer) as api:
        early = [await accepted(api, "new-hire", hire()) for _ in range(3)]
        async with working(await connect(server.address), settings):
            yield api, early
    await server.stop()


@pytest.fixture
def api(busy: tuple[Api, list[str]]) -> Api:
    return busy[0]


async def accepted(api: Api, path: str, body: dict[str, Any]) -> str:
    """Post an event; the id of its lifecycle."""
    answer = await api.post(f"/hr/{path}", body, role="Hr.Operator")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["lifecycle_workflow_id"])


async def shown(api: Api, lifecycle_id: str, when: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The lifecycle as soon as it is there and as wanted."""

    async def look() -> dict[str, Any] | None:
        answer = await api.get(f"/lifecycles/{lifecycle_id}", role="Iam.Auditor")
        return answer.json() if answer.status_code == 200 and when(answer.json()) else None

    return await until(look)


async def until(look: Callable[[], Awaitable[dict[str, Any] | None]], seconds: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it never came")


def there(_: dict[str, Any]) -> bool:
    return True


def parked(lifecycle: dict[str, Any]) -> bool:
    return bool(lifecycle["status"] == "attention")


async def scheduled(api: Api) -> str:
    """A hire far ahead that a worker has begun."""
    lifecycle_id = await accepted(api, "new-hire", hire())
    assert (await shown(api, lifecycle_id, there))["status"] == "scheduled"
    return lifecycle_id


async def stuck(api: Api) -> tuple[str, str]:
    """A mover of somebody whom the tenant does not know, and its parked step."""
    body = {"employee_id": somebody(), "effective_at": day(-1), "changes": {"title": "Boss"}}
    lifecycle = await shown(api, await accepted(api, "update", body), parked)
    step = next(step for step in lifecycle["steps"] if step["state"] == "attention")
    return lifecycle["id"], step["name"]


async def test_what_was_accepted_without_a_worker_is_carried_out_when_one_comes(busy: tuple[Api, list[str]]) -> None:
    api, early = busy
    for lifecycle_id in early:
        assert (await shown(api, lifecycle_id, there))["status"] == "scheduled"


async def test_an_event_that_has_its_row_is_a_duplicate_and_changes_nothing(api: Api, tmp_path: Any) -> None:
    body = hire(event_id="again")
    lifecycle_id = await accepted(api, "new-hire", body)
    before = await shown(api, lifecycle_id, there)
    answer = await api.post("/hr/new-hire", body, role="Hr.Operator")
    assert answer.json()["status"] == "duplicate"
    assert await shown(api, lifecycle_id, there) == before


async def test_postpone_answers_with_the_new_moment(api: Api) -> None:
    lifecycle_id = await scheduled(api)
    body = {**WHY, "until": "2027-12-24T10:00:00+01:00"}
    answer = await api.post(f"/lifecycles/{lifecycle_id}/postpone", body, role="Iam.Admin")
    assert (answer.status_code, answer.json()["effective_at"]) == (200, "2027-12-24T09:00:00Z")


async def test_the_same_request_id_is_the_same_command(api: Api) -> None:
    lifecycle_id = await scheduled(api)
    body = {**WHY, "until": "2027-12-24T09:00:00Z"}
    admin = "5a1d0000-0000-4000-8000-00000000ad31"
    for _ in range(2):
        answer = await api.post(
            f"/lifecycles/{lifecycle_id}/postpone",
            body,
            role="Iam.Admin",
            oid=admin,
            headers={"X-Request-Id": "click-1"},
        )
        assert answer.status_code == 200, answer.text
    ledger = Ledger.open(api.settings.database_url)
    rows = ledger.records(lifecycle_id=lifecycle_id, actor=admin).items
    ledger.close()
    assert [(row.kind, row.reason) for row in rows] == [("command.postpone", WHY["reason"])]


async def test_cancel_ends_it_and_the_next_command_is_senseless(api: Api) -> None:
    lifecycle_id = await scheduled(api)
    body = {**WHY, "mode": "stop"}
    answer = await api.post(f"/lifecycles/{lifecycle_id}/cancel", body, role="Iam.Admin")
    assert answer.status_code == 200
    await shown(api, lifecycle_id, lambda lifecycle: lifecycle["status"] == "cancelled")
    answer = await api.post(f"/lifecycles/{lifecycle_id}/cancel", body, role="Iam.Admin")
    assert "cancelled already" in problem(answer, 409)["detail"]


async def test_a_command_that_makes_no_sense_now_is_409_and_says_why(api: Api) -> None:
    lifecycle_id = await scheduled(api)
    answer = await api.post(f"/lifecycles/{lifecycle_id}/hold", WHY, role="Iam.Admin")
    assert "scheduled" in problem(answer, 409)["detail"]
    problem(await api.post(f"/lifecycles/{lifecycle_id}/release", WHY, role="Iam.Admin"), 409)
    problem(await api.post(f"/lifecycles/{lifecycle_id}/retry", WHY, role="Iam.Admin"), 409)
    past = {**WHY, "until": "2020-01-01T00:00:00Z"}
    problem(await api.post(f"/lifecycles/{lifecycle_id}/postpone", past, role="Iam.Admin"), 409)


async def test_a_step_that_is_not_there_is_422(api: Api) -> None:
    lifecycle_id = await scheduled(api)
    for verb in ("skip", "retry"):
        answer = await api.post(f"/lifecycles/{lifecycle_id}/{verb}", {**WHY, "step": "dance"}, role="Iam.Admin")
        document = problem(answer, 422)
        assert document["errors"][0]["field"] == "step"
        assert "dance" in document["detail"]


@pytest.fixture(scope="module")
async def stuck_ones(busy: tuple[Api, list[str]]) -> list[tuple[str, str]]:
    """Three that wait for somebody, made side by side: a step is tried for a while before it parks."""
    return await asyncio.gather(*(stuck(busy[0]) for _ in range(3)))


def step_of(lifecycle: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in lifecycle["steps"] if step["name"] == name)
    return found


async def test_a_skipped_step_is_waived_by_whoever_did_it(api: Api, stuck_ones: list[tuple[str, str]]) -> None:
    lifecycle_id, step = stuck_ones[0]
    answer = await api.post(f"/lifecycles/{lifecycle_id}/skip", {**WHY, "step": step}, role="Iam.Admin")
    assert answer.status_code == 200, answer.text
    skipped = step_of(answer.json(), step)
    assert (skipped["state"], skipped["grade"]) == ("skipped", "waived")


async def test_a_parked_step_is_retried(api: Api, stuck_ones: list[tuple[str, str]]) -> None:
    lifecycle_id, step = stuck_ones[1]
    answer = await api.post(f"/lifecycles/{lifecycle_id}/retry", {**WHY, "step": step}, role="Iam.Admin")
    assert answer.status_code == 200, answer.text
    assert step_of(answer.json(), step)["state"] != "attention"


async def test_all_that_is_parked_for_one_cause_is_retried_at_once(api: Api, stuck_ones: list[tuple[str, str]]) -> None:
    lifecycle_id, step = stuck_ones[2]
    cause = step_of(await shown(api, lifecycle_id, parked), step)["cause"]
    answer = await api.post("/lifecycles/retry", {**WHY, "cause": cause}, role="Iam.Admin")
    assert answer.status_code == 200, answer.text
    assert lifecycle_id in answer.json()["retried"]
    assert stuck_ones[0][0] not in answer.json()["retried"]
    assert answer.json()["left"] == 0
