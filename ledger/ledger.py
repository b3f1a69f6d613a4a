"""The one door to everything in SQL."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from ledger import migration, names, projection, reading, sealing, verification, writing
from ledger.database import Database
from ledger.models import (
    Entry,
    LifecyclePatch,
    LifecycleView,
    Page,
    ParkedStep,
    PersonPatch,
    PersonRow,
    Record,
    StepPatch,
    Verification,
)
from ledger.writing import Clock


def utc_now() -> datetime:
    """The moment it is."""
    return datetime.now(UTC)


class Ledger:
    """Synchronous and safe for many threads and processes; async callers use ``asyncio.to_thread``.

    ``url`` is SQLAlchemy's: ``sqlite:////absolute/ledger.db`` or ``postgresql://user:password@host/database``.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use :meth:`open`."""
        self._database = database
        self._clock = clock

    @classmethod
    def open(cls, url: str, *, full_sync: bool = False, clock: Clock = utc_now) -> Self:
        """The ledger at ``url``, which must have been migrated; connects on first use.

        ``full_sync`` makes SQLite wait for the disk at every commit: without it the last commits may be lost when the
        power fails, though not when a process dies.
        """
        return cls(Database(url, full_sync=full_sync), clock)

    @staticmethod
    def migrate(url: str) -> None:
        """Bring the database at ``url`` to this version's schema; harmless when it is, and when two do it at once.

        Raises ``DatabaseUnusableError``, one line without the password.
        """
        migration.migrate(url)

    def close(self) -> None:
        """Give all connections back."""
        self._database.close()

    def ready(self) -> bool:
        """Whether the database answers and has this version's schema."""
        try:
            return migration.is_current(self._database)
        except SQLAlchemyError:
            return False

    # --- writing

    def append(
        self,
        entry: Entry,
        *,
        lifecycle: LifecyclePatch | None = None,
        steps: Sequence[StepPatch] = (),
        person: PersonPatch | None = None,
    ) -> Record:
        """One row and the projections' change, in one transaction; where the key is there, nothing changes at all."""
        return writing.append(self._database, self._clock, entry, lifecycle, steps, person)

    def begin_step(self, lifecycle_id: str, name: str, attempt: int) -> None:
        """Show a step as running, and with it a lifecycle that was scheduled; changes the projection only."""
        projection.begin_step(self._database, lifecycle_id, name, attempt, self._clock())

    def reserve(self, employee_id: str, candidates: Sequence[str], count: int = 3) -> list[str]:
        """The person's own names: those reserved before, the first free candidates up to ``count``, and the last one.

        The last candidate, one of last resort, is reserved besides ``count`` if it is free.
        """
        return names.reserve(self._database, employee_id, candidates, count, self._clock())

    def release(self, employee_id: str, keep: str) -> None:
        """Free the person's reserved names but ``keep``; none if that is not one of them."""
        names.release(self._database, employee_id, keep)

    def seal(self, day: date) -> Record:
        """Seal the heads of all chains that grew on ``day`` (UTC, over by now) in one row."""
        return self.append(sealing.seal_entry(self._database, self._clock, day))

    def seal_days(self) -> list[date]:
        """Seal every day that is over, has rows and is not sealed yet; harmless when repeated. Returns these days."""
        days = sealing.unsealed(self._database, self._clock)
        for day in days:
            self.seal(day)
        return days

    def erase(self, employee_id: str, *, actor: str = "platform", reason: str | None = None) -> int:
        """Empty what is personal in a person's rows and projections; the chains still verify. Returns how many rows.

        The person's names stay taken, but cannot be read any more.
        """
        return sealing.erase(self._database, self._clock, employee_id, actor, reason)

    # --- reading

    def record(self, key: str) -> Record | None:
        """The row with this key."""
        with self._database.read() as connection:
            return writing.find(connection, key)

    def seen(self, employee_id: str, event_id: str) -> bool:
        """Whether the event has its row, ``event:<employee_id>:<event_id>``."""
        return self.record(f"event:{employee_id}:{event_id}") is not None

    def records(
        self,
        *,
        employee_id: str | None = None,
        lifecycle_id: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        page_token: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[Record]:
        """Rows, oldest first unless asked otherwise."""
        filters = {"employee_id": employee_id, "lifecycle_id": lifecycle_id, "actor": actor}
        with self._database.read() as connection:
            return reading.records_page(connection, filters, since, page_token, limit, newest_first)

    def lifecycle(self, lifecycle_id: str) -> LifecycleView | None:
        """One lifecycle with its steps in order."""
        with self._database.read() as connection:
            return reading.lifecycle(connection, lifecycle_id)

    def lifecycles(
        self,
        *,
        kind: str | None = None,
        status: str | None = None,
        employee_id: str | None = None,
        q: str | None = None,
        page_token: str | None = None,
        limit: int = 50,
    ) -> Page[LifecycleView]:
        """Lifecycles with their steps, newest first; ``q`` is looked for in ids, summary and the person's names."""
        filters = {"kind": kind, "status": status, "employee_id": employee_id}
        with self._database.read() as connection:
            return reading.lifecycles_page(connection, filters, q, page_token, limit)

    def open_lifecycles(self, employee_id: str) -> list[LifecycleView]:
        """The person's unfinished lifecycles, oldest first."""
        with self._database.read() as connection:
            return reading.open_lifecycles(connection, employee_id)

    def parked(self, cause: str | None = None) -> list[ParkedStep]:
        """Steps in ``attention`` of unfinished lifecycles, all or those of one cause."""
        with self._database.read() as connection:
            return reading.parked(connection, cause)

    def person(self, employee_id: str) -> PersonRow | None:
        """A person as HR last told."""
        with self._database.read() as connection:
            return reading.person(connection, employee_id)

    def people(self, *, q: str | None = None, page_token: str | None = None, limit: int = 50) -> Page[PersonRow]:
        """People by employee id; ``q`` is looked for in ids, names, title and department."""
        with self._database.read() as connection:
            return reading.people_page(connection, q, page_token, limit)

    def verify(self) -> Verification:
        """Walk all chains, heads and seals."""
        return verification.verify(self._database)
