"""What a failed activity says, in words that can be shown: an ``ActivityError`` by itself says nothing."""

from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as ActivityTimeout

MOST_CAUSES = 10


def explain(error: ActivityError) -> tuple[str, str, dict[str, Any]]:
    """The cause, the sentence for people and the details of the deepest failure that says something."""
    found: tuple[str, str, dict[str, Any]] = ("Unknown", str(error), {})
    failure: BaseException | None = error.cause
    for _ in range(MOST_CAUSES):
        if isinstance(failure, ApplicationError):
            details = failure.details[0] if failure.details and isinstance(failure.details[0], dict) else {}
            return failure.type or "Unknown", failure.message, details
        if isinstance(failure, ActivityTimeout):
            found = ("TimedOut", "The step's patience is spent and no attempt answered.", {})
        if failure is None:
            break
        failure = failure.__cause__
    return found
