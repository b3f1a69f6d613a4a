"""When an event takes effect: HR's dates become moments by the person's own time zone and the policy.

HR systems mean a date locally: a hire date begins and a last day ends where the person works. So a moment is always
reckoned from the event's date and the zone, never from when the event arrived.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.events import Leave, NewHire, Rescind, Return, Termination, Update

YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Timing:
    """The policy's hours: local times of day, the zone of people without one, days of preparation before a hire."""

    zone: str = "UTC"
    hire_time: time = time(0, 0)
    last_day_time: time = time(17, 0)
    prepare_days: int = 7


@dataclass(frozen=True, slots=True)
class Moments:
    """When an event takes effect (UTC), and when a hire's account is made."""

    effective_at: datetime
    prepare_at: datetime | None = None


def local_moment(day: date, at: time, zone: str) -> datetime:
    """The moment (UTC) at which a clock in ``zone`` shows ``at`` on ``day``.

    A time shown twice, when clocks go back, is its first showing; one never shown, when clocks go forward or a zone
    skips a day, is the first moment after the gap.
    """
    wall = datetime.combine(day, at, ZoneInfo(zone))
    moment = wall.astimezone(UTC)
    if moment.astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    return _end_of_gap(wall)


def _end_of_gap(wall: datetime) -> datetime:
    """Where the zone's offset changes: between the readings of ``wall`` by the offset after and the one before."""
    early, late = wall.replace(fold=1).astimezone(UTC), wall.replace(fold=0).astimezone(UTC)
    after = late.astimezone(wall.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(wall.tzinfo).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def moments(
    event: NewHire | Update | Termination | Rescind | Leave | Return, zone: str | None, timing: Timing, now: datetime
) -> Moments:
    """The event's moments, in UTC; ``zone`` is the person's as far as known. An event without a date is for ``now``.

    An urgent termination whose last day has come takes effect ``now``, without waiting for the policy's hour.
    Raises ``ValueError`` naming the field for a year that no calendar of ours holds.
    """
    zone = zone or timing.zone
    if isinstance(event, NewHire):
        return _hire(event, event.time_zone or zone, timing)
    if isinstance(event, Termination):
        return Moments(_termination(event, zone, timing, now))
    at = None if isinstance(event, Rescind) else event.effective_at
    return Moments(_moment(at, timing.hire_time, zone, now))


def _hire(event: NewHire, zone: str, timing: Timing) -> Moments:
    hire = _checked(event.hire_date, "hire_date")
    prepare = hire - timedelta(days=timing.prepare_days)
    return Moments(local_moment(hire, timing.hire_time, zone), local_moment(prepare, timing.hire_time, zone))


def _termination(event: Termination, zone: str, timing: Timing, now: datetime) -> datetime:
    if event.last_day is None:
        return _moment(event.effective_at, timing.last_day_time, zone, now)
    end = local_moment(_checked(event.last_day, "last_day"), timing.last_day_time, zone)
    has_come = event.last_day <= now.astimezone(ZoneInfo(zone)).date()
    return min(end, now.astimezone(UTC)) if event.urgent and has_come else end


def _moment(at: datetime | date | None, hour: time, zone: str, now: datetime) -> datetime:
    if at is None:
        return now.astimezone(UTC)
    _checked(at, "effective_at")
    return at.astimezone(UTC) if isinstance(at, datetime) else local_moment(at, hour, zone)


def _checked(day: date, field: str) -> date:
    if day.year not in YEARS:
        raise ValueError(f"{field}: the year {day.year} is outside {YEARS.start} to {YEARS.stop - 1}")
    return day
