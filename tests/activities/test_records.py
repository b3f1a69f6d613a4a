"""The rows that workflows write, in a real ledger."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.records import Records
from domain.events import Envelope, NewHire, Termination, Update
from domain.runsheet import Step, StepRun
from ledger import Entry, Ledger, PersonPatch
from workflows.contract import RecordCall, SeenCall

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.migrate(url)
    opened = Ledger.open(url)
    yield opened
    opened.close()


@pytest.fixture
def records(ledger: Ledger) -> Records:
    """The activities at work on it."""
    return Records(ledger)


def enveloped(event: Any, *, event_id: str = "ev1", effective_at: datetime = NOW, occurred: datetime = NOW) -> Envelope:
    """An accepted event."""
    return Envelope(
        event=event,
        event_id=event_id,
        employee_id=event.employee_id,
        occurred_at=occurred,
        effective_at=effective_at,
        due=True,
        actor="hr",
    )


def hire(**changes: Any) -> NewHire:
    """Ada joins."""
    fields: dict[str, Any] = {
        "employee_id": "e1",
        "given_name": "Ada",
        "family_name": "Byron",
        "title": "Analyst",
        "department": "Finance",
        "country": "GB",
        "employee_type": "employee",
        "hire_date": date(2026, 4, 1),
    }
    return NewHire(**(fields | changes))


def person_of(ledger: Ledger) -> dict[str, Any]:
    """What HR has told of Ada."""
    row = ledger.person("e1")
    return row.attributes if row else {}


async def test_a_lifecycle_opens_with_its_event_its_line_and_its_person(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(), effective_at=LATER))
    assert ledger.seen("e1", "ev1")
    line = ledger.lifecycle("joiner:e1:ev1")
    assert line is not None
    assert (line.status, line.kind, line.event_type, line.effective_at) == ("scheduled", "joiner", "new-hire", LATER)
    assert person_of(ledger)["given_name"] == "Ada"
    assert person_of(ledger)["hire_date"] == "2026-04-01"


async def test_opening_twice_writes_once(records: Records, ledger: Ledger) -> None:
    for _ in range(2):
        await records.open(enveloped(hire()))
    assert len(ledger.records(lifecycle_id="joiner:e1:ev1").items) == 1


async def test_names_stand_only_where_they_can_be_erased(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(personal_email="ada@home.example")))
    row = ledger.record("event:e1:ev1")
    assert row is not None
    assert "Byron" not in row.body_json
    assert "ada@home.example" not in row.body_json
    assert row.personal is not None
    assert row.personal["event"]["family_name"] == "Byron"


async def test_a_correction_before_the_day_of_the_hire_counts(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(), effective_at=LATER))
    correction = PersonPatch("e1", effective_at=NOW + timedelta(days=1), changes={"title": "Director"})
    _tell(ledger, correction)
    assert person_of(ledger)["title"] == "Director"


async def test_a_hire_sent_again_with_an_earlier_date_counts(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(), effective_at=NOW - timedelta(days=5)))
    amended = enveloped(hire(title="Director"), event_id="ev2", effective_at=NOW - timedelta(days=9))
    await records.open(amended)
    assert person_of(ledger)["title"] == "Director"


async def test_somebody_hired_again_loses_what_the_new_hire_leaves_out(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(office="Zürich"), effective_at=NOW - timedelta(days=400)))
    await records.open(enveloped(hire(), event_id="ev2"))
    assert person_of(ledger)["office"] is None


async def test_of_somebody_new_what_is_not_told_is_not_known(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire(department=None)))
    assert "office" not in person_of(ledger)
    assert person_of(ledger)["department"] is None


async def test_an_update_tells_of_the_person_only_when_it_is_due(records: Records, ledger: Ledger) -> None:
    event = Update(employee_id="e1", effective_at=LATER, changes={"title": "Director"})
    await records.open(enveloped(event, effective_at=LATER))
    assert ledger.person("e1") is None


async def test_a_row_changes_the_line_and_its_steps(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire()))
    parked = StepRun(
        step=Step(name="licence SPE_E3", activity="licences.assign", leg="licences", input={"sku_id": "s"}),
        state="attention",
        attempts=3,
        cause="NoLicenceLeft",
        last_error="none left",
    )
    await records.write(call(kind="step.parked", status="attention", steps=[parked], body={"step": "licence SPE_E3"}))
    line = ledger.lifecycle("joiner:e1:ev1")
    assert line is not None
    assert line.status == "attention"
    assert [(step.name, step.state, step.cause, step.attempts) for step in line.steps] == [
        ("licence SPE_E3", "attention", "NoLicenceLeft", 3)
    ]


async def test_a_retried_step_shows_its_old_trouble_no_longer(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire()))
    step = Step(name="groups", activity="groups.add", leg="groups")
    parked = StepRun(step=step, state="attention", cause="Forbidden", last_error="403", attempts=1)
    await records.write(call(key="k1", kind="step.parked", steps=[parked]))
    await records.write(call(key="k2", kind="command.retry", steps=[StepRun(step=step, attempts=1)]))
    line = ledger.lifecycle("joiner:e1:ev1")
    assert line is not None
    assert (line.steps[0].state, line.steps[0].cause, line.steps[0].last_error) == ("waiting", None, None)


async def test_the_attempts_of_a_finished_step_are_its_activitys(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire()))
    ledger.begin_step("joiner:e1:ev1", "groups", 4)
    done = StepRun(step=Step(name="groups", activity="groups.add", leg="groups"), state="done", attempts=1)
    await records.write(call(kind="lifecycle.completed", status="completed", steps=[done]))
    line = ledger.lifecycle("joiner:e1:ev1")
    assert line is not None
    assert line.steps[0].attempts == 4
    assert line.ended_at is not None


async def test_a_row_written_twice_changes_nothing_the_second_time(records: Records, ledger: Ledger) -> None:
    await records.open(enveloped(hire()))
    await records.write(call(key="k", kind="lifecycle.waiting", waiting_for="leaver:e1:x"))
    await records.write(call(key="k2", kind="lifecycle.turn", waiting_for=""))
    await records.write(call(key="k", kind="lifecycle.waiting", waiting_for="leaver:e1:x"))
    line = ledger.lifecycle("joiner:e1:ev1")
    assert line is not None
    assert line.waiting_for is None


async def test_a_row_without_lifecycle_stands_in_the_platforms_chain(records: Records, ledger: Ledger) -> None:
    await records.write(RecordCall(key="event:e1:ev9", kind="event", employee_id="e1", actor="hr", body={"a": 1}))
    row = ledger.record("event:e1:ev9")
    assert row is not None
    assert row.lifecycle_id.startswith("platform:")
    assert await records.seen(SeenCall(employee_id="e1", event_id="ev9"))


async def test_an_event_is_seen_once_it_has_its_row(records: Records) -> None:
    asked = SeenCall(employee_id="e1", event_id="ev1")
    assert not await records.seen(asked)
    await records.open(enveloped(hire()))
    assert await records.seen(asked)
    assert not await records.seen(SeenCall(employee_id="e2", event_id="ev1"))


async def test_a_person_finds_their_unfinished_lifecycles(records: Records) -> None:
    await records.open(enveloped(hire(), effective_at=LATER))
    leaving = Termination(employee_id="e1", last_day=date(2026, 5, 1), kind="voluntary")
    await records.open(enveloped(leaving, event_id="ev2", effective_at=LATER))
    await records.write(call(kind="lifecycle.cancelled", status="cancelled"))
    found = await records.open_lifecycles("e1")
    assert [(line.lifecycle_id, line.kind, line.event_type) for line in found] == [
        ("leaver:e1:ev2", "leaver", "termination")
    ]


async def test_a_line_of_which_only_steps_are_known_is_nobodys_lifecycle(records: Records, ledger: Ledger) -> None:
    await records.write(call(kind="lifecycle.waiting", status="running"))
    assert await records.open_lifecycles("e1") == []
    assert ledger.lifecycle("joiner:e1:ev1") is not None


def call(*, key: str = "k", kind: str, **fields: Any) -> RecordCall:
    """A row about Ada's joiner."""
    return RecordCall(
        key=key, kind=kind, employee_id="e1", event_id="ev1", lifecycle_id="joiner:e1:ev1", actor="hr", **fields
    )


def _tell(ledger: Ledger, patch: PersonPatch) -> None:
    ledger.append(Entry(key="told", kind="person.changed", actor="hr"), person=patch)
