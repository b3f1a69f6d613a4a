"""``$batch`` as SDKs and command lines send it."""

import base64
import json
import re
from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import ABSENT, AT_ONCE, form_group, hire, reference, refused, user
from tests.tenant import Tenant

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _send(graph: httpx.Client, *requests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    answer = graph.post("/v1.0/$batch", json={"requests": list(requests)})
    assert answer.status_code == 200, answer.text
    return {item["id"]: item for item in answer.json()["responses"]}


def _get(key: Any, url: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "method": "GET", "url": url, **more}


def test_each_part_has_its_own_answer(graph: httpx.Client) -> None:
    key = hire(graph)
    change = {"id": "2", "method": "PATCH", "url": f"users/{key}", "headers": {"content-type": "application/json"}}
    answers = _send(
        graph,
        _get(1, f"/users/{key}?$select=id"),
        {**change, "body": {"jobTitle": "Batched"}},
        {"id": "3", "method": "DELETE", "url": f"/users/{ABSENT}", "headers": JSON},
        _get("4", f"{graph.base_url}/v1.0/users/{key}?$select=id"),
    )
    assert {key: item["status"] for key, item in answers.items()} == {"1": 200, "2": 204, "3": 404, "4": 200}
    assert answers["1"]["body"]["id"] == key
    assert answers["1"]["headers"]["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert answers["1"]["headers"]["x-ms-resource-unit"] == "1"
    assert "body" not in answers["2"]
    assert answers["3"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert user(graph, key, "jobTitle")["jobTitle"] == "Batched"


def test_answers_come_in_any_order(graph: httpx.Client) -> None:
    body = {"requests": [_get(n, f"/users/{ABSENT}") for n in range(1, 21)]}
    orders = {tuple(i["id"] for i in graph.post("/v1.0/$batch", json=body).json()["responses"]) for _ in range(3)}
    assert len(orders) > 1


def test_blanks_and_quotes_may_stand_in_an_address_and_a_count_is_a_number(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(key))
    url = f"/groups/{group}/owners/$count?$filter=id eq '{key}'"
    assert _send(graph, _get(1, url, headers={"consistencylevel": "eventual"}))["1"]["body"] == 1


@pytest.mark.parametrize("spelling", ["dependsOn", "depends_on"])
def test_what_depends_on_a_failure_is_424(graph: httpx.Client, spelling: str) -> None:
    key = hire(graph)
    answers = _send(
        graph,
        _get("c", f"/users/{key}", **{spelling: ["b"]}),
        _get("b", f"/users/{ABSENT}", **{spelling: ["a"]}),
        _get("a", f"/users/{key}"),
    )
    assert {key: item["status"] for key, item in answers.items()} == {"a": 200, "b": 404, "c": 424}
    assert answers["c"]["body"]["error"]["code"] == "FailedDependency"


def test_what_depends_on_another_sees_its_effect(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    add = {"id": "1", "method": "POST", "url": f"/groups/{group}/members/$ref", "headers": JSON, "body": reference(key)}
    answers = _send(graph, _get("2", f"/groups/{group}/members", dependsOn=["1"]), add)
    assert [member["id"] for member in answers["2"]["body"]["value"]] == [key]


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([_get(n, "/users") for n in range(21)], "MaximumValueExceeded"),
        ([_get("a", "/users"), _get("A", "/users")], "BadRequest"),
        ([_get("a", "/users", dependsOn=["z"])], "BadRequest"),
        ([_get("a", "/users", dependsOn=["b"]), _get("b", "/users", dependsOn=["a"])], "BadRequest"),
        ([{"id": "a", "method": "POST", "url": "/users", "body": {}}], "BadRequest"),
        ([{"id": "a", "url": "/users"}], "BadRequest"),
        ([{"method": "GET", "url": "/users"}], "BadRequest"),
        ([], "BadRequest"),
        ("x", "BadRequest"),
    ],
)
def test_a_malformed_batch_is_refused_whole(graph: httpx.Client, requests: Any, code: str) -> None:
    refused(graph.post("/v1.0/$batch", json={"requests": requests}), 400, code)


def test_each_part_is_throttled_alone(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", throttle_units_per_10s=6)
    answer = graph.post("/v1.0/$batch", json={"requests": [_get(n, f"/users/{ABSENT}") for n in range(10)]})
    assert answer.status_code == 200
    assert "retry-after" not in answer.headers
    parts = answer.json()["responses"]
    late = [part for part in parts if part["status"] == 429]
    assert 4 <= len(late) < 10
    assert all(re.fullmatch(r"\d+\.\d+", part["headers"]["Retry-After"]) for part in late)
    assert late[0]["body"]["error"]["code"] == "TooManyRequests"


def test_a_stranger_gets_no_batch(tenant: Tenant) -> None:
    with tenant.client() as client:
        refused(client.post("/v1.0/$batch", json={"requests": [_get(1, "/users")]}), 401, "InvalidAuthenticationToken")


def test_parts_stand_in_the_record_one_by_one(tenant: Tenant, graph: httpx.Client) -> None:
    before = tenant.mark()
    while more := tenant.control("GET", f"requests?since={before}")["items"]:
        before = more[-1]["n"]
    _send(graph, _get(1, f"/users/{ABSENT}"), {"id": 2, "method": "DELETE", "url": f"/users/{ABSENT}"})
    rows = tenant.requests(before)
    assert [(row["path"], row["mutating"]) for row in rows] == [
        ("/v1.0/$batch", False),
        (f"/v1.0/users/{ABSENT}", False),
        (f"/v1.0/users/{ABSENT}", True),
    ]
    assert {row.get("batch") for row in rows} == {None, rows[0]["n"]}


def test_ids_may_be_numbers_or_guids_and_come_back_as_text(graph: httpx.Client) -> None:
    guid = "5F0AE3CE-0D2B-4D3C-9D5E-2B8C2C6E7A10"
    answers = _send(graph, _get(0, f"/users/{ABSENT}"), _get(7, f"/users/{ABSENT}"), _get(guid, f"/users/{ABSENT}"))
    assert set(answers) == {"0", "7", guid}


def test_a_part_has_its_own_consistency_level_or_none(graph: httpx.Client) -> None:
    body = {
        "requests": [
            _get("with", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
            _get("without", "/users/$count"),
        ]
    }
    answer = graph.post("/v1.0/$batch", json=body, headers={"ConsistencyLevel": "eventual"}).json()["responses"]
    found = {item["id"]: item for item in answer}
    assert isinstance(found["with"]["body"], int)
    assert found["without"]["body"]["error"]["message"] == "$count is not currently supported."


def test_a_body_may_come_in_base64(graph: httpx.Client) -> None:
    key = hire(graph)
    body = base64.urlsafe_b64encode(json.dumps({"jobTitle": "Encoded?"}).encode()).decode()
    change = {"id": "1", "method": "PATCH", "url": f"/users/{key}", "headers": JSON, "body": body}
    assert _send(graph, change)["1"]["status"] == 204
    assert user(graph, key, "jobTitle")["jobTitle"] == "Encoded?"


def test_a_whole_batch_answers_plainly_and_its_parts_with_their_own_ids(graph: httpx.Client) -> None:
    body = {"requests": [_get(1, f"/users/{ABSENT}", headers={"client-request-id": "mine"})]}
    answer = graph.post("/v1.0/$batch", json=body, headers={"client-request-id": "whole"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["client-request-id"] == "whole"
    part = answer.json()["responses"][0]
    assert part["headers"]["Content-Type"] == "application/json"
    assert part["headers"]["Cache-Control"] == "no-cache"
    assert part["body"]["error"]["innerError"]["client-request-id"] == "mine"
    assert part["body"]["error"]["innerError"]["request-id"] != answer.headers["request-id"]


def test_a_batch_holds_no_batch(graph: httpx.Client) -> None:
    inner = {"id": "1", "method": "POST", "url": "/$batch", "headers": JSON, "body": {"requests": [_get(1, "/users")]}}
    assert _send(graph, inner)["1"]["status"] == 400
