"""One request on its way through the tenant, a part of a ``$batch`` included, and who sent it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from sandbox.store import Doc, Store

if TYPE_CHECKING:
    from sandbox.faults import Effect
    from sandbox.pipeline import Pipeline


@dataclass(frozen=True)
class Caller:
    """Whom a valid token speaks for: ``roles`` are application permissions, ``scp`` a signed-in person's scopes."""

    app_id: str
    object_id: str
    roles: frozenset[str] = frozenset()
    user: bool = False
    scp: frozenset[str] = frozenset()
    claims: Doc = field(default_factory=dict, compare=False, repr=False)


class Refused(Exception):  # noqa: N818 - it is an answer more than an error
    """Raised anywhere in a handler: this is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Dropped(Exception):  # noqa: N818
    """A fault wants the connection closed without an answer."""


@dataclass
class Exchange:
    """What came in. ``path`` is decoded and without query; ``origin`` is what absolute links are built from."""

    pipeline: "Pipeline"
    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    origin: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    caller: Caller | None = None
    app_id: str | None = None
    outer: "Exchange | None" = None
    position: int = 0
    parts: int = 0
    rows: list[Doc] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    cut: bool = False
    effect: "Effect | None" = None
    revert_ms: float = 0

    @property
    def store(self) -> Store:
        """The tenant's state."""
        return self.pipeline.store

    @property
    def client_request_id(self) -> str | None:
        """The caller's own id of this request; Azure CLI sends it under another name."""
        return self.headers.get("client-request-id") or self.headers.get("x-ms-client-request-id")

    def json(self) -> Any:
        """The body as JSON; a ValueError if it is none."""
        return json.loads(self.body)

    def part(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> "Exchange":
        """A part of this ``$batch``, for ``sandbox.pipeline.serve``: ``url`` absolute, or relative to the version.

        It inherits the caller's Authorization and identifies itself by a request id of its own.
        """
        split = urlsplit(url)
        path = unquote(split.path)
        version = "/" + self.path.split("/")[1]
        if not (split.netloc or path.startswith(("/v1.0/", "/beta/"))):
            path = version + "/" + path.lstrip("/")
        own = {name.lower(): str(value) for name, value in headers.items()}
        own.setdefault("authorization", self.headers.get("authorization", ""))
        if body:
            own.setdefault("content-type", "application/json")
        made = Exchange(
            self.pipeline, method.upper(), path, split.query, Headers(own), body, self.origin,
            outer=self, position=self.parts,
        )  # fmt: skip
        self.parts += 1
        return made

    def request(self, base: Scope) -> Request:
        """This exchange as a Starlette request, for the handlers of routes."""
        scope: Scope = {
            **base,
            "type": "http",
            "method": self.method,
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "headers": self.headers.raw,
            "state": {"exchange": self},
        }
        return Request(scope, self._receive)

    async def _receive(self) -> Message:
        return {"type": "http.request", "body": self.body, "more_body": False}


def exchange(request: Request) -> Exchange:
    """The exchange a handler's request stands for."""
    found: Exchange = request.state.exchange
    return found
