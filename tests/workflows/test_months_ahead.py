"""What lies months ahead, on a clock that skips."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from domain.events import Envelope, Event, NewHire, Rescind, Termination
from ledger import Ledger
from tests.tenant import Tenant
from workflows.contract import PERSON_WORKFLOW, WORKFLOW_QUEUE, PersonStart, person_workflow_id


async def tell(client: Client, event: Event, at: datetime) -> WorkflowHandle[object, object]:
    """Send an event to its person as the API does; the handle of its lifecycle."""
    now = datetime.now(UTC)
    envelope = Envelope(
        event=event,
        event_id=event.event_id or "",
        employee_id=event.employee_id,
        occurred_at=now,
        effective_at=at,
        due=at <= now,
        actor="a test",
    )
    await client.start_workflow(
        PERSON_WORKFLOW,
        PersonStart(employee_id=event.employee_id),
        id=person_workflow_id(event.employee_id),
        task_queue=WORKFLOW_QUEUE,
        start_signal="event",
        start_signal_args=[envelope],
    )
    return client.get_workflow_handle(envelope.lifecycle_id or "")


async def ended(handle: WorkflowHandle[object, object]) -> None:
    """Wait for a lifecycle that may not have been started yet."""
    for _ in range(200):
        try:
            await handle.result()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError(f"{handle.id} was never started")


async def hired(client: Client) -> str:
    """Somebody who has joined."""
    employee = f"M{uuid.uuid4().hex[:8]}"
    event = NewHire(
        event_id=f"hire-{employee}",
        employee_id=employee,
        given_name="Grace",
        family_name=f"Hopper {employee}",
        title="Admiral",
        department="Sales",
        country="US",
        employee_type="employee",
        hire_date=datetime.now(UTC).date(),
    )
    await ended(await tell(client, event, datetime.now(UTC) - timedelta(days=1)))
    return employee


def termination(employee: str) -> Termination:
    ahead = datetime.now(UTC) + timedelta(days=30)
    return Termination(event_id=f"term-{employee}", employee_id=employee, effective_at=ahead, kind="retirement")


def account(tenant: Tenant, object_id: str) -> int:
    """How the tenant answers for an account: 200, or 404 once it is deleted."""
    with tenant.client() as http:
        answer = http.get(f"/v1.0/users/{object_id}", headers={"Authorization": f"Bearer {tenant.token()}"})
    return answer.status_code


async def test_a_leaver_thirty_days_ahead_fires_and_is_deleted_after_retention(
    client: Client, ledger: Ledger, tenant: Tenant
) -> None:
    employee = await hired(client)
    person = ledger.person(employee)
    assert person is not None
    assert account(tenant, person.object_id or "") == 200

    event = termination(employee)
    leaver = await tell(client, event, event.effective_at or datetime.now(UTC))
    await ended(leaver)

    line = ledger.lifecycle(leaver.id)
    assert line is not None
    assert line.status == "completed"
    assert "delete account" in {step.name for step in line.steps if step.state == "done"}
    closed = await leaver.describe()
    assert closed.close_time is not None
    assert closed.close_time - datetime.now(UTC) > timedelta(days=59)


async def test_a_leaver_thirty_days_ahead_that_is_rescinded_never_fires(
    client: Client, skipping: WorkflowEnvironment, ledger: Ledger, tenant: Tenant
) -> None:
    employee = await hired(client)
    with skipping.with_time_skipping_disabled():
        event = termination(employee)
        leaver = await tell(client, event, event.effective_at or datetime.now(UTC))
        rescind = Rescind(event_id=f"rescind-{employee}", employee_id=employee, target_event_id=event.event_id)
        await tell(client, rescind, datetime.now(UTC))
        await ended(leaver)

    line = ledger.lifecycle(leaver.id)
    person = ledger.person(employee)
    assert line is not None
    assert person is not None
    assert line.status == "cancelled"
    assert line.steps == [] or {step.state for step in line.steps} == {"waiting"}
    assert account(tenant, person.object_id or "") == 200
