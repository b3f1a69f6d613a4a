"""Every operation under every trouble: it ends right or in a typed error that tells the truth, and is sent once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from connectors.budget import Budget
from connectors.errors import AlreadyMember, NameTaken, NotFound, Throttled, Unavailable, WireError
from connectors.graph import GraphClient
from tests.connectors.identities import eventually, fault, hired, last_request, newcomer, tokens, writes
from tests.connectors.operations import TROUBLES, arguments, operations, tried
from tests.tenant import Tenant

CALLS = "^/v1.0/"


@pytest.fixture
async def client(tenant: Tenant) -> AsyncIterator[GraphClient]:
    """A client with a budget of its own, its token fetched, so that a fault meets the call and nothing else."""
    one = _client(tenant)
    await one.subscribed_skus()
    yield one
    await one.aclose()


def _client(tenant: Tenant) -> GraphClient:
    return GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, budget=Budget())


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_every_operation_ends_right_or_in_a_typed_error_and_is_sent_once(
    client: GraphClient, tenant: Tenant, trouble: str
) -> None:
    tenant.control("POST", "settings", throttle=False, lag_ms=0)
    fault(tenant, CALLS, **TROUBLES[trouble])
    sent = 0
    for name, method in operations(client).items():
        given = arguments(method)
        if given is not None:
            client._wire._budget = Budget()
            sent += await tried(tenant, name, method, given)
    assert sent > 20


async def test_every_operation_is_tried(client: GraphClient) -> None:
    left = [name for name, method in operations(client).items() if arguments(method) is None]
    assert len(left) <= len(operations(client)) // 4, left


@pytest.mark.parametrize(
    ("trouble", "certain", "there"),
    [
        ("429 with a delay", True, False),
        ("429 without", True, False),
        ("5xx before", False, False),
        ("5xx after", False, True),
        ("dropped before", False, False),
        ("dropped after", False, True),
        ("truncated", False, True),
    ],
)
async def test_what_is_said_to_be_certain_is(
    client: GraphClient, tenant: Tenant, trouble: str, certain: bool, there: bool
) -> None:
    tenant.control("POST", "settings", lag_ms=0)
    body = newcomer()
    fault(tenant, "/v1.0/users$", method="POST", count=1, **TROUBLES[trouble])
    with pytest.raises(WireError) as caught:
        await client.create_user(body)
    assert caught.value.certain is certain
    client._wire._budget = Budget()
    assert (await client.user_by_upn(body["userPrincipalName"]) is not None) is there


async def test_without_an_answer_for_a_part_of_a_batch_only_that_part_is_uncertain(
    client: GraphClient, tenant: Tenant
) -> None:
    user = await hired(client)
    groups = [(await client.groups_by_name(name))[0].id for name in ("Finance", "Sales", "Block sign-in")]
    fault(tenant, f"/groups/{groups[1]}/members", count=1, status=503, when="after")
    answers = await client.add_to_groups(user.id, groups)
    assert [answers[groups[0]], answers[groups[2]]] == [None, None]
    assert isinstance(answers[groups[1]], Unavailable)
    again = await client.add_to_groups(user.id, [groups[1]])
    assert isinstance(again[groups[1]], AlreadyMember)


async def test_a_storm_of_faults_doubles_no_write(tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=200, replicas=3, throttle=False)
    fault(tenant, CALLS, probability=0.05, status=503)
    fault(tenant, CALLS, probability=0.05, status=504, when="after", seed=1)
    fault(tenant, CALLS, probability=0.05, drop=True, when="after", seed=2)
    fault(tenant, CALLS, probability=0.1, status=429, retry_after=0, seed=3)
    client, since = _client(tenant), last_request(tenant)
    group = (await _insisting(lambda: client.groups_by_name("Block sign-in")))[0].id
    people = [newcomer() for _ in range(12)]
    ids = await asyncio.gather(*(_joined(client, body, group) for body in people))
    tenant.control("POST", "faults", clear=True)
    await asyncio.sleep(0.3)
    created = [row["body"]["userPrincipalName"] for row in writes(tenant, since) if row["path"] == "/v1.0/users"]
    assert len(created) == len(set(created))
    for body, object_id in zip(people, ids, strict=True):
        found = await client.users_by_employee_id(body["employeeId"])
        assert [user.id for user in found] == [object_id]
        assert group in [held.id for held in await client.groups_of(object_id)]
    await client.aclose()


async def _joined(client: GraphClient, body: dict[str, Any], group: str) -> str:
    """Create, then add to a group, by the rules: after an uncertain end look before sending again."""
    user = None
    while user is None:
        try:
            user = await client.create_user(body)
        except NameTaken:
            user = await _insisting(lambda: client.user_by_upn(body["userPrincipalName"]))
        except WireError as error:
            user = None if error.certain else await _looked_for(client, body["userPrincipalName"])
    outcome: WireError | None = Unavailable("not sent yet")
    while outcome is not None and not isinstance(outcome, AlreadyMember):
        try:
            outcome = (await client.add_to_groups(user.id, [group]))[group]
        except WireError as error:
            outcome = error
        await asyncio.sleep(0.05)
    return user.id


async def _looked_for(client: GraphClient, upn: str) -> Any:
    """Settle first: what is not seen after the longest lag has not happened."""
    await asyncio.sleep(0.5)
    return await _insisting(lambda: client.user_by_upn(upn), none=True)


async def _insisting(read: Callable[[], Any], *, none: bool = False) -> Any:
    async with asyncio.timeout(20):
        while True:
            try:
                found = await read()
            except WireError:
                await asyncio.sleep(0.05)
                continue
            if found or none:
                return found
            await asyncio.sleep(0.05)


async def test_with_a_long_lag_what_is_not_seen_yet_is_not_found(tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=1500, replicas=3, spread=0.9)
    client = _client(tenant)
    made = await client.create_user(newcomer())
    seen: list[bool] = []
    for _ in range(12):
        seen.append(await _is_seen(client, made.id))
        await asyncio.sleep(0.1)
    assert not all(seen)
    assert await eventually(lambda: _is_seen(client, made.id))
    await client.aclose()


async def _is_seen(client: GraphClient, object_id: str) -> bool:
    try:
        await client.user(object_id)
    except NotFound:
        return False
    return True


async def test_while_no_token_is_to_be_had_the_old_one_serves_and_without_one_nothing_is_sent(
    client: GraphClient, tenant: Tenant
) -> None:
    fault(tenant, "/oauth2/v2.0/token$", status=503)
    assert await client.subscribed_skus()
    fresh, since = _client(tenant), last_request(tenant)
    with pytest.raises(Unavailable, match="No token") as caught:
        await fresh.create_user(newcomer())
    assert (caught.value.sent, caught.value.certain) == (False, True)
    assert writes(tenant, since, accepted=False) == []
    tenant.control("POST", "faults", clear=True)
    assert (await fresh.create_user(newcomer())).id
    await fresh.aclose()


async def test_a_429_to_one_client_closes_the_budget_that_both_spend_from(tenant: Tenant) -> None:
    budget = Budget()
    one, other = (GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, budget=budget) for _ in range(2))
    fault(tenant, "/v1.0/subscribedSkus", status=429, retry_after=2, count=1)
    with pytest.raises(Throttled):
        await one.subscribed_skus()
    with pytest.raises(Throttled) as early:
        await other.subscribed_skus()
    assert not early.value.sent
    await one.aclose()
    await other.aclose()


async def test_a_storm_of_429_is_ridden_out(tenant: Tenant) -> None:
    tenant.control("POST", "settings", throttle_units_per_10s=40)
    client, since = _client(tenant), last_request(tenant)
    names = ["Finance", "Sales", "Engineering", "IT"]
    found = await asyncio.gather(*(_patient(client, name) for name in names * 5))
    assert all(found)
    refused = [row for row in tenant.requests(since) if row["status"] == 429]
    assert len(refused) < len(found)
    await client.aclose()


async def _patient(client: GraphClient, name: str) -> Any:
    """Ask again only when the error says so."""
    while True:
        try:
            return await client.groups_by_name(name)
        except Throttled as error:
            await asyncio.sleep(error.retry_after)
