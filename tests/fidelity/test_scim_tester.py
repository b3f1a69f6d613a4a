"""scim2-tester against the tenant's SCIM target, unmodified: every check that it has."""

import ssl
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.tenant import Tenant


@pytest.fixture
def client(tenant: Tenant) -> Iterator[SyncSCIMClient]:
    """scim2-client as its documentation opens it."""
    trust = ssl.create_default_context(cafile=str(tenant.ca_file))
    headers = {"Authorization": f"Bearer {tenant.json['scim']['token']}"}
    with httpx2.Client(base_url=f"{tenant.base_url}/scim/v2", headers=headers, verify=trust, trust_env=False) as http:
        yield SyncSCIMClient(http)


def test_every_check_passes(client: SyncSCIMClient) -> None:
    results = check_server(client)
    bad = [r for r in results if r.status in (Status.ERROR, Status.CRITICAL, Status.DEVIATION)]
    assert bad == []
    seen = Counter(result.status for result in results)
    assert seen[Status.SUCCESS] > 100
    assert {"User", "Group"} <= {result.resource_type for result in results}
    assert [r.title for r in results if r.status == Status.SKIPPED] == []
