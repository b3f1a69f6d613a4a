"""What is given to the ledger and what it gives back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from ledger.columns import utc_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be: something that happened, under a ``key`` that makes a second append of it harmless.

    ``personal`` holds what can be erased later (names, addresses); everything else stands for good.
    An entry without ``lifecycle_id`` is chained under ``platform:<UTC date>``.
    """

    key: str
    kind: str
    actor: str
    employee_id: str | None = None
    event_id: str | None = None
    lifecycle_id: str | None = None
    reason: str | None = None
    body: dict[str, Any] = field(default_factory=dict)
    personal: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the table ``records``, as it is stored."""

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
    body_json: str
    personal_json: str | None
    salt: str | None
    personal_digest: str | None
    prev_hash: str
    hash: str

    @property
    def body(self) -> dict[str, Any]:
        """What happened; never personal, never secret."""
        body: dict[str, Any] = json.loads(self.body_json)
        return body

    @property
    def personal(self) -> dict[str, Any] | None:
        """The erasable part; None if there was none or it was erased (then ``personal_digest`` is still there)."""
        return None if self.personal_json is None else json.loads(self.personal_json)

    def columns(self) -> dict[str, str | int | None]:
        """The row under its column names, byte for byte what the hash was taken over: for exports."""
        row = {name: getattr(self, name) for name in self.__slots__}
        row["at"] = utc_text(self.at)
        row["body"] = row.pop("body_json")
        row["personal"] = row.pop("personal_json")
        return row


@dataclass(frozen=True, slots=True)
class LifecyclePatch:
    """What becomes of a line of ``lifecycles``; None leaves a field as it is, an empty text clears it.

    A line that is not there yet is made; kind, employee and event are then read from the id where not given, and
    the status is ``scheduled``. ``started_at`` and ``ended_at`` are set by the status unless given.
    """

    lifecycle_id: str
    kind: str | None = None
    employee_id: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    status: str | None = None
    effective_at: datetime | None = None
    occurred_at: datetime | None = None
    policy_hash: str | None = None
    waiting_for: str | None = None
    object_id: str | None = None
    cut_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class StepPatch:
    """What becomes of one step of the entry's lifecycle; None leaves a field as it is, an empty text clears it.

    Without a ``position`` a new step comes last. ``ended_at`` is set by a state that ends the step and cleared by
    one that does not; ``done`` clears ``cause`` and ``last_error`` unless the patch names them.
    """

    name: str
    position: int | None = None
    leg: str | None = None
    activity: str | None = None
    state: str | None = None
    attempts: int | None = None
    cause: str | None = None
    last_error: str | None = None
    input: dict[str, Any] | None = None
    evidence: dict[str, Any] | None = None
    grade: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonPatch:
    """HR's truth about a person as of ``effective_at``; per attribute an older one never overwrites a newer one.

    ``changes`` are attributes of ``NewHire`` as JSON values, null for a cleared one. ``object_id`` and ``upn`` are
    the tenant's: the last one written counts.
    """

    employee_id: str
    effective_at: datetime
    changes: dict[str, Any] | None = None
    object_id: str | None = None
    upn: str | None = None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as lists and pages show it."""

    name: str
    position: int
    leg: str | None
    activity: str | None
    state: str
    attempts: int
    cause: str | None
    last_error: str | None
    input: dict[str, Any]
    evidence: dict[str, Any]
    grade: str | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class LifecycleView:
    """A lifecycle as lists and pages show it; ``cut_at`` is when a leaver's access was seen to be gone."""

    id: str
    kind: str
    status: str
    employee_id: str
    event_id: str | None
    event_type: str | None
    effective_at: datetime | None
    occurred_at: datetime | None
    policy_hash: str | None
    waiting_for: str | None
    object_id: str | None
    cut_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    summary: str | None
    created_at: datetime
    steps: Sequence[StepView] = ()


@dataclass(frozen=True, slots=True)
class ParkedStep:
    """A step in ``attention``, and whose."""

    lifecycle_id: str
    step: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as HR last told; ``stamps`` says per attribute since when."""

    employee_id: str
    object_id: str | None
    upn: str | None
    time_zone: str | None
    attributes: dict[str, Any]
    stamps: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; ``next_page_token`` asks for the next part and is None at the end."""

    items: list[T]
    next_page_token: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the ledger that is not as it was written."""

    record_id: int | None
    lifecycle_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of walking all chains."""

    valid: bool
    checked: int
    problems: list[Problem]
