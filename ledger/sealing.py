"""Sealing a day and erasing a person."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_, update

from ledger import names
from ledger.database import Database
from ledger.models import Entry
from ledger.schema import lifecycles, people, records, steps
from ledger.writing import Clock, add_row, chain_of, find

SEAL = "seal"
ERASURE = "erasure"


# --- sealing


def _day(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)


def heads_of(connection: Connection, day: date) -> dict[str, list[Any]]:
    """Of every chain that grew on that day the last row's ``[seq, hash]``."""
    begin, end = _day(day)
    last = (
        select(records.c.lifecycle_id, func.max(records.c.seq))
        .where(records.c.at >= begin, records.c.at < end)
        .group_by(records.c.lifecycle_id)
    )
    query = select(records.c.lifecycle_id, records.c.seq, records.c.hash).where(
        tuple_(records.c.lifecycle_id, records.c.seq).in_(last)
    )
    return {row.lifecycle_id: [row.seq, row.hash] for row in connection.execute(query)}


def seal_entry(database: Database, clock: Clock, day: date) -> Entry:
    """The row that seals ``day``; raises ``ValueError`` before the day is over."""
    if clock() < _day(day)[1]:
        raise ValueError(f"{day} is not over (UTC): a seal would not hold the rows still to come; seal it tomorrow")
    with database.read() as connection:
        heads = heads_of(connection, day)
    return Entry(f"seal:{day}", SEAL, "platform", body={"day": day, "heads": heads})


def unsealed(database: Database, clock: Clock) -> list[date]:
    """The days (UTC) that are over, have rows, and came after the last one that was sealed."""
    newest = select(records.c.key).where(records.c.kind == SEAL).order_by(records.c.id.desc()).limit(1)
    grown = select(func.substr(records.c.at, 1, len("2026-03-02"))).distinct()
    with database.read() as connection:
        sealed = connection.execute(newest).scalar()
        if sealed is not None:
            grown = grown.where(records.c.at >= _day(date.fromisoformat(sealed.removeprefix("seal:")))[1])
        grown = grown.where(records.c.at < _day(clock().date())[0])
        return sorted(date.fromisoformat(day) for (day,) in connection.execute(grown))


# --- erasing


def erase(database: Database, clock: Clock, employee_id: str, actor: str, reason: str | None) -> int:
    """See :meth:`ledger.Ledger.erase`."""
    personal = (records.c.employee_id == employee_id) & records.c.personal.is_not(None)
    with database.write() as connection:
        at = clock()
        count, last = connection.execute(select(func.count(), func.max(records.c.id)).where(personal)).one()
        entry = Entry(
            f"erasure:{employee_id}:{last or 0}", ERASURE, actor, employee_id, reason=reason, body={"rows": count}
        )
        database.lock(connection, chain_of(entry, at))
        if find(connection, entry.key) is None:
            add_row(database, connection, entry, at)
        # A row that another process appends meanwhile is left to the next erasure: this one's id must be the later.
        empty = update(records).where(personal, records.c.id <= (last or 0))
        connection.execute(empty.values(personal=None, salt=None))
        _erase_projections(connection, employee_id)
        database.lock(connection, "names")
        names.erase(connection, employee_id)
    return int(count)


def _erase_projections(connection: Connection, employee_id: str) -> None:
    mine = lifecycles.c.employee_id == employee_id
    ids = select(lifecycles.c.lifecycle_id).where(mine)
    bare = func.lower(lifecycles.c.lifecycle_id)
    connection.execute(update(lifecycles).where(mine).values(summary=None, search=bare))
    empty: dict[str, Any] = {"input": {}, "evidence": {}, "last_error": None}
    connection.execute(update(steps).where(steps.c.lifecycle_id.in_(ids)).values(empty))
    connection.execute(delete(people).where(people.c.employee_id == employee_id))
