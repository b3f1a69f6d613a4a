"""Clients of the practice tenant, as the platform opens them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connectors.graph import GraphClient
from connectors.tokens import EntraTokens
from tests.connectors.identities import tokens
from tests.tenant import Tenant


@pytest.fixture
async def graph(tenant: Tenant) -> AsyncIterator[GraphClient]:
    """The platform's Graph client."""
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    yield client
    await client.aclose()


@pytest.fixture
def platform_tokens(tenant: Tenant) -> EntraTokens:
    """The platform's tokens, by secret."""
    return tokens(tenant)


@pytest.fixture
def certificate_file(tenant: Tenant) -> Path:
    """PEM of the platform's key and certificate."""
    return Path(tenant.json["platform"]["certificate_file"])


@pytest.fixture(autouse=True)
def undisturbed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults and settings are put back after each test that has to do with the tenant."""
    yield
    if "tenant" not in request.fixturenames:
        return
    tenant: Tenant = request.getfixturevalue("tenant")
    tenant.control("POST", "faults", clear=True)
    tenant.control("POST", "settings", reset=True)
