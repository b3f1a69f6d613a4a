"""Reading back with a deadline."""

import pytest

from connectors import readback
from connectors.errors import Forbidden
from connectors.graph import GraphClient
from connectors.graph_models import User
from tests.connectors.identities import fault, hired, newcomer, tokens
from tests.tenant import Tenant


async def test_a_write_is_seen_as_soon_as_the_directory_shows_it(graph: GraphClient, tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=600)
    created = await graph.create_user(newcomer())
    seen = await readback.until(lambda: graph.user(created.id), lambda user: user.account_enabled is True, 10)
    assert seen.id == created.id


async def test_trouble_on_the_way_is_waited_out(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, f"/users/{user.id}", method="GET", status=503, retry_after=0.2, count=2)
    assert await readback.until(lambda: graph.user(user.id), lambda found: found.id == user.id, 10)


async def test_what_is_not_seen_in_time_says_what_was_seen(graph: GraphClient) -> None:
    user = await hired(graph)
    with pytest.raises(readback.NotSeen, match="Not seen within") as caught:
        await readback.until(lambda: graph.user(user.id), lambda found: found.job_title == "Never", 0.3)
    assert isinstance(caught.value.last, User)
    absent = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(readback.NotSeen, match="the last read failed"):
        await readback.until(lambda: graph.user(absent), lambda found: True, 0.3)


async def test_a_refusal_is_not_waited_out(tenant: Tenant) -> None:
    limited = GraphClient(tenant.base_url, tokens(tenant, "limited"), ca_file=tenant.ca_file)
    with pytest.raises(Forbidden):
        await readback.until(limited.subscribed_skus, bool, 5)
    await limited.aclose()
