"""Runs step activities as a worker does: attempts, heartbeat marks and retries, but without waiting for a server."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import step_activities
from connectors.graph import GraphClient
from connectors.scim import ScimClient
from domain.runsheet import Outcome, StepCall
from ledger import Ledger
from tests.connectors.identities import writes
from tests.tenant import Tenant

SETTLE = 0.7
SHORTEST_RETRY = 0.15


@dataclass
class Driver:
    """One worker with its registered activities, by name."""

    graph: GraphClient
    ledger: Ledger
    scim: ScimClient | None = None
    attention_to: list[str] = field(default_factory=lambda: ["iam-admins@practice.example"])
    queue: str = "jml-tenant"
    marks: list[tuple[Any, ...]] = field(default_factory=list)
    failures: list[ApplicationError] = field(default_factory=list)

    def activity(self, name: str) -> Callable[[StepCall], Awaitable[Outcome]]:
        """The activity registered under a name."""
        made = step_activities(
            self.graph,
            self.scim,
            self.ledger,
            SETTLE,
            sender="iam-notices@practice.example",
            attention_to=self.attention_to,
        )
        return {registered(one): one for one in made}[name]

    async def attempt(
        self,
        name: str,
        call: StepCall,
        number: int = 1,
        *,
        marks: tuple[Any, ...] = (),
        environment: ActivityEnvironment | None = None,
        scheduled_at: datetime | None = None,
    ) -> Outcome:
        """One attempt of a step that was due at ``scheduled_at``; its heartbeats are in ``marks`` afterwards."""
        worker = environment or ActivityEnvironment()
        worker.info = dataclasses.replace(
            worker.info,
            attempt=number,
            activity_type=name,
            activity_id=call.key,
            heartbeat_details=list(marks),
            heartbeat_timeout=timedelta(seconds=10),
            scheduled_time=scheduled_at or datetime.now(UTC),
            task_queue=self.queue,
        )
        self.marks = []
        worker.on_heartbeat = lambda *details: self.marks.append(details)
        return await worker.run(self.activity(name), call)

    async def complete(self, name: str, call: StepCall, *, most: int = 12) -> Outcome:
        """Attempts until it is done or parks, as Temporal would retry; what failed is in ``failures``."""
        self.failures, marks, due = [], (), datetime.now(UTC)
        for number in range(1, most + 1):
            try:
                return await self.attempt(name, call, number, marks=marks, scheduled_at=due)
            except ApplicationError as error:
                self.failures.append(error)
                if error.non_retryable:
                    raise
                marks = self.marks[-1] if self.marks else marks
                await asyncio.sleep(max(SHORTEST_RETRY, seconds(error.next_retry_delay)))
        raise AssertionError(f"not done after {most} attempts: {self.failures[-1]}")


def registered(activity: Callable[..., Any]) -> str:
    """The name an activity is registered under."""
    return str(activity.__temporal_activity_definition.name)  # type: ignore[attr-defined]


def seconds(delay: timedelta | None) -> float:
    """A retry delay as a number."""
    return delay.total_seconds() if delay else 0.0


def step_call(step: str, input: dict[str, Any], **facts: Any) -> StepCall:  # noqa: A002 - the field's name
    """A call of a lifecycle nobody else has."""
    employee_id = str(facts.pop("employee_id", f"E{uuid4().hex[:10]}".upper()))
    event_id = f"ev-{uuid4().hex[:8]}"
    return StepCall(
        lifecycle_id=f"joiner:{employee_id}:{event_id}",
        employee_id=employee_id,
        event_id=event_id,
        actor="hr.operator@practice.example",
        reason="as planned",
        step=step,
        leg="account",
        input=input,
        facts=facts,
    )


def rows_of(ledger: Ledger, call: StepCall) -> list[dict[str, Any]]:
    """The bodies of a lifecycle's rows, with their keys."""
    return [
        {"key": row.key, "kind": row.kind, **row.body} for row in ledger.records(lifecycle_id=call.lifecycle_id).items
    ]


def assert_attributable(tenant: Tenant, ledger: Ledger, call: StepCall, since: int) -> None:
    """Every write after a row of the tenant's record stands with its id in a row of the lifecycle."""
    known: set[str] = set()
    for row in rows_of(ledger, call):
        known |= {*row.get("client_request_ids", []), *row.get("may_have_sent", [])}
    sent = {row["client_request_id"] for row in writes(tenant, since, accepted=False)}
    assert sent <= known
