"""Containment has a share of the budget of its own, known by its queue."""

import pytest
from temporalio.exceptions import ApplicationError

from connectors.budget import Budget
from connectors.graph import GraphClient
from ledger import Ledger
from tests.activities.driver import Driver, rows_of, seconds, step_call
from tests.connectors.identities import hired, last_request, tokens
from tests.tenant import Tenant


async def test_a_mass_leave_does_not_use_up_what_containment_needs(
    graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    user = await hired(graph)
    small = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, budget=Budget(units=100, writes=5))
    ordinary, urgent = Driver(small, ledger), Driver(small, ledger, queue="jml-urgent")
    for title in ("a", "b", "c", "d"):
        call = step_call("attributes", {"attributes": {"jobTitle": title}}, object_id=user.id)
        await ordinary.attempt("accounts.update", call)
    since = last_request(tenant)
    last = step_call("attributes", {"attributes": {"jobTitle": "e"}}, object_id=user.id)
    with pytest.raises(ApplicationError) as caught:
        await ordinary.attempt("accounts.update", last)
    assert caught.value.type == "Throttled"
    assert seconds(caught.value.next_retry_delay) > 100
    assert tenant.requests(since) == []
    assert rows_of(ledger, last) == []
    contained = await urgent.attempt("accounts.disable", step_call("disable", {}, object_id=user.id))
    assert contained.grade == "acknowledged"
    await small.aclose()
