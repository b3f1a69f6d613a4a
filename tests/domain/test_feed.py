"""The practice feed: real rows, and an outcome known beforehand."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.events import NewHire, Termination, Update
from domain.feed import DIRECTORS, FeedPlan, Row, plan_feed, qualifying, read_rows
from domain.time import Timing, moments

SAMPLE = Path(__file__).resolve().parents[2] / "embedded" / "sample" / "csv-with-1000-records.csv"
NOW = datetime(2026, 3, 11, 0, 5, tzinfo=UTC)
ZONES = ("Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read_rows(SAMPLE.read_text("utf-8"))


@pytest.fixture(scope="module")
def plan(rows: list[Row]) -> FeedPlan:
    return plan_feed(rows, "B", NOW)


def test_exactly_86_of_the_thousand_rows_qualify(rows: list[Row]) -> None:
    assert len(rows) == 1000
    assert len(qualifying(rows)) == 86


def test_cells_stay_text() -> None:
    (row,) = read_rows("\ufeffWorkerID,LastName,ZipCode\r\n0042,Null,01067\r\n")
    assert row == {"WorkerID": "0042", "LastName": "Null", "ZipCode": "01067"}


def test_the_first_sixty_are_hired_as_the_file_has_them(rows: list[Row], plan: FeedPlan) -> None:
    first = {row["WorkerID"] + "B": row for row in qualifying(rows)[:60]}
    assert {hire.employee_id for hire in plan.hires} == set(first)
    for hire in plan.hires:
        row = first[hire.employee_id]
        assert (hire.given_name, hire.family_name) == (row["FirstName"], row["LastName"])
        assert (hire.title, hire.department, hire.company) == (row["JobTitle"], row["Department"], row["Company"])
        assert hire.employee_type == row["WorkerType"].lower()
        assert hire.country == {"UK": "GB"}.get(row["CountryCode"], row["CountryCode"])
        assert hire.hire_date == date.fromisoformat(row["HireDate"]) < NOW.date()


def test_managers_are_hired_before_their_reports_and_stand_ins_are_counted(plan: FeedPlan) -> None:
    hired = {director.employee_id for director in plan.directors}
    stand_ins = set(hired)
    assert len(hired) == len(DIRECTORS) == 5
    for hire in plan.hires:
        assert hire.manager_id in hired
        hired.add(hire.employee_id)
    assert plan.stand_ins == sum(hire.manager_id in stand_ins for hire in plan.hires) == 55


def test_the_outcome_is_known_beforehand(plan: FeedPlan) -> None:
    assert plan.tally == Counter(completed=77, retained=13, superseded=3, cancelled=1, attention=1)
    assert Counter(name.split(":")[0] for name in plan.expected) == Counter(joiner=65, mover=15, leaver=15)
    statuses = {name.split(":")[1]: status for name, status in plan.expected.items()}
    assert len(statuses) == 5 + 60 + 1


def test_changes_and_terminations_concern_different_people_who_manage_nobody(plan: FeedPlan) -> None:
    moved = {change.employee_id for change in plan.changes}
    left = {leaver.employee_id for leaver in (*plan.early_leavers, *plan.leavers, plan.future_leaver)}
    assert (len(moved), len(left)) == (15, 14)
    assert not moved & left
    assert not (moved | left) & {hire.manager_id for hire in plan.hires}
    assert moved | left < {hire.employee_id for hire in plan.hires}


def test_job_changes_vary_and_change_something(plan: FeedPlan) -> None:
    people = {hire.employee_id: hire for hire in plan.hires}
    fields = {name for change in plan.changes for name in change.changes.given()}
    assert fields == {"title", "department", "manager_id", "office", "country"}
    for change in plan.changes:
        before: NewHire = people[change.employee_id]
        assert any(getattr(before, name) != value for name, value in change.changes.given().items())


def test_what_is_due_is_due_in_every_time_zone(plan: FeedPlan) -> None:
    people: list[NewHire] = [*plan.directors, *plan.hires]
    due: list[NewHire | Update | Termination] = [*people, *plan.changes]
    due += [*plan.early_leavers, *plan.leavers, plan.stranger]
    for event in due:
        assert all(moments(event, zone, Timing(), NOW).effective_at <= NOW for zone in ZONES)
    for zone in ZONES:
        assert moments(plan.future_leaver, zone, Timing(), NOW).effective_at > NOW + timedelta(days=28)


def test_the_rescinded_event_is_the_future_leavers(plan: FeedPlan) -> None:
    assert plan.rescind.employee_id == plan.future_leaver.employee_id
    assert plan.rescind.target_event_id == plan.future_leaver.event_id


def test_the_stranger_is_nobody_that_was_hired(plan: FeedPlan) -> None:
    assert plan.stranger.employee_id not in {hire.employee_id for hire in (*plan.directors, *plan.hires)}


def test_another_letter_makes_other_people(rows: list[Row], plan: FeedPlan) -> None:
    other = plan_feed(rows, "AA", NOW)
    assert not set(plan.expected) & set(other.expected)
    assert plan.tally == other.tally


@pytest.mark.parametrize("letters", ["", "b", "A1", "ABCDEFGHI", "É"])
def test_only_letters_are_taken(rows: list[Row], letters: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        plan_feed(rows, letters, NOW)
