"""Groups of every kind: members, owners, rules, and what may not be written."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    ABSENT,
    AT_ONCE,
    calling_as,
    eventually,
    form_group,
    group_named,
    hire,
    member_names,
    reference,
    refused,
    user,
)
from tests.tenant import Tenant

ALREADY = "One or more added object references already exist for the following modified properties: 'members'."


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _add(graph: httpx.Client, group: str, member: str) -> httpx.Response:
    return graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(member))


def _members(graph: httpx.Client, group: str) -> list[str]:
    return [member["id"] for member in graph.get(f"/v1.0/groups/{group}/members?$top=999").json()["value"]]


def test_a_created_group_shows_all_its_properties(graph: httpx.Client) -> None:
    body = {"displayName": "Made", "mailNickName": "made", "mailEnabled": False, "securityEnabled": True}
    answer = graph.post("/v1.0/groups", json={**body, "groupTypes": [], "visibility": "Public"})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"].endswith(f"{made['id']}/Microsoft.DirectoryServices.Group")
    assert (made["renewedDateTime"], made["isAssignableToRole"]) == (made["createdDateTime"], None)
    assert made["securityIdentifier"].startswith("S-1-12-1-")
    assert (made["serviceProvisioningErrors"], made["visibility"]) == ([], "Public")
    assert set(made) == set(graph.get(f"/v1.0/groups/{made['id']}").json())


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"displayName": None}, "'displayName' of resource 'Group'"),
        ({"mailEnabled": True}, "writes of mail-enabled groups"),
        ({"securityEnabled": False}, "security-enabled or a Microsoft 365 group"),
        ({"groupTypes": ["DynamicMembership"]}, "'membershipRule'"),
        ({"groupTypes": ["DynamicMembership"], "membershipRule": "user.shoes -eq 44"}, "Invalid membership rule"),
        (
            {"members@odata.bind": [reference(ABSENT)["@odata.id"]] * 1 + [f"x/{n:032x}" for n in range(20)]},
            "exceed 20",
        ),
        ({"colour": "red"}, "Invalid property 'colour'."),
    ],
)
def test_groups_that_cannot_be_are_refused(graph: httpx.Client, values: Any, text: str) -> None:
    body = {"displayName": "No", "mailNickname": "no", "mailEnabled": False, "securityEnabled": True, **values}
    refused(graph.post("/v1.0/groups", json=body), 400, "Request_BadRequest", text)


def test_members_come_and_go_once(graph: httpx.Client) -> None:
    group, key = form_group(graph, displayName="Once"), hire(graph)
    assert _add(graph, group, key).status_code == 204
    refused(_add(graph, group, key), 400, "Request_BadRequest", ALREADY)
    assert _members(graph, group) == [key]
    assert member_names(graph, key) >= {"Once"}
    assert graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref").status_code == 204
    refused(graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref"), 404, "Request_ResourceNotFound")
    assert _members(graph, group) == []


def test_somebody_just_created_cannot_be_added_yet(tenant: Tenant, graph: httpx.Client) -> None:
    group = form_group(graph)
    tenant.control("POST", "settings", lag_ms=250)
    key = hire(graph)
    refused(_add(graph, group, key), 404, "Request_ResourceNotFound", key)
    eventually(lambda: _add(graph, group, key).status_code, lambda status: status == 204)
    assert _members(graph, group) == []
    eventually(lambda: _members(graph, group))


def test_up_to_twenty_members_are_added_all_or_none(graph: httpx.Client) -> None:
    group, people = form_group(graph), [hire(graph) for _ in range(3)]
    addresses = [reference(key)["@odata.id"] for key in people]
    answer = graph.patch(
        f"/v1.0/groups/{group}", json={"members@odata.bind": [*addresses, reference(ABSENT)["@odata.id"]]}
    )
    refused(answer, 404, "Request_ResourceNotFound", ABSENT)
    assert _members(graph, group) == []
    assert graph.patch(f"/v1.0/groups/{group}", json={"members@odata.bind": addresses}).status_code == 204
    assert sorted(_members(graph, group)) == sorted(people)
    refused(
        graph.patch(f"/v1.0/groups/{group}", json={"members@odata.bind": addresses[:1]}),
        400,
        "Request_BadRequest",
        ALREADY,
    )


def test_a_member_address_without_ref_deletes_the_person(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    _add(graph, group, key)
    assert graph.delete(f"/v1.0/groups/{group}/members/{key}").status_code == 204
    assert graph.get(f"/v1.0/users/{key}").status_code == 404
    assert graph.get(f"/v1.0/directory/deletedItems/{key}").status_code == 200


def test_owners_are_kept_apart_from_members(graph: httpx.Client) -> None:
    group, key = form_group(graph, displayName="Owned"), hire(graph)
    assert graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(key)).status_code == 204
    assert [o["id"] for o in graph.get(f"/v1.0/groups/{group}/Owners/graph.user").json()["value"]] == [key]
    assert "Owned" not in member_names(graph, key)
    count = graph.get(
        f"/v1.0/groups/{group}/owners/$count",
        params={"$filter": f"id eq '{key}'"},
        headers={"ConsistencyLevel": "eventual"},
    )
    assert count.text == "1"


def test_the_last_owner_of_a_microsoft_365_group_stays(graph: httpx.Client) -> None:
    key = hire(graph)
    values = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
    group = form_group(graph, **values, **{"owners@odata.bind": [reference(key)["@odata.id"]]})
    refused(graph.delete(f"/v1.0/groups/{group}/owners/{key}/$ref"), 400, "Request_BadRequest", "at least one owner")


@pytest.mark.parametrize(
    ("name", "status", "code", "text"),
    [
        ("Everybody (dynamic)", 403, "Authorization_RequestDenied", "Insufficient privileges"),
        ("Announcements", 400, "Request_BadRequest", "Cannot Update a mail-enabled security groups"),
        ("Corporate VPN", 400, "Request_BadRequest", "on-premises mastered Directory Sync objects"),
    ],
)
def test_groups_that_others_write_are_refused(
    graph: httpx.Client, name: str, status: int, code: str, text: str
) -> None:
    group, key = group_named(graph, name), hire(graph)
    refused(_add(graph, group, key), status, code, text)
    refused(graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref"), status, code, text)


def test_a_role_assignable_group_takes_the_permission_for_roles(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    group, key = form_group(graph, isAssignableToRole=True), hire(graph)
    assert _add(graph, group, key).status_code == 204
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(_add(helpdesk, group, hire(graph)), 403, "Authorization_RequestDenied")
        refused(
            helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}), 403, "Authorization_RequestDenied"
        )


def test_a_dynamic_group_follows_its_rule_after_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", dynamic_lag_ms=400)
    key = hire(graph, department="Sales")
    assert "Sales (dynamic)" not in member_names(graph, key)
    eventually(lambda: member_names(graph, key), lambda names: {"Sales (dynamic)", "Everybody (dynamic)"} <= names)
    graph.patch(f"/v1.0/users/{key}", json={"department": "Finance"})
    assert user(graph, key, "department")["department"] == "Finance"
    assert "Sales (dynamic)" in member_names(graph, key)
    eventually(lambda: member_names(graph, key), lambda names: "Sales (dynamic)" not in names)


def test_a_seeded_person_stays_in_dynamic_groups_while_a_change_is_on_its_way(
    tenant: Tenant, graph: httpx.Client
) -> None:
    tenant.control("POST", "settings", dynamic_lag_ms=2000)
    query = {"$filter": "department eq 'Sales'", "$select": "id,onPremisesSyncEnabled"}
    people = graph.get("/v1.0/users", params=query).json()["value"]
    key = next(person["id"] for person in people if not person["onPremisesSyncEnabled"])
    graph.patch(f"/v1.0/users/{key}", json={"accountEnabled": False})
    assert {"Sales (dynamic)", "Everybody (dynamic)"} <= member_names(graph, key)
    graph.patch(f"/v1.0/users/{key}", json={"accountEnabled": True})


def test_a_new_rule_is_applied_to_everybody(graph: httpx.Client) -> None:
    key = hire(graph, jobTitle="Falconer")
    rule = {"groupTypes": ["DynamicMembership"], "membershipRuleProcessingState": "On"}
    group = form_group(graph, **rule, membershipRule='user.jobTitle -eq "Falconer"')
    assert _members(graph, group) == [key]
    graph.patch(f"/v1.0/groups/{group}", json={"membershipRule": 'user.jobTitle -eq "Nobody"'})
    assert _members(graph, group) == []
    bound = {
        **rule,
        "membershipRule": "user.accountEnabled -eq true",
        "members@odata.bind": [reference(key)["@odata.id"]],
    }
    body = {"displayName": "x", "mailNickname": "x", "mailEnabled": False, "securityEnabled": True, **bound}
    refused(graph.post("/v1.0/groups", json=body), 403, "Authorization_RequestDenied")


def test_memberships_reach_through_groups(graph: httpx.Client) -> None:
    inner, outer, key = form_group(graph), form_group(graph), hire(graph)
    _add(graph, inner, key)
    _add(graph, outer, inner)
    direct = [g["id"] for g in graph.get(f"/v1.0/users/{key}/memberOf/graph.group").json()["value"]]
    transitive = [g["id"] for g in graph.get(f"/v1.0/users/{key}/transitiveMemberOf/graph.group").json()["value"]]
    assert inner in direct
    assert outer not in direct
    assert {inner, outer} <= set(transitive)
    answer = graph.post(f"/v1.0/users/{key}/getMemberGroups", json={"securityEnabledOnly": False})
    assert answer.headers["location"] == "https://graph.microsoft.com"
    assert {inner, outer} <= set(answer.json()["value"])
    asked = {"groupIds": [outer, ABSENT]}
    assert graph.post(f"/v1.0/directoryObjects/{key}/checkMemberGroups", json=asked).json()["value"] == [outer]
    assert key in [m["id"] for m in graph.get(f"/v1.0/groups/{outer}/transitiveMembers").json()["value"]]
    assert [m["@odata.type"] for m in graph.get(f"/v1.0/groups/{outer}/members").json()["value"]] == [
        "#microsoft.graph.group"
    ]


def test_objects_are_found_by_their_ids(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    body = {"ids": [key, group, ABSENT], "types": ["user", "group", "directoryObjectPartnerReference"]}
    found = graph.post("/v1.0/directoryObjects/getByIds", json=body).json()["value"]
    assert [(next(iter(item)), item["id"]) for item in found] == [("@odata.type", key), ("@odata.type", group)]
    only = graph.post("/v1.0/directoryObjects/getByIds", json={"ids": [key, group], "types": ["group"]}).json()["value"]
    assert [item["id"] for item in only] == [group]


def test_a_deleted_group_can_be_restored(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    _add(graph, group, key)
    assert graph.delete(f"/v1.0/groups/{group}").status_code == 204
    assert graph.get(f"/v1.0/groups/{group}").status_code == 404
    assert graph.post(f"/v1.0/directory/deletedItems/{group}/restore").json()["@odata.type"] == "#microsoft.graph.group"
    assert _members(graph, group) == [key]


def test_who_may_only_write_users_writes_no_groups(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    group, key = form_group(graph), hire(graph)
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(_add(helpdesk, group, key), 403, "Authorization_RequestDenied")
        refused(helpdesk.get(f"/v1.0/groups/{group}"), 403, "Authorization_RequestDenied")
        refused(helpdesk.delete(f"/v1.0/groups/{group}/members/{key}"), 403, "Authorization_RequestDenied")
