"""A worker's activities with a real ledger and a real tenant."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.graph import GraphClient
from connectors.scim import ScimClient
from connectors.tokens import StaticToken
from ledger import Ledger
from tests.activities.driver import Driver
from tests.connectors.identities import tokens
from tests.tenant import Tenant


@contextmanager
def opened(file: Path) -> Iterator[Ledger]:
    """A ledger made new."""
    url = f"sqlite:///{file}"
    Ledger.migrate(url)
    ledger = Ledger.open(url)
    yield ledger
    ledger.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    with opened(tmp_path / "ledger.db") as made:
        yield made


@pytest.fixture
def another_ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A second empty one."""
    with opened(tmp_path / "another.db") as made:
        yield made


@pytest.fixture
async def graph(tenant: Tenant) -> AsyncIterator[GraphClient]:
    """The platform's Graph client."""
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    yield client
    await client.aclose()


@pytest.fixture
async def scim(tenant: Tenant) -> AsyncIterator[ScimClient]:
    """The SCIM target's client."""
    token = StaticToken(tenant.json["scim"]["token"])
    client = ScimClient(f"{tenant.base_url}/scim/v2", token, ca_file=tenant.ca_file)
    yield client
    await client.aclose()


@pytest.fixture
def driver(graph: GraphClient, ledger: Ledger) -> Driver:
    """A worker without a SCIM target."""
    return Driver(graph, ledger)


@pytest.fixture(autouse=True)
def undisturbed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults and settings are put back after each test that has to do with the tenant."""
    yield
    if "tenant" not in request.fixturenames:
        return
    tenant: Tenant = request.getfixturevalue("tenant")
    tenant.control("POST", "faults", clear=True)
    tenant.control("POST", "settings", reset=True)
