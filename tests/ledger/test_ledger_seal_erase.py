"""Sealing days and erasing people."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger import Entry, Ledger, LifecyclePatch, NoNameLeft, PersonPatch, StepPatch

MONDAY = date(2026, 3, 2)


def fill(ledger: Ledger, clock: Any) -> None:
    for number in range(4):
        name = f"joiner:{number % 2}:e"
        ledger.append(
            Entry(f"{name}/{number}", "step", "hr", str(number % 2), "e", name, personal={"name": "Ada Byron"}),
            lifecycle=LifecyclePatch(name, summary="Ada Byron joins"),
            steps=[StepPatch("create", input={"displayName": "Ada Byron"}, last_error="Ada Byron is taken")],
            person=PersonPatch(str(number % 2), clock.now, {"given_name": "Ada"}, upn="ada.byron@x.example"),
        )


def lifecycle_owner(row: dict[str, Any]) -> str:
    return str(row.get("lifecycle_id", "::")).split(":")[1]


def test_a_seal_holds_the_heads_of_its_day(ledger: Ledger, clock: Any) -> None:
    fill(ledger, clock)
    heads = {row.lifecycle_id: [row.seq, row.hash] for row in ledger.records().items if row.seq == 2}
    clock.forward(days=1)
    ledger.append(Entry("later", "step", "hr", lifecycle_id="joiner:1:e"))
    row = ledger.seal(MONDAY)
    assert row.body == {"day": "2026-03-02", "heads": heads}
    assert ledger.verify().valid


def test_a_day_is_sealed_once(ledger: Ledger, clock: Any) -> None:
    clock.forward(days=1)
    assert ledger.seal(MONDAY) == ledger.seal(MONDAY)
    assert ledger.verify().checked == 1


def test_the_next_seal_holds_the_seal_before(ledger: Ledger, clock: Any) -> None:
    clock.forward(days=1)
    first = ledger.seal(MONDAY)
    clock.forward(days=1)
    assert ledger.seal(date(2026, 3, 3)).body["heads"] == {"platform:2026-03-03": [1, first.hash]}


def test_a_day_is_not_sealed_before_it_is_over(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="2026-03-02 is not over"):
        ledger.seal(MONDAY)


def test_days_that_are_over_are_sealed_once_and_none_is_left_out(ledger: Ledger, clock: Any) -> None:
    assert ledger.seal_days() == []
    fill(ledger, clock)
    assert ledger.seal_days() == []
    clock.forward(days=1)
    assert ledger.seal_days() == [MONDAY]
    assert ledger.seal_days() == []
    clock.forward(days=4)
    ledger.append(Entry("later", "step", "hr", lifecycle_id="joiner:1:e"))
    clock.forward(days=3)
    assert ledger.seal_days() == [date(2026, 3, 3), date(2026, 3, 7)]
    assert ledger.verify().valid


def test_a_name_of_somebody_erased_cannot_be_read_and_is_nobody_elses(
    ledger: Ledger, sql: Callable[[str], list[Any]]
) -> None:
    ledger.reserve("1", ["Ada.Byron@x.example"])
    ledger.erase("1")
    assert "byron" not in str(sql("SELECT * FROM names")).lower()
    assert ledger.reserve("2", ["ada.byron@x.example", "ada.byron2@x.example"]) == ["ada.byron2@x.example"]
    again = ["ada.byron@x.example", "ada.byron.1@x.example"]
    assert ledger.reserve("1", again) == again
    ledger.erase("1")
    ledger.reserve("1", ["ada.king@x.example"])
    ledger.release("1", "ada.king@x.example")
    with pytest.raises(NoNameLeft):
        ledger.reserve("3", again)


def test_erasing_empties_what_is_personal_and_the_chain_still_verifies(
    ledger: Ledger, clock: Any, sql: Callable[[str], list[Any]]
) -> None:
    fill(ledger, clock)
    assert ledger.erase("1", actor="auditor", reason="asked for") == 2
    rows = ledger.records(lifecycle_id="joiner:1:e").items
    assert {(row.personal, row.salt) for row in rows} == {(None, None)}
    assert all(row.personal_digest for row in rows)
    assert ledger.verify().valid
    tables = ("SELECT * FROM records", "SELECT * FROM lifecycles", "SELECT * FROM steps", "SELECT * FROM people")
    everything = [row for table in tables for row in sql(table)]
    assert "Ada" not in str([row for row in everything if "1" in (row.get("employee_id"), lifecycle_owner(row))])
    assert "Ada" in str(everything)
    assert ledger.person("1") is None


def test_an_erasure_is_on_record(ledger: Ledger, clock: Any) -> None:
    fill(ledger, clock)
    ledger.erase("1", actor="auditor", reason="asked for")
    (row,) = ledger.records(actor="auditor").items
    assert (row.kind, row.employee_id, row.reason, row.body) == ("erasure", "1", "asked for", {"rows": 2})
    assert row.personal is None


def test_what_comes_after_an_erasure_can_be_erased_again(ledger: Ledger, clock: Any) -> None:
    fill(ledger, clock)
    ledger.erase("1")
    assert ledger.erase("1") == 0
    ledger.append(Entry("rehire", "step", "hr", "1", personal={"name": "Ada"}))
    assert ledger.erase("1") == 1
    assert ledger.verify().valid


def test_emptying_without_an_erasure_on_record_is_found(
    ledger: Ledger, clock: Any, sql: Callable[[str], list[Any]]
) -> None:
    """The trigger's one door lets it through; verification does not."""
    fill(ledger, clock)
    sql("UPDATE records SET personal = NULL, salt = NULL WHERE lifecycle_id = 'joiner:1:e'")
    found = ledger.verify().problems
    assert {problem.lifecycle_id for problem in found} == {"joiner:1:e"}
    assert {problem.problem for problem in found} == {
        "the personal part is empty but no erasure of this person is on record"
    }


def test_what_was_erased_cannot_be_put_back(ledger: Ledger, clock: Any, unguarded: Callable[[str], list[Any]]) -> None:
    fill(ledger, clock)
    ledger.erase("1")
    unguarded("UPDATE records SET personal = '{}', salt = 'x' WHERE lifecycle_id = 'joiner:1:e'")
    assert {problem.problem for problem in ledger.verify().problems} == {
        "the personal part is not the one that was written"
    }
