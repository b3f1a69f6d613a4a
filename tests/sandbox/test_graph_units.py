"""Administrative units, those with restricted management too, and roles scoped to them."""

import uuid
from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import (
    ABSENT,
    AT_ONCE,
    HELPDESK_ADMINISTRATOR,
    form_group,
    hire,
    reference,
    refused,
    user,
)
from tests.tenant import Tenant

UNITS = "/v1.0/directory/administrativeUnits"
ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _unit(graph: httpx.Client, **values: Any) -> str:
    answer = graph.post(UNITS, json={"displayName": "North", "visibility": None, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _add(graph: httpx.Client, unit: str, key: str) -> httpx.Response:
    return graph.post(f"{UNITS}/{unit}/members/$ref", json=reference(key))


def test_a_unit_is_made_changed_deleted_and_restored(graph: httpx.Client) -> None:
    unit = _unit(graph, description="Everything north")
    assert graph.patch(f"{UNITS}/{unit}", json={"displayName": "Far north"}).status_code == 204
    shown = graph.get(f"{UNITS}/{unit}").json()
    assert (shown["displayName"], shown["isMemberManagementRestricted"]) == ("Far north", False)
    found = graph.get(UNITS, params={"$filter": "displayName eq 'far north'"}).json()["value"]
    assert unit in [one["id"] for one in found]
    assert graph.delete(f"{UNITS}/{unit}").status_code == 204
    refused(graph.get(f"{UNITS}/{unit}"), 404, "Request_ResourceNotFound")
    deleted = graph.get("/v1.0/directory/deletedItems/microsoft.graph.administrativeUnit").json()["value"]
    assert unit in [one["id"] for one in deleted]
    restored = graph.post(f"/v1.0/directory/deletedItems/{unit}/restore").json()
    assert restored["@odata.type"] == "#microsoft.graph.administrativeUnit"
    assert graph.get(f"{UNITS}/{unit}").status_code == 200


@pytest.mark.parametrize(
    ("values", "text"),
    [({"displayName": None}, "displayName"), ({"visibility": "Secret"}, "visibility"), ({"colour": "red"}, "colour")],
)
def test_a_unit_that_cannot_be_is_refused(graph: httpx.Client, values: Any, text: str) -> None:
    refused(graph.post(UNITS, json={"displayName": "No", **values}), 400, "Request_BadRequest", text)


def test_restriction_is_decided_at_the_start(graph: httpx.Client) -> None:
    unit = _unit(graph)
    refused(graph.patch(f"{UNITS}/{unit}", json={"isMemberManagementRestricted": True}), 400, "Request_BadRequest")


def test_members_come_and_go_once(graph: httpx.Client) -> None:
    unit, key, group = _unit(graph), hire(graph), form_group(graph)
    address = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{key}"}
    assert graph.post(f"{UNITS}/{unit}/members/$ref", json=address).status_code == 204
    refused(_add(graph, unit, key), 400, "Request_BadRequest", "added object references already exist")
    refused(_add(graph, unit, ABSENT), 404, "Request_ResourceNotFound", ABSENT)
    assert _add(graph, unit, group).status_code == 204
    kinds = [one["@odata.type"] for one in graph.get(f"{UNITS}/{unit}/members").json()["value"]]
    assert kinds == ["#microsoft.graph.user", "#microsoft.graph.group"]
    users = graph.get(f"{UNITS}/{unit}/members/microsoft.graph.user").json()["value"]
    assert [one["id"] for one in users] == [key]
    assert graph.get(f"{UNITS}/{unit}/members/{group}").json()["id"] == group
    held = {one["@odata.type"]: one["id"] for one in graph.get(f"/v1.0/users/{key}/memberOf").json()["value"]}
    assert held["#microsoft.graph.administrativeUnit"] == unit
    units = graph.get(f"/v1.0/users/{key}/memberOf/microsoft.graph.administrativeUnit").json()["value"]
    assert [one["id"] for one in units] == [unit]
    assert graph.delete(f"{UNITS}/{unit}/members/{key}/$ref").status_code == 204
    refused(graph.delete(f"{UNITS}/{unit}/members/{key}/$ref"), 404, "Request_ResourceNotFound")


def test_members_of_a_restricted_unit_are_its_administrators_alone(tenant: Tenant, graph: httpx.Client) -> None:
    unit = _unit(graph, isMemberManagementRestricted=True)
    key, group, outside = hire(graph), form_group(graph), form_group(graph)
    assert [_add(graph, unit, one).status_code for one in (key, group)] == [204, 204]
    assert user(graph, key, "isManagementRestricted")["isManagementRestricted"] is True
    path = f"/v1.0/users/{key}"
    licence = {"addLicenses": [], "removeLicenses": [ABSENT]}
    for answer in (
        graph.patch(path, json={"jobTitle": "X"}),
        graph.patch(path, json={"accountEnabled": False}),
        graph.patch(path, json={"passwordProfile": {"password": "An0ther-one!"}}),
        graph.post(f"{path}/revokeSignInSessions"),
        graph.post(f"{path}/assignLicense", json=licence),
        graph.put(f"{path}/manager/$ref", json=reference(hire(graph))),
        graph.delete(path),
        graph.patch(f"/v1.0/groups/{group}", json={"description": "X"}),
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)),
        graph.delete(f"/v1.0/groups/{group}"),
    ):
        refused(answer, 403, "Authorization_RequestDenied")
    assert graph.get(path).status_code == 200
    assert graph.post(f"/v1.0/groups/{outside}/members/$ref", json=reference(key)).status_code == 204
    role = {
        "roleDefinitionId": USER_ADMINISTRATOR,
        "principalId": tenant.json["platform"]["object_id"],
        "directoryScopeId": f"/administrativeUnits/{unit}",
    }
    made = graph.post(ASSIGNMENTS, json=role).json()
    assert graph.patch(path, json={"jobTitle": "X"}).status_code == 204
    assert graph.patch(f"/v1.0/groups/{group}", json={"description": "X"}).status_code == 204
    assert graph.delete(f"{ASSIGNMENTS}/{made['id']}").status_code == 204
    refused(graph.delete(path), 403, "Authorization_RequestDenied")
    assert graph.delete(f"{UNITS}/{unit}/members/{key}/$ref").status_code == 204
    assert graph.delete(path).status_code == 204


def test_so_are_their_methods_their_sponsors_and_their_devices(tenant: Tenant, graph: httpx.Client) -> None:
    unit, key = _unit(graph, isMemberManagementRestricted=True), hire(graph)
    device = {
        "accountEnabled": True,
        "displayName": "A laptop",
        "operatingSystem": "linux",
        "operatingSystemVersion": "1",
        "alternativeSecurityIds": [{"type": 2, "key": "base64Y3YxN2E1MWFlYw=="}],
        "deviceId": str(uuid.uuid4()),
    }
    laptop = graph.post("/v1.0/devices", json=device).json()["id"]
    methods = f"/v1.0/users/{key}/authentication"
    held = graph.post(f"{methods}/emailMethods", json={"emailAddress": "me@example.org"}).json()["id"]
    assert [_add(graph, unit, one).status_code for one in (key, laptop)] == [204, 204]
    preference = {"userPreferredMethodForSecondaryAuthentication": None}
    for answer in (
        graph.post(f"{methods}/phoneMethods", json={"phoneNumber": "+44 7700900123", "phoneType": "mobile"}),
        graph.patch(f"{methods}/emailMethods/{held}", json={"emailAddress": "other@example.org"}),
        graph.delete(f"{methods}/emailMethods/{held}"),
        graph.post(f"{methods}/temporaryAccessPassMethods", json={}),
        graph.patch(f"/beta/users/{key}/authentication/signInPreferences", json=preference),
        graph.post(f"/v1.0/users/{key}/sponsors/$ref", json=reference(hire(graph))),
        graph.patch(f"/v1.0/devices/{laptop}", json={"accountEnabled": False}),
        graph.post(f"/v1.0/devices/{laptop}/registeredOwners/$ref", json=reference(hire(graph))),
        graph.delete(f"/v1.0/devices/{laptop}"),
    ):
        refused(answer, 403, "Authorization_RequestDenied")
    assert graph.get(f"{methods}/emailMethods/{held}").json()["emailAddress"] == "me@example.org"


def test_mail_enabled_groups_have_no_place_in_a_restricted_unit(graph: httpx.Client) -> None:
    unit = _unit(graph, isMemberManagementRestricted=True)
    team = form_group(graph, groupTypes=["Unified"], mailEnabled=True)
    refused(_add(graph, unit, team), 400, "Request_BadRequest")


def test_a_role_in_a_unit_is_a_role_assignment_with_its_scope(graph: httpx.Client) -> None:
    unit, key = _unit(graph), hire(graph)
    role = graph.get(f"/v1.0/directoryRoles(roleTemplateId='{HELPDESK_ADMINISTRATOR}')").json()["id"]
    answer = graph.post(f"{UNITS}/{unit}/scopedRoleMembers", json={"roleId": role, "roleMemberInfo": {"id": key}})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["administrativeUnitId"], made["roleId"], made["roleMemberInfo"]["id"]) == (unit, role, key)
    listed = graph.get(f"{UNITS}/{unit}/scopedRoleMembers").json()["value"]
    assert [one["id"] for one in listed] == [made["id"]]
    own = graph.get(f"/v1.0/users/{key}/scopedRoleMemberOf").json()["value"]
    assert [one["administrativeUnitId"] for one in own] == [unit]
    query = {"$filter": f"principalId eq '{key}'", "$expand": "directoryScope"}
    held = graph.get(ASSIGNMENTS, params=query).json()["value"]
    assert [one["directoryScopeId"] for one in held] == [f"/administrativeUnits/{unit}"]
    assert held[0]["directoryScope"]["displayName"] == "North"
    whole = graph.get(f"/v1.0/users/{key}/memberOf/microsoft.graph.directoryRole").json()["value"]
    assert whole == []
    assert graph.delete(f"{UNITS}/{unit}/scopedRoleMembers/{made['id']}").status_code == 204
    assert graph.get(ASSIGNMENTS, params={"$filter": f"principalId eq '{key}'"}).json()["value"] == []


def test_a_scope_must_be_there(graph: httpx.Client) -> None:
    body = {"roleDefinitionId": HELPDESK_ADMINISTRATOR, "principalId": hire(graph)}
    answer = graph.post(ASSIGNMENTS, json={**body, "directoryScopeId": f"/administrativeUnits/{ABSENT}"})
    refused(answer, 404, "Request_ResourceNotFound", ABSENT)


def test_the_seeded_company_has_both_kinds_of_units(graph: httpx.Client) -> None:
    units = {one["displayName"]: one for one in graph.get(UNITS).json()["value"]}
    assert units["Headquarters"]["isMemberManagementRestricted"] is False
    restricted = units["Executive accounts"]
    assert restricted["isMemberManagementRestricted"] is True
    members = graph.get(f"{UNITS}/{restricted['id']}/members").json()["value"]
    assert len(members) == 1
    answer = graph.patch(f"/v1.0/users/{members[0]['id']}", json={"jobTitle": "X"})
    refused(answer, 403, "Authorization_RequestDenied")
