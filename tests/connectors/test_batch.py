"""``$batch`` of any calls: outcomes one by one, patience with what is refused for the moment, no write twice."""

import time

import pytest

from connectors.errors import NotFound, Throttled, Unavailable
from connectors.graph import GraphClient
from connectors.graph_batch import Outcome, Part
from connectors.tally import Tally, tallying
from tests.connectors.identities import eventually, fault, hired, last_request, writes
from tests.tenant import Tenant

ABSENT = "00000000-0000-4000-8000-000000000000"


async def test_any_calls_go_together_and_answer_one_by_one(graph: GraphClient) -> None:
    user = await hired(graph)
    outcomes = await graph.batch.send(
        [
            Part("read", "GET", f"/users/{user.id}?$select=displayName"),
            Part("count", "GET", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
            Part("change", "PATCH", f"/users/{user.id}", {"jobTitle": "Together"}),
            Part("absent", "DELETE", f"/users/{ABSENT}"),
        ]
    )
    assert outcomes["read"].error is None
    assert outcomes["read"].body["displayName"] == user.display_name
    assert outcomes["count"].body > 10
    assert outcomes["change"].error is None
    assert isinstance(outcomes["absent"].error, NotFound)


async def test_a_throttled_part_is_sent_again_after_its_delay(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, rf"/users/{user.id}$", method="PATCH", status=429, retry_after=0.3, count=1)
    since, started = last_request(tenant), time.monotonic()
    outcomes = await graph.batch.send([Part("a", "PATCH", f"/users/{user.id}", {"jobTitle": "Late"})], patience=5)
    assert outcomes["a"].error is None
    assert time.monotonic() - started >= 0.3
    assert len(writes(tenant, since)) == 1
    assert len(writes(tenant, since, accepted=False)) == 2


async def test_only_the_parts_that_were_refused_are_sent_again(graph: GraphClient, tenant: Tenant) -> None:
    one, other = await hired(graph), await hired(graph)
    fault(tenant, rf"/users/{one.id}$", method="PATCH", status=429, retry_after=0.1, count=1)
    since = last_request(tenant)
    parts = [Part(user.id, "PATCH", f"/users/{user.id}", {"jobTitle": "Once"}) for user in (one, other)]
    outcomes = await graph.batch.send(parts, patience=5)
    assert [outcome.error for outcome in outcomes.values()] == [None, None]
    paths = [row["path"].rpartition("/")[2] for row in writes(tenant, since)]
    assert sorted(paths) == sorted([one.id, other.id])


async def test_a_read_that_failed_is_sent_again(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, rf"/users/{user.id}$", method="GET", status=503, retry_after=0.1, count=2)
    outcomes = await graph.batch.send([Part("a", "GET", f"/users/{user.id}")], patience=5)
    assert outcomes["a"].error is None
    assert outcomes["a"].body["id"] == user.id


async def test_a_write_that_may_have_happened_is_not_repeated(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, rf"/users/{user.id}$", method="PATCH", status=503, retry_after=0.1, when="after", count=1)
    since = last_request(tenant)
    with tallying(Tally("a batch")) as tally:
        outcomes = await graph.batch.send([Part("a", "PATCH", f"/users/{user.id}", {"jobTitle": "Done"})], patience=5)
    error = outcomes["a"].error
    assert isinstance(error, Unavailable)
    assert not error.certain
    assert tally.uncertain
    assert len(writes(tenant, since, accepted=False)) == 1

    async def done() -> bool:
        return (await graph.user(user.id)).job_title == "Done"

    assert await eventually(done)


async def test_patience_ends(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, rf"/users/{user.id}$", method="PATCH", status=429, retry_after=0.2)
    started = time.monotonic()
    outcomes = await graph.batch.send([Part("a", "PATCH", f"/users/{user.id}", {"jobTitle": "x"})], patience=0.5)
    assert isinstance(outcomes["a"].error, Throttled)
    assert time.monotonic() - started < 2


async def test_without_patience_nothing_is_sent_again(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    fault(tenant, rf"/users/{user.id}$", method="PATCH", status=429, retry_after=0.1)
    since = last_request(tenant)
    outcomes = await graph.batch.send([Part("a", "PATCH", f"/users/{user.id}", {"jobTitle": "x"})])
    assert isinstance(outcomes["a"].error, Throttled)
    assert len(writes(tenant, since, accepted=False)) == 1


async def test_a_batch_refused_whole_is_an_error(graph: GraphClient, tenant: Tenant) -> None:
    fault(tenant, r"/\$batch$", status=503, count=1)
    with pytest.raises(Unavailable):
        await graph.batch.send([Part("a", "GET", "/users?$top=1")], patience=5)


def test_what_is_sent_and_answered_shows_in_no_representation() -> None:
    part = Part("a", "PATCH", "/users/u", {"passwordProfile": {"password": "unmistakable"}})
    assert "unmistakable" not in repr((part, Outcome(None, {"temporaryAccessPass": "unmistakable"})))


async def test_the_error_of_a_part_names_nobody(graph: GraphClient) -> None:
    outcomes = await graph.batch.send([Part("a", "GET", "/users/nobody.known@practice.example?$select=id")])
    assert isinstance(outcomes["a"].error, NotFound)
    assert "GET /users/{name}: 404" in outcomes["a"].error.message
