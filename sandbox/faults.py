"""The faults that a test can inject (``POST /_sandbox/faults``): what they match and what they do."""

import random
import re
from dataclasses import dataclass, fields
from typing import Any, Literal

from starlette.responses import Response

from sandbox.answers import aadsts_error, graph_error, scim_error
from sandbox.exchange import Exchange

Effect = Literal["ignored", "half", "reverted"]
_KINDS: dict[str, tuple[type, ...]] = {
    "path": (str,),
    "method": (str,),
    "status": (int,),
    "code": (str,),
    "retry_after": (int, float),
    "delay_ms": (int, float),
    "drop": (bool,),
    "truncate": (bool,),
    "stale_ms": (int, float),
    "effect": (str,),
    "revert_ms": (int, float),
    "when": (str,),
    "count": (int,),
    "probability": (int, float),
}


@dataclass
class Fault:
    """One injected fault; ``count`` is how often it still strikes (None: for ever)."""

    path: str
    method: str | None = None
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    delay_ms: float = 0
    drop: bool = False
    truncate: bool = False
    stale_ms: float = 0
    effect: Effect | None = None
    revert_ms: float = 3000
    when: Literal["before", "after"] = "before"
    count: int | None = None
    probability: float = 1.0

    def __post_init__(self) -> None:
        self._pattern = re.compile(self.path)

    def strikes(self, sent: Exchange) -> bool:
        """Does it match this exchange, and is it its turn? A strike is counted."""
        if self.count == 0 or (self.method and self.method.upper() != sent.method):
            return False
        if not self._pattern.search(sent.path) or random.random() >= self.probability:  # noqa: S311 - no secret
            return False
        if self.count is not None:
            self.count -= 1
        return True

    @property
    def fails(self) -> bool:
        """Is there an error to answer?"""
        return self.status is not None or self.code is not None or self.retry_after is not None

    def answer(self, sent: Exchange) -> Response:
        """The error, in the shape of the service that was called."""
        status = self.status or (429 if self.retry_after is not None else 503)
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        if "/oauth2/" in sent.path:
            response = aadsts_error(sent.store.now(), 90033, "temporarily_unavailable", "A transient error occurred.")
            response.status_code = status
            response.headers.update(headers)
            return response
        if sent.path.lower().startswith("/scim"):
            return scim_error(status, self.code or "Injected fault.", headers=headers)
        return graph_error(sent, status, self.code, headers=headers)


def parse(body: Any) -> Fault:
    """A fault from a request's body; what does not fit is a ValueError that names the field."""
    if not isinstance(body, dict) or "path" not in body:
        raise ValueError("path: a regular expression is needed")
    known = {field.name for field in fields(Fault)}
    for name, value in body.items():
        if name not in known:
            raise ValueError(f"{name}: faults have {', '.join(sorted(known))}")
        if value is not None and (
            not isinstance(value, _KINDS[name]) or isinstance(value, bool) != (bool in _KINDS[name])
        ):
            raise ValueError(f"{name}: {value!r} does not fit")
    if body.get("effect") not in (None, "ignored", "half", "reverted"):
        raise ValueError("effect: is ignored, half or reverted")
    if body.get("when") not in (None, "before", "after"):
        raise ValueError("when: is before or after")
    try:
        return Fault(**{name: value for name, value in body.items() if value is not None})
    except re.error as error:
        raise ValueError(f"path: {error}") from error
