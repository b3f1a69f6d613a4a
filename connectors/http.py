"""One HTTPS client a system: request ids, the token, the budget, and failures as types. The only importer of httpx."""

import json
import logging
import re
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from connectors import tally
from connectors.answers import DEFAULT_RETRY_AFTER, MAX_MESSAGE, Answer, error_code, failure, number
from connectors.budget import Budget
from connectors.challenge import demanded
from connectors.errors import Refused, Throttled, Unavailable, WireError

log = logging.getLogger(__name__)

# Both write whole addresses, and with them names of people, at levels that production logs.
for _noisy in ("httpx", "httpcore"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)

_TIMEOUT = httpx.Timeout(connect=5, read=30, write=15, pool=15)
_LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=5)
_NEVER_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NAME = re.compile(r"[^/]*(%40|@)[^/]*")
_MAILBOX_ONLY = "ApplicationThrottled"
_PORTS = {"https": 443, "http": 80}


class TokenSource(Protocol):
    """Where bearer tokens come from."""

    async def token(self) -> str:
        """A token that is valid now."""

    async def renew(self, refused: str, claims: str | None = None) -> str:
        """Another token than ``refused``, which was answered with 401; ``claims`` is what that answer demands."""


class Wire:
    """Requests to one base address with one connection pool.

    ``ca_file`` is trusted instead of the public authorities; proxies of the environment are used, except towards this
    machine. ``read_only`` refuses every method but GET. ``id_header`` is what the service calls the caller's own id of
    a request: ``x-ms-client-request-id`` at Resource Manager, Key Vault and Blob storage. Bodies are never logged.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        budget: Budget | None = None,
        read_only: bool = False,
        media_type: str = "application/json",
        id_header: str = "client-request-id",
    ) -> None:
        self._base = base_url.rstrip("/")
        self._id_header = id_header
        self._tokens = tokens
        self._budget = budget
        self._read_only = read_only
        self._media_type = media_type
        self._client = httpx.AsyncClient(
            verify=trust(ca_file), timeout=_TIMEOUT, limits=_LIMITS, trust_env=not is_loopback(base_url)
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        cost: float = 1,
        writes: int | None = None,
    ) -> Answer:
        """Send one request and return its success; anything else is raised as a type of ``connectors.errors``.

        ``path`` is relative to the base, or a link from an answer. ``cost`` is in resource units; ``writes`` is how
        many writes it counts for (by default 1 unless it is a GET). A 401 gets one new token and one more try.
        """
        self._refuse_write(method, path)
        self._spend(cost, (method != "GET") if writes is None else writes)
        token = await self._tokens.token()
        answer = await self._send(method, path, query, body, headers, token)
        if answer.status == 401:
            token = await self._tokens.renew(token, demanded(answer.headers.get("www-authenticate")))
            answer = await self._send(method, path, query, body, headers, token)
        self.learn(answer, cost)
        if not answer.succeeded:
            raise self._failed(f"{method} {shown(path)}", answer, method)
        return answer

    def learn(self, answer: Answer, cost: float | None = None) -> None:
        """Adapt the budget to what an answer, or the part of a batch, says about it."""
        if answer.status == 429:
            self._count_throttled()
        if self._budget is None:
            return
        if answer.status == 429 and error_code(answer.body) != _MAILBOX_ONLY:
            self._budget.refused(answer.retry_after or DEFAULT_RETRY_AFTER)
        self._budget.pressed(number(answer.headers.get("x-ms-throttle-limit-percentage")))
        if cost is not None and "x-ms-resource-unit" in answer.headers:
            self._budget.correct(number(answer.headers["x-ms-resource-unit"]) - cost)

    def _refuse_write(self, method: str, path: str) -> None:
        if self._read_only and method != "GET":
            raise PermissionError(f"{method} {path}: this client reads only")

    def _spend(self, cost: float, writes: int) -> None:
        wait = self._budget.take(cost, writes, urgent=tally.is_urgent()) if self._budget else 0.0
        if wait > 0:
            self._count_throttled()
            error = Throttled("Our own share of the tenant's request budget is spent for the moment.", sent=False)
            error.retry_after = wait
            raise error

    def _count_throttled(self) -> None:
        counting = tally.current()
        if counting:
            counting.throttled += 1

    def _failed(self, what: str, answer: Answer, method: str) -> WireError:
        error = failure(what, answer)
        if method != "GET" and not error.certain:
            tally.note_uncertain()
        return error

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        token: str,
    ) -> Answer:
        client_request_id = str(uuid4()) if method == "GET" else tally.write_request_id()
        sent_headers = {
            "Authorization": f"Bearer {token}",
            "Accept": self._media_type,
            self._id_header: client_request_id,
            self._id_header.replace("client", "return-client", 1): "true",
            **({"x-ms-throttle-priority": "high"} if tally.is_urgent() else {}),
            **({"Content-Type": self._media_type} if body is not None else {}),
            **(headers or {}),
        }
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        _count_request()
        started = time.monotonic()
        try:
            response = await self._client.request(
                method, self._address(path), params=query, content=content, headers=sent_headers
            )
            answer = _read(response, client_request_id)
        except (httpx.RequestError, json.JSONDecodeError) as error:
            raise _broken(f"{method} {shown(path)}", error, method, client_request_id) from error
        _note(method, path, answer, time.monotonic() - started)
        return answer

    def _address(self, path: str) -> str:
        """The whole address; a link must lead to the base's own origin, for the token goes with it."""
        if path.startswith("/"):
            return f"{self._base}{path}"
        if _origin(path) != _origin(self._base):
            raise Refused(f"A link of an answer leads away from {self._base}: not followed.")
        return path


class BlockingHttp:
    """The blocking transport that MSAL is given, so that environment variables cannot change what it trusts.

    ``direct`` uses no proxy: managed identity endpoints are reached from the machine itself only.
    """

    def __init__(self, base_url: str, ca_file: Path | None, *, direct: bool = False) -> None:
        trust_env = not (direct or is_loopback(base_url))
        self._client = httpx.Client(verify=trust(ca_file), timeout=_TIMEOUT, trust_env=trust_env)

    def post(self, url: str, **kwargs: Any) -> httpx.Response:
        """POST a form; fields without a value are left out. Raises ``Unavailable``."""
        form = {name: _text(value) for name, value in (kwargs.get("data") or {}).items() if value is not None}
        return self._send("POST", url, data=form, params=kwargs.get("params"), headers=kwargs.get("headers"))

    def get(self, url: str, **kwargs: Any) -> httpx.Response:
        """GET. Raises ``Unavailable``."""
        return self._send("GET", url, params=kwargs.get("params"), headers=kwargs.get("headers"))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        try:
            response = self._client.request(method, url, **kwargs)
        except httpx.RequestError as error:
            raise Unavailable(f"No token: {urlsplit(url).netloc} cannot be reached ({error}).", sent=False) from error
        if response.status_code >= 500 or response.status_code == 429:
            raise Unavailable(f"No token: {urlsplit(url).netloc} answered {response.status_code}.", sent=False)
        return response


def _text(value: Any) -> str:
    """MSAL hands a signed assertion over as bytes, which httpx would write as Python does."""
    return value.decode("ascii") if isinstance(value, bytes) else str(value)


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """The TLS context that trusts ``ca_file``, else the public authorities."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else httpx.create_ssl_context()


def shown(path: str) -> str:
    """An address as logs and messages may hold it: without query, and without names of people."""
    return _NAME.sub("{name}", urlsplit(path).path)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port, whatever their spelling; a URL that cannot be read has none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None


def is_loopback(url: str) -> bool:
    """True for an address of this machine itself."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _read(response: httpx.Response, client_request_id: str) -> Answer:
    body = None
    if response.content and "json" in response.headers.get("content-type", ""):
        body = _parse(response)
    return Answer(response.status_code, dict(response.headers), body, client_request_id)


def _parse(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        if response.status_code < 400:
            raise
        return None


def _broken(what: str, error: Exception, method: str, client_request_id: str) -> Unavailable:
    sent = not isinstance(error, _NEVER_CONNECTED)
    if sent and method != "GET":
        tally.note_uncertain()
    reason = str(error) or type(error).__name__
    text = f"{what}: " + (f"no whole answer came ({reason})" if sent else f"no connection ({reason})")
    return Unavailable(text[:MAX_MESSAGE], client_request_id=client_request_id, sent=sent)


def _count_request() -> None:
    counting = tally.current()
    if counting:
        counting.requests += 1


def _note(method: str, path: str, answer: Answer, seconds: float) -> None:
    told = {
        "method": method,
        "path": shown(path),
        "status": answer.status,
        "milliseconds": round(seconds * 1000),
        "client_request_id": answer.client_request_id,
        "request_id": answer.request_id,
    }
    log.debug("request", extra=told)
