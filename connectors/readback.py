"""Reading back what was written, until it is seen or the time is up: for commands and tools outside of Temporal.

Activities do not wait: they raise with the delay after which they want to look again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from connectors.errors import NotFound, Throttled, Unavailable, WireError

T = TypeVar("T")
_FIRST, _LONGEST = 0.1, 2.0


class NotSeen(Exception):  # noqa: N818 - a word like the others of connectors.errors
    """The deadline passed without the expected answer; ``last`` is what was read last, None if every read failed."""

    def __init__(self, seconds: float, last: object, error: WireError | None) -> None:
        why = f"the last read failed: {error.message}" if error else f"the last answer was {type(last).__name__}"
        super().__init__(f"Not seen within {seconds:g} seconds; {why}. The directory may need longer: look again.")
        self.last = last


async def until(read: Callable[[], Awaitable[T]], expected: Callable[[T], bool], deadline: float) -> T:
    """Read again and again, ever more slowly, until an answer is as expected; that answer.

    ``deadline`` is in seconds from now. A 404, a 429 and a 5xx are waited out, for a replica that has not seen the
    write yet answers like that; any other error is raised at once. Raises ``NotSeen`` when the time is up.
    """
    ends, pause = time.monotonic() + deadline, _FIRST
    last: T | None = None
    while True:
        error: WireError | None = None
        try:
            last = await read()
            if expected(last):
                return last
        except (NotFound, Throttled, Unavailable) as caught:
            error = caught
        wait = max(pause, getattr(error, "retry_after", None) or 0.0)
        if time.monotonic() + wait > ends:
            raise NotSeen(deadline, last, error) from error
        await asyncio.sleep(wait)
        pause = min(pause * 2, _LONGEST)
