"""What planning is asked and what it answers."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.events import Envelope
from domain.policy import Policy
from domain.runsheet import Step
from domain.snapshot import Snapshot

Phase = Literal["prepare", "join", "move", "contain", "strip", "delete"]


class PlanRefused(Exception):  # noqa: N818 - it says what happened: planning declined
    """Nothing may be planned for this person; ``cause`` is a stable word, the message is for an administrator."""

    def __init__(self, cause: str, message: str) -> None:
        self.cause = cause
        super().__init__(message)


class Request(BaseModel):
    """Everything a plan depends on.

    ``person`` is HR's truth (the field names of a new hire), ``taken`` the step names the lifecycle has already,
    ``facts`` what it has learned so far. ``has_left`` and ``joining`` tell of the person's other lifecycles: a
    termination's moment has come, a hire is not completed. ``never_had_account``: HR told of the hire, no lifecycle got
    as far as an account, and the tenant has shown none for as long as it can lag.
    """

    model_config = ConfigDict(frozen=True)

    phase: Phase
    envelope: Envelope
    person: dict[str, Any]
    policy: Policy
    snapshot: Snapshot
    now: datetime
    taken: frozenset[str] = frozenset()
    facts: dict[str, Any] = Field(default_factory=dict)
    has_left: bool = False
    joining: bool = False
    never_had_account: bool = False


class Plan(BaseModel):
    """Steps in sheet order, what the lifecycle learns, and what a reader should know of how it came about."""

    steps: list[Step] = Field(default_factory=list)
    facts: dict[str, Any] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    entitlements: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
