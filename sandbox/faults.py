"""The faults that a test can inject (``POST /_sandbox/faults``): what they match and what they do."""

import math
import random
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from starlette.responses import Response

from sandbox.answers import CODES
from sandbox.exchange import Exchange
from sandbox.services import ARM_CODES, VAULT_CODES, service_error
from sandbox.store import Doc

Effect = Literal["ignored", "half", "reverted"]
_KINDS: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "method": (str,),
    "status": (int,),
    "code": (str,),
    "retry_after": (int, float, str),
    "delay_ms": (int, float),
    "drop": (bool,),
    "truncate": (bool,),
    "stale_ms": (int, float),
    "effect": (str,),
    "revert_ms": (int, float),
    "when": (str,),
    "count": (int,),
    "probability": (int, float),
    "seed": (int,),
}
_STATUSES = {code: status for codes in (VAULT_CODES, ARM_CODES, CODES) for status, code in codes.items()}
_STATUSES |= {"ApplicationThrottled": 429, "activityLimitReached": 429}


@dataclass
class Fault:
    """One injected fault; ``count`` is how often it still strikes (None: for ever), ``struck`` how often it has.

    ``probability`` decides by a generator of the fault's own, so that the same ``seed`` gives the same run of luck.
    ``retry_after`` is a number of seconds or an HTTP date.
    """

    path: str
    method: str | None = None
    status: int | None = None
    code: str | None = None
    retry_after: float | str | None = None
    delay_ms: float = 0
    drop: bool = False
    truncate: bool = False
    stale_ms: float = 0
    effect: Effect | None = None
    revert_ms: float = 3000
    when: Literal["before", "after"] = "before"
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._pattern = re.compile(self.path)
        self._luck = random.Random(f"{self.seed}/{self.path}")  # noqa: S311 - no secret

    def strikes(self, sent: Exchange) -> bool:
        """Does it match this exchange, and is it its turn? A strike is counted."""
        if self.count == 0 or (self.method and self.method.upper() != sent.method):
            return False
        if not self._pattern.search(sent.path) or self._luck.random() >= self.probability:
            return False
        self.struck += 1
        if self.count is not None:
            self.count -= 1
        return True

    @property
    def fails(self) -> bool:
        """Is there an error to answer?"""
        return self.status is not None or self.code is not None or self.retry_after is not None

    def answer(self, sent: Exchange) -> Response:
        """The error, in the shape of the service that was called."""
        status = self.status or (429 if self.retry_after is not None else _STATUSES.get(self.code or "", 503))
        after = self.retry_after
        headers = {} if after is None else {"Retry-After": after if isinstance(after, str) else f"{after:g}"}
        return service_error(sent, status, self.code, headers)

    def document(self) -> Doc:
        """As ``GET /_sandbox/faults`` shows it."""
        return asdict(self)


def parse(body: Any) -> Fault:
    """A fault from a request's body; what does not fit is a ValueError that names the field."""
    if not isinstance(body, dict) or "path" not in body:
        raise ValueError("path: a regular expression is needed")
    known = {field.name for field in fields(Fault) if field.init}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"{name}: faults have {', '.join(sorted(known))}")
        if value is not None:
            _check(name, value)
    if body.get("effect") not in (None, "ignored", "half", "reverted"):
        raise ValueError("effect: is ignored, half or reverted")
    if body.get("when") not in (None, "before", "after"):
        raise ValueError("when: is before or after")
    try:
        return Fault(**{name: value for name, value in body.items() if value is not None})
    except re.error as error:
        raise ValueError(f"path: {error}") from error


def _check(name: str, value: Any) -> None:
    kinds = _KINDS[name]
    if not isinstance(value, kinds) or isinstance(value, bool) != (bool in kinds):
        raise ValueError(f"{name}: {value!r} does not fit")
    if name in _RANGES and not isinstance(value, str):
        (least, most), amount = _RANGES[name], float(str(value))
        if not least <= amount <= most:
            raise ValueError(f"{name}: {value!r} is not between {least:g} and {most:g}")


_RANGES = {
    "status": (400, 599),
    "probability": (0, 1),
    **dict.fromkeys(("retry_after", "delay_ms", "stale_ms", "revert_ms", "count"), (0, math.inf)),
}
