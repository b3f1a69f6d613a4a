"""``make bench``: how many lifecycles a second, and how many requests each, on this machine.

Two yardsticks, both of the same run. A bare workflow with as many activities that do nothing, on the same server, says
what Temporal itself costs. The hand-counted minimum says how few requests a careful administrator could send.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Worker

from bench.bare import QUEUE, Bare, nothing
from domain.events import Changes, Event, LifecycleKind, NewHire, Termination, Update
from embedded.practice_login import person_token, sender_token
from embedded.results import accepted, ended
from embedded.supervisor import Platform
from embedded.tenant_record import Requests, TenantRecord
from embedded.wire import Api
from settings import Settings
from workflows.client import connect

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "40"))
AT_ONCE = 25
SECOND_LOOK_S = 12.0
DONE = ("completed", "retained")
COLUMNS = ("lifecycle", "count", "activities", "per second", "bare", "of bare", "requests", "minimum", "of minimum")
Lifecycle = Mapping[str, Any]

# What each needs at least, in requests over the wire; a $batch is one. Names of licences, groups and roles are read
# once a process, the token once an hour: they belong to no lifecycle.
MINIMUM: dict[LifecycleKind, tuple[str, ...]] = {
    "joiner": (
        "find by employee id",
        "create",
        "manager",
        "groups, a batch",
        "licence",
        "read back, a batch",
        "notice",
        "second look, a batch",
    ),
    "mover": (
        "snapshot, a batch",
        "attributes",
        "new groups, a batch",
        "read back, a batch",
        "old groups, a batch",
        "read back, a batch",
        "notice",
        "second look, a batch",
    ),
    "leaver": (
        "find",
        "disable",
        "revoke sessions",
        "password",
        "read the cut back",
        "snapshot, a batch",
        "groups, a batch",
        "licence",
        "read back, a batch",
        "notice",
        "second look, a batch",
    ),
}


def hires() -> list[Event]:
    """People of Finance, and their manager first."""
    common = {
        "event_id": "hire",
        "family_name": "Bench",
        "title": "Accountant",
        "department": "Finance",
        "country": "DE",
        "employee_type": "employee",
        "hire_date": date(2020, 1, 2),
    }
    manager = NewHire.model_validate(common | {"employee_id": "B0", "given_name": "Manager"})
    people = [
        NewHire.model_validate(common | {"employee_id": f"B{n}", "given_name": f"Person {n}", "manager_id": "B0"})
        for n in range(1, PEOPLE + 1)
    ]
    return [manager, *people]


def moves() -> list[Event]:
    """All of them go to Sales."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    changes = Changes(department="Sales", title="Account Manager")
    people = range(1, PEOPLE + 1)
    return [Update(event_id="move", employee_id=f"B{n}", effective_at=yesterday, changes=changes) for n in people]


def leaves() -> list[Event]:
    """All of them leave."""
    gone = datetime.now(UTC).date() - timedelta(days=2)
    people = range(1, PEOPLE + 1)
    return [Termination(event_id="leave", employee_id=f"B{n}", last_day=gone, kind="voluntary") for n in people]


class Bench:
    """One run: sends, waits, and asks server and tenant what it took."""

    def __init__(self, hr: Api, views: Api, client: Client, record: TenantRecord) -> None:
        """``hr`` submits events, ``views`` reads lifecycles, ``record`` is the tenant's own of its requests."""
        self._hr, self._views, self._client, self._record = hr, views, client, record

    async def measure(self, kind: LifecycleKind, events: Iterable[Event]) -> list[str]:
        """Send the events of one kind at once; the cells of its line in the table."""
        events = list(events)
        before = datetime.now(UTC)
        await self.send(events)
        lifecycles = await self.done(kind, {event.employee_id for event in events})
        rate = len(lifecycles) / _span(lifecycles)
        activities = await self._activities(lifecycles[0]["id"])
        await asyncio.sleep(SECOND_LOOK_S)
        requests = await self._record.since(before)
        bare = await self._bare(len(lifecycles), activities)
        return _cells(kind, len(lifecycles), activities, rate, bare, _each(requests, lifecycles))

    async def send(self, events: Iterable[Event]) -> None:
        """Submit events, a bounded number at a time."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(event: Event) -> None:
            async with slots:
                body = event.model_dump(mode="json", exclude_unset=True, exclude={"type"})
                await self._hr.post(f"/hr/{event.type}", body)

        await asyncio.gather(*(one(event) for event in events))

    async def done(self, kind: LifecycleKind, people: set[str]) -> list[Lifecycle]:
        """The lifecycles of these people once all are done. Raises ``TimeoutError`` if that takes five minutes."""
        async with asyncio.timeout(300):
            while True:
                items = await self._views.every("/lifecycles", kind=kind, limit=200)
                ours = [item for item in items if item["employee_id"] in people]
                if Counter(item["status"] in DONE for item in ours)[True] == len(people):
                    return ours
                await asyncio.sleep(0.5)

    async def _activities(self, workflow_id: str) -> int:
        """How many activities the server scheduled for a lifecycle, in all runs of its chain."""
        total, run_id = 0, None
        while True:
            history = await self._client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
            kinds = Counter(event.event_type for event in history.events)
            total += kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
            run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
            if not run_id:
                return total

    async def _bare(self, workflows: int, activities: int) -> float:
        """Bare workflows a second."""
        async with Worker(self._client, task_queue=QUEUE, workflows=[Bare], activities=[nothing]):
            began = time.monotonic()
            started = (
                self._client.execute_workflow(Bare.run, activities, id=f"bare:{uuid4()}", task_queue=QUEUE)
                for _ in range(workflows)
            )
            await asyncio.gather(*started)
            return workflows / (time.monotonic() - began)


def _span(lifecycles: list[Lifecycle]) -> float:
    ends = [end for item in lifecycles if (end := ended(item))]
    return (max(ends) - min(map(accepted, lifecycles))).total_seconds()


def _each(requests: Requests, lifecycles: list[Lifecycle]) -> float:
    counts = requests.by_lifecycle({item["id"]: dict(item) for item in lifecycles})
    return statistics.median(counts[item["id"]] for item in lifecycles)


def _cells(kind: LifecycleKind, number: int, activities: int, rate: float, bare: float, requests: float) -> list[str]:
    least = len(MINIMUM[kind])
    return [
        *(kind, str(number), str(activities)),
        *(f"{rate:.2f}", f"{bare:.2f}", f"{rate / bare:.2f}"),
        *(f"{requests:.0f}", str(least), f"{requests / least:.2f}"),
    ]


async def run(out: Console, place: Path) -> list[list[str]]:
    """Start the platform in ``place`` and measure each kind; a line of cells each."""
    async with Platform(Settings(data_dir=place), lambda line: out.print(line, markup=False)) as platform:
        settings = platform.settings
        client = await connect(settings.temporal_target)
        sender, reader = await sender_token(settings), await person_token(settings, "Iam.Auditor")
        async with Api(settings.api_url, sender) as hr, Api(settings.api_url, reader) as views:
            bench = Bench(hr, views, client, TenantRecord(settings))
            manager, *people = hires()
            await bench.send([manager])
            await bench.done("joiner", {manager.employee_id})
            joined = await bench.measure("joiner", people)
            return [joined, await bench.measure("mover", moves()), await bench.measure("leaver", leaves())]


def shown(lines: list[list[str]]) -> Table:
    """The results as a table for a terminal."""
    table = Table(*COLUMNS, title=_where())
    for line in lines:
        table.add_row(*line)
    return table


def written(lines: list[list[str]]) -> str:
    """The results as a page of Markdown, with what they mean."""
    rows = [list(COLUMNS), ["---", *["--:"] * (len(COLUMNS) - 1)], *lines]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    least = "\n".join(f"- {kind}: {', '.join(steps)}" for kind, steps in MINIMUM.items())
    return f"""# Bench

`make bench` measures; `make bench WRITE=1` writes this page, too. {_where()}, {datetime.now(UTC).date()}.

{table}

*Per second*: lifecycles from the first acceptance to the last end, with planning, ledger and a practice tenant with its
usual lag on the same machine. *Bare*: workflows with as many activities that do nothing, asked for all at once, on the
same server in the same run: what Temporal alone would allow. *Requests*: the median of what went over the wire for one
lifecycle, second look included. *Minimum* is counted by hand:

{least}
"""


def _where() -> str:
    return f"{PEOPLE} of each at once on {os.cpu_count()} cores, Python {sys.version.split()[0]}"


def main() -> None:
    """Measure in a directory that is gone afterwards; with ``--write``, put the results beside this file."""
    out = Console(width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory() as place:
        lines = asyncio.run(run(out, Path(place)))
    out.print(shown(lines))
    if "--write" in sys.argv[1:]:
        Path(__file__).with_name("README.md").write_text(written(lines), "utf-8")


if __name__ == "__main__":
    main()
