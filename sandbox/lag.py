"""What a reader sees: several replicas, each behind the truth by a lag of its own.

A write is true at once and is seen late: by each replica at another moment, by lists later than by id, by the index
behind ``ConsistencyLevel: eventual`` last (Entra, "Designing for eventual consistency").
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

Doc = dict[str, Any]

READ, LIST, INDEX = "read", "list", "index"
"""The ways to look: by id, by a list or a filter, by the eventual index."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the exchange in hand looks: at which replica (None: the slowest), and which way."""

    replica: int | None = None
    way: str = READ


view: ContextVar[View] = ContextVar("view", default=View())  # noqa: B039 - it is immutable
"""How the exchange in hand looks at the state."""

staleness: ContextVar[float] = ContextVar("staleness", default=0.0)
"""Seconds by which the exchange in hand reads even older state than the lag makes it (a fault's ``stale_ms``)."""


class Version(NamedTuple):
    """A document as of one write: seen after ``lag`` seconds by the slowest replica, sooner by the others."""

    at: float
    lag: float
    shares: tuple[float, ...]
    doc: Doc | None

    def visible(self, moment: float, replica: int | None, factor: float) -> bool:
        """Does a replica show it at a moment?"""
        if replica is not None:
            factor *= self.shares[replica % len(self.shares)]
        return self.at + self.lag * factor <= moment


def newest(versions: Sequence[Version], moment: float, replica: int | None, factor: float) -> Doc | None:
    """The newest version that is visible; the oldest known one if none is."""
    for version in reversed(versions):
        if version.visible(moment, replica, factor):
            return version.doc
    return versions[0].doc
