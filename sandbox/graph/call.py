"""One Graph call in hand (what is asked, by whom, how the answer is written), and the table that finds its handler."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from sandbox.exchange import Caller, Exchange
from sandbox.graph.errors import GraphError, malformed, unknown_segment, wrong_method
from sandbox.graph.permissions import require
from sandbox.store import Doc, Store

JSON = "application/json;odata.metadata={};odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_KEYED_NAMES = (
    "administrativeunits applications approleassignedto approleassignments authenticationmethodconfigurations "
    "calendars channels deleteditems devices directoryobjects directoryroles domains drives emailmethods events "
    "federatedidentitycredentials fido2methods groups items mailfolders manageddevices members messagerules "
    "messages methods microsoftauthenticatormethods oauth2permissiongrants organization owners passwordmethods "
    "permissions phonemethods platformcredentialmethods registeredowners registeredusers roleassignments "
    "roledefinitions scopedrolemembers serviceprincipals softwareoathmethods sponsors subscriptions teams "
    "temporaryaccesspassmethods users windowshelloforbusinessmethods"
)
_KEYED = frozenset(_KEYED_NAMES.split())
_BOUND_NAMES = (
    "assignlicense checkmembergroups checkmemberobjects delta getbyids getmembergroups getmemberobjects "
    "reauthorize restore revokesigninsessions sendmail validateproperties"
)
_BOUND = frozenset(_BOUND_NAMES.split())
"""Functions and actions, which may be called by their full name (``microsoft.graph.delta``)."""


@dataclass
class Call:
    """A call with its path parameters; ``query`` has its option names in lower case, with or without ``$``."""

    sent: Exchange
    caller: Caller
    version: str
    params: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pairs = parse_qsl(self.sent.query, keep_blank_values=True)
        self.query = {name.lower().removeprefix("$"): value for name, value in pairs}

    @property
    def store(self) -> Store:
        """The tenant's state."""
        return self.sent.store

    @property
    def eventual(self) -> bool:
        """Did the caller send ``ConsistencyLevel: eventual``?"""
        return self.sent.headers.get("consistencylevel", "").lower() == "eventual"

    @property
    def advanced(self) -> bool:
        """Is it an advanced query, with header and ``$count=true``?"""
        return self.eventual and self.query.get("count", "").lower() == "true"

    def preferences(self) -> dict[str, str]:
        """What the ``Prefer`` header asks for, names in lower case; one without a value is ``""``."""
        asked = (part.strip().partition("=") for part in re.split("[,;]", self.sent.headers.get("prefer", "")))
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in asked if name}

    @property
    def root(self) -> str:
        """The address that paths of this version stand under."""
        return f"{self.sent.origin}/{self.version}"

    def moment(self) -> str:
        """Now, as Graph writes moments."""
        return self.store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def body(self) -> Doc:
        """The JSON object sent; anything else is refused. No body is an empty object."""
        if not self.sent.body.strip():
            return {}
        try:
            found = self.sent.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise malformed(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
                "JSON format."
            )
        return found

    def require(self, allowed: frozenset[str]) -> None:
        """403 unless the token carries one of the permissions."""
        require(self.caller.roles, allowed)

    def answer(self, body: Doc, context: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A JSON answer with its context, or without any annotation where the caller wants ``metadata=none``."""
        bare = "odata.metadata=none" in self.sent.headers.get("accept", "")
        content = _bare(body) if bare else {"@odata.context": f"{self.root}/$metadata#{context}", **body}
        return Response(
            json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            status,
            {"OData-Version": "4.0", **(headers or {})},
            media_type=JSON.format("none" if bare else "minimal"),
        )

    def location(self, odata_type: str, object_id: str) -> dict[str, str]:
        """The ``Location`` of a created object, which is not its own address."""
        kind = odata_type.rpartition(".")[2]
        tenant = self.sent.pipeline.tenant_id
        url = f"{self.sent.origin}/v2/{tenant}/directoryObjects/{object_id}"
        return {"Location": f"{url}/Microsoft.DirectoryServices.{kind[0].upper()}{kind[1:]}"}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if k not in ("@odata.context", "@odata.type")}
    return [_bare(item) for item in value] if isinstance(value, list) else value


Handler = Callable[[Call], Response | Awaitable[Response]]


@dataclass(frozen=True)
class _Entry:
    method: str
    pattern: tuple[str, ...]
    allowed: frozenset[str]
    handler: Handler

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path parameters, if the segments fit."""
        params = {}
        for wanted, segment in zip(self.pattern, segments, strict=True):
            if wanted[0] == "{":
                params[wanted[1:-1]] = segment
            elif wanted != segment.lower():
                return None
        return params


class Router:
    """The calls this tenant serves; literal segments match whatever their case, and before parameters."""

    def __init__(self) -> None:
        self._entries: dict[int, list[_Entry]] = {}

    def add(self, method: str, path: str, allowed: frozenset[str]) -> Callable[[Handler], Handler]:
        """Register a handler, admitted by any of the permissions ``allowed``."""
        pattern = tuple(part if part.startswith("{") else part.lower() for part in path.split("/"))

        def register(handler: Handler) -> Handler:
            entries = self._entries.setdefault(len(pattern), [])
            entries.append(_Entry(method, pattern, allowed, handler))
            entries.sort(key=lambda entry: [part.startswith("{") for part in entry.pattern])
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over the calls of another table."""
        for length, entries in other._entries.items():
            mine = self._entries.setdefault(length, [])
            mine.extend(entries)
            mine.sort(key=lambda entry: [part.startswith("{") for part in entry.pattern])

    def find(self, method: str, path: str) -> tuple[Handler, frozenset[str], dict[str, str]]:
        """The handler of a path below the version; 400 for an unknown path, 405 for a wrong verb."""
        segments = split(path)
        found = [(e, p) for e in self._entries.get(len(segments), ()) if (p := e.match(segments)) is not None]
        for entry, params in found:
            if entry.method == method:
                return entry.handler, entry.allowed, params
        raise wrong_method() if found else self._unknown(segments)

    def _unknown(self, segments: list[str]) -> GraphError:
        """Name the first segment that leads nowhere."""
        patterns = [entry.pattern for entries in self._entries.values() for entry in entries]
        for depth, segment in enumerate(segments):
            patterns = [p for p in patterns if len(p) > depth and (p[depth][0] == "{" or p[depth] == segment.lower())]
            if not patterns:
                return unknown_segment(segment)
        return unknown_segment(segments[-1] if segments else "")


def split(path: str) -> list[str]:
    """Path segments: ``users('x')`` is ``users/x``, ``delta()`` is ``delta``, casts get their long name."""
    segments: list[str] = []
    for part in path.strip("/").split("/"):
        name, key = _key(part)
        if name.lower().startswith("graph."):
            name = "microsoft." + name
        if name.lower().removeprefix("microsoft.graph.") in _BOUND:
            name = name.rpartition(".")[2]
        segments.append(name)
        if key is not None:
            segments.append(key)
    return segments


def _key(part: str) -> tuple[str, str | None]:
    name, bracket, rest = part.partition("(")
    if not bracket or not rest.endswith(")"):
        return part, None
    inner = rest[:-1]
    if not inner:
        return name, None
    if name.lower() not in _KEYED:
        return part, None
    return name, inner[1:-1].replace("''", "'") if inner[0] == inner[-1] == "'" else inner
