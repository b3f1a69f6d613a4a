"""What the API gives back and takes: the shapes of the contract."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from domain.events import LifecycleKind
from domain.runsheet import CancelMode, Grade, LifecycleStatus, StepState

T = TypeVar("T")
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
StepName = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Listed(BaseModel, Generic[T]):
    """A part of a list; send ``next_page_token`` back as ``page_token`` for the next one, null is the end."""

    items: list[T]
    next_page_token: str | None = None


class StepDetail(_View):
    """One step of a run sheet and how far it is."""

    name: str
    leg: str | None
    activity: str | None
    state: StepState
    attempts: int
    cause: str | None = Field(description="A stable word for why the step needs somebody.")
    last_error: str | None
    input: dict[str, Any]
    evidence: dict[str, Any]
    grade: Grade | None
    started_at: datetime | None
    ended_at: datetime | None


class LifecycleLine(_View):
    """A lifecycle without its steps."""

    id: str
    kind: LifecycleKind
    status: LifecycleStatus
    employee_id: str
    event_id: str | None
    event_type: str | None
    effective_at: datetime | None
    occurred_at: datetime | None
    policy_hash: str | None
    waiting_for: str | None = Field(description="The lifecycle of the same person that works first.")
    object_id: str | None
    cut_at: datetime | None = Field(description="Leavers: when access was seen to be gone.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    summary: str | None


class LifecycleDetail(LifecycleLine):
    """A lifecycle with its run sheet, in order."""

    steps: list[StepDetail]


class Grant(BaseModel):
    """Something that the tenant says a person has. ``via`` names the group where the source is one."""

    kind: Literal["group", "licence", "directory_role"]
    name: str
    id: str
    source: Literal["direct", "dynamic", "by group", "synced"]
    via: str | None = None


class PersonLine(BaseModel):
    """A person as HR last told, with their account's id and name."""

    employee_id: str
    object_id: str | None
    upn: str | None
    given_name: str | None = None
    family_name: str | None = None
    preferred_name: str | None = None
    title: str | None = None
    department: str | None = None
    company: str | None = None
    office: str | None = None
    country: str | None = None
    employee_type: str | None = None
    manager_id: str | None = None
    hire_date: date | None = None
    end_date: date | None = None
    time_zone: str | None = None


class PersonDetail(PersonLine):
    """A person with what the tenant gives them now, and their lifecycles, newest first."""

    account_enabled: bool | None = Field(description="Null where the tenant has no account of theirs.")
    ambiguous: list[str] = Field(
        default=[], description="Object ids where several accounts bear the employee id: none of them is shown then."
    )
    grants: list[Grant]
    lifecycles: list[LifecycleLine]


class FoundUser(BaseModel):
    """A user of the tenant, for a picker."""

    id: str
    display_name: str | None
    user_principal_name: str
    employee_id: str | None
    title: str | None
    department: str | None
    account_enabled: bool | None


class FoundGroup(BaseModel):
    """A group of the tenant, for a picker; only ``static`` and ``role_assignable`` ones take members."""

    id: str
    display_name: str | None
    kind: Literal["static", "dynamic", "synced", "mail_enabled", "role_assignable"]


class LedgerRecord(_View):
    """A row of the ledger; its hash covers every field but ``personal`` (of which only the digest is chained)."""

    id: int
    lifecycle_id: str
    seq: int
    key: str
    at: datetime
    kind: str
    actor: str
    employee_id: str | None
    event_id: str | None
    reason: str | None
    body: dict[str, Any]
    personal: dict[str, Any] | None
    personal_digest: str | None
    prev_hash: str
    hash: str


class ChainProblem(_View):
    """Something in the ledger that is not as it was written."""

    record_id: int | None
    lifecycle_id: str
    problem: str


class ChainVerdict(_View):
    """The outcome of walking every chain."""

    valid: bool
    checked: int
    problems: list[ChainProblem]


class CommandBody(BaseModel):
    """What every command carries: why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Python reads more as JSON than JSON is; what no other reader takes would stick in the workflow's history."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        raise ValueError("must be without NaN, Infinity and broken characters") from None
    return value


class RetryBody(CommandBody):
    """A parked step again (all parked ones without ``step``), with a corrected ``input`` if given."""

    step: StepName | None = None
    input: Annotated[dict[str, Any], AfterValidator(_storable)] | None = None

    @model_validator(mode="after")
    def _input_needs_step(self) -> "RetryBody":
        if self.input is not None and self.step is None:
            raise ValueError("step: a corrected input needs to say for which step")
        return self


class SkipBody(CommandBody):
    """The step to leave out."""

    step: StepName


class CancelBody(CommandBody):
    """How to end: leave as is, undo everything, or finish containment first."""

    mode: CancelMode


class PostponeBody(CommandBody):
    """The new moment."""

    until: AwareDatetime


class RetryAllBody(CommandBody):
    """All steps parked for one cause, as in ``steps[].cause``."""

    cause: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Retried(BaseModel):
    """The lifecycles whose parked steps began anew; ``left`` were not reached in time: send the same again."""

    retried: list[str]
    left: int = 0


class Health(BaseModel):
    """Whether the API can do its work, and what it needs for that."""

    status: Literal["live", "ready"]
    checks: dict[str, bool] = {}
