"""What one process may spend at the tenant: resource units and writes, counted in sliding windows.

Limits of the identity service for one application in one tenant (Graph, throttling-limits): 3,500, 5,000 or 8,000
resource units in 10 s by the tenant's size, and 3,000 writes in 150 s, the one that binds when many people leave.
"""

import time
from collections import deque
from collections.abc import Callable

UNITS_SECONDS = 10.0
WRITES_SECONDS = 150.0
ORDINARY_SHARE = 0.8
_SLOTS = 100
_SMALLEST = 0.1
_RECOVERY_PER_SECOND = 0.02


class Window:
    """How much was spent in the last ``seconds``."""

    def __init__(self, limit: float, seconds: float) -> None:
        self.limit = limit
        self._seconds = seconds
        self._slot = seconds / _SLOTS
        self._spent: deque[tuple[float, float]] = deque()
        self._total = 0.0

    def add(self, amount: float, now: float) -> None:
        """Count ``amount`` (negative to correct an estimate) as spent at ``now``."""
        start = now - now % self._slot
        if self._spent and self._spent[-1][0] == start:
            self._spent[-1] = (start, self._spent[-1][1] + amount)
        else:
            self._spent.append((start, amount))
        self._total += amount

    def wait(self, amount: float, allowance: float, now: float) -> float:
        """Seconds until ``amount`` more stays within ``allowance``; an empty window takes any amount."""
        self._forget(now)
        over = self._total + amount - allowance
        for start, spent in self._spent:
            if over <= 0:
                break
            over -= spent
            if over <= 0:
                return start + self._slot + self._seconds - now
        return 0.0 if over <= 0 or not self._spent else self._seconds

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] + self._slot + self._seconds <= now:
            self._total -= self._spent.popleft()[1]


class Budget:
    """The share of one process. It never sleeps: who asks too early is told how long to wait.

    Ordinary steps may spend 80 %, the rest is kept for containment. A 429 closes the budget for its ``Retry-After`` and
    shrinks it, and so does a high ``x-ms-throttle-limit-percentage``; it grows back by 2 % a second.
    """

    def __init__(
        self,
        units: float = 8000,
        writes: float = 3000,
        *,
        processes: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._units = Window(units / processes, UNITS_SECONDS)
        self._writes = Window(writes / processes, WRITES_SECONDS)
        self._scale = 1.0
        self._scaled_at = clock()
        self._closed_until = 0.0

    def take(self, units: float, writes: float = 0, *, urgent: bool = False) -> float:
        """Spend, or spend nothing and get the seconds to wait before asking again."""
        now = self._clock()
        wait = max(self._closed_until - now, self._wait(units, writes, urgent, now))
        if wait > 0:
            return wait
        self._units.add(units, now)
        if writes:
            self._writes.add(writes, now)
        return 0.0

    def correct(self, units: float) -> None:
        """Add what a call cost more (or less, negative) than was taken, by its ``x-ms-resource-unit``."""
        if units:
            self._units.add(units, self._clock())

    def refused(self, retry_after: float) -> None:
        """The tenant answered 429: nothing more before ``retry_after``, since an early retry prolongs the penalty."""
        now = self._clock()
        self._closed_until = max(self._closed_until, now + retry_after)
        self._shrink(self.scale * 0.7)

    def pressed(self, fraction: float) -> None:
        """The tenant says how much of its limit is used up by the application, all its processes together."""
        if fraction > ORDINARY_SHARE:
            self._shrink(ORDINARY_SHARE / fraction)

    @property
    def scale(self) -> float:
        """The part of the nominal limits in force, from 0.1 to 1."""
        grown = (self._clock() - self._scaled_at) * _RECOVERY_PER_SECOND
        return min(1.0, self._scale + grown)

    def _shrink(self, scale: float) -> None:
        self._scale = max(_SMALLEST, min(self.scale, scale))
        self._scaled_at = self._clock()

    def _wait(self, units: float, writes: float, urgent: bool, now: float) -> float:
        share = self.scale * (1.0 if urgent else ORDINARY_SHARE)
        for_units = self._units.wait(units, self._units.limit * share, now)
        for_writes = self._writes.wait(writes, self._writes.limit * share, now) if writes else 0.0
        return max(for_units, for_writes)
