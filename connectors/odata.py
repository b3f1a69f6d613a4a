"""How values are written into OData requests, of Graph and of Azure alike."""

from datetime import UTC, datetime


def literal(value: str) -> str:
    """``value`` as a string literal of a filter or key."""
    return "'" + value.replace("'", "''") + "'"


def written(at: datetime) -> str:
    """A moment as filters and bodies take it: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
