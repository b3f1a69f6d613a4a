"""The projections: lifecycles, steps and people as the rows left them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger import BadPageToken, Entry, Ledger, LifecyclePatch, LifecycleView, ParkedStep, PersonPatch, StepPatch
from ledger.models import StepView

JOINER = "joiner:1941:hire"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def change(
    ledger: Ledger, lifecycle: LifecyclePatch | None = None, *steps: StepPatch, person: PersonPatch | None = None
) -> None:
    """Append a row that brings these changes."""
    number = len(ledger.records(limit=1000).items)
    entry = Entry(f"row-{number}", "step", "hr", lifecycle_id=lifecycle.lifecycle_id if lifecycle else JOINER)
    ledger.append(entry, lifecycle=lifecycle, steps=steps, person=person)


def view(ledger: Ledger, lifecycle_id: str = JOINER) -> LifecycleView:
    found = ledger.lifecycle(lifecycle_id)
    assert found is not None
    return found


def step(ledger: Ledger, name: str) -> StepView:
    return next(step for step in view(ledger).steps if step.name == name)


# --- lifecycles


def test_a_new_lifecycle_is_scheduled_and_knows_its_id(ledger: Ledger, clock: Any) -> None:
    change(ledger, LifecyclePatch(JOINER, event_type="new-hire", effective_at=MARCH))
    line = view(ledger)
    assert (line.id, line.kind, line.employee_id, line.event_id) == (JOINER, "joiner", "1941", "hire")
    assert (line.status, line.effective_at, line.event_type) == ("scheduled", MARCH, "new-hire")
    assert (line.created_at, line.started_at, line.ended_at, line.steps) == (clock.now, None, None, [])
    assert ledger.lifecycle("joiner:1941:other") is None


def test_none_leaves_a_field_and_an_empty_text_clears_it(ledger: Ledger) -> None:
    change(ledger, LifecyclePatch(JOINER, waiting_for="leaver:1941:old", policy_hash="p1", cut_at=MARCH))
    change(ledger, LifecyclePatch(JOINER, waiting_for=""))
    line = view(ledger)
    assert (line.waiting_for, line.policy_hash, line.cut_at) == (None, "p1", MARCH)


def test_the_status_stamps_start_and_end(ledger: Ledger, clock: Any) -> None:
    began = clock.now
    change(ledger, LifecyclePatch(JOINER, status="running"))
    clock.forward(minutes=1)
    change(ledger, LifecyclePatch(JOINER, status="completed"))
    assert (view(ledger).started_at, view(ledger).ended_at) == (began, clock.now)


def test_a_second_look_that_parks_reopens_the_end(ledger: Ledger, clock: Any) -> None:
    change(ledger, LifecyclePatch(JOINER, status="completed"))
    first = clock.now
    clock.forward(minutes=1)
    change(ledger, LifecyclePatch(JOINER, status="completed"))
    assert view(ledger).ended_at == first
    change(ledger, LifecyclePatch(JOINER, status="attention"))
    assert view(ledger).ended_at is None
    change(ledger, LifecyclePatch(JOINER, status="completed"))
    assert view(ledger).ended_at == clock.now


def test_lists_come_newest_first_page_by_page(ledger: Ledger, clock: Any) -> None:
    for number in range(7):
        change(ledger, LifecyclePatch(f"joiner:{number}:e"), StepPatch("create"))
        clock.forward(seconds=number % 2)  # some share their moment
    seen: list[str] = []
    token = None
    for _ in range(4):
        part = ledger.lifecycles(limit=2, page_token=token)
        seen += [line.id for line in part.items]
        assert all([step.name for step in line.steps] == ["create"] for line in part.items)
        token = part.next_page_token
    assert token is None
    assert sorted(seen) == [f"joiner:{number}:e" for number in range(7)]
    assert seen[0] == "joiner:6:e"


def test_lists_are_filtered(ledger: Ledger) -> None:
    change(ledger, LifecyclePatch("joiner:1:a", status="completed"))
    change(ledger, LifecyclePatch("leaver:1:b", status="retained"))
    change(ledger, LifecyclePatch("joiner:2:c", status="completed"))

    def ids(**filters: Any) -> set[str]:
        return {line.id for line in ledger.lifecycles(**filters).items}

    assert ids(kind="joiner") == {"joiner:1:a", "joiner:2:c"}
    assert ids(status="retained") == {"leaver:1:b"}
    assert ids(employee_id="1", kind="joiner") == {"joiner:1:a"}
    assert ids(status="held") == set()


def test_search_finds_ids_summaries_and_the_persons_name_whatever_the_case(ledger: Ledger) -> None:
    change(ledger, LifecyclePatch("joiner:1:a", summary="Ümit joins", object_id="OBJECT-1"))
    change(ledger, LifecyclePatch("mover:2:b"), person=PersonPatch("2", MARCH, {"family_name": "Groß_Meier"}))

    def ids(q: str) -> set[str]:
        return {line.id for line in ledger.lifecycles(q=q).items}

    assert ids("ÜMIT") == ids("object-1") == ids("joiner:1") == {"joiner:1:a"}
    assert ids("GROSS") == ids("s_m") == {"mover:2:b"}
    assert ids("%") == ids("o_n") == set()


@pytest.mark.parametrize("token", ["", "?", "bm8", "WzFd", "WyJhIiwiYiJd", "ünï"])
def test_a_foreign_page_token_is_refused(ledger: Ledger, token: str) -> None:
    with pytest.raises(BadPageToken):
        ledger.lifecycles(page_token=token)


def test_open_lifecycles_are_the_unfinished_ones_oldest_first(ledger: Ledger, clock: Any) -> None:
    for number, status in enumerate(["completed", "retained", "scheduled", "superseded", "attention", "cancelled"]):
        change(ledger, LifecyclePatch(f"leaver:1:{number}", status=status))
        clock.forward(seconds=1)
    change(ledger, LifecyclePatch("leaver:2:0"))
    assert [line.id for line in ledger.open_lifecycles("1")] == ["leaver:1:1", "leaver:1:2", "leaver:1:4"]


# --- steps


def test_steps_keep_their_order_and_later_ones_come_last(ledger: Ledger) -> None:
    change(ledger, LifecyclePatch(JOINER), StepPatch("plan"), StepPatch("create", leg="account"))
    change(ledger, LifecyclePatch(JOINER), StepPatch("assign"), StepPatch("plan", state="done"))
    change(ledger, LifecyclePatch(JOINER), StepPatch("first", position=-1))
    assert [step.name for step in view(ledger).steps] == ["first", "plan", "create", "assign"]
    assert step(ledger, "create").leg == "account"


def test_a_step_begins_parks_and_is_done(ledger: Ledger, clock: Any) -> None:
    change(ledger, LifecyclePatch(JOINER), StepPatch("assign", activity="licences.assign", input={"sku_id": "s"}))
    began = clock.now
    ledger.begin_step(JOINER, "assign", 1)
    clock.forward(seconds=5)
    ledger.begin_step(JOINER, "assign", 2)
    running = step(ledger, "assign")
    assert (running.state, running.attempts, running.started_at, running.ended_at) == ("running", 2, began, None)

    parked = StepPatch("assign", state="attention", cause="NoLicenceLeft", last_error="none of SPE_E3 is left")
    change(ledger, LifecyclePatch(JOINER, status="attention"), parked)
    assert ledger.parked() == ledger.parked("NoLicenceLeft") == [ParkedStep(JOINER, "assign", "NoLicenceLeft")]
    assert ledger.parked("Forbidden") == []

    change(ledger, LifecyclePatch(JOINER), StepPatch("assign", state="done", evidence={"seen": 1}, grade="observed"))
    done = step(ledger, "assign")
    assert (done.state, done.cause, done.last_error, done.ended_at) == ("done", None, None, clock.now)
    assert (done.input, done.evidence, done.grade) == ({"sku_id": "s"}, {"seen": 1}, "observed")
    assert ledger.parked() == []


def test_a_scheduled_lifecycle_runs_once_a_step_begins_and_no_other_changes(ledger: Ledger, clock: Any) -> None:
    change(ledger, LifecyclePatch(JOINER), StepPatch("create"))
    ledger.begin_step(JOINER, "create", 1)
    assert (view(ledger).status, view(ledger).started_at) == ("running", clock.now)
    change(ledger, LifecyclePatch(JOINER, status="attention"))
    ledger.begin_step(JOINER, "create", 2)
    assert view(ledger).status == "attention"


def test_beginning_a_step_leaves_no_row(ledger: Ledger) -> None:
    ledger.begin_step(JOINER, "create", 1)
    assert ledger.records().items == []


# --- people


def person(ledger: Ledger, at: datetime, changes: dict[str, Any] | None = None, **tenant: str) -> None:
    change(ledger, person=PersonPatch("1941", at, changes, **tenant))


def test_a_person_is_what_hr_last_told(ledger: Ledger) -> None:
    person(ledger, MARCH, {"given_name": "Ada", "title": "Analyst", "time_zone": "Europe/Berlin"})
    person(ledger, MARCH + timedelta(days=1), {"title": "Director", "preferred_name": None}, upn="ada@x.example")
    row = ledger.person("1941")
    assert row is not None
    assert row.attributes == {
        "given_name": "Ada", "title": "Director", "time_zone": "Europe/Berlin", "preferred_name": None
    }  # fmt: skip
    assert (row.upn, row.object_id, row.time_zone) == ("ada@x.example", None, "Europe/Berlin")
    assert row.stamps["title"] == "2026-03-02T00:00:00.000000Z"


def test_a_late_change_overwrites_nothing_newer(ledger: Ledger) -> None:
    person(ledger, MARCH, {"title": "Analyst", "department": "Sales"})
    person(ledger, MARCH + timedelta(days=9), {"title": "Director"})
    person(ledger, MARCH + timedelta(days=5), {"title": "Manager", "department": "Finance"})
    row = ledger.person("1941")
    assert row is not None
    assert row.attributes == {"title": "Director", "department": "Finance"}


def test_of_two_changes_of_one_moment_the_later_told_counts(ledger: Ledger) -> None:
    person(ledger, MARCH, {"title": "Analyst"})
    person(ledger, MARCH, {"title": "Director"})
    row = ledger.person("1941")
    assert row is not None
    assert row.attributes == {"title": "Director"}


def test_people_are_listed_and_searched(ledger: Ledger) -> None:
    for number in range(5):
        changes = {"family_name": f"Ünal{number}", "department": "Sales" if number % 2 else "Finance"}
        change(ledger, person=PersonPatch(f"E{number}", MARCH, changes))
    first = ledger.people(limit=3)
    rest = ledger.people(limit=3, page_token=first.next_page_token)
    assert [row.employee_id for row in (*first.items, *rest.items)] == ["E0", "E1", "E2", "E3", "E4"]
    assert rest.next_page_token is None
    assert [row.employee_id for row in ledger.people(q="üNAL3").items] == ["E3"]
    assert [row.employee_id for row in ledger.people(q="sales").items] == ["E1", "E3"]


# --- rows


def test_rows_are_listed_both_ways_and_filtered(ledger: Ledger, clock: Any) -> None:
    for number in range(5):
        ledger.append(Entry(f"k{number}", "step", f"actor-{number % 2}", employee_id=f"E{number % 3}"))
        clock.forward(hours=1)
    since = clock.now - timedelta(hours=2)

    def keys(**filters: Any) -> list[str]:
        return [row.key for row in ledger.records(**filters).items]

    assert keys(actor="actor-1") == ["k1", "k3"]
    assert keys(employee_id="E0") == ["k0", "k3"]
    assert keys(since=since) == ["k3", "k4"]
    assert keys(newest_first=True, limit=2) == ["k4", "k3"]
    token = ledger.records(newest_first=True, limit=2).next_page_token
    assert keys(newest_first=True, limit=2, page_token=token) == ["k2", "k1"]
    assert ledger.records(limit=5).next_page_token is None
