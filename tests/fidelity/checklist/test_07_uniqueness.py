"""A name or address that another object has is 400 with both details, never 409."""

import uuid
from typing import Any

import httpx

from tests.sandbox.graph_hands import form_group, hire, refused, somebody, user
from tests.tenant import Tenant

BIN = "/v1.0/directory/deletedItems"


def conflict(answer: httpx.Response, name: str, other: str) -> None:
    """Check that an answer names the property and the object that has it."""
    error = refused(answer, 400, "Request_BadRequest", f"Another object with the same value for property {name}")
    told = [(detail["code"], detail["target"]) for detail in error["details"]]
    assert told == [("ObjectConflict", name), ("ConflictingObjects", other)]
    assert {detail["message"] for detail in error["details"]} == {error["message"]}


def created(graph: httpx.Client, **values: Any) -> tuple[str, dict[str, Any]]:
    """Somebody's id and the body that made them."""
    body = somebody(**values)
    return str(graph.post("/v1.0/users", json=body).json()["id"]), body


def test_a_taken_user_principal_name_is_400_on_creation_and_change(graph: httpx.Client) -> None:
    key, body = created(graph)
    conflict(graph.post("/v1.0/users", json=body), "userPrincipalName", f"User_{key}")
    change = {"userPrincipalName": body["userPrincipalName"]}
    conflict(graph.patch(f"/v1.0/users/{hire(graph)}", json=change), "userPrincipalName", f"User_{key}")


def test_a_name_given_away_after_deletion_stops_the_restore(graph: httpx.Client) -> None:
    key, body = created(graph)
    graph.delete(f"/v1.0/users/{key}")
    other = graph.post("/v1.0/users", json=body)
    assert other.status_code == 201, "a soft-deleted user keeps no name"
    conflict(graph.post(f"{BIN}/{key}/restore"), "userPrincipalName", f"User_{other.json()['id']}")


def test_a_restored_user_has_the_name_again(graph: httpx.Client) -> None:
    key, body = created(graph)
    graph.delete(f"/v1.0/users/{key}")
    assert graph.post(f"{BIN}/{key}/restore").status_code == 200
    conflict(graph.post("/v1.0/users", json=body), "userPrincipalName", f"User_{key}")


def test_addresses_of_users_and_groups_are_had_once(tenant: Tenant, graph: httpx.Client) -> None:
    nickname = f"team{uuid.uuid4().hex[:10]}"
    group = form_group(graph, groupTypes=["Unified"], mailEnabled=True, mailNickname=nickname)
    address = graph.get(f"/v1.0/groups/{group}?$select=mail").json()["mail"]
    key, body = created(graph, mail=f"{uuid.uuid4().hex}@practice.example")
    person, target = hire(graph), f"User_{key}"
    for mail, other in ((address, f"Group_{group}"), (body["mail"], target)):
        conflict(graph.patch(f"/v1.0/users/{person}", json={"mail": mail}), "proxyAddresses", other)
        conflict(graph.post("/v1.0/users", json=somebody(mail=mail)), "proxyAddresses", other)
    assert user(graph, person, "mail")["mail"] is None


def test_an_alias_of_a_microsoft_365_group_is_had_once(graph: httpx.Client) -> None:
    team = {"groupTypes": ["Unified"], "mailEnabled": True, "mailNickname": f"t{uuid.uuid4().hex[:10]}"}
    group = form_group(graph, **team)
    body = {"displayName": "Twin", "securityEnabled": False, **team}
    conflict(graph.post("/v1.0/groups", json=body), "mailNickname", f"Group_{group}")
