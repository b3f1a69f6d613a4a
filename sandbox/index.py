"""Which documents hold a value: exactly as they truly are, and those that held it until lately."""

import bisect
import time
from itertools import islice, takewhile
from typing import Any

_SWEEP = 1000
_LONG = 500
"""Lists from here on hold ids, which differ; shorter ones may hold a value twice, or in two spellings."""


class Index:
    """One field of one kind. Strings compare without case; a list is found by each of its items.

    What a document held before is kept, too, as long as some reader may still see it so.
    """

    def __init__(self) -> None:
        self._live: dict[str, dict[str, None]] = {}
        self._past: dict[str, dict[str, float]] = {}
        self._sweep_at = _SWEEP
        self._sorted: list[str] | None = None

    def change(self, key: str, before: Any, after: Any, until: float) -> None:
        """A document's value is another one now; readers may see the old one ``until`` then."""
        if not isinstance(before, list) and not isinstance(after, list):
            self._alter(key, before, after, until)
            return
        left = _listed(after)
        gone, come = difference(_listed(before), left)
        kept = {folded(value) for value in left} if gone and len(left) < _LONG else set()
        for value in {folded(value) for value in gone} - kept:
            self._leave(value, key, until)
        for value in come:
            self._enter(folded(value), key)

    def _alter(self, key: str, before: Any, after: Any, until: float) -> None:
        if before is not None:
            self._leave(folded(before), key, until)
        if after is not None:
            self._enter(folded(after), key)

    def live(self, value: Any) -> list[str]:
        """The keys of those that hold it, in the order in which they came to."""
        return list(self._live.get(folded(value), ()))

    def past(self, value: Any) -> list[str]:
        """The keys of those that held it until lately, and do no more."""
        live, past = self._live.get(folded(value), {}), self._past.get(folded(value), {})
        return [key for key in past if key not in live]

    def values(self, verb: str, bound: str) -> list[str]:
        """Values, some past: those that begin with a bound (``startswith``) or lie beyond it (``ge`` and so on)."""
        if self._sorted is None:
            self._sorted = sorted({*self._live, *self._past})
        edge = folded(bound)
        at = bisect.bisect_right(self._sorted, edge) if verb in ("gt", "le") else bisect.bisect_left(self._sorted, edge)
        if verb in ("lt", "le"):
            return self._sorted[:at]
        if verb in ("gt", "ge"):
            return self._sorted[at:]
        return list(takewhile(lambda value: value.startswith(edge), islice(self._sorted, at, None)))

    def count(self, value: Any) -> int:
        """How many hold it."""
        return len(self._live.get(folded(value), ()))

    def _enter(self, value: str, key: str) -> None:
        keys = self._live.get(value)
        if keys is None:
            keys = self._live[value] = {}
            if self._sorted is not None and value not in self._past:
                bisect.insort(self._sorted, value)
        keys[key] = None

    def _leave(self, value: str, key: str, until: float) -> None:
        keys = self._live.get(value, {})
        keys.pop(key, None)
        if not keys:
            self._live.pop(value, None)
        self._past.setdefault(value, {})[key] = until
        if len(self._past) > self._sweep_at:
            self._sweep()

    def _sweep(self) -> None:
        now = time.time()
        kept = {value: {k: u for k, u in keys.items() if u > now} for value, keys in self._past.items()}
        self._past = {value: keys for value, keys in kept.items() if keys}
        self._sweep_at = _SWEEP + 2 * len(self._past)
        self._sorted = None


def folded(value: Any) -> str:
    """A value as it is compared."""
    return str(value).casefold()


def difference(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """What has gone from a list and what has come: cheap for one item of many thousands."""
    start = _alike(before, after)
    before, after = before[start:], after[start:]
    end = _alike(before[::-1], after[::-1])
    before, after = before[: len(before) - end], after[: len(after) - end]
    held, holds = set(before), set(after)
    return [item for item in before if item not in holds], [item for item in after if item not in held]


def _alike(one: list[Any], other: list[Any]) -> int:
    """How many items both lists begin with, found by comparing slices, which costs no loop of our own."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
