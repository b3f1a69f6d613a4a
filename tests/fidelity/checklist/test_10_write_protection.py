"""What others write is protected: rules, the directory on premises, Exchange, roles, restricted units."""

from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import App, bearing, ids
from tests.sandbox.graph_hands import form_group, group_named, hire, reference, refused
from tests.tenant import Tenant

DENIED = (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
SYNCED = (400, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory")
MAIL = (400, "Request_BadRequest", "Cannot Update a mail-enabled security groups and or distribution list.")


def changes(graph: httpx.Client, group: str, key: str) -> list[httpx.Response]:
    """Every way to change who is in a group."""
    bind = {"members@odata.bind": [reference(key)["@odata.id"]]}
    return [
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)),
        graph.patch(f"/v1.0/groups/{group}", json=bind),
        graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref"),
    ]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("Sales (dynamic)", DENIED),
        ("Corporate VPN", SYNCED),
        ("Announcements", MAIL),
        ("Office notices", MAIL),
    ],
)
def test_members_of_these_groups_are_nobodys_to_change(
    graph: httpx.Client, name: str, refusal: tuple[int, str, str]
) -> None:
    group = group_named(graph, name)
    before = ids(graph.get(f"/v1.0/groups/{group}/members"))
    for answer in changes(graph, group, hire(graph)):
        refused(answer, *refusal)
    assert ids(graph.get(f"/v1.0/groups/{group}/members")) == before


def test_a_dynamic_group_is_not_created_with_members_but_its_properties_change(graph: httpx.Client) -> None:
    rule = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.jobTitle -eq "Nobody"'}
    common = {"displayName": "Ruled", "mailNickname": "ruled", "mailEnabled": False, "securityEnabled": True, **rule}
    bind = {"members@odata.bind": [reference(hire(graph))["@odata.id"]]}
    refused(graph.post("/v1.0/groups", json={**common, **bind}), *DENIED)
    group = graph.post("/v1.0/groups", json=common).json()["id"]
    assert graph.patch(f"/v1.0/groups/{group}", json={"description": "by rule"}).status_code == 204


def test_synced_users_are_mastered_on_premises(graph: httpx.Client) -> None:
    query = {"$filter": "onPremisesSyncEnabled eq true", "$select": "id"}
    key = graph.get("/v1.0/users", params=query).json()["value"][0]["id"]
    for change in ({"department": "Elsewhere"}, {"jobTitle": None}, {"accountEnabled": False}):
        refused(graph.patch(f"/v1.0/users/{key}", json=change), *SYNCED)


def test_synced_groups_keep_their_properties_too(graph: httpx.Client) -> None:
    group = group_named(graph, "Corporate VPN")
    refused(graph.patch(f"/v1.0/groups/{group}", json={"description": "mine"}), *SYNCED)


def test_role_assignable_groups_take_the_permission_for_roles(tenant: Tenant, graph: httpx.Client) -> None:
    group, key, inside = form_group(graph, isAssignableToRole=True), hire(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(inside))
    app = App(tenant, graph, "Group.ReadWrite.All")
    with bearing(tenant, app.token()) as lesser:
        refused(lesser.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)), *DENIED)
        refused(lesser.delete(f"/v1.0/groups/{group}/members/{inside}/$ref"), *DENIED)
        refused(lesser.patch(f"/v1.0/groups/{group}", json={"description": "mine"}), *DENIED)
        refused(lesser.delete(f"/v1.0/groups/{group}"), *DENIED)
    app.grant("RoleManagement.ReadWrite.Directory")
    with bearing(tenant, app.token()) as greater:
        assert greater.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)).status_code == 204


def test_members_of_a_restricted_unit_are_its_administrators_alone(tenant: Tenant, graph: httpx.Client) -> None:
    units = "/v1.0/directory/administrativeUnits"
    body: dict[str, Any] = {"displayName": "Executives", "isMemberManagementRestricted": True}
    unit, key = graph.post(units, json=body).json()["id"], hire(graph)
    graph.post(f"{units}/{unit}/members/$ref", json=reference(key))
    for answer in (
        graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}),
        graph.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}),
        graph.post(f"/v1.0/users/{key}/revokeSignInSessions"),
        graph.delete(f"/v1.0/users/{key}"),
    ):
        refused(answer, *DENIED)
    role = {
        "roleDefinitionId": "fe930be7-5e62-47db-91af-98c3a49a38b1",
        "principalId": tenant.json["platform"]["object_id"],
        "directoryScopeId": f"/administrativeUnits/{unit}",
    }
    assert graph.post("/v1.0/roleManagement/directory/roleAssignments", json=role).status_code == 201
    assert graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}).status_code == 204
