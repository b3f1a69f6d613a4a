"""Faults that really strike."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.tenant import Tenant


def _eventually(test: Callable[[], bool], within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if test():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def person(graph: httpx.Client) -> dict[str, Any]:
    """Somebody new, whom no other test knows, seen already."""
    name = f"faulty-{uuid.uuid4().hex[:12]}"
    body = {
        "accountEnabled": True,
        "displayName": "Faulty",
        "mailNickname": name,
        "officeLocation": "Leeds",
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": "Aa7-" + name},
    }
    made: dict[str, Any] = graph.post("/v1.0/users", json=body).json()
    assert _eventually(lambda: graph.get(f"/v1.0/users/{made['id']}").status_code == 200)
    return made


def _office(graph: httpx.Client, person: dict[str, Any]) -> str | None:
    office: str | None = graph.get(f"/v1.0/users/{person['id']}").json()["officeLocation"]
    return office


def test_a_fault_strikes_as_often_as_it_was_told(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="^/v1.0/users$", method="get", status=503, retry_after=7, count=2)
    first, second, third = (graph.get("/v1.0/users?$top=1") for _ in range(3))
    assert [answer.status_code for answer in (first, second, third)] == [503, 503, 200]
    assert first.headers["Retry-After"] == "7"
    assert first.json()["error"]["code"] == "ServiceUnavailable"
    assert first.json()["error"]["innerError"]["request-id"] == first.headers["request-id"]


def test_it_is_shown_how_often_each_fault_struck(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="^/v1.0/subscribedSkus$", status=503, count=2)
    tenant.control("POST", "faults", path="^/v1.0/users$", status=503)
    for path in ("subscribedSkus", "subscribedSkus", "subscribedSkus", "users"):
        graph.get(f"/v1.0/{path}")
    spent, standing = tenant.control("GET", "faults")["items"]
    assert (spent["struck"], spent["count"], standing["struck"], standing["count"]) == (2, 0, 1, None)


def test_a_probability_is_the_same_luck_for_the_same_seed(tenant: Tenant, graph: httpx.Client) -> None:
    def statuses(seed: int) -> list[int]:
        tenant.control("POST", "faults", clear=True)
        tenant.control("POST", "faults", path="/subscribedSkus$", status=503, probability=0.5, seed=seed)
        return [graph.get("/v1.0/subscribedSkus").status_code for _ in range(16)]

    assert statuses(1) == statuses(1) != statuses(2)
    assert {200, 503} == set(statuses(1))


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/v1.0/users", {}, 503, "ServiceUnavailable"),
        ("/subscriptions?api-version=2022-12-01", {}, 429, "SubscriptionRequestsThrottled"),
        ("/secrets?api-version=7.4", {}, 403, "Forbidden"),
        ("/adminapi/beta/practice.example/InvokeCommand", {}, 503, "ServiceUnavailable"),
        ("/account/container?restype=container", {"x-ms-version": "2024-11-04"}, 503, "ServerBusy"),
    ],
)
def test_a_fault_has_the_shape_of_the_service(
    tenant: Tenant, graph: httpx.Client, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    tenant.control("POST", "faults", path=path.partition("?")[0], status=status, count=1)
    answer = graph.get(path, headers=headers)
    assert answer.status_code == status
    if answer.headers["content-type"].startswith("application/xml"):
        assert answer.headers["x-ms-error-code"] == code
        assert f"<Error><Code>{code}</Code>" in answer.text
    else:
        assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ({"code": "Request_ResourceNotFound"}, 404, None),
        ({"code": "ApplicationThrottled", "retry_after": 2}, 429, "2"),
        ({"code": "UnknownError"}, 503, None),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 429, "Wed, 21 Oct 2026 07:28:00 GMT"),
        ({"status": 503, "retry_after": 0.249}, 503, "0.249"),
    ],
)
def test_a_code_or_a_delay_alone_makes_an_error(
    tenant: Tenant, graph: httpx.Client, fault: dict[str, Any], status: int, told: str | None
) -> None:
    tenant.control("POST", "faults", path="/subscribedSkus$", count=1, **fault)
    answer = graph.get("/v1.0/subscribedSkus")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, told)
    assert answer.json()["error"]["code"] == fault.get(
        "code", "TooManyRequests" if status == 429 else answer.json()["error"]["code"]
    )


@pytest.mark.parametrize("effect", ["ignored", "half"])
def test_a_delete_without_effect_deletes_nothing(
    tenant: Tenant, graph: httpx.Client, person: dict[str, Any], effect: str
) -> None:
    tenant.control("POST", "faults", path=person["id"], method="DELETE", effect=effect, count=1)
    assert graph.delete(f"/v1.0/users/{person['id']}").status_code == 204
    time.sleep(0.4)
    assert graph.get(f"/v1.0/users/{person['id']}").status_code == 200


def test_a_reverted_delete_brings_the_object_back(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    address = f"/v1.0/users/{person['id']}"
    tenant.control("POST", "faults", path=person["id"], method="DELETE", effect="reverted", revert_ms=900, count=1)
    assert graph.delete(address).status_code == 204
    assert _eventually(lambda: graph.get(address).status_code == 404)
    assert _eventually(lambda: graph.get(address).status_code == 200)
    assert graph.get(f"/v1.0/directory/deletedItems/{person['id']}").status_code == 404


def test_a_fault_of_another_method_or_path_does_not_strike(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="^/v1.0/users$", method="POST", status=503)
    tenant.control("POST", "faults", path=r"\$top", status=503)
    assert graph.get("/v1.0/users?$top=1").status_code == 200


def test_a_fault_before_prevents_the_write(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    tenant.control("POST", "faults", path=person["id"], method="PATCH", status=500, count=1)
    assert graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Hull"}).status_code == 500
    time.sleep(0.4)
    assert _office(graph, person) == person["officeLocation"]


def test_a_fault_after_lets_the_write_happen(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    tenant.control("POST", "faults", path=person["id"], method="PATCH", status=504, when="after", count=1)
    assert graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Hull"}).status_code == 504
    assert _eventually(lambda: _office(graph, person) == "Hull")


@pytest.mark.parametrize(("when", "office"), [("before", None), ("after", "Bath")])
def test_a_dropped_connection_gives_no_answer(
    tenant: Tenant, graph: httpx.Client, person: dict[str, Any], when: str, office: str | None
) -> None:
    tenant.control("POST", "faults", path=person["id"], method="PATCH", drop=True, when=when, count=1)
    since = tenant.mark()
    with pytest.raises(httpx.TransportError):
        graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Bath"})
    assert tenant.requests(since)[-1]["status"] == 0
    time.sleep(0.4)
    assert _office(graph, person) == (office or person["officeLocation"])


def test_a_truncated_answer_breaks_off(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="/subscribedSkus", truncate=True, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        graph.get("/v1.0/subscribedSkus")
    assert graph.get("/v1.0/subscribedSkus").status_code == 200


def test_a_delay_alone_only_delays(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="/subscribedSkus", delay_ms=200, count=1)
    begun = time.monotonic()
    assert graph.get("/v1.0/subscribedSkus").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_latency_slows_graph_but_neither_sign_in_nor_controls(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", latency_ms=200)
    begun = time.monotonic()
    tenant.token()
    assert time.monotonic() - begun < 0.2
    begun = time.monotonic()
    graph.get("/v1.0/subscribedSkus")
    assert time.monotonic() - begun >= 0.2


def test_latency_can_follow_a_distribution(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", latency={"p50": 20, "p99": 80})
    taken = []
    for _ in range(15):
        begun = time.monotonic()
        graph.get("/v1.0/subscribedSkus")
        taken.append(time.monotonic() - begun)
    assert 0.01 < sorted(taken)[7] < 0.08
    assert max(taken) > 1.5 * min(taken)


def test_a_stale_read_shows_what_was(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    time.sleep(0.8)
    tenant.control("POST", "faults", path=person["id"], method="GET", stale_ms=600)
    graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Cork"})
    time.sleep(0.4)
    assert _office(graph, person) == person["officeLocation"]
    tenant.control("POST", "faults", clear=True)
    assert _office(graph, person) == "Cork"


def test_an_ignored_write_answers_success_and_does_nothing(
    tenant: Tenant, graph: httpx.Client, person: dict[str, Any]
) -> None:
    tenant.control("POST", "faults", path=person["id"], method="PATCH", effect="ignored", count=1)
    assert graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Oslo"}).status_code == 204
    time.sleep(0.4)
    assert _office(graph, person) == person["officeLocation"]


def test_a_reverted_write_is_undone_after_a_while(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    tenant.control("POST", "faults", path=person["id"], method="PATCH", effect="reverted", revert_ms=900, count=1)
    assert graph.patch(f"/v1.0/users/{person['id']}", json={"officeLocation": "Oslo"}).status_code == 204
    assert _eventually(lambda: _office(graph, person) == "Oslo")
    assert _eventually(lambda: _office(graph, person) == person["officeLocation"])


def test_half_a_write_carries_out_the_first_half_of_each_array(tenant: Tenant, graph: httpx.Client) -> None:
    made = {"displayName": "Halves", "mailEnabled": False, "mailNickname": "halves", "securityEnabled": True}
    group = graph.post("/v1.0/groups", json=made).json()["id"]
    people = [person["id"] for person in graph.get("/v1.0/users?$top=5&$select=id").json()["value"]]
    time.sleep(0.4)
    tenant.control("POST", "faults", path=f"/groups/{group}$", method="PATCH", effect="half", count=1)
    links = [f"{tenant.base_url}/v1.0/directoryObjects/{person}" for person in people]
    assert graph.patch(f"/v1.0/groups/{group}", json={"members@odata.bind": links}).status_code == 204
    time.sleep(0.4)
    members = {member["id"] for member in graph.get(f"/v1.0/groups/{group}/members").json()["value"]}
    assert members == set(people[:2])


def test_half_a_batch_carries_out_the_first_half_of_its_parts(
    tenant: Tenant, graph: httpx.Client, person: dict[str, Any]
) -> None:
    tenant.control("POST", "faults", path=r"/\$batch$", effect="half", count=1)
    json = {"Content-Type": "application/json"}
    bodies = [{"city": "One"}, {"state": "Two"}, {"postalCode": "3"}]
    parts = [
        {"id": str(n), "method": "PATCH", "url": f"/users/{person['id']}", "headers": json, "body": body}
        for n, body in enumerate(bodies)
    ]
    answer = graph.post("/v1.0/$batch", json={"requests": parts}).json()
    assert {part["status"] for part in answer["responses"]} == {204}
    time.sleep(0.4)
    found = graph.get(f"/v1.0/users/{person['id']}?$select=city,state,postalCode").json()
    assert (found["city"], found["state"], found["postalCode"]) == ("One", None, None)


def test_a_fault_strikes_a_part_of_a_batch(tenant: Tenant, graph: httpx.Client, person: dict[str, Any]) -> None:
    tenant.control("POST", "faults", path=f"^/v1.0/users/{person['id']}$", status=429, retry_after=3, count=1)
    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{person['id']}"},
        {"id": "2", "method": "GET", "url": "/subscribedSkus"},
    ]
    answer = graph.post("/v1.0/$batch", json={"requests": parts})
    found = {part["id"]: part for part in answer.json()["responses"]}
    assert (answer.status_code, found["1"]["status"], found["2"]["status"]) == (200, 429, 200)
    assert found["1"]["headers"]["Retry-After"] == "3"
    assert "Retry-After" not in answer.headers


def test_a_fault_at_the_token_endpoint_has_entras_shape(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "faults", path="/oauth2/v2.0/token$", status=503, retry_after=1, count=1)
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        tenant.token()
    assert refusal.value.response.json()["error"] == "temporarily_unavailable"


def test_strangers_get_graphs_own_401(tenant: Tenant) -> None:
    with tenant.client() as client:
        answer = client.get("/v1.0/users")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert 'Bearer realm=""' in answer.headers["WWW-Authenticate"]
    assert "client_id=" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://graph.microsoft.com", "exp": 1, "roles": ["User.Read.All"], "appid": "x", "oid": "y"},
        {
            "aud": "https://management.azure.com",
            "exp": 4102444800,
            "roles": ["User.Read.All"],
            "appid": "x",
            "oid": "y",
        },
        {"aud": "https://graph.microsoft.com", "roles": ["User.Read.All"], "appid": "x", "oid": "y"},
    ],
)
def test_a_token_expired_or_for_another_service_is_refused(tenant: Tenant, claims: dict[str, Any]) -> None:
    token = tenant.control("POST", "tokens", claims=claims)["access_token"]
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/v1.0/users").status_code == 401
