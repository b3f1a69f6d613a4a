"""What ``jml doctor`` finds: one thing that was looked at, and how to mend it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "look", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``look`` is worth a person's look and stops nothing; ``fix`` are commands."""

    what: str
    state: State
    said: str
    fix: tuple[str, ...] = ()

    @classmethod
    def of(cls, what: str, fine: bool, said: str) -> "Finding":
        """One that is fine or wrong."""
        return cls(what, "ok" if fine else "wrong", said)

    def __str__(self) -> str:
        """A line of the report."""
        return f"{self.what}: {self.said}"
