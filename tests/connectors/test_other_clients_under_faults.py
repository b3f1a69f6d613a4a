"""The clients of Azure, Key Vault, Exchange and the SCIM target under the troubles that those of Graph meet."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest

from connectors.arm import Arm
from connectors.key_vault import KeyVault
from connectors.scim import ScimClient
from connectors.tokens import StaticToken
from tests.connectors.arm_hands import ARM, VAULT
from tests.connectors.collaboration import administering
from tests.connectors.identities import fault, tokens
from tests.connectors.operations import TROUBLES, arguments, operations, tried
from tests.tenant import Tenant

SERVICES = {
    "azure": (r"^/(subscriptions|providers)\b", 15),
    "key vault": (r"^/(deleted)?secrets\b", 8),
    "exchange": (r"^/adminapi/", 15),
    "scim": (r"^/scim/", 8),
}
"""What of the tenant's addresses is whose, and how many operations send something at least."""


@pytest.fixture
async def clients(tenant: Tenant) -> AsyncIterator[dict[str, Any]]:
    """One client of each service, its token fetched, so that a fault meets the call and nothing else."""
    tenant.control("POST", "settings", lag_ms=0, arm_operation_ms=0, throttle=False)
    async with administering(tenant) as exchange:
        arm = Arm(tenant.base_url, tokens(tenant, scope=ARM), ca_file=tenant.ca_file)
        vault = KeyVault(tenant.base_url, tokens(tenant, scope=VAULT), ca_file=tenant.ca_file)
        scim = ScimClient(
            f"{tenant.base_url}/scim/v2", StaticToken(tenant.json["scim"]["token"]), ca_file=tenant.ca_file
        )
        await arm.subscriptions.all()
        await vault.names()
        await exchange.organisation_holds()
        yield {"azure": arm, "key vault": vault, "exchange": exchange, "scim": scim}
        for client in (arm, vault, scim):
            await client.aclose()


def _words(tenant: Tenant, service: str) -> Callable[[], str]:
    """Names for what is not there: in Azure they are addresses."""
    if service == "azure":
        return lambda: f"/subscriptions/{tenant.json['azure']['subscription_id']}/resourceGroups/none-{uuid4().hex}"
    return lambda: f"n{uuid4().hex}"


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("service", SERVICES)
async def test_every_operation_ends_right_or_in_a_typed_error_and_is_sent_once(
    clients: dict[str, Any], tenant: Tenant, service: str, trouble: str
) -> None:
    path, least = SERVICES[service]
    fault(tenant, path, **TROUBLES[trouble])
    sent = 0
    for name, method in operations(clients[service]).items():
        given = arguments(method, _words(tenant, service))
        if given is not None:
            clients[service]._wire._budget = None
            sent += await tried(tenant, f"{service}: {name}", method, given)
    assert sent >= least
