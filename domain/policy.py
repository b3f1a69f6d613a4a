"""The policy: who gets what, when, and whom to tell. Data in YAML, validated with file, line and field on load."""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from domain.events import Country, EmployeeType, Zone
from domain.policy_file import PolicyError, Source

__all__ = ["Condition", "Give", "Matcher", "Naming", "Notices", "Policy", "PolicyError", "Retention", "Rule", "Timings"]


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    return value


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", to_lower=True)]
Extension = Annotated[str, StringConstraints(pattern=r"^extensionAttribute([1-9]|1[0-5])$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Matcher(_Section):
    """A test of one field, case ignored: ``equals``, ``in`` or ``matches`` (a regular expression found anywhere)."""

    equals: Line | None = None
    one_of: tuple[Line, ...] | None = Field(None, alias="in", min_length=1)
    matches: Annotated[str, AfterValidator(_expression)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        return {"equals": value} if isinstance(value, str) else {"in": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of equals, in, matches")
        return self

    def holds(self, value: str | None) -> bool:
        """Whether the field's value passes; an empty field passes nothing."""
        if value is None:
            return False
        if self.matches is not None:
            return re.search(self.matches, value, re.IGNORECASE) is not None
        wanted = (self.equals,) if self.equals is not None else self.one_of or ()
        return value.strip().casefold() in {item.casefold() for item in wanted}


class Condition(_Section):
    """What must be true of a person; all parts given must hold, and nothing given holds for everybody."""

    department: Matcher | None = None
    title: Matcher | None = None
    office: Matcher | None = None
    company: Matcher | None = None
    country: Matcher | None = None
    employee_type: Matcher | None = None
    all_of: tuple["Condition", ...] = Field((), alias="all")
    any_of: tuple["Condition", ...] | None = Field(None, alias="any", min_length=1)
    negated: "Condition | None" = Field(None, alias="not")

    def holds(self, person: dict[str, Any]) -> bool:
        """Whether it is true of a person with these attributes (the field names of a new hire)."""
        tests = [(name, getattr(self, name)) for name in _FIELDS]
        return (
            all(test.holds(person.get(name)) for name, test in tests if test is not None)
            and all(part.holds(person) for part in self.all_of)
            and (self.any_of is None or any(part.holds(person) for part in self.any_of))
            and not (self.negated is not None and self.negated.holds(person))
        )


_FIELDS = ("department", "title", "office", "company", "country", "employee_type")


class Give(_Section):
    """One entitlement: a ``group`` or ``directory_role`` by display name, or a ``licence`` by its part number.

    A licence is assigned directly, without the ``disabled_plans`` (by name), or comes ``through_group``.
    """

    group: Line | None = None
    licence: Line | None = None
    directory_role: Line | None = None
    disabled_plans: tuple[Line, ...] = ()
    through_group: Line | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if sum(item is not None for item in (self.group, self.licence, self.directory_role)) != 1:
            raise ValueError("give exactly one of group, licence, directory_role")
        if self.licence is None and (self.disabled_plans or self.through_group):
            raise ValueError("disabled_plans and through_group belong to a licence")
        if self.through_group and self.disabled_plans:
            raise ValueError("a licence through a group has the group's plans: leave disabled_plans out")
        return self


class Rule(_Section):
    """People of whom ``when`` is true have what it gives, for a ``reason`` that an auditor reads."""

    name: Line
    reason: Line
    when: Condition = Condition()
    give: tuple[Give, ...] = Field(min_length=1)


def _unique(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    names = [rule.name for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: a rule's name may stand once only")
    return rules


class Naming(_Section):
    """How accounts are named: the domain of new user names, and where employee ids over 16 characters stand."""

    domain: Domain
    long_employee_id_attribute: Extension = "extensionAttribute15"


class Defaults(_Section):
    """What an event that leaves it out is taken to say."""

    country: Country
    employee_type: EmployeeType = "employee"
    time_zone: Zone = "Etc/UTC"


class Timings(_Section):
    """When things happen and how long they are tried; seconds where the name says so."""

    prepare_days: Annotated[int, Field(ge=0, le=90)] = 7
    leaver_hour: time = time(17, 0)
    patience_seconds: Annotated[float, Field(gt=0)] = 3600
    settle_seconds: Annotated[float, Field(gt=0)] = 30
    verify_deadline_seconds: Annotated[float, Field(gt=0)] = 3600
    second_look_seconds: Annotated[float, Field(ge=0)] = 600
    mover_overlap_seconds: Annotated[float, Field(ge=0)] = 0


class Retention(_Section):
    """How long a leaver's account is kept before it is deleted."""

    days: Annotated[int, Field(ge=0, le=3650)] = 30


class Template(_Section):
    """A message. Filled in: ``{display_name} {upn} {title} {department} {date} {employee_id}``."""

    subject: Line
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Notices(_Section):
    """Who writes notices, who hears of parked steps, and what managers are told."""

    sender: Address
    attention_to: tuple[Address, ...] = Field(min_length=1)
    joiner: Template
    mover: Template
    leaver: Template


class Policy(_Section):
    """The rules in force, and the hash that every lifecycle keeps."""

    version: Literal[1] = 1
    authority: Literal["graph", "scim"] = "graph"
    naming: Naming
    defaults: Defaults
    timings: Timings = Timings()
    retention: Retention = Retention()
    notices: Notices
    block_group: Line | None = None
    protected: frozenset[Guid] = frozenset()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1), AfterValidator(_unique)]

    _also_protected: frozenset[str] = PrivateAttr(frozenset())

    @classmethod
    def load(cls, path: Path, profile: str = "production", protected: Iterable[str] = ()) -> Self:
        """Read a policy file as ``profile`` sees it; raises :class:`PolicyError` naming file, line and field.

        A section ``practice`` overrides what stands outside of it in that profile. ``protected`` are object ids known
        from elsewhere, beside those in the file; they are no part of the hash.
        """
        source = Source.read(path, profile)
        try:
            policy = cls.model_validate(source.data)
        except ValidationError as error:
            raise PolicyError(source.problems(error)) from None
        policy._also_protected = frozenset(item.lower() for item in protected)
        return policy

    @property
    def hash(self) -> str:
        """SHA-256 over the canonical content, as the profile sees it."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"protected"})
        content["protected"] = sorted(self.protected)
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def groups(self) -> frozenset[str]:
        """The names of all groups that the policy speaks of."""
        named = {give.group or give.through_group for rule in self.rules for give in rule.give} | {self.block_group}
        return frozenset(name for name in named if name is not None)

    def protects(self, object_id: str) -> bool:
        """Whether the account is one that is never touched."""
        return object_id.lower() in self.protected | self._also_protected
