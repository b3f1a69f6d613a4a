"""What HR says: the six events of the contract, validated once at the door."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import pycountry
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    StringConstraints,
    model_serializer,
    model_validator,
)

EmployeeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,128}$")]
EmployeeType = Literal["employee", "contractor", "intern"]
TerminationKind = Literal["voluntary", "involuntary", "retirement", "death", "end_of_contract"]
LifecycleKind = Literal["joiner", "mover", "leaver"]

# Read once, here: workflows decode events too, and nothing may open a file there.
COUNTRIES = frozenset(country.alpha_2 for country in pycountry.countries)
ZONES = frozenset(available_timezones())


def _country(value: str) -> str:
    if value not in COUNTRIES:
        raise ValueError(f"{value!r} is not an ISO 3166-1 alpha-2 country code")
    return value


def _zone(value: str) -> str:
    if value not in ZONES:
        raise ValueError(f"{value!r} is not an IANA time zone")
    return value


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError("is a number; write it as ISO 8601 does")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]
Day = Annotated[date, BeforeValidator(_no_number)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_country)]
Zone = Annotated[str, AfterValidator(_zone)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class _Event(BaseModel):
    """What all events carry. ``occurred_at`` is when HR entered it; it orders two events of one day."""

    model_config = ConfigDict(extra="forbid")

    event_id: EventId | None = None
    occurred_at: Moment | None = None
    employee_id: EmployeeId


class NewHire(_Event):
    """Somebody joins on ``hire_date``, local to ``time_zone`` (else the policy's zone)."""

    type: Literal["new-hire"] = "new-hire"
    given_name: Name
    family_name: Name
    preferred_name: Name | None = None
    title: Text
    department: Text | None
    company: Text | None = None
    office: Text | None = None
    country: Country
    employee_type: EmployeeType
    manager_id: EmployeeId | None = None
    hire_date: Day
    end_date: Day | None = None
    time_zone: Zone | None = None
    personal_email: Address | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.end_date is not None and self.end_date < self.hire_date:
            raise ValueError("end_date: lies before hire_date")
        if self.manager_id == self.employee_id:
            raise ValueError("manager_id: nobody manages themselves")
        return self


class Changes(BaseModel):
    """The fields of a person that HR changes; only those given are changed, an explicit null clears."""

    model_config = ConfigDict(extra="forbid")

    given_name: Name | None = None
    family_name: Name | None = None
    preferred_name: Name | None = None
    title: Text | None = None
    department: Text | None = None
    company: Text | None = None
    office: Text | None = None
    country: Country | None = None
    employee_type: EmployeeType | None = None
    manager_id: EmployeeId | None = None
    end_date: Day | None = None
    time_zone: Zone | None = None
    personal_email: Address | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("changes: names no field")
        for name in ("given_name", "family_name", "title", "country", "employee_type"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name}: cannot be cleared")
        return self

    @model_serializer(mode="wrap")
    def _only_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A field that was not given must not come back as a null, which clears.
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}

    def given(self) -> dict[str, Any]:
        """The changed fields as JSON values, nulls included."""
        return self.model_dump(mode="json")


class Update(_Event):
    """Something about a person changes at ``effective_at``: a date (local) or a moment."""

    type: Literal["update"] = "update"
    effective_at: Moment | Day
    changes: Changes

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.changes.manager_id == self.employee_id:
            raise ValueError("manager_id: nobody manages themselves")
        return self


class Termination(_Event):
    """Somebody leaves: on a ``last_day`` (the policy's hour, local) or at a moment; exactly one of the two."""

    type: Literal["termination"] = "termination"
    last_day: Day | None = None
    effective_at: Moment | None = None
    kind: TerminationKind
    urgent: StrictBool = False
    reason: Text | None = None
    transfer_to: EmployeeId | None = None
    forward_mail_to: EmployeeId | None = None
    delete_after_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    legal_hold: StrictBool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.last_day is None) == (self.effective_at is None):
            raise ValueError("last_day: give either last_day or effective_at, not both and not neither")
        for name in ("transfer_to", "forward_mail_to"):
            if getattr(self, name) == self.employee_id:
                raise ValueError(f"{name}: is the leaver")
        return self


class Rescind(_Event):
    """HR takes an event back: ``target_event_id``, else the newest unfinished one."""

    type: Literal["rescind"] = "rescind"
    target_event_id: EventId | None = None


class Leave(_Event):
    """A leave of absence begins: access is suspended, nothing is taken away for good."""

    type: Literal["leave"] = "leave"
    effective_at: Moment | Day | None = None


class Return(_Event):
    """A leave of absence ends: what it suspended comes back."""

    type: Literal["return"] = "return"
    effective_at: Moment | Day | None = None


Event = Annotated[NewHire | Update | Termination | Rescind | Leave | Return, Field(discriminator="type")]

LIFECYCLE_OF: dict[str, LifecycleKind] = {
    "new-hire": "joiner",
    "update": "mover",
    "termination": "leaver",
    "leave": "leaver",
}


class Envelope(BaseModel):
    """An accepted event on its way to the person: ids filled in, dates turned into moments.

    ``effective_at`` is the moment the event takes effect (UTC), ``prepare_at`` the earlier one at which a hire's
    account is made, ``due`` whether the first of them had come when the API accepted the event, ``actor`` who sent it.
    """

    event: Event
    event_id: str
    employee_id: str
    occurred_at: datetime
    effective_at: datetime
    prepare_at: datetime | None = None
    due: bool
    actor: str

    @property
    def kind(self) -> LifecycleKind | None:
        """The lifecycle that this event starts; None for rescind and return."""
        return LIFECYCLE_OF.get(self.event.type)

    @property
    def lifecycle_id(self) -> str | None:
        """``joiner:<employee_id>:<event_id>`` and so on; None for events that start none."""
        return f"{self.kind}:{self.employee_id}:{self.event_id}" if self.kind else None
