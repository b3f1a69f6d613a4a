"""``jml run``: the sample HR feed played through the API, watched live, with a table at the end."""

import asyncio
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from itertools import count, islice, product
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from rich.console import Console

from domain.events import LIFECYCLE_OF, Event
from domain.feed import FeedPlan, plan_feed, read_rows
from embedded.practice_login import SignInError, person_token, sender_token
from embedded.progress import Board, board
from embedded.results import Results
from embedded.supervisor import Platform
from embedded.tenant_record import TenantRecord
from embedded.up import Work, address_table
from embedded.wire import Api, ApiError
from settings import Settings, SettingsError

_SAMPLE = "csv-with-1000-records.csv"
_AT_ONCE = 8
_LOOK_EVERY = 1.0
_PATIENCE = 180.0
_SETTLED = {"completed", "retained", "cancelled", "superseded", "attention"}


def play(out: Console, *, once: bool) -> Work:
    """The work of ``jml run``. With ``once`` its status is 0 if exactly what was expected came out, else 1."""

    async def work(platform: Platform) -> int | None:
        settings = platform.settings
        if settings.profile != "practice":
            raise SettingsError("JML_PROFILE=production: the sample feed is played in the practice tenant only")
        try:
            results = await played(settings, out)
        except (ApiError, SignInError) as error:
            out.print(f"jml: the feed stopped: {error}", markup=False)
            return 1
        out.print(results.table())
        for line in results.lines():
            out.print(line, markup=False)
        out.print(address_table(settings))
        if once:
            out.print("ended: `make up` starts it again with this state", markup=False)
            return 0 if results.as_expected else 1
        out.print("still running: look around, or end with Ctrl-C; the state is kept")
        return None

    return work


async def played(settings: Settings, out: Console) -> Results:
    """Play one run of the feed through the running platform, shown on ``out``; what came of it."""
    letters = next_letters(settings.data_dir / "feed.json")
    text = files("embedded").joinpath("sample", _SAMPLE).read_text("utf-8")
    plan = plan_feed(read_rows(text), letters, datetime.now(UTC))
    sender, reader = await asyncio.gather(sender_token(settings), person_token(settings, "Iam.Auditor"))
    async with Api(settings.api_url, sender) as hr, Api(settings.api_url, reader) as views:
        began = datetime.now(UTC)
        with board(out) as shown:
            feed = Feed(plan, hr, views, shown)
            await feed.play()
        requests = await TenantRecord(settings).since(began)
    return Results(plan, feed.seen, requests)


def next_letters(path: Path) -> str:
    """Letters that no run on this data directory has had, noted as used: A, B … Z, AA …"""
    used = json.loads(path.read_text("utf-8")) if path.exists() else []
    every = ("".join(word) for length in count(1) for word in product(ascii_uppercase, repeat=length))
    letters = next(islice(every, len(used), None))
    path.write_text(json.dumps([*used, letters]), "utf-8")
    return letters


class Feed:
    """One run of the feed: it sends what the plan says in its order, and watches what becomes of it."""

    def __init__(self, plan: FeedPlan, hr: Api, views: Api, shown: Board) -> None:
        """``hr`` may submit events, ``views`` may read lifecycles; ``seen`` is each lifecycle as last read."""
        self.plan = plan
        self.seen: dict[str, dict[str, Any]] = {}
        self._hr, self._views, self._shown = hr, views, shown
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._people = {lifecycle_id.split(":")[1] for lifecycle_id in plan.expected}

    async def play(self) -> None:
        """Directors first, so that hires find their managers; those who leave early right behind their own hire."""
        plan = self.plan
        early = {leaver.employee_id: leaver for leaver in plan.early_leavers}
        directors = self._group("directors hired", plan.directors)
        await asyncio.gather(*(self._send(hire) for hire in plan.directors))
        await self._until(directors)
        hires = self._group("people hired", [*plan.hires, *plan.early_leavers])
        await asyncio.gather(*(self._send(hire, early.get(hire.employee_id)) for hire in plan.hires))
        await self._until(hires)
        leavers: list[Event] = [*plan.leavers, plan.future_leaver, plan.stranger]
        rest = self._group("jobs changed", plan.changes) | self._group("people leaving", leavers)
        await asyncio.gather(*(self._send(event) for event in [*plan.changes, *leavers]))
        await self._send(plan.rescind)
        await self._until(rest)

    def _group(self, name: str, events: Iterable[Event]) -> set[str]:
        """Begin to show the lifecycles that these events start; their ids."""
        ids = {f"{LIFECYCLE_OF[event.type]}:{event.employee_id}:{event.event_id}" for event in events}
        self._shown.group(name, ids)
        return ids

    async def _send(self, event: Event, behind: Event | None = None) -> None:
        async with self._slots:
            await self._post(event)
            if behind is not None:
                await self._post(behind)

    async def _post(self, event: Event) -> None:
        body = event.model_dump(mode="json", exclude_unset=True, exclude={"type"})
        await self._hr.post(f"/hr/{event.type}", body)

    async def _until(self, ids: set[str]) -> None:
        """Look until all of them have come to rest; gives up when nothing has changed for three minutes."""
        changed = time.monotonic()
        before: dict[str, str] = {}
        while True:
            await self._look()
            now = {i: item["status"] for i, item in self.seen.items()}
            if all(now.get(i) in _SETTLED for i in ids):
                return
            if now != before:
                changed, before = time.monotonic(), now
            if time.monotonic() - changed > _PATIENCE:
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def _look(self) -> None:
        """Read lifecycles, newest first, until a page has none of ours: those behind it are of earlier runs."""
        token: str | None = None
        while True:
            page = await self._views.get("/lifecycles", page_token=token, limit=200)
            ours = {item["id"]: item for item in page["items"] if item["employee_id"] in self._people}
            self.seen |= ours
            token = page["next_page_token"]
            if not ours or token is None:
                break
        self._shown.update({i: item["status"] for i, item in self.seen.items()})
