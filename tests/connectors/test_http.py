"""One request on the wire: ids, failures as types, what is sent again and what is never said aloud."""

import logging
from uuid import UUID

import pytest

from connectors import tally
from connectors.answers import Answer
from connectors.budget import Budget
from connectors.errors import Refused, Throttled, Unauthorized, Unavailable
from connectors.graph import GraphClient
from connectors.http import Wire, is_loopback
from connectors.tally import Tally, tallying
from tests.connectors.identities import PASSWORD, fault, hired, last_request, newcomer, tokens, writes
from tests.tenant import Tenant, free_port


async def test_every_request_has_an_id_of_its_own_and_an_error_names_both(graph: GraphClient, tenant: Tenant) -> None:
    since = last_request(tenant)
    with pytest.raises(Refused) as caught:
        await graph.update_user((await hired(graph)).id, {"department": ""})
    rows = tenant.requests(since)
    ids = [row["client_request_id"] for row in rows if row["path"].startswith("/v1.0")]
    assert len(set(ids)) == len(ids)
    assert all(UUID(one) for one in ids)
    assert (caught.value.client_request_id, caught.value.request_id) == (ids[-1], rows[-1]["request_id"])


async def test_a_401_gets_one_new_token_and_one_more_try(graph: GraphClient, tenant: Tenant) -> None:
    since = last_request(tenant)
    fault(tenant, "/v1.0/subscribedSkus", status=401, count=1)
    assert await graph.subscribed_skus()
    statuses = [row["status"] for row in tenant.requests(since) if "subscribedSkus" in row["path"]]
    assert statuses == [401, 200]


async def test_a_second_401_is_the_answer(graph: GraphClient, tenant: Tenant) -> None:
    fault(tenant, "/v1.0/subscribedSkus", status=401, count=2)
    with pytest.raises(Unauthorized):
        await graph.subscribed_skus()


async def test_throttling_tells_how_long_to_wait_and_closes_the_budget(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    fault(tenant, "/v1.0/subscribedSkus", status=429, retry_after=3, count=1)
    with pytest.raises(Throttled) as caught:
        await client.subscribed_skus()
    assert caught.value.retry_after == 3
    assert caught.value.sent
    since = last_request(tenant)
    with pytest.raises(Throttled) as early:
        await client.subscribed_skus()
    assert not early.value.sent
    assert 2 < early.value.retry_after <= 3
    assert tenant.requests(since) == []
    await client.aclose()


async def test_over_budget_nothing_is_sent(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, budget=Budget(units=4))
    await client.subscribed_skus()
    since = last_request(tenant)
    with pytest.raises(Throttled) as caught:
        await client.subscribed_skus()
    assert not caught.value.sent
    assert caught.value.certain
    assert tenant.requests(since) == []
    await client.aclose()


async def test_what_is_kept_for_containment_is_open_to_it(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, budget=Budget(units=4))
    await client.groups_by_name("Finance")
    await client.groups_by_name("Finance")
    await client.groups_by_name("Finance")
    with tallying(Tally("containment", urgent=True)) as counted:
        await client.groups_by_name("Finance")
    assert counted.requests == 1
    with pytest.raises(Throttled):
        await client.groups_by_name("Finance")
    await client.aclose()


@pytest.mark.parametrize(
    "trouble", [{"status": 503, "when": "after"}, {"drop": True, "when": "after"}, {"truncate": True}]
)
async def test_a_write_without_a_whole_answer_is_uncertain(
    graph: GraphClient, tenant: Tenant, trouble: dict[str, object]
) -> None:
    await graph.subscribed_skus()
    body, since = newcomer(), last_request(tenant)
    fault(tenant, "/v1.0/users$", method="POST", count=1, **trouble)
    with tallying(Tally("attempt")) as counted, pytest.raises(Unavailable) as caught:
        await graph.create_user(body)
    assert caught.value.sent
    assert not caught.value.certain
    assert counted.uncertain
    assert [row["path"] for row in writes(tenant, since, accepted=False)] == ["/v1.0/users"]


async def test_without_a_connection_nothing_was_sent(tenant: Tenant) -> None:
    client = GraphClient(f"https://localhost:{free_port()}", tokens(tenant), ca_file=tenant.ca_file)
    with tallying(Tally("attempt")) as counted, pytest.raises(Unavailable) as caught:
        await client.create_user(newcomer())
    assert not caught.value.sent
    assert caught.value.certain
    assert not counted.uncertain
    await client.aclose()


async def test_an_unknown_authority_is_not_trusted(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=None)
    with pytest.raises(Unavailable, match="no connection"):
        await client.subscribed_skus()
    await client.aclose()


async def test_a_reading_client_refuses_to_write(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file, read_only=True)
    assert await client.groups_by_name("Finance")
    since = last_request(tenant)
    for write in (
        client.create_user(newcomer()),
        client.delete_user("x"),
        client.add_to_groups("x", ["y"]),
        client.send_mail("x", {}),
    ):
        with pytest.raises(PermissionError):
            await write
    assert tenant.requests(since) == []
    await client.aclose()


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/v1.0/users",
        "HTTPS://example.com/v1.0/users",
        "http://localhost/v1.0/users",
        "@example.com/v1.0/users",
        ".example.com/v1.0/users",
        "https://localhost:1/v1.0/users",
        "https://[",
    ],
)
async def test_a_link_to_another_origin_is_not_followed_with_our_token(tenant: Tenant, link: str) -> None:
    wire = Wire(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    with pytest.raises(Refused, match="not followed"):
        await wire.request("GET", link)
    await wire.aclose()


async def test_a_link_may_spell_our_origin_otherwise(tenant: Tenant) -> None:
    wire = Wire(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    answer = await wire.request("GET", f"{tenant.base_url.replace('https://l', 'HTTPS://L')}/v1.0/users?$top=1")
    assert len(answer.json()["value"]) == 1
    await wire.aclose()


async def test_a_redirection_is_no_success(tenant: Tenant) -> None:
    wire = Wire(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    back = {"post_logout_redirect_uri": tenant.json["console"]["redirect_uri"]}
    with pytest.raises(Refused) as refused:
        await wire.request("GET", f"/{tenant.json['tenant_id']}/oauth2/v2.0/logout", query=back)
    assert refused.value.status in (302, 303)
    await wire.aclose()


async def test_an_answer_shows_no_body() -> None:
    assert "hunter2" not in repr(Answer(200, {}, {"value": "hunter2"}, "id"))


async def test_the_ids_of_a_steps_writes_can_be_told_beforehand(graph: GraphClient, tenant: Tenant) -> None:
    since = last_request(tenant)
    with tallying(Tally("joiner:1/create/0#1")) as counted:
        await graph.create_user(newcomer())
    sent = [row["client_request_id"] for row in writes(tenant, since)]
    assert sent == counted.client_request_ids == [tally.write_id("joiner:1/create/0#1", 0)]


async def test_nothing_secret_and_no_name_is_logged(
    graph: GraphClient, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = newcomer()
    user = await hired(graph, **body)
    await graph.update_user(user.id, {"passwordProfile": PASSWORD})
    await graph.user_by_upn(user.user_principal_name)
    text = "\n".join(str(record.__dict__) for record in caplog.records)
    secrets = [item["value"] for item in tenant.control("GET", "secrets")["items"]]
    assert "/users" in text
    assert not [value for value in secrets if value in text]
    assert body["mailNickname"] not in text
    assert body["displayName"] not in text


@pytest.mark.parametrize(
    ("url", "local"),
    [("https://localhost:8443", True), ("https://127.0.0.1", True), ("https://graph.microsoft.com", False)],
)
def test_proxies_are_for_other_machines(url: str, local: bool) -> None:
    assert is_loopback(url) is local
