"""Bulk requests to the SCIM target (RFC 7644, 3.7)."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.scim_hands import ENTERPRISE, GROUPS, PATCH_OP, USERS, create, group, person, refused, target
from tests.tenant import Tenant

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


@pytest.fixture
def scim(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The SCIM target; ``graph`` puts the settings back."""
    with target(tenant) as client:
        yield client


def bulk(scim: httpx.Client, *operations: dict[str, Any], **values: Any) -> list[dict[str, Any]]:
    """Send operations; their results."""
    answer = scim.post("/scim/v2/Bulk", json={"schemas": [REQUEST], "Operations": list(operations), **values})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    return list(body["Operations"])


def post(bulk_id: str, data: dict[str, Any], path: str = "/Users") -> dict[str, Any]:
    """An operation that creates."""
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


def team(*members: str, name: str = "Team") -> dict[str, Any]:
    """A group's data."""
    return {"schemas": [CORE_GROUP], "displayName": name, "members": [{"value": one} for one in members]}


def key_of(result: dict[str, Any]) -> str:
    """The id at the end of a result's location."""
    return str(result["location"]).rpartition("/")[2]


def test_every_method_is_done_and_answered(scim: httpx.Client) -> None:
    kept, gone = create(scim), create(scim)
    patching = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "Boss"}]}
    made, replaced, patched, deleted = bulk(
        scim,
        post("new", person()),
        {"method": "PUT", "path": f"/Users/{kept['id']}", "data": person(title="Chief"), "version": 'W/"1"'},
        {"method": "PATCH", "path": f"/Users/{kept['id']}", "data": patching},
        {"method": "DELETE", "path": f"/Users/{gone['id']}"},
    )
    assert (made["status"], made["bulkId"], made["version"]) == ("201", "new", 'W/"1"')
    assert scim.get(made["location"]).status_code == 200
    assert (replaced["status"], patched["status"], deleted["status"]) == ("200", "200", "204")
    assert replaced["location"] == patched["location"] == kept["meta"]["location"]
    assert scim.get(f"{USERS}/{kept['id']}").json()["title"] == "Boss"
    refused(scim.get(f"{USERS}/{gone['id']}"), 404)


def test_references_go_forward_and_in_circles(scim: httpx.Client) -> None:
    results = bulk(
        scim,
        post("team", team("bulkId:sue", "bulkId:other"), "/Groups"),
        post("other", team("bulkId:team", name="Other"), "/Groups"),
        post("sue", person(**{ENTERPRISE: {"manager": {"value": "bulkId:bob"}}})),
        post("bob", person(**{ENTERPRISE: {"manager": {"value": "bulkId:sue"}}})),
    )
    assert [one["status"] for one in results] == ["201"] * 4
    keys = {one["bulkId"]: key_of(one) for one in results}
    held = scim.get(f"{GROUPS}/{keys['team']}").json()["members"]
    assert [(one["value"], one["type"]) for one in held] == [(keys["sue"], "User"), (keys["other"], "Group")]
    assert scim.get(f"{USERS}/{keys['sue']}").json()[ENTERPRISE]["manager"]["value"] == keys["bob"]
    assert scim.get(f"{USERS}/{keys['bob']}").json()[ENTERPRISE]["manager"]["value"] == keys["sue"]


def test_who_refers_to_a_failure_fails_and_leaves_nothing(scim: httpx.Client) -> None:
    taken, name = create(scim)["userName"], f"Circle {uuid.uuid4()}"
    circle = bulk(
        scim,
        post("a", person(userName=taken, **{ENTERPRISE: {"manager": {"value": "bulkId:b"}}})),
        post("b", person(displayName=name, **{ENTERPRISE: {"manager": {"value": "bulkId:a"}}})),
        post("c", team("bulkId:a", name=name), "/Groups"),
        post("d", team("bulkId:nobody"), "/Groups"),
    )
    assert [one["status"] for one in circle] == ["409"] * 4
    assert circle[0]["response"]["scimType"] == "uniqueness"
    assert all("location" not in one for one in circle)
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": f'displayName eq "{name}"'}
    assert scim.post("/scim/v2/.search", json=body).json()["totalResults"] == 0


def test_it_stops_after_so_many_errors(scim: httpx.Client) -> None:
    missing = {"method": "DELETE", "path": f"/Users/{uuid.uuid4()}"}
    results = bulk(scim, missing, post("ok", person()), missing, post("never", person()), failOnErrors=2)
    assert [one["status"] for one in results] == ["404", "201", "404"]
    assert results[0]["response"]["status"] == "404"


def test_what_is_wrong_with_one_operation_is_its_own(scim: httpx.Client) -> None:
    made = group(scim)
    results = bulk(
        scim,
        {"method": "SHAKE", "path": "/Users"},
        {"method": "POST", "path": "/Users", "data": person()},
        {"method": "PUT", "path": f"/Groups/{made['id']}", "data": team(), "version": 'W/"9"'},
        post("x", {"schemas": [CORE_GROUP]}, "/Groups"),
        post("y", {}, "/Schemas"),
        post("twice", person()),
        post("twice", person()),
    )
    assert [one["status"] for one in results] == ["400", "400", "412", "400", "400", "201", "400"]
    assert results[4]["response"]["scimType"] == "invalidPath"


def test_beyond_what_is_announced_it_is_413(scim: httpx.Client) -> None:
    announced = scim.get("/scim/v2/ServiceProviderConfig").json()["bulk"]
    delete = {"method": "DELETE", "path": "/Users/1"}
    many = [delete] * (announced["maxOperations"] + 1)
    refused(scim.post("/scim/v2/Bulk", json={"schemas": [REQUEST], "Operations": many}), 413)
    padding = "x" * announced["maxPayloadSize"]
    refused(scim.post("/scim/v2/Bulk", json={"schemas": [REQUEST], "Operations": [], "padding": padding}), 413)


@pytest.mark.parametrize(
    "body",
    [
        {"Operations": []},
        {"schemas": [REQUEST]},
        {"schemas": [REQUEST], "Operations": ["DELETE"]},
        {"schemas": [REQUEST], "Operations": [], "failOnErrors": "few"},
    ],
)
def test_what_is_no_bulk_request_is_refused(scim: httpx.Client, body: dict[str, Any]) -> None:
    answer = scim.post("/scim/v2/Bulk", json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, "400")
