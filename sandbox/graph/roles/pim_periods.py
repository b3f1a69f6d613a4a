"""For how long something is given: the periods that requests ask for, in ISO 8601."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox import moments
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.roles.privileges import seven_decimals
from sandbox.store import Doc

_DURATION = re.compile(
    r"^P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.\d+)?S)?)?$"
)


def failed(*rules: str) -> GraphError:
    """400 of a request that the role's policy does not allow."""
    listed = ",".join(f'"{rule}"' for rule in rules)
    text = f"The following policy rules failed: [{listed}]"
    return GraphError(400, "RoleAssignmentRequestPolicyValidationFailed", text)


@dataclass(frozen=True)
class Period:
    """From when until when (None: for ever), and how the caller had put the end."""

    start: datetime
    end: datetime | None
    expiration: Doc

    def shown(self) -> Doc:
        """As ``scheduleInfo``."""
        return {"startDateTime": seven_decimals(self.start), "recurrence": None, "expiration": self.expiration}


def period(info: Any, now: datetime) -> Period:
    """The period that a ``scheduleInfo`` asks for; it never begins in the past."""
    info = info if isinstance(info, dict) else {}
    start = max(now, _moment(info.get("startDateTime")) or now)
    asked = info.get("expiration") or {}
    kind = str(asked.get("type") or ("afterDateTime" if asked.get("endDateTime") else "noExpiration"))
    shown: Doc = {"type": kind, "endDateTime": None, "duration": None}
    if kind.lower() == "afterduration":
        length = duration(asked.get("duration"))
        return Period(start, start + length, {**shown, "duration": asked["duration"]})
    if kind.lower() == "afterdatetime":
        end = _moment(asked.get("endDateTime"))
        if end is None or end <= start:
            raise failed("ExpirationRule")
        return Period(start, end, {**shown, "endDateTime": asked["endDateTime"]})
    return Period(start, None, shown)


def _moment(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        return moments.read(str(text))
    except ValueError:
        raise bad_request(f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'.") from None


def duration(text: object) -> timedelta:
    """An ISO 8601 duration; years and months as 365 and 30 days."""
    match = _DURATION.match(str(text))
    if match is None or not any(match.groups()):
        raise bad_request(f"Cannot convert the literal '{text}' to the expected type 'Edm.Duration'.")
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    days = 365 * part["years"] + 30 * part["months"] + 7 * part["weeks"] + part["days"]
    return timedelta(days=days, hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"])
