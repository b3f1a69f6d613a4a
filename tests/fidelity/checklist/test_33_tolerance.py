"""Every documented spelling of an address is taken; what is none is told apart."""

from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import ids
from tests.sandbox.graph_hands import form_group, hire, reference, refused, somebody, user


def test_keys_stand_in_slashes_or_brackets(graph: httpx.Client) -> None:
    made = graph.post("/v1.0/users", json=somebody()).json()
    key, name = made["id"], made["userPrincipalName"]
    for spelled in (key, name, name.replace("@", "%40")):
        for path in (f"/v1.0/users/{spelled}", f"/v1.0/users('{spelled}')"):
            assert graph.get(path).json()["id"] == key
    assert graph.post(f"/v1.0/users('{name}')/revokeSignInSessions", json={}).json()["value"] is True


def test_functions_stand_with_or_without_brackets(graph: httpx.Client) -> None:
    for path in ("users/delta", "users/delta()", "users/microsoft.graph.delta()", "users/microsoft.graph.delta"):
        assert graph.get(f"/v1.0/{path}?$deltatoken=latest").status_code == 200


def test_options_may_be_encoded_and_in_any_case(graph: httpx.Client) -> None:
    key = hire(graph, jobTitle="X")
    for query in ("$select=id,jobTitle", "%24select=id,jobTitle", "$SELECT=Id,JOBTITLE", "$select=id,%20jobTitle"):
        shown = graph.get(f"/v1.0/users/{key}?{query}").json()
        shown.pop("@odata.context")
        assert shown == {"id": key, "jobTitle": "X"}


def test_guids_have_no_case_and_are_answered_in_lower_case(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    assert graph.get(f"/v1.0/users/{key.upper()}").json()["id"] == key
    assert graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key.upper())).status_code == 204
    found = graph.get(f"/v1.0/groups/{group.upper()}/members").json()["value"]
    assert [one["id"] for one in found] == [key]
    assert graph.delete(f"/v1.0/groups/{group}/members/{key.upper()}/$ref").status_code == 204


def test_segments_have_no_case(graph: httpx.Client) -> None:
    group = form_group(graph)
    for path in (f"Groups/{group}/Owners", f"GROUPS/{group}/Members", "oAuth2PermissionGrants"):
        assert graph.get(f"/v1.0/{path}").status_code == 200


@pytest.mark.parametrize("space", ["microsoft.graph", "graph"])
def test_casts_are_short_or_long(graph: httpx.Client, space: str) -> None:
    key, group = hire(graph), form_group(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    assert group in ids(graph.get(f"/v1.0/users/{key}/memberOf/{space}.group"))
    assert group in ids(graph.get(f"/v1.0/users/{key}/transitiveMemberOf/{space}.group"))
    assert ids(graph.get(f"/v1.0/groups/{group}/members/{space}.user")) == [key]
    assert ids(graph.get(f"/v1.0/groups/{group}/members/{space}.group")) == []
    graph.delete(f"/v1.0/users/{key}")
    assert key in ids(graph.get(f"/v1.0/directory/deletedItems/{space}.user?$top=999"))


def test_types_in_bodies_are_passed_over_and_names_have_no_case(graph: httpx.Client) -> None:
    body = somebody(**{"@odata.type": "#microsoft.graph.user", "@odata.context": "x"})
    body["mailNickName"] = body.pop("mailNickname")
    made = graph.post("/v1.0/users", json={**body, "surName": "Lower"})
    assert made.status_code == 201, made.text
    assert made.json()["surname"] == "Lower"
    assert graph.patch(f"/v1.0/users/{made.json()['id']}", json={"JOBTITLE": "Shout"}).status_code == 204
    assert user(graph, made.json()["id"], "jobTitle")["jobTitle"] == "Shout"


def test_an_unknown_property_is_named(graph: httpx.Client) -> None:
    for answer in (
        graph.patch(f"/v1.0/users/{hire(graph)}", json={"shoeSize": 44}),
        graph.post("/v1.0/users", json=somebody(shoeSize=44)),
    ):
        refused(answer, 400, "Request_BadRequest", "Invalid property 'shoeSize'.")


def test_an_unknown_path_is_named_by_its_segment(graph: httpx.Client) -> None:
    for path in ("nowhere", f"users/{hire(graph)}/nowhere", f"groups/{form_group(graph)}/nowhere/else"):
        refused(graph.get(f"/v1.0/{path}"), 400, "BadRequest", "Resource not found for the segment 'nowhere'.")


@pytest.mark.parametrize(("method", "path"), [("PUT", "users"), ("DELETE", "groups"), ("PATCH", "subscribedSkus")])
def test_a_wrong_verb_is_405(graph: httpx.Client, method: str, path: str) -> None:
    body: dict[str, Any] = {}
    answer = graph.request(method, f"/v1.0/{path}", json=body)
    refused(answer, 405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
