"""What is known about one request while it is on its way through the API."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@dataclass(frozen=True)
class Caller:
    """Somebody who has proved who they are. ``event_id`` is the id that a signed webhook came with."""

    key: str
    actor: str
    roles: frozenset[str]
    event_id: str | None = None


@dataclass
class Visit:
    """One request: its id, who it seems to come from, who it proved to come from, and why it was refused."""

    request_id: str
    address: str
    caller: Caller | None = None
    reason: str | None = None
    template: str = "unknown"

    @property
    def who(self) -> str:
        """The caller for limits and the ledger: proved if possible, else where the request came from."""
        return self.caller.key if self.caller else f"address:{self.address}"

    @property
    def actor(self) -> str:
        """The caller for the ledger's column ``actor``."""
        return self.caller.actor if self.caller else f"address:{self.address}"


def begin(scope: Any) -> Visit:
    """Put a new visit on the request; a request id that the caller gave is kept if it is a harmless one."""
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
    visit = Visit(request_id, (scope.get("client") or ("unknown",))[0])
    scope.setdefault("state", {})["visit"] = visit
    return visit


def visit_of(scope: Any) -> Visit:
    """The visit of this request."""
    visit = scope["state"]["visit"]
    assert isinstance(visit, Visit)  # noqa: S101 - put there by ``begin``, for the type checker
    return visit
