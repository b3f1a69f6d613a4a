"""One Temporal server, one practice tenant and one served API for all tests of the API; no worker unless started."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from ledger import Ledger
from settings import Settings
from tests.api.serving import Api, Issuer, TemporalServer, served
from workflows.client import connect

SECOND_SECRET = "whsec_c2Vjb25kIHNlY3JldCBvZiB0aGUgaHIgc3lzdGVt"


@pytest.fixture(scope="session")
async def temporal_server() -> AsyncIterator[TemporalServer]:
    server = TemporalServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def temporal(temporal_server: TemporalServer) -> Client:
    return await connect(temporal_server.address)


@pytest.fixture(scope="session")
def settings(tenant: Any, temporal_server: TemporalServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(tenant.json, temporal_server.address, tmp_path_factory.mktemp("api"))


def settings_for(found: Any, temporal_address: str, data_dir: Path) -> Settings:
    """The settings of an API beside this practice tenant, with a ledger of its own."""
    settings = Settings(
        data_dir=data_dir,
        temporal_address=temporal_address,
        tenant_id=found["tenant_id"],
        authority_url=found["base_url"],
        graph_url=found["base_url"],
        ca_file=found["ca_file"],
        client_id=found["platform"]["client_id"],
        client_secret=found["platform"]["client_secret"],
        certificate_file=found["platform"]["certificate_file"],
        api_client_id=found["api"]["client_id"],
        api_scope=found["api"]["scope"],
        webhook_secrets=f"{found['webhook_secret']},{SECOND_SECRET}",
    )
    Ledger.migrate(settings.database_url)
    return settings


@pytest.fixture(scope="session")
def ledger(settings: Settings) -> Iterator[Ledger]:
    ledger = Ledger.open(settings.database_url)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
async def issuer(tenant: Any) -> AsyncIterator[Issuer]:
    issuer = Issuer(tenant.json)
    yield issuer
    await issuer.http.aclose()


@pytest.fixture(scope="session")
async def api(settings: Settings, issuer: Issuer) -> AsyncIterator[Api]:
    async with served(settings, issuer) as served_api:
        yield served_api
