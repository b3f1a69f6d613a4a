"""Appending a row: one short transaction per design of the chain, projections included."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from ledger import chain
from ledger.columns import canonical_json, moment_of, storable, utc_text
from ledger.database import Database
from ledger.models import Entry, LifecyclePatch, PersonPatch, Record, StepPatch
from ledger.projection import patch_lifecycle, patch_person, patch_steps
from ledger.schema import record_ids, records

TRIES = 3
Clock = Callable[[], datetime]

# Built once: SQLAlchemy takes longer to build a statement than SQLite to carry it out.
_FIND = select(records).where(records.c.key == bindparam("wanted"))
_HEAD = (
    select(records.c.seq, records.c.hash)
    .where(records.c.lifecycle_id == bindparam("chain"))
    .order_by(records.c.seq.desc())
    .limit(1)
)
_LAST_ID = select(func.max(records.c.id))
_NEXT_ID = select(record_ids.next_value())
_ADD = insert(records)
_MOVE_HEAD = text(
    "INSERT INTO heads (lifecycle_id, seq, hash) VALUES (:lifecycle_id, :seq, :hash)"
    " ON CONFLICT (lifecycle_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash"
)


def record_of(row: Row[Any]) -> Record:
    """A row of the whole table as a :class:`Record`: the two have the same order."""
    return Record(*tuple(row))


def find(connection: Connection, key: str) -> Record | None:
    """The row with this key."""
    row = connection.execute(_FIND, {"wanted": key}).one_or_none()
    return None if row is None else record_of(row)


def _head(connection: Connection, lifecycle_id: str) -> tuple[int, str]:
    row = connection.execute(_HEAD, {"chain": lifecycle_id}).one_or_none()
    return (row.seq, row.hash) if row else (0, chain.BEGINNING)


def _next_id(database: Database, connection: Connection) -> int:
    if database.sqlite:
        return (connection.scalar(_LAST_ID) or 0) + 1
    return connection.execute(_NEXT_ID).scalar_one()


def _columns(entry: Entry, chain_id: str, at: datetime) -> dict[str, Any]:
    personal = None if entry.personal is None else canonical_json(entry.personal)
    salt = None if personal is None else secrets.token_hex(16)
    return {
        "lifecycle_id": chain_id,
        "key": entry.key,
        "at": utc_text(at),
        "kind": entry.kind,
        "actor": storable(entry.actor),
        "employee_id": entry.employee_id,
        "event_id": entry.event_id,
        "reason": storable(entry.reason),
        "body": canonical_json(entry.body),
        "personal": personal,
        "salt": salt,
        "personal_digest": None if personal is None else chain.personal_digest(salt, personal),
    }


def add_row(database: Database, connection: Connection, entry: Entry, at: datetime) -> Record:
    """Chain the entry's row behind the head of its lifecycle; the transaction must hold that lifecycle's lock."""
    row = _columns(entry, chain_of(entry, at), at)
    seq, prev_hash = _head(connection, row["lifecycle_id"])
    row |= {"id": _next_id(database, connection), "seq": seq + 1, "prev_hash": prev_hash}
    row["hash"] = chain.record_hash(row)
    head = {name: row[name] for name in ("lifecycle_id", "seq", "hash")}
    row["at"] = moment_of(row["at"])
    connection.execute(_ADD, row)
    connection.execute(_MOVE_HEAD, head)
    return Record(*(row[column.name] for column in records.columns))


def chain_of(entry: Entry, at: datetime) -> str:
    """The chain a row belongs to: its lifecycle's, else the platform's of that UTC date."""
    return entry.lifecycle_id or f"platform:{utc_text(at)[:10]}"


def _append(
    database: Database,
    clock: Clock,
    entry: Entry,
    lifecycle: LifecyclePatch | None,
    steps: Sequence[StepPatch],
    person: PersonPatch | None,
) -> Record:
    with database.write() as connection:
        at = clock()
        database.lock(connection, chain_of(entry, at))
        there = find(connection, entry.key)
        if there is not None:
            return there
        record = add_row(database, connection, entry, at)
        if lifecycle is not None:
            patch_lifecycle(connection, lifecycle, at)
        if steps:
            patch_steps(connection, steps_owner(entry, lifecycle), steps, at)
        if person is not None:
            patch_person(connection, person)
        return record


def steps_owner(entry: Entry, lifecycle: LifecyclePatch | None) -> str:
    """Whose steps an append changes."""
    owner = lifecycle.lifecycle_id if lifecycle else entry.lifecycle_id
    if owner is None:
        raise ValueError(f"entry {entry.key!r} changes steps but names no lifecycle; give it a lifecycle_id")
    return owner


def append(
    database: Database,
    clock: Clock,
    entry: Entry,
    lifecycle: LifecyclePatch | None,
    steps: Sequence[StepPatch],
    person: PersonPatch | None,
) -> Record:
    """See :meth:`ledger.Ledger.append`."""
    for _ in range(TRIES - 1):
        try:
            return _append(database, clock, entry, lifecycle, steps, person)
        except IntegrityError:
            # On PostgreSQL another chain may have taken the key, or made the same projection line, in between; the
            # next look finds it there.
            continue
    return _append(database, clock, entry, lifecycle, steps, person)
