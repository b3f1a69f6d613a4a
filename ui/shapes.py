"""The API's answers as the pages read them: what is missing is None or empty, what is new is left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Json = Mapping[str, Any]

ENDED = frozenset({"completed", "cancelled", "superseded"})
SOON = timedelta(minutes=1)
AT_REST = ENDED | {"scheduled", "awaiting_approval", "held", "retained"}


def text(value: object) -> str:
    """A string as it is; everything else is no text."""
    return value if isinstance(value, str) else ""


def moment(value: object) -> datetime | None:
    """An ISO 8601 moment with its offset, or None."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _table(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class FieldProblem:
    """One line of a 422: the field and what is wrong with it."""

    field: str
    message: str

    @classmethod
    def of(cls, body: Json) -> "FieldProblem":
        return cls(text(body.get("field")), text(body.get("message")))


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    next_page_token: str | None

    @classmethod
    def of(cls, item: Callable[[Json], T], body: Json) -> "Page[T]":
        return cls(tuple(item(found) for found in body.get("items") or ()), text(body.get("next_page_token")) or None)


@dataclass(frozen=True)
class Step:
    """A line of a run sheet."""

    name: str
    leg: str
    activity: str
    state: str
    attempts: int
    cause: str
    last_error: str
    input: dict[str, Any]
    evidence: dict[str, Any]
    grade: str
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, body: Json) -> "Step":
        return cls(
            name=text(body.get("name")),
            leg=text(body.get("leg")),
            activity=text(body.get("activity")),
            state=text(body.get("state")),
            attempts=int(body.get("attempts") or 0),
            cause=text(body.get("cause")),
            last_error=text(body.get("last_error")),
            input=_table(body.get("input")),
            evidence=_table(body.get("evidence")),
            grade=text(body.get("grade")),
            started_at=moment(body.get("started_at")),
            ended_at=moment(body.get("ended_at")),
        )


@dataclass(frozen=True)
class Lifecycle:
    """A lifecycle with its run sheet."""

    id: str
    kind: str
    status: str
    employee_id: str
    event_id: str
    event_type: str
    effective_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    cut_at: datetime | None
    policy_hash: str
    waiting_for: str
    name: str
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, body: Json) -> "Lifecycle":
        return cls(
            id=text(body.get("id")),
            kind=text(body.get("kind")),
            status=text(body.get("status")),
            employee_id=text(body.get("employee_id")),
            event_id=text(body.get("event_id")),
            event_type=text(body.get("event_type")),
            effective_at=moment(body.get("effective_at")),
            started_at=moment(body.get("started_at")),
            ended_at=moment(body.get("ended_at")),
            cut_at=moment(body.get("cut_at")),
            policy_hash=text(body.get("policy_hash")),
            waiting_for=text(body.get("waiting_for")),
            name=full_name(body),
            steps=tuple(Step.of(step) for step in body.get("steps") or ()),
        )

    @property
    def who(self) -> str:
        """The person's name where it is known, else the employee id."""
        return self.name or self.employee_id

    @property
    def ended(self) -> bool:
        """Nothing will happen to it any more."""
        return self.status in ENDED

    @property
    def pace(self) -> str | None:
        """How often its page looks: not at all once nothing is on the move, slower while only a second look is due."""
        if self.status not in AT_REST or self._is_about_to_begin or any(step.state == "running" for step in self.steps):
            return "2s"
        due = any(step.state == "waiting" and step.leg == "second_look" for step in self.steps)
        return "5s" if due and self.status in ("completed", "retained") else None

    @property
    def _is_about_to_begin(self) -> bool:
        begins = self.effective_at
        return self.status == "scheduled" and begins is not None and begins <= datetime.now(UTC) + SOON

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True)
class Grant:
    """The fact of an entitlement in the tenant, with its source."""

    kind: str
    name: str
    source: str

    @classmethod
    def of(cls, body: Json) -> "Grant":
        return cls(text(body.get("kind")), text(body.get("name")), text(body.get("source")))


@dataclass(frozen=True)
class Person:
    """An employee: HR's truth beside what the tenant says they have."""

    employee_id: str
    object_id: str
    upn: str
    name: str
    attributes: dict[str, Any] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    lifecycles: tuple[Lifecycle, ...] = ()

    @classmethod
    def of(cls, body: Json) -> "Person":
        return cls(
            employee_id=text(body.get("employee_id")),
            object_id=text(body.get("object_id")),
            upn=text(body.get("upn")),
            name=full_name(body),
            attributes={**body, **_table(body.get("attributes"))},
            grants=tuple(Grant.of(grant) for grant in body.get("grants") or ()),
            lifecycles=tuple(Lifecycle.of(found) for found in body.get("lifecycles") or ()),
        )

    @property
    def who(self) -> str:
        """The person's name where it is known, else the employee id."""
        return self.name or self.employee_id

    def say(self, attribute: str) -> str:
        """An attribute of HR's truth, empty where HR gave none."""
        return text(self.attributes.get(attribute))


@dataclass(frozen=True)
class Receipt:
    """The answer to an event."""

    event_id: str
    employee_id: str
    status: str
    lifecycle_id: str

    @classmethod
    def of(cls, body: Json) -> "Receipt":
        return cls(
            text(body.get("event_id")),
            text(body.get("employee_id")),
            text(body.get("status")),
            text(body.get("lifecycle_workflow_id")),
        )


def full_name(body: Json) -> str:
    """The name a person goes by: preferred or given name and family name, else the display name."""
    person = {**_table(body.get("attributes")), **_table(body.get("person")), **body}
    first = text(person.get("preferred_name")) or text(person.get("given_name"))
    family = text(person.get("family_name"))
    parts = [part for part in (first, family) if part and part != "-"]
    return " ".join(parts) or text(person.get("display_name")) or text(person.get("name"))
