"""Moments as Microsoft's services write and read them."""

from datetime import UTC, datetime


def seconds(moment: datetime) -> str:
    """In whole seconds, as most properties have them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ticks(moment: datetime) -> str:
    """With seven decimals, as logs and what has just been made have them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def read(text: str) -> datetime:
    """A moment of any precision; one without a zone is UTC, what is none is a ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
