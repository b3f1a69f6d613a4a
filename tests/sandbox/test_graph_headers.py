"""Headers and envelopes, as recordings of Microsoft Graph have them."""

import re
import uuid

import httpx
import pytest

from tests.sandbox.graph_hands import ABSENT, AT_ONCE, form_group, hire, reference, refused, somebody
from tests.tenant import Tenant

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def test_every_answer_names_the_request(graph: httpx.Client) -> None:
    mine = str(uuid.uuid4())
    for path in ("/v1.0/users?$top=1", f"/v1.0/users/{ABSENT}", "/v1.0/nowhere"):
        answer = graph.get(path, headers={"client-request-id": mine})
        assert GUID.fullmatch(answer.headers["request-id"])
        assert answer.headers["client-request-id"] == mine
        assert '"ServerInfo":{"DataCenter":' in answer.headers["x-ms-ags-diagnostic"]
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["cache-control"] == "no-cache"
        assert "date" in answer.headers


def test_a_success_has_odata_headers_and_its_context(graph: httpx.Client) -> None:
    answer = graph.get("/v1.0/users?$top=1")
    assert answer.headers["content-type"] == JSON
    assert answer.headers["odata-version"] == "4.0"
    assert answer.json()["@odata.context"] == f"{graph.base_url}/v1.0/$metadata#users"
    key = hire(graph)
    one = graph.get(f"/v1.0/users/{key}?$select=id,displayName").json()
    assert one["@odata.context"].endswith("$metadata#users(id,displayName)/$entity")


def test_an_error_is_plain_json_without_a_version(graph: httpx.Client) -> None:
    answer = graph.get(f"/v1.0/users/{ABSENT}")
    error = refused(answer, 404, "Request_ResourceNotFound", f"Resource '{ABSENT}' does not exist")
    assert answer.headers["content-type"] == "application/json"
    assert "odata-version" not in answer.headers
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", error["innerError"]["date"])
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    assert error["innerError"]["client-request-id"] == answer.headers["request-id"]


def test_azure_cli_names_its_request_by_another_header(graph: httpx.Client) -> None:
    answer = graph.get(f"/v1.0/users/{ABSENT}", headers={"x-ms-client-request-id": "from-az"})
    assert answer.json()["error"]["innerError"]["client-request-id"] == "from-az"


def test_no_content_has_neither_type_nor_version_but_ids_and_cost(graph: httpx.Client) -> None:
    answer = graph.patch(f"/v1.0/users/{hire(graph)}", json={"jobTitle": "Silent"})
    assert answer.status_code == 204
    assert answer.content == b""
    assert "content-type" not in answer.headers
    assert "odata-version" not in answer.headers
    assert answer.headers["x-ms-resource-unit"] == "1"
    assert "request-id" in answer.headers
    assert "x-ms-ags-diagnostic" in answer.headers


def test_what_was_created_has_a_location_that_is_not_its_own_address(tenant: Tenant, graph: httpx.Client) -> None:
    answer = graph.post("/v1.0/users", json=somebody())
    root = f"{graph.base_url}/v2/{tenant.json['tenant_id']}/directoryObjects"
    location = f"{root}/{answer.json()['id']}/Microsoft.DirectoryServices.User"
    assert answer.status_code == 201
    assert answer.headers["location"] == location
    name = f"g{uuid.uuid4().hex[:12]}"
    group = graph.post(
        "/v1.0/groups",
        json={"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True},
    )
    assert group.headers["location"] == f"{root}/{group.json()['id']}/Microsoft.DirectoryServices.Group"


def test_asking_by_post_has_the_location_of_the_service(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    for path, body in (
        (f"users/{key}/getMemberGroups", {"securityEnabledOnly": False}),
        (f"directoryObjects/{key}/checkMemberGroups", {"groupIds": [group]}),
        ("directoryObjects/getByIds", {"ids": [key]}),
    ):
        answer = graph.post(f"/v1.0/{path}", json=body)
        assert answer.status_code == 200
        assert answer.headers["location"] == "https://graph.microsoft.com"


@pytest.mark.parametrize(
    ("method", "path", "units"),
    [
        ("GET", "users/{user}", 1),
        ("GET", "groups/{group}", 1),
        ("GET", "groups?$filter=displayName eq 'x'", 1),
        ("GET", "groups/{group}/owners", 1),
        ("GET", "users?$filter=displayName eq 'x'", 2),
        ("GET", "applications?$filter=displayName eq 'x'", 2),
        ("POST", "users/{user}/getMemberGroups", 2),
        ("GET", "groups/{group}/members", 3),
        ("POST", "directoryObjects/getByIds", 3),
        ("POST", "groups/{group}/checkMemberGroups", 4),
    ],
)
def test_costs_are_those_recorded(graph: httpx.Client, method: str, path: str, units: int) -> None:
    key, group = hire(graph), form_group(graph)
    body = {"ids": [key], "groupIds": [group]} if method == "POST" else None
    answer = graph.request(method, "/v1.0/" + path.format(user=key, group=group), json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ms-resource-unit"] == str(units)


def test_metadata_may_be_declined(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    bare = {"Accept": "application/json;odata.metadata=none"}
    answer = graph.get(f"/v1.0/groups/{group}/members", headers=bare)
    assert "odata.metadata=none" in answer.headers["content-type"]
    assert "@odata.context" not in answer.json()
    assert "@odata.type" not in answer.json()["value"][0]
    page = graph.get("/v1.0/users?$top=1&$count=true", headers={**bare, "ConsistencyLevel": "eventual"}).json()
    assert {"@odata.nextLink", "@odata.count"} <= page.keys()


def test_links_lead_to_the_host_that_was_asked(graph: httpx.Client) -> None:
    answer = graph.get("/v1.0/users?$top=1", headers={"Host": "graph.microsoft.com"}).json()
    assert answer["@odata.nextLink"].startswith("https://graph.microsoft.com/v1.0/users?")
    assert answer["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users"


def test_a_plain_count_is_text(graph: httpx.Client) -> None:
    answer = graph.get("/v1.0/groups/$count", headers={"ConsistencyLevel": "eventual"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert int(answer.text) > 5
