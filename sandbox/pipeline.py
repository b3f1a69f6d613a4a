"""The one way of every request: injected faults, latency, budget, handler, record.

``serve`` takes whole requests and the parts of a ``$batch`` alike.
"""

import asyncio
import json
import math
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.answers import graph_error
from sandbox.entra_tokens import Tokens
from sandbox.exchange import Dropped, Exchange, Refused
from sandbox.faults import Effect, Fault
from sandbox.lag import INDEX, LIST, READ, View, staleness, view
from sandbox.services import slowed
from sandbox.settings import Settings
from sandbox.store import Change, Doc, Store, journal
from sandbox.throttle import MAILBOX_CONCURRENCY, MAILBOX_MS, Budget, crowded, mailbox, mutates

_ONE = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|@|\('|^manager$", re.IGNORECASE)
"""The end of a path that asks for one object."""
_P99 = 2.326
"""How many standard deviations lie between the median and the 99th percentile."""
_DIAGNOSTIC = json.dumps(
    {
        "ServerInfo": {
            "DataCenter": "Practice",
            "Slice": "E",
            "Ring": "5",
            "ScaleUnit": "001",
            "RoleInstance": "PRACTICE1",
        }
    },
    separators=(",", ":"),
)


class Pipeline:
    """What all exchanges of one tenant share."""

    def __init__(self, store: Store, tenant_id: str, routes: Sequence[BaseRoute]) -> None:
        self.store, self.tenant_id = store, tenant_id
        self.tokens = Tokens(store, tenant_id)
        self.budget = Budget()
        self.faults: list[Fault] = []
        self.luck = random.Random(11)  # noqa: S311 - no secret
        self.mailboxes: Counter[tuple[str, str]] = Counter()
        self._routes = [(re.compile(r.path_regex.pattern, re.IGNORECASE), r) for r in routes if isinstance(r, Route)]

    async def dispatch(self, sent: Exchange) -> Response:
        """Hand an exchange to its route's handler; unknown paths and wrong verbs are answered as Graph does."""
        known = False
        for pattern, route in self._routes:
            if (match := pattern.match(sent.path)) is None:
                continue
            known = True
            if route.methods is None or sent.method in route.methods:
                params = {k: route.param_convertors[k].convert(v) for k, v in match.groupdict().items()}
                scope = {"endpoint": route.endpoint, "path_params": params, "scheme": sent.origin.partition(":")[0]}
                response: Response = await route.endpoint(sent.request(scope))
                return response
        if known:
            return graph_error(sent, 405, message="Specified HTTP method is not allowed for the request target.")
        if is_graph(sent):
            segment = sent.path.rstrip("/").rpartition("/")[2]
            return graph_error(sent, 400, "BadRequest", f"Resource not found for the segment '{segment}'.")
        return graph_error(sent, 404, "NotFound", f"There is nothing at {sent.path}.")

    def later(self, seconds: float, changes: list[Change]) -> None:
        """Write back what was before ``changes``, after a while."""
        asyncio.get_running_loop().call_later(seconds, self.store.revert, changes)


def is_graph(sent: Exchange) -> bool:
    """Is it a call of Microsoft Graph?"""
    return sent.path[:6].lower() in ("/v1.0/", "/beta/")


def is_batch(sent: Exchange) -> bool:
    """Is it a whole ``$batch``?"""
    return is_graph(sent) and sent.path.endswith("/$batch")


async def serve(sent: Exchange) -> Response:
    """Carry one exchange out and record it; Dropped if a fault wants no answer."""
    sent.at = sent.store.now()
    sent.caller = sent.pipeline.tokens.identify(sent.headers.get("authorization", ""))
    status = 0
    try:
        response = await _carry_out(sent)
        status = response.status_code
        return response
    finally:
        _record(sent, status)


async def _carry_out(sent: Exchange) -> Response:
    faults = [fault for fault in sent.pipeline.faults if fault.strikes(sent)]
    with _mailbox(sent) as free:
        delay = sum(fault.delay_ms for fault in faults)
        if sent.outer is None and slowed(sent):
            delay += latency(sent.store.settings, sent.pipeline.luck)
            delay += MAILBOX_MS if sent.store.settings.throttle and mailbox(sent) else 0
        if delay:
            await asyncio.sleep(delay / 1000)
        early = next((f for f in faults if f.when == "before" and (f.fails or f.drop)), None)
        if early is not None:
            return _fail(early, sent)
        refused, headers = _charge(sent) if free else (crowded(sent), {})
        response = refused or await _with_effects(sent, faults)
    _finish(sent, response, headers)
    late = next((f for f in faults if f.when == "after" and (f.fails or f.drop)), None) or _bad_luck(sent, response)
    if any(fault.truncate for fault in faults):
        (sent.outer or sent).cut = True
    return response if late is None else _fail(late, sent)


def _bad_luck(sent: Exchange, done: Response) -> Fault | None:
    """In real life some writes are done and answered 503 or 504 all the same."""
    share, luck = sent.store.settings.writes_failing_late, sent.pipeline.luck
    written = done.status_code < 300 and is_graph(sent) and mutates(sent)
    if not written or luck.random() >= share:
        return None
    return Fault("", status=luck.choice((503, 504)), when="after")


def latency(settings: Settings, luck: random.Random) -> float:
    """Milliseconds that a call takes beyond its work: the constant, and one drawn from the distribution."""
    if not settings.latency:
        return settings.latency_ms
    middle, far = settings.latency["p50"], settings.latency["p99"]
    return settings.latency_ms + luck.lognormvariate(math.log(middle), math.log(far / middle) / _P99)


@contextmanager
def _mailbox(sent: Exchange) -> Iterator[bool]:
    """Is the mailbox that is asked for free? One app is served four requests of a mailbox at a time."""
    name = mailbox(sent) if is_graph(sent) and sent.caller is not None else None
    if name is None or sent.caller is None or not sent.store.settings.throttle:
        yield True
        return
    key = (sent.caller.app_id, _owner(sent.store, name))
    open_now = sent.pipeline.mailboxes
    open_now[key] += 1
    try:
        yield open_now[key] <= MAILBOX_CONCURRENCY
    finally:
        open_now[key] -= 1
        if not open_now[key]:
            del open_now[key]


def _owner(store: Store, name: str) -> str:
    """Whose mailbox a name in a path means, be it an id or a sign-in name."""
    found = store.find("users", "userPrincipalName", name)
    return str(found[0]["id"]) if found else name


def _view(sent: Exchange) -> View:
    """Where and how a call looks: a signed-in person stays at one replica, an application's calls go to any."""
    if sent.caller is not None and sent.caller.user:
        replica = zlib.crc32(sent.caller.object_id.encode())
    else:
        replica = sent.pipeline.luck.randrange(sent.store.settings.replicas)
    return View(replica, _way(sent) if is_graph(sent) else READ)


def _way(sent: Exchange) -> str:
    if sent.method != "GET":
        return READ
    if sent.headers.get("consistencylevel", "").lower() == "eventual":
        return INDEX
    path = sent.path.rstrip("/")
    return READ if path.count("/") % 2 or _ONE.search(path.rpartition("/")[2]) else LIST


def _fail(fault: Fault, sent: Exchange) -> Response:
    if fault.drop:
        raise Dropped
    response = fault.answer(sent)
    _finish(sent, response, {})
    return response


def _charge(sent: Exchange) -> tuple[Response | None, dict[str, str]]:
    """Graph calls are paid from their app's budget; a ``$batch`` pays by its parts, strangers pay nothing."""
    if not is_graph(sent) or is_batch(sent) or sent.caller is None:
        return None, {}
    return sent.pipeline.budget.charge(sent, sent.caller.app_id, sent.store.settings)


async def _with_effects(sent: Exchange, faults: list[Fault]) -> Response:
    stale = max((fault.stale_ms for fault in faults), default=0)
    fault = next((fault for fault in faults if fault.effect is not None), None)
    effect, revert_ms = (fault.effect, fault.revert_ms) if fault else _inherited(sent)
    token, looking = staleness.set(stale / 1000), view.set(_view(sent))
    try:
        if effect is None:
            return await _handle(sent)
        if is_batch(sent):
            sent.effect, sent.revert_ms = effect, revert_ms
            return await _handle(sent)
        return await _weakened(sent, effect, revert_ms)
    finally:
        staleness.reset(token)
        view.reset(looking)


def _inherited(sent: Exchange) -> tuple[Effect | None, float]:
    """What an effect on a whole ``$batch`` means for one of its parts."""
    outer = sent.outer
    if outer is None or outer.effect is None:
        return None, 0
    if outer.effect == "half":
        kept = sent.position < len(outer.json()["requests"]) // 2
        return (None if kept else "ignored"), 0
    return outer.effect, outer.revert_ms


async def _weakened(sent: Exchange, effect: Effect, revert_ms: float) -> Response:
    """Answer as if all had been done, but let nothing, only half, or nothing lasting happen."""
    with _journal() as changes:
        response = await _handle(sent)
    if effect == "reverted":
        sent.pipeline.later(revert_ms / 1000, changes)
        return response
    sent.store.undo(changes)
    if effect == "half" and (half := _half(sent.body)) is not None:
        whole, sent.body = sent.body, half
        await _handle(sent)
        sent.body = whole
    return response


@contextmanager
def _journal() -> Iterator[list[Change]]:
    changes: list[Change] = []
    token = journal.set(changes)
    try:
        yield changes
    finally:
        journal.reset(token)


def _half(body: bytes) -> bytes | None:
    """The body with each array cut to its first half; None if nothing of any array is left."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    left: list[Any] = []
    halved = _halved(value, left)
    return json.dumps(halved).encode() if left else None


def _halved(value: Any, left: list[Any]) -> Any:
    if isinstance(value, dict):
        return {name: _halved(item, left) for name, item in value.items()}
    if isinstance(value, list):
        kept = [_halved(item, left) for item in value[: len(value) // 2]]
        left.extend(kept)
        return kept
    return value


async def _handle(sent: Exchange) -> Response:
    try:
        return await sent.pipeline.dispatch(sent)
    except Refused as refusal:
        return refusal.response


def _finish(sent: Exchange, response: Response, headers: dict[str, str]) -> None:
    """The headers that every answer of Graph has (recorded: 204 and errors have them too)."""
    response.headers.update(headers)
    if not is_graph(sent):
        return
    response.headers.setdefault("Cache-Control", "no-cache")
    if sent.outer is None:
        response.headers["request-id"] = sent.request_id
        response.headers["client-request-id"] = sent.client_request_id or sent.request_id
        response.headers["x-ms-ags-diagnostic"] = _DIAGNOSTIC
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


# -- the record ------------------------------------------------------------------------------------------------------


def _record(sent: Exchange, status: int) -> None:
    """One row per exchange; a ``$batch`` writes its own before those of its parts."""
    row: Doc = {
        "at": sent.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "method": sent.method,
        "path": sent.path,
        "query": sent.query,
        "status": status,
        "body": _body(sent),
        "client_request_id": sent.client_request_id,
        "request_id": sent.request_id,
        "app_id": sent.app_id or (sent.caller.app_id if sent.caller else None),
        "mutating": mutates(sent),
    }
    if sent.outer is not None:
        sent.outer.rows.append(row)
        return
    number = sent.store.record(row)
    for part in sent.rows:
        sent.store.record({**part, "batch": number})
    sent.store.flush()


def _body(sent: Exchange) -> Any:
    if not sent.body:
        return None
    if b"assword" in sent.body:
        _note_passwords(sent)
    try:
        return sent.json()
    except ValueError:
        return sent.body.decode(errors="replace")


def _note_passwords(sent: Exchange) -> None:
    """Passwords that were given, wherever they stand in a JSON body."""
    for value in re.findall(rb'"(?:new)?[Pp]assword"\s*:\s*("(?:[^"\\]|\\.)*")', sent.body):
        sent.store.secret("password", json.loads(value))
