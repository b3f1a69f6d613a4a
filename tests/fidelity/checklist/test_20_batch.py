"""``$batch``: twenty at most, answered in any order, each part with status, headers and body of its own."""

import base64
import json
from typing import Any

import httpx

from tests.fidelity.checklist.hands import EVENTUAL
from tests.sandbox.graph_hands import ABSENT, eventually, hire, refused, user
from tests.sandbox.mailbox_hands import licensed
from tests.tenant import Tenant

JSON = {"Content-Type": "application/json"}


def send(graph: httpx.Client, *parts: dict[str, Any]) -> list[dict[str, Any]]:
    """Send a batch; its answers."""
    answer = graph.post("/v1.0/$batch", json={"requests": list(parts)})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["responses"])


def get(key: Any, url: str, **more: Any) -> dict[str, Any]:
    """A part that reads."""
    return {"id": key, "method": "GET", "url": url, **more}


def test_twenty_are_taken_and_twenty_one_refused_whole(graph: httpx.Client) -> None:
    parts = [get(str(n), f"/users/{ABSENT}") for n in range(21)]
    assert len(send(graph, *parts[:20])) == 20
    assert graph.post("/v1.0/$batch", json={"requests": parts}).status_code == 400
    twice = [get("a", "/users"), get("A", "/users")]
    assert graph.post("/v1.0/$batch", json={"requests": twice}).status_code == 400
    refused(graph.post("/v1.0/$batch", json={"requests": [get("a", "/users", dependsOn=["z"])]}), 400, "BadRequest")


def test_answers_are_shuffled_and_found_by_id(graph: httpx.Client) -> None:
    asked = [str(n) for n in range(20)]
    orders = [[part["id"] for part in send(graph, *(get(n, f"/users/{ABSENT}") for n in asked))] for _ in range(3)]
    assert all(sorted(order, key=int) == asked for order in orders)
    assert any(order != asked for order in orders)
    assert {part["id"] for part in send(graph, get(1, "/organization"), get(ABSENT, "/domains"))} == {"1", ABSENT}


def test_what_depends_on_a_failure_is_424(graph: httpx.Client) -> None:
    key = hire(graph)
    change = {"id": "3", "method": "PATCH", "url": f"/users/{key}", "headers": JSON, "body": {"jobTitle": "X"}}
    parts = [get("1", f"/users/{ABSENT}"), get("2", f"/users/{key}", dependsOn=["1"]), {**change, "dependsOn": ["2"]}]
    assert {part["id"]: part["status"] for part in send(graph, *parts)} == {"1": 404, "2": 424, "3": 424}
    assert user(graph, key, "jobTitle")["jobTitle"] is None


def test_each_part_has_headers_of_its_own(graph: httpx.Client) -> None:
    parts = [
        get("count", "/users?$count=true&$filter=department ne 'x'&$top=1", headers=EVENTUAL),
        get("bare", "/users?$count=true&$filter=department ne 'x'&$top=1"),
        {"id": "gone", "method": "DELETE", "url": f"/users/{hire(graph)}"},
    ]
    answers = {part["id"]: part for part in send(graph, *parts)}
    assert answers["count"]["body"]["@odata.count"] > 0
    assert answers["bare"]["body"]["error"]["code"] == "Request_UnsupportedQuery"
    assert (answers["gone"]["status"], "body" in answers["gone"]) == (204, False)
    assert answers["count"]["headers"]["Content-Type"].startswith("application/json;odata.metadata=minimal")
    assert answers["count"]["headers"]["OData-Version"] == "4.0"
    assert answers["count"]["headers"]["Cache-Control"] == "no-cache"
    assert answers["bare"]["headers"]["Content-Type"] == "application/json"
    assert "x-ms-resource-unit" in answers["gone"]["headers"]


def test_bodies_that_are_no_json_are_base64_but_a_count_is_a_number(tenant: Tenant, graph: httpx.Client) -> None:
    key = licensed(graph)
    drive = eventually(lambda: graph.get(f"/v1.0/users/{key}/drive").json().get("id"))
    upload = base64.b64encode(b"\x00\x01 not JSON").decode()
    path = f"/drives/{drive}/root:/a.bin:/content"
    put = {"id": "1", "method": "PUT", "url": path, "headers": {"Content-Type": "application/octet-stream"}}
    answers = {
        one["id"]: one for one in send(graph, {**put, "body": upload}, get("2", "/users/$count", headers=EVENTUAL))
    }
    assert answers["1"]["status"] == 201
    assert answers["1"]["body"]["size"] == len(b"\x00\x01 not JSON")
    assert isinstance(answers["2"]["body"], int)
    body = base64.b64encode(json.dumps({"jobTitle": "By base64"}).encode()).decode()
    change = {"id": "1", "method": "PATCH", "url": f"/users/{key}", "headers": JSON, "body": body}
    assert send(graph, change)[0]["status"] == 204
    assert user(graph, key, "jobTitle")["jobTitle"] == "By base64"
