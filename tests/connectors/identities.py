"""Who the tests are towards the practice tenant, and people they make there."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

from connectors.errors import NotFound
from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.tokens import EntraTokens
from tests.tenant import Tenant

T = TypeVar("T")
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
PASSWORD = {"password": "Correct-Horse-7!", "forceChangePasswordNextSignIn": True}


def tokens(tenant: Tenant, who: str = "platform", **changes: Any) -> EntraTokens:
    """Tokens of one of the tenant's applications."""
    identity = tenant.json[who]
    given: dict[str, Any] = {
        "authority_url": tenant.base_url,
        "tenant_id": tenant.json["tenant_id"],
        "client_id": identity["client_id"],
        "client_secret": identity["client_secret"],
        "scope": GRAPH_SCOPE,
        "ca_file": tenant.ca_file,
    }
    return EntraTokens(**(given | changes))


def newcomer(**changes: Any) -> dict[str, Any]:
    """A user body that nobody used before; a property changed to None is left out."""
    name = f"t{uuid4().hex[:12]}"
    body = {
        "accountEnabled": True,
        "displayName": f"Test {name}",
        "givenName": "Test",
        "surname": name,
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "employeeId": name.upper(),
        "usageLocation": "GB",
        "passwordProfile": PASSWORD,
    } | changes
    return {key: value for key, value in body.items() if value is not None}


async def hired(graph: GraphClient, **changes: Any) -> User:
    """A new user whom every replica shows."""
    created = await graph.create_user(newcomer(**changes))
    return await eventually(lambda: _seen(graph, created.id))


async def eventually(read: Callable[[], Awaitable[T | None]], seconds: float = 8) -> T:
    """What ``read`` answers as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await read()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("not seen in time")


async def _seen(graph: GraphClient, object_id: str) -> User | None:
    try:
        return await graph.user(object_id)
    except NotFound:
        return None


def fault(tenant: Tenant, path: str, **what: Any) -> None:
    """Have requests whose path fits the pattern go wrong."""
    with tenant.client() as client:
        client.post("/_sandbox/faults", json={"path": path, **what}).raise_for_status()


def last_request(tenant: Tenant) -> int:
    """The newest row of the tenant's request record."""
    return tenant.mark()


def writes(tenant: Tenant, since: int, *, accepted: bool = True) -> list[dict[str, Any]]:
    """The writes after a row of the record; only those that took effect unless all are asked for."""
    rows = [row for row in tenant.requests(since) if row["mutating"]]
    return [row for row in rows if row["status"] < 400 or not accepted]
