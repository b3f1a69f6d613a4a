"""One ARM call in hand (what is asked, by whom, how it is answered), and the table that finds its handler."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import Response

from sandbox.azure.errors import JSON, ArmError, bad_request, wrong_method
from sandbox.exchange import Caller, Exchange
from sandbox.store import Doc, Store


@dataclass
class Call:
    """A call with its path parameters; ``query`` has its option names in lower case, with or without ``$``.

    ``resource`` is the id of what the call is about: the path without what is asked of it.
    """

    sent: Exchange
    caller: Caller
    params: dict[str, str] = field(default_factory=dict)
    resource: str = "/"

    def __post_init__(self) -> None:
        pairs = parse_qsl(self.sent.query, keep_blank_values=True)
        self.query = {name.lower().removeprefix("$"): value for name, value in pairs}

    @property
    def store(self) -> Store:
        """The tenant's state."""
        return self.sent.store

    @property
    def version(self) -> str:
        """The ``api-version`` asked for."""
        return self.query["api-version"]

    def body(self) -> Doc:
        """The JSON object sent; anything else is refused. No body is an empty object."""
        if not self.sent.body.strip():
            return {}
        try:
            found = self.sent.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            text = "The request content was invalid and could not be deserialized: 'a JSON object is expected'."
            raise bad_request("InvalidRequestContent", text)
        return found

    def properties(self) -> Doc:
        """The body's ``properties``, which must be an object where it is there."""
        found = self.body().get("properties") or {}
        if not isinstance(found, dict):
            raise bad_request("InvalidRequestContent", "The request content was invalid: 'properties' is no object.")
        return found

    def answer(
        self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON
    ) -> Response:
        """A JSON answer."""
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return Response(content, status, dict(headers or {}), media_type=media_type)

    def link(self, path: str, **query: str) -> str:
        """An absolute address on the host that was asked, with the same ``api-version``."""
        return f"{self.sent.origin}{quote(path)}?{urlencode({**query, 'api-version': self.version})}"

    def moment(self, zone: str = "Z") -> str:
        """Now, as ARM writes moments: with seven decimals."""
        return stamp(self.store.now(), zone)


def stamp(now: datetime, zone: str = "Z") -> str:
    """A moment with seven decimals."""
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}0{zone}"


def empty(status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(
        status_code=status, headers={"Content-Length": "0", **(headers or {})} if status != 204 else headers
    )


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Entry:
    """A handler with the permission it needs (None: any caller) and what of the path names the resource."""

    method: str
    pattern: re.Pattern[str]
    action: str | None
    handler: Handler
    weight: int


class Router:
    """The calls this tenant serves; paths match whatever their case, literal segments before parameters."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, method: str, path: str, action: str | None) -> Callable[[Handler], Handler]:
        """Register a handler for a path; ``{scope}`` at its beginning stands for any scope, ``/`` included."""

        def register(handler: Handler) -> Handler:
            self.entries.append(Entry(method, _compiled(path), action, handler, path.count("{")))
            self._sort()
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over the calls of another table."""
        self.entries.extend(other.entries)
        self._sort()

    def _sort(self) -> None:
        """What has fewer parameters is looked at first."""
        self.entries.sort(key=lambda entry: entry.weight)

    def find(self, method: str, path: str) -> tuple[Entry, dict[str, str], str] | None:
        """The handler of a path with its parameters and the resource's id; 405 for a wrong verb, None for no path."""
        plain = "/" + path.strip("/")
        found = [(entry, match) for entry in self.entries if (match := entry.pattern.fullmatch(plain))]
        for entry, match in found:
            if entry.method == method:
                return entry, match.groupdict(default=""), _resource(plain, match)
        if found:
            raise wrong_method(method)
        return None


def _compiled(path: str) -> re.Pattern[str]:
    text = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
    text = text.replace("{scope}", "(?P<scope>(?:/.+)?)")
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text), re.IGNORECASE)


def _resource(path: str, match: re.Match[str]) -> str:
    """The path up to its last parameter."""
    end = max((match.end(name) for name in match.re.groupindex), default=0)
    return path[: max(end, 0)] or "/"


def unknown_path(path: str) -> ArmError:
    """What ARM says of a provider, or a resource type, that nobody has registered."""
    namespace, kind = _named(path)
    if namespace is None:
        return ArmError(404, "InvalidRequestUri", f"The request URI '{path}' leads to no resource.")
    if kind is None:
        return ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    text = f"The resource type '{kind}' could not be found in the namespace '{namespace}'."
    return ArmError(404, "InvalidResourceType", text)


def _named(path: str) -> tuple[str | None, str | None]:
    segments = path.strip("/").split("/")
    places = [n for n, segment in enumerate(segments) if segment.lower() == "providers"]
    rest = segments[places[-1] + 1 :] if places else []
    return (rest[0] if rest else None), (rest[1] if len(rest) > 1 else None)
