"""Walking all chains: rows, links, heads, erasures and seals. Memory stays the same however long the ledger is.

What it cannot see is somebody with every right on the database who rewrites a chain from a row to its end, its head
and the seals after it: keep the seals' hashes somewhere else.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, text, tuple_

from ledger import chain
from ledger.database import Database
from ledger.models import Problem, Verification
from ledger.schema import records
from ledger.sealing import ERASURE, SEAL

CHUNK = 500
# Plain SQL: what was tampered with need not decode as a moment or as JSON.
_ALL = text(
    "SELECT id, lifecycle_id, seq, key, at, kind, actor, employee_id, event_id, reason, body, personal, salt,"
    " personal_digest, prev_hash, hash FROM records ORDER BY lifecycle_id, seq"
)
_ERASURES = text("SELECT employee_id, max(id) FROM records WHERE kind = :kind GROUP BY employee_id")
_CUT_OFF = text(
    "SELECT h.lifecycle_id, h.seq, r.id FROM heads h"
    " LEFT JOIN records r ON r.lifecycle_id = h.lifecycle_id AND r.seq = h.seq"
    " WHERE r.id IS NULL OR r.hash <> h.hash"
)
_BEYOND = text(
    "SELECT r.id, r.lifecycle_id, r.seq FROM records r LEFT JOIN heads h ON h.lifecycle_id = r.lifecycle_id"
    " WHERE h.seq IS NULL OR r.seq > h.seq"
)


def _erased_unrecorded(row: chain.Row, erasures: dict[str, int]) -> bool:
    emptied = row["personal_digest"] is not None and row["personal"] is None and row["salt"] is None
    return emptied and erasures.get(str(row["employee_id"]), 0) <= int(str(row["id"]))


def _rows(connection: Connection) -> Iterator[list[Problem]]:
    """For each row its problems."""
    erasures = {str(row[0]): int(row[1]) for row in connection.execute(_ERASURES, {"kind": ERASURE})}
    stream = connection.execute(_ALL, execution_options={"yield_per": CHUNK})
    for row, problems in chain.walk(row._mapping for row in stream):
        if _erased_unrecorded(row, erasures):
            problem = "the personal part is empty but no erasure of this person is on record"
            problems.append(Problem(int(str(row["id"])), str(row["lifecycle_id"]), problem))
        yield problems


def _heads(connection: Connection) -> Iterator[Problem]:
    for lifecycle_id, seq, record_id in connection.execute(_CUT_OFF):
        what = "is missing" if record_id is None else "is another one"
        yield Problem(record_id, lifecycle_id, f"row {seq}, the last that was appended, {what}")
    for record_id, lifecycle_id, seq in connection.execute(_BEYOND):
        yield Problem(record_id, lifecycle_id, f"row {seq} was not appended by the platform")


def _sealed(body: str) -> dict[str, Any]:
    """The heads in a seal; none where the body is no seal's any more, which the row's hash tells already."""
    try:
        heads = json.loads(body)["heads"]
    except (ValueError, KeyError, TypeError):
        return {}
    return heads if isinstance(heads, dict) and all(map(_is_head, heads.values())) else {}


def _is_head(head: object) -> bool:
    return isinstance(head, list) and [type(part) for part in head] == [int, str]


def _seal_problems(connection: Connection, key: str, heads: dict[str, Any]) -> Iterator[Problem]:
    ends_of = list(heads.items())
    for begin in range(0, len(ends_of), CHUNK):
        some = ends_of[begin : begin + CHUNK]
        ends = tuple_(records.c.lifecycle_id, records.c.seq).in_([(name, seq) for name, (seq, _) in some])
        query = select(records.c.lifecycle_id, records.c.id, records.c.hash).where(ends)
        found = {row.lifecycle_id: row for row in connection.execute(query)}
        for name, (seq, sealed) in some:
            row = found.get(name)
            if row is None:
                yield Problem(None, name, f"row {seq} is missing: {key} holds it")
            elif row.hash != sealed:
                yield Problem(row.id, name, f"row {seq} has another hash than {key} holds")


def _seals(connection: Connection) -> Iterator[Problem]:
    # One seal at a time: each may hold a hundred thousand heads.
    for seal in connection.execute(text("SELECT id, key FROM records WHERE kind = :kind"), {"kind": SEAL}).all():
        body = connection.execute(text("SELECT body FROM records WHERE id = :id"), {"id": seal.id}).scalar_one()
        yield from _seal_problems(connection, seal.key, _sealed(body))


def verify(database: Database) -> Verification:
    """See :meth:`ledger.Ledger.verify`."""
    checked = 0
    problems: list[Problem] = []
    with database.read() as connection:
        for found in _rows(connection):
            checked += 1
            problems += found
        problems += [*_heads(connection), *_seals(connection)]
    return Verification(not problems, checked, problems)
