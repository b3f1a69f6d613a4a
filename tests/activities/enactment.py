"""A company at the practice tenant, and run sheets carried out step by step as the interpreter would."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import worker
from activities.records import Records
from connectors.graph import GraphClient
from connectors.scim import ScimClient
from connectors.tokens import EntraTokens, StaticToken
from domain.events import Envelope, Leave, NewHire, Termination, Update
from domain.policy import Policy
from domain.runsheet import Outcome, Step, StepCall
from ledger import Ledger
from tests.tenant import Tenant

ROOT = Path(__file__).resolve().parents[2]
MOST_ATTEMPTS = 40
LONGEST_DELAY = 0.5


@dataclasses.dataclass
class Company:
    """Everything a worker works with."""

    graph: GraphClient
    ledger: Ledger
    policy: Policy
    activities: dict[str, Any]

    async def try_once(self, call: StepCall, name: str, attempt: int = 1, marks: tuple[Any, ...] = ()) -> Outcome:
        """One attempt of an activity."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(
            environment.info, attempt=attempt, activity_type=name, activity_id=call.step, heartbeat_details=marks
        )
        environment.on_heartbeat = lambda *details: self._marks.__setitem__(call.key, details)
        outcome: Outcome = await environment.run(self.activities[name], call)
        return outcome

    _marks: dict[str, Any] = dataclasses.field(default_factory=dict)

    async def perform(self, call: StepCall, name: str) -> Outcome:
        """An activity with its retries; raises what parks the step."""
        for attempt in range(1, MOST_ATTEMPTS):
            try:
                return await self.try_once(call, name, attempt, self._marks.get(call.key, ()))
            except ApplicationError as error:
                if error.non_retryable:
                    raise
                delay = error.next_retry_delay.total_seconds() if error.next_retry_delay else 0.1
                await asyncio.sleep(min(delay, LONGEST_DELAY))
        raise TimeoutError(f"{call.step} did not succeed")


class Enactment:
    """One lifecycle: its facts and outcomes as the sheet is carried out."""

    def __init__(self, company: Company, envelope: Envelope, facts: dict[str, Any] | None = None) -> None:
        self.company = company
        self.envelope = envelope
        self.facts = facts or {}
        self.outcomes: dict[str, Outcome] = {}
        self.steps: list[Step] = []

    @property
    def lifecycle_id(self) -> str:
        """Its id."""
        return self.envelope.lifecycle_id or ""

    async def open(self) -> "Enactment":
        """The lifecycle's first act."""
        await Records(self.company.ledger).open(self.envelope)
        return self

    def call(self, step: Step, again: int = 0) -> StepCall:
        """What the step's activity is told."""
        return StepCall(
            lifecycle_id=self.lifecycle_id,
            employee_id=self.envelope.employee_id,
            event_id=self.envelope.event_id,
            actor="hr",
            step=step.name,
            leg=step.leg,
            round=again,
            input=step.input,
            facts=self.facts,
        )

    def plan_step(self, phase: str) -> Step:
        """The step that plans a phase."""
        arguments = {"phase": phase, "envelope": self.envelope.model_dump(mode="json")}
        return Step(name=f"plan {phase}", activity="records.plan", input=arguments, leg="plan")

    async def plan(self, phase: str) -> list[str]:
        """Plan a phase; the names of its steps."""
        outcome = await self._run(self.plan_step(phase))
        self.steps += outcome.steps
        return [step.name for step in outcome.steps]

    async def carry_out(self, phase: str) -> list[str]:
        """Plan a phase and carry it out, the second look aside; the names of its steps."""
        names = await self.plan(phase)
        for step in self.steps:
            if step.name in names and step.leg != "second_look":
                await self._run(step)
        return names

    async def second_look(self) -> Outcome:
        """The last leg, now."""
        return await self._run(next(step for step in self.steps if step.leg == "second_look"))

    def step(self, name: str) -> Step:
        """A step of the sheet."""
        return next(step for step in self.steps if step.name == name)

    async def _run(self, step: Step) -> Outcome:
        outcome = await self.company.perform(self.call(step), step.activity)
        self.outcomes[step.name] = outcome
        self.facts |= outcome.facts
        return outcome


async def until(shown: Callable[[], Awaitable[bool]]) -> None:
    """Until the tenant shows what was written past the platform."""
    for _ in range(100):
        if await shown():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the tenant does not show it")


def enveloped(event: Any, at: datetime | None = None) -> Envelope:
    """An accepted event with an id of its own, due now."""
    now = datetime.now(UTC)
    return Envelope(
        event=event,
        event_id=f"ev-{uuid4().hex[:8]}",
        employee_id=event.employee_id,
        occurred_at=now,
        effective_at=at or now,
        due=True,
        actor="hr",
    )


def new_id() -> str:
    """An employee id nobody has."""
    return f"T{uuid4().hex[:8]}"


def hire(employee_id: str, **changes: Any) -> Envelope:
    """Somebody joins Finance."""
    fields: dict[str, Any] = {
        "given_name": "Ada",
        "family_name": f"Byron{employee_id}",
        "title": "Analyst",
        "department": "Finance",
        "country": "GB",
        "employee_type": "employee",
        "hire_date": date(2026, 3, 1),
    }
    return enveloped(NewHire(employee_id=employee_id, **(fields | changes)))


def update(employee_id: str, **changes: Any) -> Envelope:
    """Somebody's job changes."""
    return enveloped(Update(employee_id=employee_id, effective_at=datetime.now(UTC), changes=changes))


def termination(employee_id: str, **fields: Any) -> Envelope:
    """Somebody leaves."""
    return enveloped(Termination(employee_id=employee_id, effective_at=datetime.now(UTC), kind="involuntary", **fields))


def leave(employee_id: str) -> Envelope:
    """Somebody is away for a while."""
    return enveloped(Leave(employee_id=employee_id))


@asynccontextmanager
async def company_at(tenant: Tenant, folder: Path, authority: str = "graph") -> AsyncIterator[Company]:
    """A company with an empty ledger at the practice tenant; ``authority`` says where its people are created."""
    url = f"sqlite:///{folder}/ledger.db"
    Ledger.migrate(url)
    ledger = Ledger.open(url)
    about = tenant.json
    tokens = EntraTokens(
        authority_url=tenant.base_url,
        tenant_id=about["tenant_id"],
        client_id=about["platform"]["client_id"],
        client_secret=about["platform"]["client_secret"],
        scope="https://graph.microsoft.com/.default",
        ca_file=tenant.ca_file,
    )
    graph = GraphClient(tenant.base_url, tokens, ca_file=tenant.ca_file)
    protected = [person["object_id"] for person in about["protected"]]
    policy = Policy.load(ROOT / "policies" / "default.yaml", "practice", protected)
    policy = policy.model_copy(update={"authority": authority})
    scim = ScimClient(f"{tenant.base_url}/scim/v2", StaticToken(about["scim"]["token"]), ca_file=tenant.ca_file)
    registered = worker.tenant_activities(graph, scim, ledger, policy)
    named = {activity._Definition.must_from_callable(item).name or "": item for item in registered}
    try:
        yield Company(graph, ledger, policy, named)
    finally:
        await graph.aclose()
        await scim.aclose()
        ledger.close()
