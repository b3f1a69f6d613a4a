"""Events of people that no other test knows."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any


def somebody() -> str:
    """An employee id nobody used before."""
    return f"E{uuid.uuid4().hex[:10]}"


def day(offset: int) -> str:
    """A date so many days from today."""
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


def hire(**other: Any) -> dict[str, Any]:
    """A new hire in a year; ``None`` leaves a field out."""
    body = {
        "employee_id": somebody(),
        "given_name": "Ada",
        "family_name": "Byron",
        "title": "Analyst",
        "department": "Finance",
        "country": "NL",
        "employee_type": "employee",
        "hire_date": day(365),
        **other,
    }
    return {name: value for name, value in body.items() if value is not None}


def leaving(**other: Any) -> dict[str, Any]:
    """A termination in a year."""
    body = {"employee_id": somebody(), "last_day": day(365), "kind": "voluntary", **other}
    return {name: value for name, value in body.items() if value is not None}
