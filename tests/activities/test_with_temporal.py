"""The wrapper under a real Temporal server: that marks reach the next attempt, and that cancelling waits."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from activities import step_activities
    from connectors.graph import GraphClient
    from domain.runsheet import Outcome, StepCall
    from ledger import Ledger
    from tests.activities.driver import SETTLE, assert_attributable, step_call
    from tests.connectors.identities import eventually, fault, hired, last_request, writes
    from tests.tenant import Tenant

TEMPORAL = str(Path(sys.executable).with_name("temporal"))


@workflow.defn(name="OneStep")
class OneStep:
    """Runs one step as the interpreter of run sheets does; ``stop`` cancels it. Answers with how it ended."""

    def __init__(self) -> None:
        self._stopped = False

    @workflow.run
    async def run(self, name: str, call: StepCall) -> dict[str, Any]:
        handle = workflow.start_activity(
            name,
            call,
            result_type=Outcome,
            start_to_close_timeout=timedelta(seconds=20),
            heartbeat_timeout=timedelta(seconds=2),
            schedule_to_close_timeout=timedelta(seconds=60),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=200)),
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        stopping = asyncio.create_task(self._cancel_when_stopped(handle))
        try:
            outcome: Outcome = await handle
            return outcome.model_dump(mode="json")
        except ActivityError as error:
            cause = error.cause
            told = dict(cause.details[0]) if isinstance(cause, ApplicationError) and cause.details else {}
            return {"failed": type(cause).__name__, "type": getattr(cause, "type", None), **told}
        finally:
            stopping.cancel()

    @workflow.signal
    def stop(self) -> None:
        self._stopped = True

    async def _cancel_when_stopped(self, handle: Any) -> None:
        await workflow.wait_condition(lambda: self._stopped)
        handle.cancel()


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL, data_converter=pydantic_data_converter
    ) as environment:
        yield environment


@pytest.fixture
async def queue(temporal: WorkflowEnvironment, graph: GraphClient, ledger: Ledger) -> AsyncIterator[str]:
    """The queue of a worker with all step activities."""
    name = f"steps-{uuid4()}"
    async with Worker(
        temporal.client,
        task_queue=name,
        workflows=[OneStep],
        activities=step_activities(graph, None, ledger, SETTLE, sender="iam-notices@practice.example"),
    ):
        yield name


async def begin(temporal: WorkflowEnvironment, queue: str, name: str, call: StepCall) -> WorkflowHandle[Any, Any]:
    return await temporal.client.start_workflow("OneStep", args=[name, call], id=f"one-{uuid4()}", task_queue=queue)


async def test_the_mark_of_a_throttled_attempt_reaches_the_next(
    temporal: WorkflowEnvironment, queue: str, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = step_call("disable", {}, object_id=user.id), last_request(tenant)
    fault(tenant, f"/users/{user.id}$", method="PATCH", status=429, retry_after=1, count=1)
    outcome = await (await begin(temporal, queue, "accounts.disable", call)).result()
    assert outcome["grade"] == "acknowledged"
    rows = [row for row in tenant.requests(since) if user.id in row["path"]]
    assert [(row["method"], row["status"]) for row in rows] == [("PATCH", 429), ("GET", 200), ("PATCH", 204)]


async def test_an_uncertain_write_is_settled_looked_for_and_not_sent_again(
    temporal: WorkflowEnvironment, queue: str, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = step_call("disable", {}, object_id=user.id), last_request(tenant)
    fault(tenant, f"/users/{user.id}$", method="PATCH", drop=True, when="after", count=1)
    outcome = await (await begin(temporal, queue, "accounts.disable", call)).result()
    assert outcome["grade"] == "observed"
    assert len(writes(tenant, since, accepted=False)) == 1
    assert_attributable(tenant, ledger, call, since)


async def test_a_refusal_ends_at_once_with_its_cause_and_details(
    temporal: WorkflowEnvironment, queue: str, graph: GraphClient
) -> None:
    user = await hired(graph)
    group = (await graph.groups_by_name("Sales (dynamic)"))[0]
    call = step_call("groups", {"group_ids": [group.id], "names": ["Sales (dynamic)"]}, object_id=user.id)
    answer = await (await begin(temporal, queue, "groups.add", call)).result()
    assert (answer["failed"], answer["type"], answer["attempt"]) == ("ApplicationError", "Forbidden", 1)
    assert answer["retry_input"] == call.input


async def test_a_cancelled_step_finishes_the_write_in_hand_and_gives_its_outcome(
    temporal: WorkflowEnvironment, queue: str, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = step_call("disable", {}, object_id=user.id), last_request(tenant)
    fault(tenant, f"/users/{user.id}$", method="PATCH", delay_ms=2500, count=1)
    handle = await begin(temporal, queue, "accounts.disable", call)
    await asyncio.sleep(0.5)
    await handle.signal("stop")
    assert (await handle.result())["grade"] == "acknowledged"
    assert ledger.record(call.key) is not None
    assert len(writes(tenant, since)) == 1


async def test_a_step_that_waits_for_its_next_attempt_is_dropped_at_once(
    temporal: WorkflowEnvironment, queue: str, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = step_call("disable", {}, object_id=user.id), last_request(tenant)
    fault(tenant, f"/users/{user.id}$", method="PATCH", status=429, retry_after=30, count=1)
    handle = await begin(temporal, queue, "accounts.disable", call)
    await eventually(lambda: _throttled(tenant, since))
    await asyncio.sleep(0.3)
    await handle.signal("stop")
    answer = await asyncio.wait_for(handle.result(), 5)
    assert answer["failed"] == "CancelledError"
    assert writes(tenant, since) == []


async def _throttled(tenant: Tenant, since: int) -> bool:
    return any(row["status"] == 429 for row in tenant.requests(since))
