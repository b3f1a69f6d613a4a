"""Moments and durations as people read them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

MINUTE, HOUR, DAY = 60, 3600, 86400


def zone() -> ZoneInfo:
    """The time zone of the browser."""
    return zone_named(st.context.timezone)


def zone_named(name: str | None) -> ZoneInfo:
    """The zone of that name, UTC where there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


def when(moment: datetime | None, tz: ZoneInfo | None = None) -> str:
    """``24 Nov, 14:30``; the year where it is another one."""
    if moment is None:
        return "–"
    local = moment.astimezone(tz or zone())
    year = f" {local.year}" if local.year != now().astimezone(local.tzinfo).year else ""
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


def when_long(moment: datetime | None, tz: ZoneInfo | None = None) -> str:
    """``Tue 24 Nov, 14:30``."""
    return "–" if moment is None else f"{moment.astimezone(tz or zone()):%a} {when(moment, tz)}"


def day(value: date) -> str:
    """``30 Nov``; the year where it is another one."""
    return f"{value.day} {value:%b}" + (f" {value.year}" if value.year != now().year else "")


def day_of(written: str) -> str:
    """An ISO date as a day; what is none stays as it is."""
    try:
        return day(date.fromisoformat(written))
    except ValueError:
        return written


def of_day(moment: datetime | None, tz: ZoneInfo | None = None) -> str:
    """``14:30:44``."""
    return "–" if moment is None else f"{moment.astimezone(tz or zone()):%H:%M:%S}"


def utc(moment: datetime | None) -> str:
    """What stands behind a moment when one points at it."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def took(length: timedelta | float | None) -> str:
    """``1.4 s``, ``41 s``, ``11 min 04 s``, ``2 h 05 min``, ``3 d 4 h``."""
    if length is None:
        return ""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 0.05:
        return "< 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02d} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02d} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def roughly(length: timedelta) -> str:
    """``just now``, ``10 min``, ``2 h``, ``3 d``: how long something waits."""
    seconds = length.total_seconds()
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min"
    return f"{int(seconds // HOUR)} h" if seconds < 2 * DAY else f"{int(seconds // DAY)} d"


def city(zone_name: str) -> str:
    """``Europe/Amsterdam`` as ``Amsterdam``."""
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")
