"""People with a licence, as the tests of mailboxes, files, teams and Exchange need them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.clouds import CLOUDS
from connectors.exchange import ExchangeRest
from connectors.graph import GraphClient
from connectors.graph_models import User
from tests.connectors.identities import hired, tokens
from tests.tenant import Tenant

SPE_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"


async def licensed(graph: GraphClient) -> User:
    """Somebody new with a mailbox; the drive is there a moment later."""
    user = await hired(graph)
    await graph.assign_licence(user.id, SPE_E3)
    await graph.mailboxes.wait(user.id, 8)
    return user


@asynccontextmanager
async def administering(tenant: Tenant, who: str = "platform") -> AsyncIterator[ExchangeRest]:
    """Exchange administration as an application of sandbox.json."""
    client = ExchangeRest(
        tenant.base_url,
        tokens(tenant, who, scope=CLOUDS["public"].exchange_scope),
        tenant_id=tenant.json["tenant_id"],
        domain="practice.onmicrosoft.com",
        ca_file=tenant.ca_file,
    )
    try:
        yield client
    finally:
        await client.aclose()
