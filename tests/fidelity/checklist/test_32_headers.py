"""Headers of every answer, and answers that have no body."""

import re
import uuid

import httpx

from tests.fidelity.checklist.hands import App
from tests.sandbox.azure_hands import azure
from tests.sandbox.graph_hands import ABSENT, form_group, hire, refused, somebody
from tests.sandbox.mailbox_hands import to
from tests.tenant import Tenant

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def every_kind(graph: httpx.Client, mine: dict[str, str]) -> dict[int, httpx.Response]:
    """One answer of each status."""
    key = hire(graph)
    stranger = {**mine, "Authorization": "Bearer nonsense"}
    message = {"subject": "x", "body": {"contentType": "Text", "content": "x"}}
    mail = {"message": {**message, "toRecipients": to("iam-admins@practice.example")}}
    return {
        200: graph.get(f"/v1.0/users/{key}", headers=mine),
        201: graph.post("/v1.0/users", json=somebody(), headers=mine),
        202: graph.post("/v1.0/users/iam-notices@practice.example/sendMail", json=mail, headers=mine),
        204: graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}, headers=mine),
        400: graph.get("/v1.0/nowhere", headers=mine),
        401: graph.get("/v1.0/users", headers=stranger),
        404: graph.get(f"/v1.0/users/{ABSENT}", headers=mine),
        405: graph.put("/v1.0/users", json={}, headers=mine),
    }


def test_every_answer_names_the_request_and_echoes_the_callers_own_id(graph: httpx.Client) -> None:
    mine = str(uuid.uuid4())
    answers = every_kind(graph, {"client-request-id": mine})
    assert {status: answer.status_code for status, answer in answers.items()} == {one: one for one in answers}
    for answer in answers.values():
        assert GUID.fullmatch(answer.headers["request-id"])
        assert answer.headers["client-request-id"] == mine
        assert answer.headers["x-ms-ags-diagnostic"].startswith('{"ServerInfo":{"DataCenter":')
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["date"].endswith("GMT")
    assert len({answer.headers["request-id"] for answer in answers.values()}) == len(answers)


def test_an_error_repeats_both_ids_and_without_an_own_one_they_are_the_same(graph: httpx.Client) -> None:
    answer = graph.get(f"/v1.0/users/{ABSENT}")
    inner = refused(answer, 404, "Request_ResourceNotFound")["innerError"]
    assert inner["request-id"] == inner["client-request-id"] == answer.headers["request-id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner["date"])


def test_odata_version_and_type_stand_on_successes_with_a_body_only(graph: httpx.Client) -> None:
    for status, answer in every_kind(graph, {}).items():
        assert (answer.headers.get("odata-version") == "4.0") is (status in (200, 201))
        wanted = JSON if status < 202 else None if status < 300 else "application/json"
        assert answer.headers.get("content-type") == wanted


def test_204_and_202_are_empty(graph: httpx.Client) -> None:
    answers = every_kind(graph, {})
    assert (answers[202].content, answers[204].content) == (b"", b"")
    assert answers[204].headers["x-ms-resource-unit"] == "1"
    assert answers[202].headers["content-length"] == "0"


def test_what_was_created_has_a_location_by_the_directory_service(tenant: Tenant, graph: httpx.Client) -> None:
    root = f"{tenant.base_url}/v2/{tenant.json['tenant_id']}/directoryObjects"
    name = f"g{uuid.uuid4().hex[:12]}"
    group = {"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True}
    application = graph.post("/v1.0/applications", json={"displayName": "Located"})
    made = {
        "User": graph.post("/v1.0/users", json=somebody()),
        "Group": graph.post("/v1.0/groups", json=group),
        "Application": application,
        "ServicePrincipal": graph.post("/v1.0/servicePrincipals", json={"appId": application.json()["appId"]}),
    }
    for kind, answer in made.items():
        assert answer.status_code == 201
        assert answer.headers["location"] == f"{root}/{answer.json()['id']}/Microsoft.DirectoryServices.{kind}"


def test_asking_by_post_has_the_location_of_the_service(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    for path, body in (
        (f"users/{key}/getMemberGroups", {"securityEnabledOnly": False}),
        (f"users/{key}/checkMemberGroups", {"groupIds": [group]}),
        ("directoryObjects/getByIds", {"ids": [key]}),
    ):
        answer = graph.post(f"/v1.0/{path}", json=body)
        assert (answer.status_code, answer.headers["location"]) == (200, "https://graph.microsoft.com")


def test_azure_and_the_token_endpoint_have_headers_of_their_own(tenant: Tenant, graph: httpx.Client) -> None:
    with azure(tenant) as arm:
        headers = arm.get(f"/subscriptions/{tenant.json['azure']['subscription_id']}").headers
    assert GUID.fullmatch(headers["x-ms-request-id"])
    assert GUID.fullmatch(headers["x-ms-correlation-request-id"])
    assert headers["x-ms-routing-request-id"].endswith(headers["x-ms-correlation-request-id"])
    assert int(headers["x-ms-ratelimit-remaining-subscription-reads"]) > 0
    assert (headers["cache-control"], headers["pragma"], headers["expires"]) == ("no-cache", "no-cache", "-1")
    assert headers["x-content-type-options"] == "nosniff"
    token = App(tenant, graph).ask().headers
    assert token["cache-control"] == "no-store, no-cache"
    assert {"x-ms-request-id", "x-ms-ests-server"} <= token.keys()
