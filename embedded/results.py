"""What came out of a run of the feed: counted, timed, and held against what was expected."""

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table

from domain.feed import FeedPlan
from domain.runsheet import SECOND_LOOK
from embedded.tenant_record import Requests

Lifecycle = Mapping[str, Any]
_KINDS = ("joiner", "mover", "leaver")
_COLUMNS = ("count", "done", "attention", "cancelled", "superseded", "median", "p95", "requests each")
_DONE = ("completed", "retained")


@dataclass(frozen=True)
class Results:
    """A run: its plan, each lifecycle as last seen, and what the tenant was asked meanwhile."""

    plan: FeedPlan
    seen: Mapping[str, Lifecycle]
    requests: Requests

    @property
    def as_expected(self) -> bool:
        """Whether every lifecycle ended as planned and there is no other one."""
        return not self.surprises

    @property
    def surprises(self) -> list[str]:
        """A line for each lifecycle that did not end as planned, was never seen, or that nobody planned.

        Completed and retained are one here: a leaver who has nothing left to keep is completed.
        """
        statuses = {i: str(item["status"]) for i, item in self.seen.items()}
        wrong = {i: w for i, w in self.plan.expected.items() if not _same(statuses.get(i), w)}
        lines = [f"{i}: expected {w}, is {statuses.get(i, 'not there')}{self._why(i)}" for i, w in wrong.items()]
        return lines + [f"{i}: nobody expected it" for i in statuses if i not in self.plan.expected]

    def table(self) -> Table:
        """A line a kind of lifecycle."""
        requests = self.requests.by_lifecycle({i: dict(item) for i, item in self.seen.items()})
        table = Table("lifecycle", title=f"{len(self.seen)} lifecycles of {len(self.people)} people")
        for column in _COLUMNS:
            table.add_column(column, justify="right")
        for kind in _KINDS:
            table.add_row(kind, *_cells([item for item in self.seen.values() if item["kind"] == kind], requests))
        return table

    @property
    def people(self) -> set[str]:
        """Whom the lifecycles are about."""
        return {str(item["employee_id"]) for item in self.seen.values()}

    def lines(self) -> list[str]:
        """What stands under the table: who waits for somebody and why, throttling, stand-ins, surprises."""
        waiting = [i for i, item in self.seen.items() if item["status"] == "attention"]
        stand_ins, hires = self.plan.stand_ins, len(self.plan.hires)
        return [
            *(f"attention  {i}{self._why(i)}" for i in waiting),
            f"tenant     {len(self.requests.sent)} requests, {self.requests.throttled} throttled (429)",
            f"managers   {stand_ins} of {hires} hires name nobody the file holds: one of five directors stands in",
            *(f"surprise   {line}" for line in self.surprises),
            "outcome    exactly as expected" if self.as_expected else "outcome    NOT as expected",
        ]

    def _why(self, lifecycle_id: str) -> str:
        steps = self.seen[lifecycle_id]["steps"] if lifecycle_id in self.seen else []
        parked = [step for step in steps if step["state"] == "attention"]
        return "".join(f": {step['name']}: {step['cause']}: {step['last_error']}" for step in parked[:1])


def _same(status: str | None, wanted: str) -> bool:
    return status == wanted or (status in _DONE and wanted in _DONE)


def _cells(lifecycles: list[Lifecycle], requests: Counter[str]) -> list[str]:
    states = Counter(item["status"] for item in lifecycles)
    done = [item for item in lifecycles if item["status"] in _DONE]
    seconds = sorted(s for item in done if (s := duration(item)) is not None)
    asked = [requests[item["id"]] for item in done]
    return [
        str(len(lifecycles)),
        str(len(done)),
        *(str(states[status]) for status in ("attention", "cancelled", "superseded")),
        f"{statistics.median(seconds):.1f} s" if seconds else "–",
        f"{percentile(seconds, 95):.1f} s" if seconds else "–",
        f"{statistics.mean(asked):.1f}" if asked else "–",
    ]


def percentile(ordered: list[float], share: int) -> float:
    """The smallest value that ``share`` percent of the values do not exceed (nearest rank)."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def duration(lifecycle: Lifecycle) -> float | None:
    """Seconds from acceptance to the end, None while there is none."""
    end = ended(lifecycle)
    return (end - accepted(lifecycle)).total_seconds() if end else None


def accepted(lifecycle: Lifecycle) -> datetime:
    """When the API took the event in: its ``occurred_at``, where HR told no other; the lifecycle begins later."""
    return datetime.fromisoformat(lifecycle["occurred_at"] or lifecycle["created_at"])


def ended(lifecycle: Lifecycle) -> datetime | None:
    """When a lifecycle came to its end; a retained one's is that of its last step, the second look aside."""
    ends = [step["ended_at"] for step in lifecycle["steps"] if step["ended_at"] and step["leg"] != SECOND_LOOK]
    end = lifecycle["ended_at"] or max(ends, default=None)
    return datetime.fromisoformat(end) if end else None
