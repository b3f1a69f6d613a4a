"""Groups of every kind: members, owners, rules, and what may not be written."""

import uuid
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
        (
            {"groupTypes": ["DynamicMembership"], "membershipRule": "user.shoes -eq 44"},
            "Dynamic membership rule validation error: Wrong property",
        ),
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


def test_an_alias_is_had_once_among_mailing_groups(graph: httpx.Client) -> None:
    team = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False, "displayName": "Twins"}
    name = f"t{uuid.uuid4().hex[:10]}"
    first = graph.post("/v1.0/groups", json={**team, "mailNickname": name}).json()["id"]
    error = refused(graph.post("/v1.0/groups", json={**team, "mailNickname": name.upper()}), 400, "Request_BadRequest")
    assert [d["target"] for d in error["details"]] == ["mailNickname", f"Group_{first}"]
    form_group(graph, mailNickname=name)
    graph.delete(f"/v1.0/groups/{first}")
    graph.post("/v1.0/groups", json={**team, "mailNickname": name})
    refused(graph.post(f"/v1.0/directory/deletedItems/{first}/restore"), 400, "Request_BadRequest", "mailNickname")


def test_what_is_decided_at_creation_stays(graph: httpx.Client) -> None:
    group = form_group(graph)
    for values in ({"isAssignableToRole": True}, {"mailEnabled": True}, {"groupTypes": ["Unified"]}):
        refused(graph.patch(f"/v1.0/groups/{group}", json=values), 400, "Request_BadRequest")
    refused(graph.patch(f"/v1.0/groups/{group}", json={"visibility": "Hidden"}), 400, "Request_BadRequest")


def test_some_groups_take_no_groups(graph: httpx.Client) -> None:
    inner = form_group(graph)
    for group in (
        form_group(graph, isAssignableToRole=True),
        form_group(graph, groupTypes=["Unified"], mailEnabled=True),
    ):
        refused(_add(graph, group, inner), 400, "Request_BadRequest")
    refused(
        graph.post(f"/v1.0/groups/{inner}/owners/$ref", json=reference(form_group(graph))), 400, "Request_BadRequest"
    )


def test_a_group_behind_a_member_address_is_deleted_too(graph: httpx.Client) -> None:
    outer, inner = form_group(graph), form_group(graph)
    _add(graph, outer, inner)
    assert graph.delete(f"/v1.0/groups/{outer}/members/{inner}").status_code == 204
    assert graph.get(f"/v1.0/groups/{inner}").status_code == 404


def test_security_groups_may_be_gone_at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", security_groups_recoverable=False)
    group, team = form_group(graph), form_group(graph, groupTypes=["Unified"], mailEnabled=True)
    for key, status in ((group, 404), (team, 200)):
        assert graph.delete(f"/v1.0/groups/{key}").status_code == 204
        assert graph.get(f"/v1.0/directory/deletedItems/{key}").status_code == status


def test_objects_are_checked_with_roles_and_units(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    _add(graph, group, key)
    body = {"roleDefinitionId": "729827e3-9c14-49f7-bb1b-9608f156bbb8", "principalId": key, "directoryScopeId": "/"}
    graph.post("/v1.0/roleManagement/directory/roleAssignments", json=body)
    objects = graph.post(f"/v1.0/users/{key}/getMemberObjects", json={"securityEnabledOnly": False}).json()["value"]
    (role,) = graph.get(f"/v1.0/users/{key}/memberOf/microsoft.graph.directoryRole").json()["value"]
    assert {group, role["id"]} <= set(objects)
    answer = graph.post(f"/v1.0/directoryObjects/{key}/checkMemberObjects", json={"ids": [role["id"], group, ABSENT]})
    assert answer.json()["value"] == [role["id"], group]
    found = graph.post("/v1.0/directoryObjects/getByIds", json={"ids": [role["id"]]}).json()["value"]
    assert found[0]["@odata.type"] == "#microsoft.graph.directoryRole"
