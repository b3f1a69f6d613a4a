"""Every public operation of a client, carried out with arguments that fit, and the troubles it can meet."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args, get_origin
from uuid import uuid4

from pydantic import SecretStr

from connectors.errors import Unavailable, WireError
from connectors.readback import NotSeen
from connectors.tally import Tally, tallying
from tests.connectors.identities import last_request
from tests.tenant import Tenant

TROUBLES: dict[str, dict[str, Any]] = {
    "429 with a delay": {"status": 429, "retry_after": 1},
    "429 without": {"status": 429},
    "5xx before": {"status": 503},
    "5xx after": {"status": 504, "when": "after"},
    "dropped before": {"drop": True},
    "dropped after": {"drop": True, "when": "after"},
    "truncated": {"truncate": True},
}


def operations(client: object) -> dict[str, Callable[..., Any]]:
    """Every public method that calls the tenant, those of the client's parts included."""
    parts = {"": client} | {
        f"{name}.": part for name, part in vars(client).items() if type(part).__module__.startswith("connectors.")
    }
    return {
        prefix + name: method
        for prefix, part in parts.items()
        for name, method in inspect.getmembers(part, callable)
        if name[0] not in "_"
        and name not in _OF_THE_WIRE
        and (inspect.iscoroutinefunction(method) or _iterates(method))
    }


_OF_THE_WIRE = ("aclose", "request")


def _iterates(method: Callable[..., Any]) -> bool:
    return inspect.isasyncgenfunction(method)


def _some(annotation: Any, text: Callable[[], str]) -> Any:
    """An argument that fits, for somebody or something that is not there."""
    kind = str(annotation)
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    if annotation is SecretStr:
        return SecretStr(f"unmistakable-{uuid4().hex}")
    if annotation is str or kind.startswith(("str", "UUID")):
        return text()
    if annotation is bool:
        return True
    if annotation in (int, float):
        return 1
    if "timedelta" in kind:
        return timedelta(hours=1)
    if "datetime" in kind:
        return datetime(2027, 1, 1, tzinfo=UTC)
    if "Mapping" in kind or "dict" in kind:
        return {"displayName": "Nobody"}
    if "Sequence" in kind or "list" in kind or "Iterable" in kind:
        return [text()] if "str" in kind else None
    return None


def arguments(method: Callable[..., Any], text: Callable[[], str] = lambda: str(uuid4())) -> dict[str, Any] | None:
    """Arguments for the required parameters; None where one is of a kind only its own test can make."""
    wanted = [p for p in inspect.signature(method).parameters.values() if p.default is inspect.Parameter.empty]
    made = {p.name: _some(p.annotation, text) for p in wanted if p.kind is not inspect.Parameter.VAR_KEYWORD}
    return None if None in made.values() else made


async def tried(tenant: Tenant, name: str, method: Callable[..., Any], given: Mapping[str, Any]) -> bool:
    """Carry one operation out: a right end or a typed error that tells the truth, and no write sent twice.

    True if anything was sent at all.
    """
    since = last_request(tenant)
    with tallying(Tally(name)) as counted:
        ended = await _ended(method, given)
    rows = [row for row in tenant.requests(since) if "/oauth2/" not in row["path"]]
    sent = [(row["method"], row["path"], row["body"]) for row in rows if row["mutating"] and "batch" not in row]
    typed = (WireError, NotSeen) if rows else (WireError, ValueError)
    assert ended is None or isinstance(ended, typed), (name, ended)
    assert len(sent) == len({str(one) for one in sent}), f"{name} sent twice: {sent}"
    if isinstance(ended, WireError) and sent:
        assert ended.sent
        assert ended.certain is not (isinstance(ended, Unavailable)), name
        assert counted.uncertain is not ended.certain, name
    return bool(rows)


async def _ended(method: Callable[..., Any], given: Mapping[str, Any]) -> BaseException | None:
    """How it ended; a ``ValueError`` is an argument that is refused before anything is sent."""
    try:
        async with asyncio.timeout(20):
            await _carried_out(method, given)
    except (WireError, NotSeen, ValueError) as error:
        return error
    return None


async def _carried_out(method: Callable[..., Any], given: Mapping[str, Any]) -> object:
    if _iterates(method):
        return [item async for item in method(**given)]
    return await method(**given)
