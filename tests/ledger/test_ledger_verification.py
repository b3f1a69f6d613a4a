"""Whatever is changed past the ledger, verification names it."""
# ruff: noqa: S608 - the statements are this file's own

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from ledger import Entry, Ledger, chain

Sql = Callable[[str], list[Any]]
JOINER, LEAVER = "joiner:1:e", "leaver:2:e"


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Two chains of three rows."""
    for name in (JOINER, LEAVER):
        for number in range(3):
            employee = name.split(":")[1]
            ledger.append(
                Entry(f"{name}/{number}", "step", "hr", employee, "e", name, "why", {"n": number}, {"name": "Ada"})
            )
    return ledger


def forge(unguarded: Sql, seq: int) -> str:
    """Rewrite a row's body together with its hash, which is returned."""
    (row,) = unguarded(f"SELECT * FROM records WHERE lifecycle_id = '{LEAVER}' AND seq = {seq}")
    body = '{"n":9}'
    forged = chain.record_hash({**row, "body": body})
    unguarded(f"UPDATE records SET body = '{body}', hash = '{forged}' WHERE id = {row['id']}")
    return forged


def problems(ledger: Ledger) -> set[tuple[str, str]]:
    found = ledger.verify()
    assert found.valid is not bool(found.problems)
    return {(problem.lifecycle_id, problem.problem) for problem in found.problems}


def test_an_untouched_ledger_is_valid(filled: Ledger) -> None:
    found = filled.verify()
    assert (found.valid, found.checked, found.problems) == (True, 6, [])


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM records", "UPDATE records SET body = '{}'", "UPDATE records SET personal = '{}'",
     "UPDATE records SET personal = NULL, salt = NULL, reason = 'x'", "UPDATE records SET salt = NULL"],
)  # fmt: skip
def test_the_database_refuses_to_change_rows(filled: Ledger, sql: Sql, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        sql(change)
    assert filled.verify().valid


def test_the_database_refuses_to_replace_or_truncate(filled: Ledger, sql: Sql, url: str) -> None:
    replace = "INSERT OR REPLACE INTO records SELECT * FROM records"
    with pytest.raises(DBAPIError, match="append-only"):
        sql(replace if url.startswith("sqlite") else "TRUNCATE records")
    assert filled.verify().valid


NUMBERS = ("id", "seq")
TEXTS = [column for column in chain.COLUMNS if column not in NUMBERS] + ["hash", "personal", "salt"]


@pytest.mark.parametrize("column", [*NUMBERS, *TEXTS])
@pytest.mark.parametrize("seq", [1, 3])
def test_a_changed_column_is_found(filled: Ledger, unguarded: Sql, column: str, seq: int) -> None:
    value = f"{column} + 1000" if column in NUMBERS else "'tampered'"
    unguarded(f"UPDATE records SET {column} = {value} WHERE lifecycle_id = '{LEAVER}' AND seq = {seq}")
    found = filled.verify()
    assert not found.valid
    assert LEAVER in {problem.lifecycle_id for problem in found.problems}
    assert JOINER not in {problem.lifecycle_id for problem in found.problems}


@pytest.mark.parametrize("column", ["employee_id", "event_id", "reason"])
def test_an_emptied_column_is_found(filled: Ledger, unguarded: Sql, column: str) -> None:
    unguarded(f"UPDATE records SET {column} = NULL WHERE lifecycle_id = '{LEAVER}' AND seq = 2")
    assert problems(filled) == {(LEAVER, "the row was changed: its hash does not fit")}


def test_text_moved_from_one_column_to_the_next_is_found(filled: Ledger, unguarded: Sql) -> None:
    unguarded(f"UPDATE records SET kind = 'ste', actor = 'phr' WHERE lifecycle_id = '{LEAVER}' AND seq = 3")
    assert problems(filled) == {(LEAVER, "the row was changed: its hash does not fit")}


def test_the_changed_row_is_named(filled: Ledger, unguarded: Sql) -> None:
    unguarded("UPDATE records SET body = '{}' WHERE id = 5")
    (problem,) = filled.verify().problems
    assert (problem.record_id, problem.lifecycle_id) == (5, LEAVER)


def test_a_row_rewritten_with_its_hash_breaks_the_link_to_the_next(filled: Ledger, unguarded: Sql) -> None:
    forge(unguarded, 2)
    assert problems(filled) == {(LEAVER, "prev_hash is not the hash of the row before")}


def test_a_last_row_rewritten_with_its_hash_is_not_the_head(filled: Ledger, unguarded: Sql) -> None:
    forge(unguarded, 3)
    assert problems(filled) == {(LEAVER, "row 3, the last that was appended, is another one")}


@pytest.mark.parametrize("seq", [1, 2])
def test_a_missing_row_is_found(filled: Ledger, unguarded: Sql, seq: int) -> None:
    unguarded(f"DELETE FROM records WHERE lifecycle_id = '{LEAVER}' AND seq = {seq}")
    ((where, what),) = problems(filled)
    assert where == LEAVER
    assert what.startswith(f"seq is {seq + 1} where {seq} was expected")


def test_a_missing_last_row_is_found(filled: Ledger, unguarded: Sql) -> None:
    unguarded(f"DELETE FROM records WHERE lifecycle_id = '{LEAVER}' AND seq = 3")
    assert problems(filled) == {(LEAVER, "row 3, the last that was appended, is missing")}


def test_a_missing_chain_is_found(filled: Ledger, unguarded: Sql) -> None:
    unguarded(f"DELETE FROM records WHERE lifecycle_id = '{LEAVER}'")
    assert problems(filled) == {(LEAVER, "row 3, the last that was appended, is missing")}


def test_a_row_slipped_in_behind_the_head_is_found(filled: Ledger, unguarded: Sql) -> None:
    (row,) = unguarded(f"SELECT * FROM records WHERE lifecycle_id = '{LEAVER}' AND seq = 3")
    row |= {"id": 99, "seq": 4, "key": "slipped in", "prev_hash": row["hash"]}
    row["hash"] = chain.record_hash(row)
    values = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in row.values())
    unguarded(f"INSERT INTO records ({', '.join(row)}) VALUES ({values})")
    assert problems(filled) == {(LEAVER, "row 4 was not appended by the platform")}


def test_a_seal_finds_what_was_cut_off_with_its_head(filled: Ledger, unguarded: Sql, clock: Any) -> None:
    clock.forward(days=1)
    filled.seal(date(2026, 3, 2))
    unguarded(f"DELETE FROM records WHERE lifecycle_id = '{LEAVER}'")
    unguarded(f"DELETE FROM heads WHERE lifecycle_id = '{LEAVER}'")
    assert problems(filled) == {(LEAVER, "row 3 is missing: seal:2026-03-02 holds it")}


def test_a_seal_finds_a_chain_that_was_rewritten_with_its_head(filled: Ledger, unguarded: Sql, clock: Any) -> None:
    clock.forward(days=1)
    filled.seal(date(2026, 3, 2))
    forged = forge(unguarded, 3)
    unguarded(f"UPDATE heads SET hash = '{forged}' WHERE lifecycle_id = '{LEAVER}'")
    assert problems(filled) == {(LEAVER, "row 3 has another hash than seal:2026-03-02 holds")}


@pytest.mark.parametrize("body", ["no json", "[]", '{"heads": {"x": 1}}'])
def test_a_ruined_seal_is_named_as_a_changed_row(filled: Ledger, unguarded: Sql, clock: Any, body: str) -> None:
    clock.forward(days=1)
    filled.seal(date(2026, 3, 2))
    unguarded(f"UPDATE records SET body = '{body}' WHERE kind = 'seal'")
    assert problems(filled) == {("platform:2026-03-03", "the row was changed: its hash does not fit")}
