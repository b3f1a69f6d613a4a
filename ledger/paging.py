"""Keyset paging: a page ends with a token that says after which row the next one begins."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row

from ledger.models import Page

T = TypeVar("T")
MAX_PAGE = 1000


class BadPageToken(ValueError):  # noqa: N818 - it says what it is
    """A ``page_token`` that no list of ours gave out."""


def token_of(*key: str | int) -> str:
    """The opaque token for the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(token: str, *kinds: type) -> list[Any]:
    """The sort key in a token; raises :class:`BadPageToken` for what is none."""
    try:
        padded = token + "=" * (-len(token) % 4)
        key = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (binascii.Error, ValueError) as error:
        raise BadPageToken("page_token: is not one that this list gave out") from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise BadPageToken("page_token: belongs to another list")
    return key


def page_size(limit: int) -> int:
    """The limit within its bounds."""
    return max(1, min(limit, MAX_PAGE))


def page(rows: Sequence[Row[Any]], limit: int, item: Callable[[Row[Any]], T], token: Callable[[T], str]) -> Page[T]:
    """A page of ``limit`` items, from up to one row more: that one only says that there is a next page."""
    items = [item(row) for row in rows[:limit]]
    return Page(items, token(items[-1]) if len(rows) > limit else None)
