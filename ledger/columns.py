"""How moments and JSON are kept: as text that is the same on every database, so that a hash can be taken over it."""

import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


def utc_text(moment: datetime) -> str:
    """``2026-11-24T08:30:00.000000Z``: UTC, of fixed width, so that text sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """The moment that :func:`utc_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"the ledger keeps JSON values only, not {type(value).__name__}")


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no white space and ASCII only: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def storable(text: str | None) -> str | None:
    """The text without what a database refuses: NUL (PostgreSQL) and lone surrogates (UTF-8)."""
    return text and text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


class Moment(TypeDecorator[datetime]):
    """An aware ``datetime``, kept as :func:`utc_text`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else utc_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else moment_of(value)


class Json(TypeDecorator[Any]):
    """A JSON value, kept as :func:`canonical_json`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From the database."""
        return None if value is None else json.loads(value)
