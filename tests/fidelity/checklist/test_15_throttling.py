"""Budgets of resource units and writes, and the limits of mailboxes and reports."""

import asyncio
import ssl
import time

import httpx
import pytest

from tests.fidelity.checklist.hands import calling, switch
from tests.sandbox.graph_hands import ABSENT, hire, refused
from tests.tenant import Tenant

SHARE, INFORMATION = "x-ms-throttle-limit-percentage", "x-ms-throttle-information"


@pytest.fixture
def costly(tenant: Tenant, graph: httpx.Client) -> str:
    """An address that costs three units of thirty."""
    switch(tenant, throttle=True, throttle_units_per_10s=30)
    return "/v1.0/subscribedSkus"


def test_cost_and_pressure_are_told_from_four_fifths_on_until_it_is_429_with_a_delay(
    tenant: Tenant, graph: httpx.Client, costly: str
) -> None:
    answers = [graph.get(costly)]
    while not answers[-1].is_error:
        answers.append(graph.get(costly))
    *served, last = answers
    assert {answer.headers["x-ms-resource-unit"] for answer in answers} == {"3"}
    assert not [answer for answer in served[:7] if SHARE in answer.headers]
    told = [float(answer.headers[SHARE]) for answer in served if SHARE in answer.headers]
    assert told
    assert all(0.8 <= share <= 1.0 for share in told)
    error = refused(last, 429, "TooManyRequests", "Too many requests from Identifier:")
    assert error["message"].endswith("under category:throttle.aad.ags.directory.app.")
    assert int(last.headers["retry-after"]) >= 1
    assert 1.0 <= float(last.headers[SHARE]) <= 1.8
    assert last.headers[INFORMATION] == "ResourceUnitLimitExceeded"
    app = tenant.json["platform"]["client_id"]
    assert last.headers["x-ms-throttle-scope"] == f"Tenant_Application/ReadWrite/{app}/{tenant.json['tenant_id']}"
    assert last.headers["cache-control"] == "private"


def test_calling_again_before_the_delay_is_over_keeps_the_penalty(graph: httpx.Client, costly: str) -> None:
    late = next(answer for answer in (graph.get(costly) for _ in range(40)) if answer.status_code == 429)
    told, begun = int(late.headers["retry-after"]), time.monotonic()
    while time.monotonic() - begun < told - 0.3:
        assert graph.get(f"/v1.0/users/{ABSENT}").status_code == 429, "even what costs little"
        time.sleep(0.15)
    time.sleep(max(0.0, told + 0.05 - (time.monotonic() - begun)))
    assert graph.get(costly).status_code == 200


def test_some_refusals_come_without_a_delay(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, throttle=True, throttle_units_per_10s=3, throttle_silent=0.5)
    refusals = [answer for answer in (graph.get("/v1.0/subscribedSkus") for _ in range(30)) if answer.is_error]
    assert {answer.status_code for answer in refusals} == {429}
    assert {"retry-after" in answer.headers for answer in refusals} == {True, False}


def test_conditional_access_never_tells_a_delay(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, throttle=True)
    answers = [graph.get("/v1.0/identity/conditionalAccess/policies") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert "retry-after" not in answers[1].headers


def test_writes_have_a_quota_of_their_own(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    switch(tenant, throttle=True, throttle_writes_per_150s=2)
    answers = [graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert answers[-1].headers[INFORMATION] == "WriteLimitExceeded"
    assert graph.get(f"/v1.0/users/{key}").status_code == 200
    with calling(tenant, "helpdesk") as other:
        assert other.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}).status_code == 204


def test_single_parts_of_a_batch_are_429_while_the_batch_is_200(graph: httpx.Client, costly: str) -> None:
    parts = [{"id": str(n), "method": "GET", "url": "/subscribedSkus"} for n in range(12)]
    answer = graph.post("/v1.0/$batch", json={"requests": parts})
    by_status: dict[int, list[dict[str, str]]] = {}
    for part in answer.json()["responses"]:
        by_status.setdefault(part["status"], []).append(part["headers"])
    assert (answer.status_code, "retry-after" in answer.headers) == (200, False)
    assert (len(by_status[200]), len(by_status[429])) == (10, 2)
    assert all(float(headers["Retry-After"]) > 0 for headers in by_status[429])


async def test_a_mailbox_serves_four_calls_of_an_application_at_a_time(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, throttle=True, latency_ms=300)
    trust = ssl.create_default_context(cafile=str(tenant.ca_file))
    headers = {"Authorization": graph.headers["Authorization"]}
    async with httpx.AsyncClient(base_url=tenant.base_url, verify=trust, trust_env=False, headers=headers) as client:
        paths = ["/v1.0/users/iam-notices@practice.example/mailboxSettings"] * 6
        paths += ["/v1.0/users/iam-admins@practice.example/mailboxSettings"] * 4
        answers = await asyncio.gather(*(client.get(path) for path in paths))
    assert sorted(answer.status_code for answer in answers[:6]) == [200] * 4 + [429] * 2
    assert {answer.status_code for answer in answers[6:]} == {200}
    late = next(answer for answer in answers if answer.is_error)
    assert late.json()["error"]["code"] == "ApplicationThrottled"
    assert "MailboxConcurrency" in late.json()["error"]["message"]


@pytest.mark.parametrize("log", ["signIns", "directoryAudits", "provisioning"])
def test_reports_are_served_five_times_in_ten_seconds(tenant: Tenant, graph: httpx.Client, log: str) -> None:
    switch(tenant, throttle=True)
    answers = [graph.get(f"/v1.0/auditLogs/{log}?$top=1") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
