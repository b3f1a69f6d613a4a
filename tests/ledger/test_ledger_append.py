"""Appending: one row, one chain, once."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ledger import Entry, Ledger, LifecyclePatch, PersonPatch, StepPatch, Verification, chain

JOINER = "joiner:1941:hire"
ROOT = Path(__file__).resolve().parents[2]


def entry(key: str, **more: Any) -> Entry:
    return Entry(
        key, "step", "hr", **{"employee_id": "1941", "event_id": "hire", "lifecycle_id": JOINER, "body": {}} | more
    )


def test_rows_of_a_lifecycle_follow_each_other(ledger: Ledger) -> None:
    rows = [ledger.append(entry(f"k{number}", body={"n": number})) for number in range(4)]
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert rows[0].prev_hash == "0" * 64
    assert all(later.prev_hash == earlier.hash for earlier, later in pairwise(rows))
    assert ledger.record("k2") == rows[2]
    assert ledger.records(lifecycle_id=JOINER).items == rows


def test_a_row_keeps_what_it_was_given(ledger: Ledger) -> None:
    given = entry("k", reason="because\0", body={"b": [1, None, "ü"], "a": True}, personal={"name": "Łucja"})
    row = ledger.append(given)
    assert (row.kind, row.actor, row.employee_id, row.event_id) == ("step", "hr", "1941", "hire")
    assert row.reason == "because\N{REPLACEMENT CHARACTER}"
    assert row.body == given.body
    assert row.body_json == '{"a":true,"b":[1,null,"\\u00fc"]}'
    assert row.personal == {"name": "Łucja"}
    assert row.at == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_what_is_no_json_is_refused_and_leaves_no_row(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="JSON values only, not set"):
        ledger.append(entry("k", body={"a": {1, 2}}))
    assert ledger.record("k") is None


def test_a_key_that_is_there_changes_nothing_at_all(ledger: Ledger) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    first = ledger.append(entry("k", body={"n": 1}), lifecycle=LifecyclePatch(JOINER, status="running"))
    before = ledger.lifecycle(JOINER)
    again = ledger.append(
        entry("k", body={"n": 2}),
        lifecycle=LifecyclePatch(JOINER, status="completed"),
        steps=[StepPatch("create", state="done")],
        person=PersonPatch("1941", moment, {"title": "Director"}),
    )
    assert again == first
    assert ledger.lifecycle(JOINER) == before
    assert ledger.person("1941") is None
    assert len(ledger.records().items) == 1


def test_rows_without_a_lifecycle_chain_by_day(ledger: Ledger, clock: Any) -> None:
    first = ledger.append(Entry("a", "refused", "stranger"))
    clock.forward(days=1)
    second = ledger.append(Entry("b", "refused", "stranger"))
    assert (first.lifecycle_id, second.lifecycle_id) == ("platform:2026-03-02", "platform:2026-03-03")
    assert second.seq == 1


def test_an_event_is_seen_once_its_row_is_there(ledger: Ledger) -> None:
    assert not ledger.seen("1941", "hire")
    ledger.append(entry("event:1941:hire"))
    assert ledger.seen("1941", "hire")
    assert not ledger.seen("194", "1:hire")


def test_steps_need_a_lifecycle(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="names no lifecycle"):
        ledger.append(Entry("k", "step", "hr"), steps=[StepPatch("create")])
    assert ledger.record("k") is None


def test_many_threads_append_to_one_lifecycle(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.append(entry(f"k{number}")), range(80)))
    rows = ledger.records(lifecycle_id=JOINER).items
    assert [row.seq for row in rows] == list(range(1, 81))
    assert ledger.verify().valid


def test_many_threads_append_one_key(ledger: Ledger) -> None:
    """In chains of their own, so that no lock keeps them apart."""
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: ledger.append(entry("k", lifecycle_id=f"mover:1:{n}")), range(16)))
    assert {row.id for row in rows} == {rows[0].id}
    assert ledger.verify().checked == 1


PROCESS = f"""
import sys
from ledger import Entry, Ledger, LifecyclePatch, StepPatch
ledger = Ledger.open(sys.argv[1])
for number in range(40):
    for key in (f"{{sys.argv[2]}}-{{number}}", f"shared-{{number}}"):
        ledger.append(Entry(key, "step", "hr", lifecycle_id="{JOINER}"), lifecycle=LifecyclePatch("{JOINER}"),
                      steps=[StepPatch(key, state="done")])
"""


def test_two_processes_append_to_one_lifecycle(url: str, ledger: Ledger) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([sys.executable, "-c", PROCESS, url, name], env=environment)  # noqa: S603
        for name in ("one", "two")
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    rows = ledger.records(lifecycle_id=JOINER, limit=1000).items
    assert [row.seq for row in rows] == list(range(1, 121))
    view = ledger.lifecycle(JOINER)
    assert view is not None
    assert {step.name for step in view.steps} == {row.key for row in rows}
    assert ledger.verify().valid


def test_an_outsider_can_recompute_the_chain(ledger: Ledger, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    """Written from the description in ``ledger/chain.py``, with nothing of ours."""
    for number in range(3):
        ledger.append(entry(f"k{number}", reason="ü" if number else None, personal={"n": number} if number else None))

    def field(value: object) -> bytes:
        text = str(value).encode()
        return b"-," if value is None else b"%d:%s," % (len(text), text)

    columns = ["id", "lifecycle_id", "seq", "key", "at", "kind", "actor", "employee_id", "event_id", "reason", "body"]
    columns += ["personal_digest", "prev_hash"]
    before = "0" * 64
    for row in sql("SELECT * FROM records ORDER BY seq"):
        assert row["hash"] == hashlib.sha256(b"".join(field(row[column]) for column in columns)).hexdigest()
        assert row["prev_hash"] == before
        if row["personal"] is not None:
            digest = hashlib.sha256(field(row["salt"]) + field(row["personal"])).hexdigest()
            assert row["personal_digest"] == digest
        before = row["hash"]


def test_an_export_verifies_by_itself_without_personal_parts(ledger: Ledger) -> None:
    for number in range(6):
        ledger.append(entry(f"k{number}", lifecycle_id=f"joiner:{number % 2}:e", personal={"n": number}))
    rows = [row.columns() for row in ledger.records(newest_first=True).items]
    exported = [{name: value for name, value in row.items() if name not in ("personal", "salt")} for row in rows]
    assert chain.verify_rows(exported) == chain.verify_rows(rows) == Verification(True, 6, [])
    exported[3]["actor"] = "somebody else"
    assert [problem.record_id for problem in chain.verify_rows(exported).problems] == [exported[3]["id"]]


def test_an_export_holds_the_row_as_it_is_stored(ledger: Ledger, sql: Callable[[str], list[dict[str, Any]]]) -> None:
    row = ledger.append(entry("k", personal={"n": 1}))
    assert [row.columns()] == sql("SELECT * FROM records")
