"""How fast and how much: requests a second and caller, bytes a body."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from api.errors import Problem

MOST_CALLERS = 10_000


class RateLimit:
    """Lets each caller in at most ``most`` times within any one second."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._seen: dict[str, deque[float]] = {}

    def admit(self, caller: str) -> None:
        """Count this request; raises a 429 problem if it is one too many."""
        now = self._clock()
        if len(self._seen) > MOST_CALLERS:
            self._seen = {who: times for who, times in self._seen.items() if now - times[-1] < 1}
        times = self._seen.setdefault(caller, deque(maxlen=self._most))
        if len(times) == self._most and now - times[0] < 1:
            raise Problem(
                429, "too-fast", f"More than {self._most} requests in a second.", headers={"Retry-After": "1"}
            )
        times.append(now)


def too_large(most_bytes: int) -> Problem:
    """413 that says what would fit."""
    return Problem(413, "too-large", f"The body may have {most_bytes} bytes at most.")


def refuse_announced(headers: dict[str, str], most_bytes: int) -> None:
    """Refuse a body that is too large by its own ``Content-Length``, before a byte of it is read."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most_bytes:
        raise too_large(most_bytes)


class ClientGone(Exception):  # noqa: N818 - nothing went wrong on our side
    """The client hung up while sending; there is nobody left to answer."""


async def read_body(receive: Any, most_bytes: int) -> bytes:
    """The whole body; raises a 413 problem as soon as it is too large."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most_bytes:
            raise too_large(most_bytes)
    return bytes(body)
