"""The one place for ids, queues, search attributes and the messages between API, people and lifecycles."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from temporalio.common import SearchAttributeKey

from domain.events import Envelope, LifecycleKind
from domain.runsheet import CancelMode, LifecycleStatus, StepRun

WORKFLOW_QUEUE = "jml"

PERSON_WORKFLOW = "PersonWorkflow"
LIFECYCLE_WORKFLOWS: dict[LifecycleKind, str] = {
    "joiner": "JoinerWorkflow",
    "mover": "MoverWorkflow",
    "leaver": "LeaverWorkflow",
}
PRIORITY: dict[LifecycleKind, int] = {"leaver": 1, "mover": 3, "joiner": 5}

KIND = SearchAttributeKey.for_keyword("JmlKind")
STATUS = SearchAttributeKey.for_keyword("JmlStatus")
EMPLOYEE_ID = SearchAttributeKey.for_keyword("EmployeeId")
STUCK_STEP = SearchAttributeKey.for_keyword("StuckStep")
EFFECTIVE_AT = SearchAttributeKey.for_datetime("EffectiveAt")
SEARCH_ATTRIBUTES: list[SearchAttributeKey[Any]] = [KIND, STATUS, EMPLOYEE_ID, STUCK_STEP, EFFECTIVE_AT]


def person_workflow_id(employee_id: str) -> str:
    """The id of the workflow that is one person."""
    return f"person:{employee_id}"


class Go(BaseModel):
    """Person → lifecycle: you have the turn; this is the account as far as the person knows it."""

    object_id: str | None = None


class Supersede(BaseModel):
    """Person → lifecycle: another lifecycle takes your place."""

    by: str


class TakenBack(BaseModel):
    """Person → lifecycle, signal ``rescind``: HR takes the event back."""

    event_id: str
    actor: str


class Returned(BaseModel):
    """Person → lifecycle, signal ``return``: the leave ends at ``effective_at``."""

    event_id: str
    actor: str
    effective_at: datetime


class Waiting(BaseModel):
    """Person → lifecycle: you wait for ``waiting_for``; or, to the one that works: ``by`` waits for you ("": no more).

    With neither it asks: say again whether your moment has come (a person that started anew does not know).
    """

    waiting_for: str | None = None
    by: str | None = None


class Due(BaseModel):
    """Lifecycle → person: my moment has come, I ask for the turn."""

    lifecycle_id: str


class Yielded(BaseModel):
    """Lifecycle → person: I need the turn no longer though I am still open."""

    lifecycle_id: str
    status: LifecycleStatus
    object_id: str | None = None


class Ended(BaseModel):
    """Lifecycle → person, my last act."""

    lifecycle_id: str
    state: LifecycleStatus
    object_id: str | None = None


class Command(BaseModel):
    """API → lifecycle, by update: what every command of an administrator carries."""

    actor: str
    reason: str


class Retry(Command):
    """Begin a parked step anew (all parked ones without ``step``), with a corrected ``input`` if given."""

    step: str | None = None
    input: dict[str, Any] | None = None


class Skip(Command):
    """Leave a parked or waiting step out."""

    step: str


class Cancel(Command):
    """End the lifecycle: as it is, with everything undone, or once the person is contained."""

    mode: CancelMode


class Postpone(Command):
    """Move a scheduled lifecycle (or a retained leaver's deletion) to another moment."""

    until: datetime


class LifecycleStart(BaseModel):
    """The argument of every lifecycle workflow; ``go`` is set when the turn was free at the start."""

    envelope: Envelope
    go: Go | None = None
    carried: "Carried | None" = None


class Carried(BaseModel):
    """What a lifecycle takes across continue-as-new."""

    status: LifecycleStatus
    sheet: list[StepRun] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    policy_hash: str | None = None
    delete_at: datetime | None = None
    records: int = 0


class RecordCall(BaseModel):
    """``records.write``: one ledger row and, in the same transaction, the projection's change.

    ``key`` makes a second write harmless. ``status``, ``waiting_for`` and ``steps`` (as they now are) change the
    ``lifecycles`` projection where given; ``waiting_for=""`` clears it.
    """

    key: str
    kind: str
    employee_id: str
    event_id: str | None = None
    lifecycle_id: str | None = None
    actor: str
    reason: str | None = None
    body: dict[str, Any] = Field(default_factory=dict)
    personal: dict[str, Any] | None = None
    status: LifecycleStatus | None = None
    waiting_for: str | None = None
    effective_at: datetime | None = None
    object_id: str | None = None
    steps: list[StepRun] = Field(default_factory=list)


class SeenCall(BaseModel):
    """``records.seen``: has the ledger a row of this event?"""

    employee_id: str
    event_id: str


class OpenLifecycle(BaseModel):
    """A line of ``records.open_lifecycles``: what a person finds of itself when it starts with nothing carried."""

    lifecycle_id: str
    kind: LifecycleKind
    event_type: str
    status: LifecycleStatus
    effective_at: datetime
    occurred_at: datetime
    object_id: str | None = None


class PersonStart(BaseModel):
    """The argument of ``PersonWorkflow``; ``carried`` is what the run before handed over."""

    employee_id: str
    carried: "PersonCarried | None" = None


class OpenEntry(BaseModel):
    """One open lifecycle as its person sees it."""

    lifecycle_id: str
    kind: LifecycleKind
    event_type: str
    effective_at: datetime
    occurred_at: datetime
    status: LifecycleStatus = "scheduled"
    after: str | None = None
    superseded_by: str | None = None
    ending: bool = False
    told: str | None = None


class PersonCarried(BaseModel):
    """What a person takes across continue-as-new."""

    open: dict[str, OpenEntry] = Field(default_factory=dict)
    turn: str | None = None
    queue: list[str] = Field(default_factory=list)
    seen: list[str] = Field(default_factory=list)
    object_id: str | None = None
