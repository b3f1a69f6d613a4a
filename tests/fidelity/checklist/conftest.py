"""The checklist is shown from outside: raw HTTPS with the tenant's CA, tokens from its token endpoint."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fidelity.checklist.hands import calling, switch
from tests.tenant import Tenant


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """Microsoft Graph as the platform; nothing lags and nothing is throttled unless a test switches it on."""
    switch(tenant, profile="fast")
    with calling(tenant) as client:
        yield client
