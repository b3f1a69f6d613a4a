"""What one step sends: counted, named and judged, so that its ledger row can hold every write's id."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID, uuid4, uuid5

_NAMESPACE = UUID("5d2b1c2e-6c0f-5f0a-9b57-2f3c7d0f4a11")


@dataclass
class Tally:
    """The requests of one attempt.

    The ids of writes follow from ``seed``, so those of an attempt whose process died can still be told. ``uncertain``
    turns True once a write got no answer, or one (5xx) that does not say whether it took effect.
    """

    seed: str
    urgent: bool = False
    requests: int = 0
    throttled: int = 0
    uncertain: bool = False
    client_request_ids: list[str] = field(default_factory=list)

    def next_id(self) -> str:
        """A new id for a write, kept in ``client_request_ids``."""
        made = write_id(self.seed, len(self.client_request_ids))
        self.client_request_ids.append(made)
        return made


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


def write_id(seed: str, number: int) -> str:
    """The ``client-request-id`` of the write ``number`` (from 0) of the attempt named ``seed``."""
    return str(uuid5(_NAMESPACE, f"{seed}#{number}"))


def current() -> Tally | None:
    """The tally of the step at work; None outside of steps."""
    return _current.get()


def write_request_id() -> str:
    """The id for the next write: the step's next one, outside of steps a random one."""
    tally = _current.get()
    return tally.next_id() if tally else str(uuid4())


def is_urgent() -> bool:
    """True while a containment step is at work: it may use the share of the budget kept for it."""
    tally = _current.get()
    return bool(tally and tally.urgent)


def note_uncertain() -> None:
    """Say that a write of this step may or may not have taken effect."""
    tally = _current.get()
    if tally:
        tally.uncertain = True


@contextmanager
def tallying(tally: Tally) -> Iterator[Tally]:
    """Count into ``tally`` what is sent inside the block, tasks started there included."""
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)
