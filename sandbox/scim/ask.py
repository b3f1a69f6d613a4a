"""One SCIM request in hand, alone or as an operation of a bulk job, and what is answered to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidSyntaxException

from sandbox.exchange import Exchange
from sandbox.store import Doc, Store

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass(frozen=True)
class Reply:
    """What is answered; ``body`` is None where there is none."""

    status: int
    body: Doc | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ask:
    """What is asked. ``segments`` is the path below ``/scim/v2``.

    In a bulk job ``assigned`` is the id that a new resource must get, ``promised`` those that others will have.
    """

    sent: Exchange
    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    content: Any = None
    if_match: str | None = None
    if_none_match: str | None = None
    assigned: str | None = None
    promised: frozenset[str] = frozenset()

    @property
    def store(self) -> Store:
        """The tenant's state."""
        return self.sent.store

    @property
    def root(self) -> str:
        """The address that all paths stand under."""
        return f"{self.sent.origin}/scim/v2"

    @property
    def body(self) -> Doc:
        """The JSON object sent; anything else is refused."""
        if not isinstance(self.content, dict):
            raise InvalidSyntaxException(detail="The body is not a JSON object.")
        return self.content

    def now(self) -> str:
        """The tenant's time, as ``meta`` has it."""
        return self.store.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def listing(total: int, start: int, resources: list[Doc]) -> Doc:
    """A ``ListResponse`` (RFC 7644, 3.4.2)."""
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
