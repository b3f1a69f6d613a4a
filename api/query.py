"""Query and path parameters that several routes share."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import AwareDatetime, StringConstraints

from api.errors import not_found, unfit
from api.models import Listed
from domain.events import EmployeeId
from ledger import BadPageToken, Page

S = TypeVar("S")
T = TypeVar("T")

# PostgreSQL refuses NUL in a text; nothing of ours contains it.
PlainText = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=200)]
Words = Annotated[PlainText | None, Query(description="Words to look for.")]
PageToken = Annotated[PlainText | None, Query(description="`next_page_token` of the part before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
OfEmployee = Annotated[EmployeeId | None, Query(description="Only those of this employee.")]
OfLifecycle = Annotated[PlainText | None, Query(description="Only those of this lifecycle.")]
Since = Annotated[AwareDatetime | None, Query(description="Only those from this ISO 8601 moment on.")]

_LIFECYCLE = re.compile(r"(joiner|mover|leaver):[A-Za-z0-9_.-]{1,64}:[A-Za-z0-9_.:-]{1,128}")
_EMPLOYEE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def lifecycle_id_or_404(value: str) -> str:
    """The id if it can be one; what cannot be an id is simply not there."""
    return value if _LIFECYCLE.fullmatch(value) else not_found(f"There is no lifecycle {value[:200]!r}.")


def employee_id_or_404(value: str) -> str:
    """The id if it can be one; what cannot be an id is simply not there."""
    return value if _EMPLOYEE.fullmatch(value) else not_found(f"There is no person {value[:200]!r}.")


def listed(read: Callable[[], Page[S]], shape: Callable[[S], T]) -> Listed[T]:
    """A page of the ledger as an answer; a token that no list gave out is 422."""
    try:
        page = read()
    except BadPageToken:
        raise unfit("page_token", "was not given out by this list") from None
    return Listed(items=[shape(item) for item in page.items], next_page_token=page.next_page_token)
