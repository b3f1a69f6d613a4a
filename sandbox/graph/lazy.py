"""Lists whose items are worked out when they are looked at: a page of twenty thousand costs what a page costs."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, overload

In = TypeVar("In")
Out = TypeVar("Out")


class Lazy(Sequence[Out], Generic[In, Out]):
    """The items, each through ``work``."""

    def __init__(self, items: Sequence[In], work: Callable[[In], Out]) -> None:
        self._items, self._work = items, work

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> Out: ...

    @overload
    def __getitem__(self, at: slice) -> list[Out]: ...

    def __getitem__(self, at: int | slice) -> Out | list[Out]:
        if isinstance(at, slice):
            return [self._work(item) for item in self._items[at]]
        return self._work(self._items[at])


def fitting(items: Iterable[Out], test: Callable[[Out], bool], enough: int | None) -> list[Out]:
    """Those that pass the test, no more than ``enough`` of them (None: all)."""
    return list(islice(filter(test, items), enough))


def reach(skip_token: str | None, size: int) -> int | None:
    """How many items of a list the page after a token needs, one more than it shows included; None: all."""
    if skip_token is None:
        return size + 1
    try:
        at: Any = json.loads(base64.urlsafe_b64decode(skip_token))[0]
    except (ValueError, TypeError, LookupError, binascii.Error):
        return None
    return at + size + 1 if isinstance(at, int) else None
