"""Microsoft's own Python libraries against the practice tenant, unmodified but for base address and CA."""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]
from msgraph_core.authentication import AzureIdentityAuthenticationProvider  # type: ignore[import-untyped]

from tests.tenant import Tenant

SCOPE = "https://graph.microsoft.com/.default"

Credential = Callable[[str], AsyncClientSecretCredential]
"""Gives the credential of an application of sandbox.json (``platform``, ``helpdesk``, ``limited``), for ``async``."""
BlockingCredential = Callable[[str], ClientSecretCredential]
"""The same for libraries that block."""
GraphAs = Callable[[str], GraphServiceClient]
"""Gives the Graph SDK's client with the permissions of an application of sandbox.json."""


@pytest.fixture(scope="session")
def ca(tenant: Tenant) -> Path:
    """The tenant's certificate authority."""
    return tenant.ca_file


@pytest.fixture(scope="session")
async def credential(tenant: Tenant) -> AsyncIterator[Credential]:
    """azure-identity's credential for an application, asynchronous."""
    made: dict[str, AsyncClientSecretCredential] = {}

    def of(who: str) -> AsyncClientSecretCredential:
        identity = tenant.json[who]
        return made.setdefault(
            who,
            AsyncClientSecretCredential(
                tenant.json["tenant_id"],
                identity["client_id"],
                identity["client_secret"],
                authority=tenant.base_url,
                disable_instance_discovery=True,
                connection_verify=str(tenant.ca_file),
            ),
        )

    yield of
    for one in made.values():
        await one.close()


@pytest.fixture(scope="session")
def blocking_credential(tenant: Tenant) -> Iterator[BlockingCredential]:
    """azure-identity's credential for an application, for libraries that block."""
    made: dict[str, ClientSecretCredential] = {}

    def of(who: str) -> ClientSecretCredential:
        identity = tenant.json[who]
        return made.setdefault(
            who,
            ClientSecretCredential(
                tenant.json["tenant_id"],
                identity["client_id"],
                identity["client_secret"],
                authority=tenant.base_url,
                disable_instance_discovery=True,
                connection_verify=str(tenant.ca_file),
            ),
        )

    yield of
    for one in made.values():
        one.close()


@pytest.fixture(scope="session")
async def graph_as(tenant: Tenant, credential: Credential) -> AsyncIterator[GraphAs]:
    """The Graph SDK with its default middleware (retries included) for any application of sandbox.json."""
    trust = ssl.create_default_context(cafile=str(tenant.ca_file))
    opened: dict[str, tuple[GraphServiceClient, httpx.AsyncClient]] = {}

    def client(who: str) -> GraphServiceClient:
        if who not in opened:
            http = httpx.AsyncClient(verify=trust, trust_env=False, timeout=60)
            piped = GraphClientFactory.create_with_default_middleware(client=http, options=options)
            provider = AzureIdentityAuthenticationProvider(credential(who), scopes=[SCOPE], allowed_hosts=["localhost"])
            adapter = GraphRequestAdapter(provider, piped)
            adapter.base_url = f"{tenant.base_url}/v1.0"
            opened[who] = GraphServiceClient(request_adapter=adapter), piped
        return opened[who][0]

    yield client
    for _, http in opened.values():
        await http.aclose()


@pytest.fixture(scope="session")
def graph(graph_as: GraphAs) -> GraphServiceClient:
    """The Graph SDK with the platform's permissions."""
    return graph_as("platform")


@pytest.fixture(autouse=True)
def undisturbed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults and settings are put back after each test that has to do with the tenant."""
    yield
    if "tenant" in request.fixturenames:
        tenant: Tenant = request.getfixturevalue("tenant")
        tenant.control("POST", "faults", clear=True)
        tenant.control("POST", "settings", reset=True)
