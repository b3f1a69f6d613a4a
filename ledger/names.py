"""Reserved names: each belongs to one person, whatever its case, from before the account is made until released.

A leaver's name stays theirs, so nobody else is given mail that was meant for them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from ledger.database import Database
from ledger.schema import names

_OWNER = select(names.c.employee_id).where(names.c.name == bindparam("wanted"))
_TAKE = insert(names)


class NoNameLeft(LookupError):  # noqa: N818 - it says what happened
    """Every candidate belongs to somebody else."""


def _own(connection: Connection, employee_id: str) -> dict[str, int]:
    query = select(names.c.spelling, names.c.position).where(names.c.employee_id == employee_id)
    return {row.spelling: row.position for row in connection.execute(query.order_by(names.c.position))}


def _take(connection: Connection, row: dict[str, object]) -> bool:
    """Whether the name was free; the caller holds the lock on all names."""
    if connection.execute(_OWNER, {"wanted": row["name"]}).first() is not None:
        return False
    connection.execute(_TAKE, row)
    return True


def reserve(database: Database, employee_id: str, candidates: Sequence[str], count: int, at: datetime) -> list[str]:
    """See :meth:`ledger.Ledger.reserve`."""
    with database.write() as connection:
        database.lock(connection, "names")
        mine = _own(connection, employee_id)
        for candidate in candidates:
            if len(mine) >= count:
                break
            position = max(mine.values(), default=-1) + 1
            row = {"name": candidate.lower(), "spelling": candidate, "employee_id": employee_id}
            if _take(connection, row | {"position": position, "reserved_at": at}):
                mine[candidate] = position
    if not mine:
        raise NoNameLeft(
            f"all {len(candidates)} names for {employee_id}, {', '.join(candidates[:3])} and on, belong to others;"
            " retry the step with other names"
        )
    return list(mine)


def release(database: Database, employee_id: str, keep: str) -> None:
    """See :meth:`ledger.Ledger.release`."""
    with database.write() as connection:
        others = (names.c.employee_id == employee_id) & (names.c.name != keep.lower())
        connection.execute(delete(names).where(others))
