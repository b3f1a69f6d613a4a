"""How a step's trouble leaves its activity: a stable cause, a sentence for people, and whether it is retried."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from connectors.errors import NotFound, Throttled, Unavailable, WireError
from domain.runsheet import StepCall

_MAX_MESSAGE = 1000


class StepError(Exception):
    """A step that did not succeed, in the words of its activity. ``details`` go to the interpreter.

    ``delay`` (seconds) until the next attempt is worthwhile; ``benign`` trouble is waited out and not worth a warning.
    """

    def __init__(
        self,
        cause: str,
        message: str,
        *,
        retryable: bool = False,
        delay: float | None = None,
        benign: bool = False,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = Failure(cause, message, retryable, delay, benign, details or {})


@dataclass(frozen=True)
class Failure:
    """The parts of an ``ApplicationError`` before it is one."""

    cause: str
    message: str
    retryable: bool = False
    delay: float | None = None
    benign: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def as_application_error(self, call: StepCall, attempt: int) -> ApplicationError:
        """What Temporal is told; ``details`` always hold the attempt, which the history does not keep."""
        return ApplicationError(
            f"{call.step} for {call.employee_id}: {self.message}"[:_MAX_MESSAGE],
            {"attempt": attempt, **self.details},
            type=self.cause,
            non_retryable=not self.retryable,
            next_retry_delay=None if self.delay is None else timedelta(seconds=self.delay),
            category=ApplicationErrorCategory.BENIGN if self.benign else ApplicationErrorCategory.UNSPECIFIED,
        )


def failure_of(error: WireError | StepError) -> Failure:
    """The failure that an error is: the wire's types decide by themselves between retry and attention."""
    if isinstance(error, StepError):
        return error.failure
    return Failure(
        error.cause,
        f"{error.message} {error.advice}",
        retryable=error.retryable,
        delay=error.retry_after if isinstance(error, Throttled | Unavailable) else None,
        # Both are ordinary: a full budget, and an object of a moment ago that a replica does not show yet.
        benign=isinstance(error, Throttled | NotFound),
        details=details_of(error),
    )


def details_of(error: WireError) -> dict[str, Any]:
    """The ids and codes that find an error again in the tenant's logs."""
    return {
        "code": error.code,
        "status": error.status,
        "request_id": error.request_id,
        "client_request_id": error.client_request_id,
    }
