"""How rows are chained, so that anybody can recompute it with nothing but a copy of the table.

Every row but its ``personal``, ``salt`` and ``hash`` is hashed, column by column in the order of :data:`COLUMNS`.
A value is its UTF-8 text (integers in decimal) as a netstring, ``<length in bytes>:<text>,``; NULL is ``-,``. So no
two rows share an encoding, wherever a text ends. ``hash`` is the SHA-256 of all that, in hex::

    def field(value):
        if value is None:
            return b"-,"
        text = str(value).encode()
        return b"%d:%s," % (len(text), text)

    hash = sha256(b"".join(field(row[column]) for column in COLUMNS)).hexdigest()

``prev_hash`` is the ``hash`` of the row with the same ``lifecycle_id`` and ``seq - 1``; 64 zeros where ``seq`` is 1.
``personal_digest`` is ``sha256(field(salt) + field(personal))``, NULL where a row was written without anything
personal. Erasing a person empties ``personal`` and ``salt``: the digest stays, and without the salt nobody can guess
what it was of. ``at``, ``body`` and ``personal`` are text in the database; hash what stands there, parse nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ledger.models import Problem, Verification

COLUMNS = (
    "id",
    "lifecycle_id",
    "seq",
    "key",
    "at",
    "kind",
    "actor",
    "employee_id",
    "event_id",
    "reason",
    "body",
    "personal_digest",
    "prev_hash",
)
BEGINNING = "0" * 64
Row = Mapping[Any, object]


def _field(value: object) -> bytes:
    if value is None:
        return b"-,"
    text = str(value).encode("utf-8", "surrogatepass")
    return b"%d:%s," % (len(text), text)


def record_hash(row: Row) -> str:
    """The ``hash`` that a row with these columns must have."""
    return hashlib.sha256(b"".join(_field(row[column]) for column in COLUMNS)).hexdigest()


def personal_digest(salt: object, personal: object) -> str:
    """The ``personal_digest`` that a row with this salt and personal part must have."""
    return hashlib.sha256(_field(salt) + _field(personal)).hexdigest()


def _personal_problem(row: Row) -> str | None:
    salt, personal, digest = row.get("salt"), row.get("personal"), row["personal_digest"]
    if salt is None and personal is None:
        return None
    if digest != personal_digest(salt, personal):
        return "the personal part is not the one that was written"
    return None


def _link_problem(row: Row, before: Row | None) -> str | None:
    seq, expected = row["seq"], _number(before["seq"]) + 1 if before else 1
    if seq != expected:
        return f"seq is {seq} where {expected} was expected: rows before it are missing or moved"
    if row["prev_hash"] != (before["hash"] if before else BEGINNING):
        return "prev_hash is not the hash of the row before"
    return None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def row_problems(row: Row, before: Row | None) -> Iterator[str]:
    """What is wrong with a row, ``before`` being the one before it in its chain."""
    if row["hash"] != record_hash(row):
        yield "the row was changed: its hash does not fit"
    for problem in (_personal_problem(row), _link_problem(row, before)):
        if problem:
            yield problem


def walk(rows: Iterable[Row]) -> Iterator[tuple[Row, list[Problem]]]:
    """Each row with its problems; ``rows`` come chain by chain, in the order of ``seq``. Keeps one row in memory."""
    before: Row | None = None
    for row in rows:
        if before is not None and before["lifecycle_id"] != row["lifecycle_id"]:
            before = None
        found = [
            Problem(_number(row["id"]), str(row["lifecycle_id"]), problem) for problem in row_problems(row, before)
        ]
        yield row, found
        before = row


def verify_rows(rows: Iterable[Row]) -> Verification:
    """Verify an export by itself, its rows in any order; personal parts may have been left out.

    What was cut off a chain's end does not show here: that is for :meth:`ledger.Ledger.verify` and the seals.
    """
    ordered = sorted(rows, key=lambda row: (str(row["lifecycle_id"]), _number(row["seq"])))
    problems = [problem for _, found in walk(ordered) for problem in found]
    return Verification(not problems, len(ordered), problems)
