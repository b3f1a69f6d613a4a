"""The clients of one tenant, opened from settings."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.clients import Clients
from connectors.errors import Throttled
from tests.connectors.applications import settings_of
from tests.connectors.identities import fault, last_request, newcomer
from tests.tenant import Tenant


def scim(clients: Clients) -> Any:
    target = clients.scim()
    assert target is not None
    return target


WRITES: dict[str, Callable[[Clients], Awaitable[Any]]] = {
    "graph": lambda clients: clients.graph().create_user(newcomer()),
    "a batch": lambda clients: clients.graph().add_to_groups("u", ["g"]),
    "a part of graph": lambda clients: clients.graph().devices.disable("d"),
    "arm": lambda clients: clients.arm().groups.create("s", "rg", "westeurope", {}),
    "a vault": lambda clients: clients.vault("v", "v.vault.azure.net").set("name", SecretStr("x")),
    "exchange": lambda clients: clients.exchange("practice.onmicrosoft.com").hide("u"),
    "scim": lambda clients: scim(clients).deactivate_user("u"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_clients_that_only_read_send_no_write(tenant: Tenant, write: Callable[[Clients], Awaitable[Any]]) -> None:
    since = last_request(tenant)
    async with Clients(settings_of(tenant), read_only=True) as clients:
        with pytest.raises(PermissionError, match="reads only"):
            await write(clients)
    assert tenant.requests(since) == []


async def test_clients_of_one_service_share_what_a_429_taught_one_of_them(tenant: Tenant) -> None:
    async with Clients(settings_of(tenant)) as clients:
        for one, other, path in (
            (clients.graph().subscribed_skus, clients.graph().subscribed_skus, "/subscribedSkus$"),
            (clients.arm().subscriptions.all, clients.arm().subscriptions.all, "/subscriptions$"),
        ):
            fault(tenant, path, status=429, retry_after=30, count=1)
            with pytest.raises(Throttled) as told:
                await one()
            assert told.value.sent
            with pytest.raises(Throttled) as spared:
                await other()
            assert not spared.value.sent
            assert spared.value.retry_after > 20
