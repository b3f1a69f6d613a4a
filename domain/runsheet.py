"""The run sheet: a lifecycle's steps as data, and what an activity is told and answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

StepState = Literal["waiting", "running", "done", "skipped", "attention", "undone"]
LifecycleStatus = Literal[
    "scheduled", "awaiting_approval", "running", "attention", "held", "retained", "completed", "cancelled", "superseded"
]
Grade = Literal["observed", "acknowledged", "attested", "waived"]
CancelMode = Literal["stop", "restore", "contain"]
FINISHED: frozenset[str] = frozenset({"completed", "cancelled", "superseded"})

TENANT_QUEUE = "jml-tenant"
URGENT_QUEUE = "jml-urgent"
"""Containment's own: no backlog of ordinary steps delays it."""
CONTAINMENT = "containment"
SECOND_LOOK = "second_look"
"""The two legs that are treated apart from the others."""


class Inverse(BaseModel):
    """What undoes a step: an activity and its input, fixed when the step was planned."""

    activity: str
    input: dict[str, Any] = Field(default_factory=dict)


class Step(BaseModel):
    """One line of the run sheet. ``needs`` names steps that must be done or skipped first.

    ``delay_seconds`` is waited after those are; ``patience_seconds`` bounds all attempts together (None: no bound);
    ``on_refused`` are steps that are put before this one, once, when the tenant refuses it with 403.
    """

    name: str
    activity: str
    input: dict[str, Any] = Field(default_factory=dict)
    needs: list[str] = Field(default_factory=list)
    leg: str
    queue: str = TENANT_QUEUE
    delay_seconds: float = 0
    patience_seconds: float | None = 3600
    on_refused: list["Step"] = Field(default_factory=list)
    inverse: Inverse | None = None


class StepCall(BaseModel):
    """What an activity gets: its step's input and what the lifecycle has learned so far (``facts``).

    ``round`` counts the times the step was begun on purpose: 0 the first time, +1 for each commanded retry and for
    each repetition that a verify step asks for. From round 1 on an activity looks before it writes.
    ``facts`` are small JSON values merged from all outcomes, e.g. ``object_id upn stamps``.
    """

    lifecycle_id: str
    employee_id: str
    event_id: str
    actor: str
    reason: str | None = None
    step: str
    leg: str
    round: int = 0
    input: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """The ledger key of this step's outcome: a second write of it is harmless."""
        return f"{self.lifecycle_id}/{self.step}/{self.round}"


class Outcome(BaseModel):
    """What an activity answers. ``steps`` are appended to the sheet (planning), ``again`` are begun anew (verify)."""

    evidence: dict[str, Any] = Field(default_factory=dict)
    grade: Grade | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    steps: list[Step] = Field(default_factory=list)
    again: list[str] = Field(default_factory=list)
    policy_hash: str | None = None


class StepRun(BaseModel):
    """A step and how far it is; carried across continue-as-new, and the shape lists and pages are made from."""

    step: Step
    state: StepState = "waiting"
    round: int = 0
    attempts: int = 0
    cause: str | None = None
    last_error: str | None = None
    refused_once: bool = False
    repaired: bool = False
    undoes: str | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)
    grade: Grade | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
