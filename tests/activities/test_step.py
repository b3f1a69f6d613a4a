"""Writing once: what the wrapper does with rows, marks, retries and cancellation, whatever the step is."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from connectors.graph import GraphClient
from ledger import Entry, Ledger, LifecyclePatch
from tests.activities.driver import SETTLE, Driver, assert_attributable, rows_of, seconds, step_call
from tests.connectors.identities import eventually, fault, hired, last_request, newcomer, writes
from tests.tenant import Tenant

UPDATE = "accounts.update"


async def an_update(graph: GraphClient, **attributes: Any) -> Any:
    """A call that changes a new user's properties."""
    user = await hired(graph)
    return step_call("attributes", {"attributes": attributes or {"jobTitle": "Analyst"}}, object_id=user.id)


async def test_an_outcome_in_the_ledger_is_the_outcome(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    call = await an_update(graph)
    first = await driver.attempt(UPDATE, call)
    since = last_request(tenant)
    assert await driver.attempt(UPDATE, call) == first
    assert await driver.attempt(UPDATE, call, 2) == first
    assert tenant.requests(since) == []


async def test_a_first_attempt_trusts_the_plan_and_reads_nothing(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    call, since = await an_update(graph), last_request(tenant)
    outcome = await driver.attempt(UPDATE, call)
    assert outcome.grade == "acknowledged"
    assert [row["method"] for row in tenant.requests(since) if row["path"].startswith("/v1.0")][-1:] == ["PATCH"]
    assert len(writes(tenant, since)) == 1


async def test_a_commanded_retry_looks_before_it_writes(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    call = await an_update(graph)
    await driver.attempt(UPDATE, call)
    await eventually(lambda: _shows(graph, call))
    since = last_request(tenant)
    outcome = await driver.attempt(UPDATE, call.model_copy(update={"round": 1}))
    assert outcome.grade == "observed"
    assert writes(tenant, since) == []


async def _shows(graph: GraphClient, call: Any) -> bool:
    return not (await graph.user(call.facts["object_id"])).differences(call.input["attributes"])


async def test_the_row_holds_who_why_and_every_writes_id(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    call, since = await an_update(graph), last_request(tenant)
    await driver.attempt(UPDATE, call)
    record = ledger.record(call.key)
    assert record is not None
    assert (record.actor, record.reason, record.event_id) == (call.actor, "as planned", call.event_id)
    assert record.body["requests"] >= 1
    assert record.body["activity"] == UPDATE
    assert record.body["client_request_ids"] == [row["client_request_id"] for row in writes(tenant, since)]
    assert "Analyst" not in record.body_json
    assert record.personal is not None
    assert record.personal["input"] == call.input


async def test_the_projection_shows_the_step_done(driver: Driver, graph: GraphClient, ledger: Ledger) -> None:
    call = await an_update(graph)
    opening = Entry(key="event", kind="event", actor="hr", lifecycle_id=call.lifecycle_id)
    ledger.append(opening, lifecycle=LifecyclePatch(call.lifecycle_id, status="running"))
    await driver.attempt(UPDATE, call)
    lifecycle = ledger.lifecycle(call.lifecycle_id)
    assert lifecycle is not None
    [line] = lifecycle.steps
    assert (line.name, line.state, line.attempts, line.grade) == ("attributes", "done", 1, "acknowledged")
    assert line.evidence == {"properties": ["jobTitle"]}


async def test_a_certain_refusal_leaves_its_mark_and_the_next_attempt_goes_on(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    call = await an_update(graph)
    fault(tenant, f"/users/{call.facts['object_id']}", method="PATCH", status=429, retry_after=1, count=1)
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt(UPDATE, call)
    error = caught.value
    assert (error.type, error.non_retryable, seconds(error.next_retry_delay)) == ("Throttled", False, 1)
    assert error.category == ApplicationErrorCategory.BENIGN
    assert driver.marks[-1] == ({"attempt": 1, "sent": False},)
    await asyncio.sleep(1)
    since = last_request(tenant)
    await driver.attempt(UPDATE, call, 2, marks=driver.marks[-1])
    assert [row["method"] for row in tenant.requests(since)] == ["GET", "PATCH"]


async def test_an_uncertain_write_is_not_sent_again_before_the_directory_has_settled(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    call, since = await an_update(graph), last_request(tenant)
    fault(tenant, f"/users/{call.facts['object_id']}", method="PATCH", status=503, when="after", count=1)
    outcome = await driver.complete(UPDATE, call)
    assert [error.type for error in driver.failures] == ["Unavailable", "Unsettled"]
    assert seconds(driver.failures[1].next_retry_delay) == SETTLE
    assert outcome.grade == "observed"
    assert len(writes(tenant, since, accepted=False)) == 1
    assert_attributable(tenant, ledger, call, since)


async def test_a_write_that_was_lost_is_made_after_looking(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    call, since = await an_update(graph), last_request(tenant)
    fault(tenant, f"/users/{call.facts['object_id']}", method="PATCH", status=503, when="before", count=1)
    outcome = await driver.complete(UPDATE, call)
    assert outcome.grade == "acknowledged"
    assert len(writes(tenant, since)) == 1


async def test_an_attempt_whose_worker_died_is_followed_by_a_look(
    driver: Driver, graph: GraphClient, another_ledger: Ledger, tenant: Tenant
) -> None:
    """Killed before its row: what was sent is at the tenant, and the ledger knows nothing of it."""
    call, since = await an_update(graph), last_request(tenant)
    await driver.attempt(UPDATE, call)
    forgetful = Driver(graph, another_ledger)
    with pytest.raises(ApplicationError) as caught:
        await forgetful.attempt(UPDATE, call, 2)
    assert caught.value.type == "Unsettled"
    assert forgetful.marks[-1] == ({"attempt": 2, "sent": False},)
    await asyncio.sleep(SETTLE)
    outcome = await forgetful.attempt(UPDATE, call, 3, marks=forgetful.marks[-1])
    assert outcome.grade == "observed"
    assert len(writes(tenant, since)) == 1
    assert_attributable(tenant, forgetful.ledger, call, since)


async def test_an_old_mark_says_nothing_about_the_attempt_before(driver: Driver, graph: GraphClient) -> None:
    call = await an_update(graph)
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt(UPDATE, call, 3, marks=({"attempt": 1, "sent": False},))
    assert caught.value.type == "Unsettled"


async def test_a_permanent_refusal_parks_at_once(driver: Driver, graph: GraphClient) -> None:
    call = await an_update(graph, department="")
    with pytest.raises(ApplicationError) as caught:
        await driver.complete(UPDATE, call)
    error = caught.value
    assert (error.type, error.non_retryable) == ("Refused", True)
    assert error.message.startswith(f"attributes for {call.employee_id}: ")
    details = error.details[0]
    assert (details["attempt"], details["status"], details["code"]) == (1, 400, "Request_BadRequest")
    assert details["request_id"]


async def test_an_attempt_that_wrote_and_failed_has_a_row(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    call = await an_update(graph, department="")
    since = last_request(tenant)
    with pytest.raises(ApplicationError):
        await driver.attempt(UPDATE, call)
    [row] = rows_of(ledger, call)
    assert (row["kind"], row["cause"]) == ("step.attempt", "Refused")
    assert_attributable(tenant, ledger, call, since)


async def test_an_object_not_seen_yet_is_waited_for(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=900)
    user = await graph.create_user(newcomer())
    call = step_call("attributes", {"attributes": {"jobTitle": "Analyst"}}, object_id=user.id)
    since = last_request(tenant)
    await driver.complete(UPDATE, call)
    assert {error.type for error in driver.failures} <= {"NotFound"}
    assert len(writes(tenant, since)) == 1


async def test_cancellation_does_not_cut_a_write_and_its_row(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    call, since = await an_update(graph), last_request(tenant)
    tenant.control("POST", "settings", latency_ms=400)
    worker = ActivityEnvironment()
    running = asyncio.ensure_future(driver.attempt(UPDATE, call, environment=worker))
    await asyncio.sleep(0.2)
    worker.cancel()
    outcome = await running
    assert outcome.grade == "acknowledged"
    assert ledger.record(call.key) is not None
    assert len(writes(tenant, since)) == 1


async def test_cancellation_while_looking_ends_the_attempt_without_a_write(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    call = (await an_update(graph)).model_copy(update={"round": 1})
    since = last_request(tenant)
    fault(tenant, f"/users/{call.facts['object_id']}", method="GET", delay_ms=600, count=1)
    worker = ActivityEnvironment()
    running = asyncio.ensure_future(driver.attempt(UPDATE, call, environment=worker))
    await asyncio.sleep(0.25)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert writes(tenant, since) == []


async def test_a_cancelled_attempt_that_would_be_retried_ends_as_cancelled(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    call = await an_update(graph)
    fault(tenant, f"/users/{call.facts['object_id']}", method="PATCH", delay_ms=500, status=503, count=1)
    worker = ActivityEnvironment()
    running = asyncio.ensure_future(driver.attempt(UPDATE, call, environment=worker))
    await asyncio.sleep(0.2)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_signs_of_life_are_given_while_the_tenant_takes_its_time(
    driver: Driver, graph: GraphClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await an_update(graph)
    tenant.control("POST", "settings", latency_ms=500)
    monkeypatch.setattr("activities.attempt.BEATS_PER_TIMEOUT", 100)
    await driver.attempt(UPDATE, call)
    assert len(driver.marks) >= 3
    assert set(map(repr, driver.marks)) == {repr(({"attempt": 1, "sent": True},))}


async def test_without_an_account_a_step_says_what_to_do(driver: Driver) -> None:
    call = step_call("disable", {})
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt("accounts.disable", call)
    assert (caught.value.type, caught.value.non_retryable) == ("NoAccount", True)


async def test_an_input_that_lacks_something_parks_instead_of_being_retried(driver: Driver) -> None:
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt("licences.assign", step_call("licence", {}, object_id="x"))
    assert (caught.value.type, caught.value.non_retryable) == ("BadInput", True)
    assert "sku_id" in caught.value.message
