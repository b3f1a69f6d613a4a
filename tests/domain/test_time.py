"""When an event takes effect, by the person's own clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Changes, Leave, NewHire, Rescind, Return, Termination, Update
from domain.time import Moments, Timing, local_moment, moments

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
TIMING = Timing(zone="Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def hire(day: date, zone: str | None = None) -> NewHire:
    return NewHire(
        employee_id="1", given_name="Ada", family_name="Byron", title="Analyst", department=None, country="GB",
        employee_type="employee", hire_date=day, time_zone=zone,
    )  # fmt: skip


def leaver(**fields: Any) -> Termination:
    return Termination(employee_id="1", kind="voluntary", **fields)


def update(at: date) -> Update:
    return Update(employee_id="1", effective_at=at, changes=Changes(title="Director"))


def test_a_hire_begins_at_midnight_where_they_work_and_is_prepared_days_before() -> None:
    day = date(2026, 4, 1)
    assert moments(hire(day, "Asia/Tokyo"), None, TIMING, NOW) == Moments(utc(2026, 3, 31, 15), utc(2026, 3, 24, 15))
    # Berlin's clocks go forward on 29 March, in between.
    assert moments(hire(day), None, TIMING, NOW) == Moments(utc(2026, 3, 31, 22), utc(2026, 3, 24, 23))


def test_the_events_zone_goes_before_the_persons_and_that_before_the_policys() -> None:
    day = date(2026, 4, 1)
    zones = [("Asia/Tokyo", "America/New_York"), (None, "America/New_York"), (None, None)]
    hours = [moments(hire(day, event), person, TIMING, NOW).effective_at for event, person in zones]
    assert hours == [utc(2026, 3, 31, 15), utc(2026, 4, 1, 4), utc(2026, 3, 31, 22)]


def test_a_leavers_last_day_ends_at_the_policys_hour() -> None:
    at = moments(leaver(last_day=date(2026, 7, 31)), "Australia/Melbourne", TIMING, NOW)
    assert at == Moments(utc(2026, 7, 31, 7), None)
    late = Timing(last_day_time=time(23, 59))
    assert moments(leaver(last_day=date(2026, 7, 31)), None, late, NOW).effective_at == utc(2026, 7, 31, 23, 59)


def test_a_moment_is_a_moment_wherever() -> None:
    moment = datetime(2026, 5, 1, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    for event in (
        leaver(effective_at=moment),
        Update(employee_id="1", effective_at=moment, changes=Changes(title="x")),
    ):
        at = moments(event, "Asia/Tokyo", TIMING, NOW).effective_at
        assert (at, at.tzinfo) == (utc(2026, 5, 1, 13, 30), UTC)


def test_a_change_dated_by_day_begins_at_midnight_local() -> None:
    assert moments(update(date(2026, 5, 1)), "Asia/Tokyo", TIMING, NOW).effective_at == utc(2026, 4, 30, 15)
    leave = Leave(employee_id="1", effective_at=date(2026, 5, 1))
    assert moments(leave, None, TIMING, NOW).effective_at == utc(2026, 4, 30, 22)


@pytest.mark.parametrize("event", [Rescind(employee_id="1"), Leave(employee_id="1"), Return(employee_id="1")])
def test_an_event_without_a_date_is_for_now(event: Rescind | Leave | Return) -> None:
    local = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    at = moments(event, None, TIMING, local).effective_at
    assert (at, at.tzinfo) == (NOW, UTC)


def test_a_date_that_has_passed_stays_in_the_past() -> None:
    assert moments(hire(date(2011, 11, 26)), None, TIMING, NOW).effective_at == utc(2011, 11, 25, 23)


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [
        (date(2026, 3, 11), NOW),
        (date(2026, 3, 10), utc(2026, 3, 10, 16)),
        (date(2026, 3, 12), utc(2026, 3, 12, 16)),
    ],
)
def test_an_urgent_leaver_does_not_wait_for_the_hour_of_a_day_that_has_come(last_day: date, expected: datetime) -> None:
    assert moments(leaver(last_day=last_day, urgent=True), None, TIMING, NOW).effective_at == expected


def test_whether_the_last_day_has_come_is_asked_where_the_person_works() -> None:
    """Noon UTC on the 11th is past midnight of the 12th in Auckland."""
    event = leaver(last_day=date(2026, 3, 12), urgent=True)
    assert moments(event, "Pacific/Auckland", TIMING, NOW).effective_at == NOW
    assert moments(event, "America/New_York", TIMING, NOW).effective_at == utc(2026, 3, 12, 21)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # Clocks go from 00:00 to 01:00: there is no midnight.
        ("Africa/Cairo", date(2026, 4, 24), time(0, 0), utc(2026, 4, 23, 22)),
        ("America/Santiago", date(2026, 9, 6), time(0, 0), utc(2026, 9, 6, 4)),
        ("Asia/Beirut", date(2026, 3, 29), time(0, 30), utc(2026, 3, 28, 22)),
        ("Europe/Berlin", date(2026, 3, 29), time(2, 59, 59), utc(2026, 3, 29, 1)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), utc(2026, 10, 3, 15, 30)),
        # Samoa had no 30 December 2011.
        ("Pacific/Apia", date(2011, 12, 30), time(17, 0), utc(2011, 12, 30, 10)),
        # Twice midnight, twice half past two: the first.
        ("America/Havana", date(2026, 11, 1), time(0, 0), utc(2026, 11, 1, 4)),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
    ],
)
def test_hours_that_clocks_skip_or_repeat(zone: str, day: date, at: time, expected: datetime) -> None:
    assert local_moment(day, at, zone) == expected


@given(
    st.dates(date(1980, 1, 1), date(2037, 12, 31)),
    st.times().map(lambda at: at.replace(microsecond=0)),
    st.sampled_from(sorted(available_timezones())),
)
def test_a_local_moment_shows_the_time_asked_for_or_the_first_after_a_gap(day: date, at: time, zone: str) -> None:
    moment = local_moment(day, at, zone)
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    wanted = datetime.combine(day, at)
    assert shown >= wanted
    if shown != wanted:
        just_before = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert just_before < wanted


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (hire(date(1, 1, 1)), "hire_date"),
        (leaver(last_day=date(9999, 12, 31)), "last_day"),
        (leaver(effective_at=utc(9999, 12, 31)), "effective_at"),
        (update(date(2200, 1, 1)), "effective_at"),
    ],
)
def test_a_year_beyond_all_calendars_is_refused_by_field(event: NewHire | Termination | Update, field: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: the year"):
        moments(event, None, TIMING, NOW)
