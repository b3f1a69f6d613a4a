"""How the feed is watched: bars on a terminal, a line now and then elsewhere."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

_AT_REST = ("completed", "retained", "cancelled", "superseded", "attention")
_LINE_EVERY = 5.0


class Board(Protocol):
    """What shows how far each group of lifecycles is."""

    def group(self, name: str, ids: set[str]) -> None:
        """Begin to show a group."""

    def update(self, statuses: Mapping[str, str]) -> None:
        """Take the statuses of all lifecycles as they are now."""


@contextmanager
def board(out: Console) -> Iterator[Board]:
    """Bars where somebody watches, plain lines where not."""
    if not out.is_terminal:
        yield Lines(out)
        return
    columns = (TextColumn("{task.description:16}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    state = TextColumn("{task.fields[state]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Progress(*columns, state, console=out) as progress:
        yield Bars(progress)


def _counted(ids: set[str], statuses: Mapping[str, str]) -> tuple[int, str]:
    """How many are at rest, and a few words on how all of them are."""
    counts = Counter(statuses.get(i, "sent") for i in ids)
    words = ", ".join(f"{number} {status}" for status, number in counts.most_common())
    return sum(counts[status] for status in _AT_REST), words


class Bars:
    """One bar a group, with what its lifecycles are doing behind it."""

    def __init__(self, progress: Progress) -> None:
        """Draw on a running ``progress``."""
        self._progress = progress
        self._groups: dict[TaskID, set[str]] = {}

    def group(self, name: str, ids: set[str]) -> None:
        """Add a bar."""
        self._groups[self._progress.add_task(name, total=len(ids), state="")] = ids

    def update(self, statuses: Mapping[str, str]) -> None:
        """Move all bars; one whose group is at rest stops its clock."""
        for task, ids in self._groups.items():
            done, words = _counted(ids, statuses)
            self._progress.update(task, completed=done, state=words)


class Lines:
    """One line a group whenever it changed, at most one in five seconds, and one when it is at rest."""

    def __init__(self, out: Console) -> None:
        """Print to ``out``."""
        self._out = out
        self._groups: dict[str, set[str]] = {}
        self._last: dict[str, tuple[float, int]] = {}

    def group(self, name: str, ids: set[str]) -> None:
        """Begin a group."""
        self._groups[name] = ids
        self._last[name] = (0.0, -1)

    def update(self, statuses: Mapping[str, str]) -> None:
        """Print what is new."""
        for name, ids in self._groups.items():
            done, words = _counted(ids, statuses)
            said, before = self._last[name]
            due = time.monotonic() - said >= _LINE_EVERY or done == len(ids)
            if done != before and due:
                self._out.print(f"{name}: {done} of {len(ids)} ({words})", markup=False)
                self._last[name] = (time.monotonic(), done)
