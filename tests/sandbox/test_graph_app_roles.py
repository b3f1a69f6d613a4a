"""App roles, consents, what people own, and who sponsors them."""

import httpx
import pytest

from tests.sandbox.graph_apps import app_role, holding, ids, principal, register
from tests.sandbox.graph_hands import ABSENT, AT_ONCE, form_group, group_named, hire, reference, refused
from tests.tenant import Tenant

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


# -- app roles ---------------------------------------------------------------------------------------------------------


def test_an_app_role_is_given_once_and_taken_once(graph: httpx.Client) -> None:
    role, person = app_role("Reader"), hire(graph)
    made_principal = principal(graph, appRoles=[role])
    body = {"principalId": person, "resourceId": made_principal["id"], "appRoleId": role["id"]}
    path = f"/v1.0/users/{person}/appRoleAssignments"
    made = graph.post(path, json=body)
    assert made.status_code == 201
    assert made.json()["principalType"] == "User"
    assert made.json()["resourceDisplayName"] == made_principal["displayName"]
    refused(graph.post(path, json=body), 400, "Request_BadRequest", "Permission being assigned already exists")
    assigned = f"/v1.0/servicePrincipals/{made_principal['id']}/appRoleAssignedTo"
    assert ids(graph.get(assigned)) == [made.json()["id"]]
    assert ids(graph.get(path, params={"$filter": f"resourceId eq {made_principal['id']}"})) == [made.json()["id"]]
    quoted = graph.get(path, params={"$filter": f"resourceId eq '{made_principal['id']}'"})
    refused(quoted, 400, "BadRequest", "incompatible types")
    assert graph.delete(f"{path}/{made.json()['id']}").status_code == 204
    refused(graph.delete(f"{path}/{made.json()['id']}"), 404, "Request_ResourceNotFound")


def test_an_app_role_must_be_one_of_the_resource_for_that_kind_of_principal(graph: httpx.Client) -> None:
    role, person = app_role("Daemon", "Application"), hire(graph)
    made_principal = principal(graph, appRoles=[role])
    path = f"/v1.0/users/{person}/appRoleAssignments"
    body = {"principalId": person, "resourceId": made_principal["id"], "appRoleId": role["id"]}
    text = "Permission being assigned was not found on application"
    refused(graph.post(path, json=body), 400, "Request_BadRequest", text)
    refused(graph.post(path, json={**body, "appRoleId": ABSENT}), 400, "Request_BadRequest", text)
    refused(graph.post(path, json={**body, "resourceId": ABSENT}), 404, "Request_ResourceNotFound", ABSENT)
    refused(graph.post(path, json={**body, "principalId": ABSENT}), 400, "Request_BadRequest", "reference update")
    assert graph.post(path, json={**body, "appRoleId": DEFAULT_ACCESS}).status_code == 201
    service = principal(graph)["id"]
    assigned = f"/v1.0/servicePrincipals/{made_principal['id']}/appRoleAssignedTo"
    assert graph.post(assigned, json={**body, "principalId": service}).status_code == 201
    held = graph.get(f"/v1.0/servicePrincipals/{service}/appRoleAssignments").json()["value"]
    assert [one["principalType"] for one in held] == ["ServicePrincipal"]


def test_a_group_gives_its_app_roles_to_direct_members_only(graph: httpx.Client) -> None:
    role, inside, deeper = app_role("Reader"), hire(graph), hire(graph)
    made_principal = principal(graph, appRoles=[role])
    outer, inner = form_group(graph), form_group(graph)
    graph.post(f"/v1.0/groups/{outer}/members/$ref", json=reference(inside))
    graph.post(f"/v1.0/groups/{outer}/members/$ref", json=reference(inner))
    graph.post(f"/v1.0/groups/{inner}/members/$ref", json=reference(deeper))
    body = {"principalId": outer, "resourceId": made_principal["id"], "appRoleId": role["id"]}
    made = graph.post(f"/v1.0/groups/{outer}/appRoleAssignments", json=body).json()
    held = graph.get(f"/v1.0/users/{inside}/appRoleAssignments").json()["value"]
    assert [(one["id"], one["principalType"]) for one in held] == [(made["id"], "Group")]
    assert ids(graph.get(f"/v1.0/users/{deeper}/appRoleAssignments")) == []
    answer = graph.delete(f"/v1.0/users/{inside}/appRoleAssignments/{made['id']}")
    refused(answer, 400, "Request_BadRequest", "EntitlementGrant being updated or deleted is not found")
    assigned = f"/v1.0/servicePrincipals/{made_principal['id']}/appRoleAssignedTo/{made['id']}"
    assert graph.delete(assigned).status_code == 204


def test_assigning_takes_both_permissions(tenant: Tenant, graph: httpx.Client) -> None:
    person, resource = hire(graph), principal(graph)["id"]
    body = {"principalId": person, "resourceId": resource, "appRoleId": DEFAULT_ACCESS}
    path = f"/v1.0/servicePrincipals/{resource}/appRoleAssignedTo"
    with holding(tenant, "AppRoleAssignment.ReadWrite.All") as one:
        refused(one.post(path, json=body), 403, "Authorization_RequestDenied")
    with holding(tenant, "AppRoleAssignment.ReadWrite.All", "Application.Read.All") as both:
        assert both.post(path, json=body).status_code == 201


def test_app_roles_rest_with_a_deleted_user_and_go_with_a_purged_one(graph: httpx.Client) -> None:
    person, resource = hire(graph), principal(graph)["id"]
    body = {"principalId": person, "resourceId": resource, "appRoleId": DEFAULT_ACCESS}
    path = f"/v1.0/servicePrincipals/{resource}/appRoleAssignedTo"
    graph.post(path, json=body)
    graph.delete(f"/v1.0/users/{person}")
    assert ids(graph.get(path)) == []
    graph.post(f"/v1.0/directory/deletedItems/{person}/restore")
    assert len(ids(graph.get(path))) == 1
    graph.delete(f"/v1.0/users/{person}")
    graph.delete(f"/v1.0/directory/deletedItems/{person}")
    assert ids(graph.get(path)) == []


# -- consents ----------------------------------------------------------------------------------------------------------


def _graph_principal(graph: httpx.Client) -> str:
    query = {"$filter": "appId eq '00000003-0000-0000-c000-000000000000'"}
    return ids(graph.get("/v1.0/servicePrincipals", params=query))[0]


def test_a_consent_is_given_widened_and_taken_back(graph: httpx.Client) -> None:
    person, client, resource = hire(graph), principal(graph)["id"], _graph_principal(graph)
    body = {
        "clientId": client,
        "consentType": "Principal",
        "principalId": person,
        "resourceId": resource,
        "scope": "User.Read",
    }
    made = graph.post("/v1.0/oauth2PermissionGrants", json=body)
    assert made.status_code == 201
    again = graph.post("/v1.0/oauth2PermissionGrants", json=body)
    refused(again, 409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
    key = made.json()["id"]
    for condition in (f"principalId eq '{person}'", f"clientId eq '{client}' and resourceId eq '{resource}'"):
        assert ids(graph.get("/v1.0/oauth2PermissionGrants", params={"$filter": condition})) == [key]
    assert ids(graph.get(f"/v1.0/users/{person}/oauth2PermissionGrants")) == [key]
    assert ids(graph.get(f"/v1.0/servicePrincipals/{client}/oAuth2PermissionGrants")) == [key]
    path = f"/v1.0/oauth2PermissionGrants/{key}"
    assert graph.patch(path, json={"scope": "User.Read Mail.Read"}).status_code == 204
    assert graph.get(path).json()["scope"] == "User.Read Mail.Read"
    refused(graph.patch(path, json={"clientId": resource}), 400, "Request_BadRequest", "read-only")
    assert graph.delete(path).status_code == 204
    refused(graph.delete(path), 404, "Request_ResourceNotFound")


def test_a_consent_for_everybody_names_nobody(graph: httpx.Client) -> None:
    client, resource = principal(graph)["id"], _graph_principal(graph)
    body = {"clientId": client, "consentType": "AllPrincipals", "resourceId": resource, "scope": "User.Read"}
    refused(
        graph.post("/v1.0/oauth2PermissionGrants", json={**body, "consentType": "Principal"}),
        400,
        "Request_BadRequest",
        "principalId",
    )
    made = graph.post("/v1.0/oauth2PermissionGrants", json=body).json()
    assert made["principalId"] is None


# -- ownership and sponsors --------------------------------------------------------------------------------------------


def test_the_seeded_company_has_somebody_who_leaves_everything_behind(graph: httpx.Client) -> None:
    sales = group_named(graph, "Sales")
    owner = ids(graph.get(f"/v1.0/groups/{sales}/owners"))[0]
    kinds = [item["@odata.type"] for item in graph.get(f"/v1.0/users/{owner}/ownedObjects").json()["value"]]
    assert {kind.rpartition(".")[2] for kind in kinds} == {"group", "application", "servicePrincipal"}
    for relation in ("appRoleAssignments", "oauth2PermissionGrants", "ownedDevices", "createdObjects"):
        assert ids(graph.get(f"/v1.0/users/{owner}/{relation}")), relation


def test_what_may_not_be_read_is_owned_by_its_id_only(tenant: Tenant, graph: httpx.Client) -> None:
    person, app = hire(graph), register(graph)["id"]
    graph.post(f"/v1.0/applications/{app}/owners/$ref", json=reference(person))
    with holding(tenant, "User.Read.All") as reader:
        owned = reader.get(f"/v1.0/users/{person}/ownedObjects").json()["value"]
    assert [(item["id"], item["displayName"]) for item in owned] == [(app, None)]


def test_somebody_has_up_to_five_sponsors(graph: httpx.Client) -> None:
    guest = hire(graph, userType="Guest")
    path = f"/v1.0/users/{guest}/sponsors"
    group, person = form_group(graph), hire(graph)
    for sponsor in (person, group):
        assert graph.post(f"{path}/$ref", json=reference(sponsor)).status_code == 204
    refused(graph.post(f"{path}/$ref", json=reference(person)), 400, "Request_BadRequest", "'sponsors'")
    assert ids(graph.get(path)) == [person, group]
    assert graph.delete(f"{path}/{person}/$ref").status_code == 204
    refused(graph.delete(f"{path}/{person}/$ref"), 404, "Request_ResourceNotFound")
    for _ in range(4):
        assert graph.post(f"{path}/$ref", json=reference(hire(graph))).status_code == 204
    refused(graph.post(f"{path}/$ref", json=reference(hire(graph))), 400, "Request_BadRequest", "at most 5")
