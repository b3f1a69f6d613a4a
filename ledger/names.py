"""Reserved names: each belongs to one person, whatever its case, from before the account is made until released.

A leaver's name stays theirs, so nobody else is given mail that was meant for them. Erasing a person leaves only a
digest of it: it is still nobody else's, but it can no longer be read.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from ledger.database import Database
from ledger.schema import names

_ERASED = ""


class NoNameLeft(LookupError):  # noqa: N818 - it says what happened
    """Every candidate belongs to somebody else."""


def _digest(name: str) -> str:
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def _own(connection: Connection, employee_id: str) -> dict[str, int]:
    mine = (names.c.employee_id == employee_id) & (names.c.spelling != _ERASED)
    query = select(names.c.spelling, names.c.position).where(mine)
    return {row.spelling: row.position for row in connection.execute(query.order_by(names.c.position))}


def _free(connection: Connection, employee_id: str, candidate: str) -> bool:
    """Whether nobody has the name; one's own that was erased is free to oneself."""
    name = candidate.lower()
    held = select(names.c.name, names.c.employee_id).where(names.c.name.in_([name, _digest(name)]))
    rows = connection.execute(held).all()
    return all(row.name != name and row.employee_id == employee_id for row in rows)


def _take(connection: Connection, employee_id: str, candidate: str, position: int, at: datetime) -> None:
    """Make a free name the person's; the caller holds the lock on all names."""
    name = candidate.lower()
    connection.execute(delete(names).where(names.c.name == _digest(name)))
    row = {"name": name, "spelling": candidate, "employee_id": employee_id}
    connection.execute(insert(names).values(row | {"position": position, "reserved_at": at}))


def reserve(database: Database, employee_id: str, candidates: Sequence[str], count: int, at: datetime) -> list[str]:
    """See :meth:`ledger.Ledger.reserve`."""
    with database.write() as connection:
        database.lock(connection, "names")
        mine = _own(connection, employee_id)
        last = candidates[-1] if candidates else None
        most = count + (last in mine)
        for candidate in candidates:
            wanted = len(mine) < most or candidate == last
            if wanted and _free(connection, employee_id, candidate):
                mine[candidate] = max(mine.values(), default=-1) + 1
                _take(connection, employee_id, candidate, mine[candidate], at)
    if not mine:
        raise NoNameLeft(
            f"all {len(candidates)} names for {employee_id}, {', '.join(candidates[:3])} and on, belong to others;"
            " retry the step with other names"
        )
    return list(mine)


def release(database: Database, employee_id: str, keep: str) -> None:
    """See :meth:`ledger.Ledger.release`."""
    with database.write() as connection:
        database.lock(connection, "names")
        if keep.lower() in {name.lower() for name in _own(connection, employee_id)}:
            mine = (names.c.employee_id == employee_id) & (names.c.spelling != _ERASED)
            connection.execute(delete(names).where(mine, names.c.name != keep.lower()))


def erase(connection: Connection, employee_id: str) -> None:
    """Leave of the person's names what keeps them from others, and nothing to read."""
    for spelling in _own(connection, employee_id):
        name = spelling.lower()
        blank = update(names).where(names.c.name == name)
        connection.execute(blank.values(name=_digest(name), spelling=_ERASED))
