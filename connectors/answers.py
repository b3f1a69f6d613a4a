"""An answer of the other side, and the failure that it is if it is none of success."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors import errors, matcher
from connectors.errors import Throttled, Unavailable, WireError

DEFAULT_RETRY_AFTER = 10.0
MAX_MESSAGE = 500
_MAX_RETRY_AFTER = 600.0


@dataclass(frozen=True)
class Answer:
    """What came back: header names are lower case; ``body`` is parsed JSON or None, never shown (secrets)."""

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)
    client_request_id: str

    @property
    def succeeded(self) -> bool:
        """Was it done? A redirection was not: no call we make is documented to answer one."""
        return 200 <= self.status < 300

    @classmethod
    def of_part(cls, item: Mapping[str, Any], client_request_id: str) -> "Answer":
        """One item of a ``$batch`` answer."""
        headers = {name.lower(): str(value) for name, value in (item.get("headers") or {}).items()}
        return cls(int(item.get("status", 0)) or 502, headers, item.get("body"), client_request_id)

    def json(self) -> dict[str, Any]:
        """The body of an answer that must have one."""
        if not isinstance(self.body, dict):
            raise Unavailable(
                "the answer has no JSON body", status=self.status, client_request_id=self.client_request_id
            )
        return self.body

    @property
    def request_id(self) -> str | None:
        """The id under which the other side knows the request: Graph's name for it, else that of Azure's services."""
        return self.headers.get("request-id") or self.headers.get("x-ms-request-id")

    @property
    def retry_after(self) -> float | None:
        """``Retry-After`` in seconds, from its number (``$batch`` has decimals) or its date."""
        return _seconds(self.headers.get("retry-after"))


def failure(what: str, answer: Answer) -> WireError:
    """The error of an answer of 400 or more, by its status, code and (for the ambiguous ones) text."""
    code, message, details = _explain(answer.body)
    kind = _kind(answer.status, code, message, details)
    error = kind(
        f"{what}: {answer.status} {code or ''}: {message}"[:MAX_MESSAGE],
        status=answer.status,
        code=code,
        request_id=answer.request_id,
        client_request_id=answer.client_request_id,
    )
    matcher.complete(error, details)
    if isinstance(error, Throttled):
        error.retry_after = answer.retry_after or DEFAULT_RETRY_AFTER
    if isinstance(error, Unavailable):
        error.retry_after = answer.retry_after
    return error


_BY_STATUS: dict[int, type[WireError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    408: Unavailable,
    409: errors.Conflict,
    412: errors.ChangedMeanwhile,
    429: Throttled,
}


def _kind(status: int, code: str | None, message: str, details: list[dict[str, Any]]) -> type[WireError]:
    if status >= 500:
        return Unavailable
    if status == 409:
        return matcher.conflict(code, message)
    if status == 404:
        return matcher.absence(code, message)
    return _BY_STATUS.get(status) or matcher.refusal(code, message, details)


def _explain(body: Any) -> tuple[str | None, str, list[dict[str, Any]]]:
    """Code, text and details of an error body: Graph's envelope, or SCIM's (RFC 7644, 3.12)."""
    if not isinstance(body, dict):
        return None, "no explanation came with it", []
    error = body.get("error")
    if isinstance(error, dict):
        details = [item for item in error.get("details") or [] if isinstance(item, dict)]
        return error.get("code"), matcher.told(str(error.get("message") or ""), details), details
    return body.get("scimType"), str(body.get("detail") or ""), []


def error_code(body: Any) -> str | None:
    """The code that an error body names."""
    return _explain(body)[0]


def _seconds(value: str | None) -> float | None:
    if not value:
        return None
    try:
        return _bounded(float(value))
    except ValueError:
        return _until(value)


def _until(date: str) -> float | None:
    try:
        return _bounded((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER)


def number(value: str | None) -> float:
    """A header's number, 0 without one."""
    try:
        return float(value or 0)
    except ValueError:
        return 0.0
