"""Budgets that really run out: resource units, writes, limits of single services, one mailbox."""

import asyncio
import ssl
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.exchange import Exchange
from sandbox.pipeline import Pipeline
from sandbox.seed_catalogue import TENANT_ID
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.throttle import Budget, cost, units_per_10s
from tests.tenant import Tenant


class Clock:
    """Time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Any) -> Iterator[Store]:
    one = Store(tmp_path / "sandbox.db")
    yield one
    one.close()


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    return Pipeline(store, TENANT_ID, [])


def call(pipeline: Pipeline, address: str, method: str = "GET") -> Exchange:
    """A call of Graph as the pipeline sees it."""
    path, _, query = address.partition("?")
    headers = httpx.Headers()
    return Exchange(pipeline, method, "/v1.0" + path, query, headers, b"", "https://localhost")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "address", "units"),
    [
        ("GET", "/users", 2),
        ("GET", "/users?$select=id", 1),
        ("GET", "/users?$top=5&$select=id", 1),
        ("GET", "/users?$expand=manager", 3),
        ("GET", "/users('x@y')", 1),
        ("GET", "/groups/g/members", 3),
        ("GET", "/groups('g')/members/microsoft.graph.user", 3),
        ("GET", "/groups/g/transitiveMembers", 5),
        ("GET", "/users/u/transitiveMemberOf", 2),
        ("GET", "/me/memberOf", 2),
        ("POST", "/users/u/getMemberObjects", 2),
        ("POST", "/users/u/checkMemberGroups", 4),
        ("POST", "/directoryObjects/getByIds", 3),
        ("GET", "/subscribedSkus", 3),
        ("GET", "/oauth2PermissionGrants/x", 2),
        ("GET", "/domains/d/domainNameReferences", 4),
        ("PATCH", "/users/u", 1),
        ("POST", "/users", 1),
    ],
)
def test_calls_cost_what_the_documents_say(pipeline: Pipeline, method: str, address: str, units: int) -> None:
    assert cost(call(pipeline, address, method)) == units


@pytest.mark.parametrize(("people", "units"), [(49, 3500), (50, 5000), (500, 5000), (501, 8000)])
def test_the_budget_follows_the_size_of_the_tenant(store: Store, people: int, units: int) -> None:
    for n in range(people):
        store.put("users", {"id": str(n)}, 0)
    assert units_per_10s(store, Settings()) == units
    assert units_per_10s(store, Settings(throttle_units_per_10s=7)) == 7


def test_a_retry_before_the_delay_is_over_keeps_the_penalty(pipeline: Pipeline, clock: Clock) -> None:
    budget, settings = Budget(clock), Settings(throttle_units_per_10s=10)
    for _ in range(3):
        assert budget.charge(call(pipeline, "/subscribedSkus"), "app", settings)[0] is None
    refused, _ = budget.charge(call(pipeline, "/subscribedSkus"), "app", settings)
    assert refused is not None
    assert refused.headers["Retry-After"] == "2"
    clock.now += 1.5
    cheap = call(pipeline, "/users/x")
    assert budget.charge(cheap, "app", settings)[0] is not None
    clock.now += 0.6
    assert budget.charge(cheap, "app", settings)[0] is None


def test_the_pressure_is_told_from_80_percent_up_to_180(pipeline: Pipeline, clock: Clock) -> None:
    budget, settings = Budget(clock), Settings(throttle_units_per_10s=10)
    told = []
    for _ in range(30):
        refused, headers = budget.charge(call(pipeline, "/users/x"), "app", settings)
        source = headers if refused is None else refused.headers
        told.append(float(source.get("x-ms-throttle-limit-percentage", 0)))
    assert told[:7] == [0] * 7
    assert told[7:10] == [0.8, 0.9, 1.0]
    assert max(told) == told[-1] == 1.8


def test_all_apps_together_have_a_limit_of_writes(pipeline: Pipeline, clock: Clock) -> None:
    budget, settings = Budget(clock), Settings(throttle_tenant_writes_per_300s=4)
    for app in ("a", "b"):
        for _ in range(2):
            assert budget.charge(call(pipeline, "/users/x", "PATCH"), app, settings)[0] is None
    refused, _ = budget.charge(call(pipeline, "/users/x", "PATCH"), "c", settings)
    assert refused is not None
    assert refused.headers["x-ms-throttle-scope"].startswith("Tenant/Write/c/")
    assert budget.charge(call(pipeline, "/users/x"), "c", settings)[0] is None


@pytest.mark.parametrize(
    ("path", "allowed", "told"),
    [
        ("/auditLogs/signIns", 5, True),
        ("/identity/conditionalAccess/policies", 1, False),
        ("/identityProtection/riskyUsers", 1, False),
        ("/security/cases/ediscoveryCases", 5, True),
    ],
)
def test_some_services_have_limits_of_their_own(
    pipeline: Pipeline, clock: Clock, path: str, allowed: int, told: bool
) -> None:
    budget = Budget(clock)
    answers = [budget.charge(call(pipeline, path), "app", Settings())[0] for _ in range(allowed + 1)]
    assert answers[:-1] == [None] * allowed
    assert answers[-1] is not None
    assert ("Retry-After" in answers[-1].headers) is told


def test_in_real_life_some_refusals_come_without_a_delay(pipeline: Pipeline, clock: Clock) -> None:
    budget, settings = Budget(clock), Settings(throttle_units_per_10s=1, throttle_silent=0.5)
    refusals = [budget.charge(call(pipeline, "/users/x"), "app", settings)[0] for _ in range(30)][1:]
    assert {"Retry-After" in refusal.headers for refusal in refusals if refusal is not None} == {True, False}


@pytest.fixture
def person(graph: httpx.Client) -> str:
    """Somebody whom nobody else changes."""
    name = f"hungry-{uuid.uuid4().hex[:12]}"
    body = {
        "accountEnabled": True,
        "displayName": "Hungry",
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": "Aa7-" + name},
    }
    key = str(graph.post("/v1.0/users", json=body).json()["id"])
    while graph.get(f"/v1.0/users/{key}").status_code != 200:
        time.sleep(0.05)
    return key


def test_the_unit_budget_runs_out_with_retry_after(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", reset=True)
    tenant.control("POST", "settings", throttle_units_per_10s=10)
    answers = [graph.get("/v1.0/subscribedSkus") for _ in range(5)]
    assert answers[0].headers["x-ms-resource-unit"] == "3"
    assert float(answers[2].headers["x-ms-throttle-limit-percentage"]) >= 0.8
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Cache-Control"] == "private"
    assert refused.json()["error"]["code"] == "TooManyRequests"
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    time.sleep(int(refused.headers["Retry-After"]))
    assert graph.get("/v1.0/subscribedSkus").status_code == 200


def test_the_write_budget_runs_out_by_itself(tenant: Tenant, graph: httpx.Client, person: str) -> None:
    tenant.control("POST", "settings", reset=True)
    tenant.control("POST", "settings", throttle_writes_per_150s=2)
    answers = [graph.patch(f"/v1.0/users/{person}", json={"officeLocation": "Hull"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert answers[2].headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert graph.get("/v1.0/subscribedSkus").status_code == 200


def test_parts_of_a_batch_are_refused_one_by_one(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", reset=True)
    tenant.control("POST", "settings", throttle_units_per_10s=7)
    parts = [{"id": str(n), "method": "GET", "url": "/subscribedSkus"} for n in range(4)]
    answer = graph.post("/v1.0/$batch", json={"requests": parts})
    statuses = [part["status"] for part in answer.json()["responses"]]
    refused = [part for part in answer.json()["responses"] if part["status"] == 429]
    assert (answer.status_code, sorted(statuses)) == (200, [200, 200, 429, 429])
    assert all("Retry-After" in part["headers"] for part in refused)
    assert "Retry-After" not in answer.headers


def test_one_applications_hunger_is_not_anothers(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", reset=True)
    tenant.control("POST", "settings", throttle_units_per_10s=3)
    assert [graph.get("/v1.0/subscribedSkus").status_code for _ in range(2)] == [200, 429]
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token('limited')}"}) as other:
        assert other.get("/v1.0/users?$top=1").status_code == 200


def test_throttling_can_be_switched_off(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", throttle=False, throttle_units_per_10s=1)
    assert {graph.get("/v1.0/subscribedSkus").status_code for _ in range(5)} == {200}


async def test_a_mailbox_serves_four_requests_of_an_app_at_a_time(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", latency_ms=300)
    name = "iam-notices@practice.example"
    trust = ssl.create_default_context(cafile=str(tenant.ca_file))
    headers = {"Authorization": f"Bearer {tenant.token()}"}
    async with httpx.AsyncClient(base_url=tenant.base_url, verify=trust, trust_env=False, headers=headers) as client:
        key = (await client.get(f"/v1.0/users/{name}")).json()["id"]
        paths = [f"/v1.0/users/{one}/mailboxSettings" for one in (name, key)]
        answers = await asyncio.gather(*(client.get(path) for path in paths * 3))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 2
    assert {answer.json()["error"]["code"] for answer in refused} == {"ApplicationThrottled"}
