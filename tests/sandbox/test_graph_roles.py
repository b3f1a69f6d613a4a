"""Directory roles, and what else the directory shows."""

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    ABSENT,
    AT_ONCE,
    HELPDESK_ADMINISTRATOR,
    calling_as,
    form_group,
    hire,
    reference,
    refused,
)
from tests.tenant import Tenant

ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _assign(graph: httpx.Client, principal: str, role: str = HELPDESK_ADMINISTRATOR) -> httpx.Response:
    kind = {"@odata.type": "#microsoft.graph.unifiedRoleAssignment"}
    body = {**kind, "roleDefinitionId": role, "principalId": principal, "directoryScopeId": "/"}
    return graph.post(ASSIGNMENTS, json=body)


def test_a_role_is_given_once_and_taken_once(graph: httpx.Client) -> None:
    key = hire(graph)
    answer = _assign(graph, key)
    assert answer.status_code == 201
    made = answer.json()
    refused(_assign(graph, key), 400, "Request_BadRequest", "A conflicting object with one or more of the specified")
    query = {"$filter": f"principalId eq '{key}'", "$expand": "roleDefinition"}
    found = graph.get(ASSIGNMENTS, params=query).json()["value"]
    assert [(a["id"], a["roleDefinition"]["displayName"]) for a in found] == [(made["id"], "Helpdesk Administrator")]
    kinds = {item["@odata.type"] for item in graph.get(f"/v1.0/users/{key}/memberOf").json()["value"]}
    assert "#microsoft.graph.directoryRole" in kinds
    assert graph.delete(f"{ASSIGNMENTS}/{made['id']}").status_code == 204
    refused(graph.delete(f"{ASSIGNMENTS}/{made['id']}"), 404, "Request_ResourceNotFound")
    assert graph.get(ASSIGNMENTS, params=query).json()["value"] == []


def test_a_seeded_assignment_is_a_duplicate_too(graph: httpx.Client) -> None:
    held = graph.get(ASSIGNMENTS).json()["value"][0]
    refused(_assign(graph, held["principalId"], held["roleDefinitionId"]), 400, "Request_BadRequest", "conflicting")


def test_roles_want_a_principal_and_a_definition_that_are_there(graph: httpx.Client) -> None:
    refused(_assign(graph, ABSENT), 404, "Request_ResourceNotFound", ABSENT)
    refused(_assign(graph, hire(graph), ABSENT), 404, "Request_ResourceNotFound", ABSENT)
    refused(_assign(graph, form_group(graph)), 400, "Request_BadRequest", "not assignable")
    assert _assign(graph, form_group(graph, isAssignableToRole=True)).status_code == 201


def test_definitions_are_found_by_name(graph: httpx.Client) -> None:
    query = {"$filter": "displayName eq 'helpdesk administrator'"}
    found = graph.get("/v1.0/roleManagement/directory/roleDefinitions", params=query).json()["value"]
    assert [(role["id"], role["isBuiltIn"]) for role in found] == [(HELPDESK_ADMINISTRATOR, True)]
    one = graph.get(f"/v1.0/roleManagement/directory/roleDefinitions/{HELPDESK_ADMINISTRATOR}").json()
    assert one["displayName"] == "Helpdesk Administrator"


def test_whoever_gets_a_role_is_protected_until_it_is_taken(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    key = hire(graph)
    made = _assign(graph, key).json()["id"]
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(_assign(helpdesk, key), 403, "Authorization_RequestDenied")
        refused(
            helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}), 403, "Authorization_RequestDenied"
        )
        graph.delete(f"{ASSIGNMENTS}/{made}")
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}).status_code == 204


def test_a_stolen_audience_is_401(tenant: Tenant) -> None:
    token = tenant.token(scope=tenant.json["api"]["scope"])
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.get("/v1.0/users")
    refused(answer, 401, "InvalidAuthenticationToken")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_domains_and_the_organization_are_shown(tenant: Tenant, graph: httpx.Client) -> None:
    domains = graph.get("/v1.0/domains").json()["value"]
    assert [(d["id"], d["isDefault"], d["isVerified"]) for d in domains] == [
        ("practice.example", True, True),
        ("practice.onmicrosoft.com", False, True),
    ]
    assert graph.get("/v1.0/domains/practice.example").json()["isDefault"] is True
    assert graph.get("/v1.0/organization").json()["value"][0]["id"] == tenant.json["tenant_id"]


def test_applications_are_found_by_their_application_id(tenant: Tenant, graph: httpx.Client) -> None:
    platform = tenant.json["platform"]
    query = {"$filter": f"appId eq '{platform['client_id']}'", "$expand": "appRoleAssignments"}
    found = graph.get("/v1.0/servicePrincipals", params=query).json()["value"]
    assert [principal["id"] for principal in found] == [platform["object_id"]]
    assert found[0]["appRoleAssignments"]
    application = graph.get(f"/v1.0/applications(appId='{platform['client_id']}')").json()
    assert application["appId"] == platform["client_id"]
    assert all(credential["secretText"] is None for credential in application["passwordCredentials"])
    refused(graph.get(f"/v1.0/applications/{platform['client_id']}"), 404, "Request_ResourceNotFound")


def test_mail_is_accepted_from_those_who_have_a_mailbox(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    to = [{"emailAddress": {"address": "new.hire@elsewhere.example"}}]
    message = {"subject": "Welcome", "body": {"contentType": "Text", "content": "Hello"}, "toRecipients": to}
    path = "/v1.0/users/iam-notices@practice.example/sendMail"
    answer = graph.post(path, json={"message": message, "saveToSentItems": False})
    assert (answer.status_code, answer.content) == (202, b"")
    answer = graph.post(f"/v1.0/users/{hire(graph)}/sendMail", json={"message": message})
    refused(answer, 404, "MailboxNotEnabledForRESTAPI")
    refused(graph.post(path, json={"message": {**message, "toRecipients": []}}), 400, "ErrorInvalidRecipients")
    refused(graph.post(path, json={}), 400, "ErrorInvalidRequest")
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(helpdesk.post(path, json={"message": message}), 403, "ErrorAccessDenied")


def test_a_roles_scope_and_definition_narrow_the_list(graph: httpx.Client) -> None:
    key = hire(graph)
    _assign(graph, key)
    _assign(graph, key, "88d8e3e3-8f55-4a1e-953a-9b9898b8876b")
    query = {"$filter": f"principalId eq '{key}' and roleDefinitionId eq '{HELPDESK_ADMINISTRATOR}'"}
    found = graph.get(ASSIGNMENTS, params=query).json()["value"]
    assert [one["roleDefinitionId"] for one in found] == [HELPDESK_ADMINISTRATOR]
    both = {"$filter": f"roleDefinitionId eq '{HELPDESK_ADMINISTRATOR}' and directoryScopeId eq '/'"}
    assert key in [one["principalId"] for one in graph.get(ASSIGNMENTS, params=both).json()["value"]]


def test_the_last_global_administrator_stays(graph: httpx.Client) -> None:
    query = {"$filter": "roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'"}
    held = graph.get(ASSIGNMENTS, params=query).json()["value"]
    removed = [graph.delete(f"{ASSIGNMENTS}/{one['id']}") for one in held]
    assert [answer.status_code for answer in removed] == [*[204] * (len(held) - 1), 400]
    for one in held[:-1]:
        assert _assign(graph, one["principalId"], one["roleDefinitionId"]).status_code == 201


def test_a_group_lends_its_role_to_its_members(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    group, key = form_group(graph, isAssignableToRole=True), hire(graph)
    _assign(graph, group)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    assert graph.get(ASSIGNMENTS, params={"$filter": f"principalId eq '{key}'"}).json()["value"] == []
    path = f"/v1.0/users/{key}"
    assert graph.get(f"{path}/memberOf/microsoft.graph.directoryRole").json()["value"] == []
    (role,) = graph.get(f"{path}/transitiveMemberOf/microsoft.graph.directoryRole").json()["value"]
    assert role["roleTemplateId"] == HELPDESK_ADMINISTRATOR
    beta = ASSIGNMENTS.replace("v1.0", "beta").replace("roleAssignments", "transitiveRoleAssignments")
    query = {"$filter": f"principalId eq '{key}'", "$count": "true"}
    held = graph.get(beta, params=query, headers={"ConsistencyLevel": "eventual"}).json()["value"]
    assert [one["principalId"] for one in held] == [group]
    refused(graph.get(beta, params=query), 400, "BadRequest")
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(helpdesk.patch(path, json={"accountEnabled": False}), 403, "Authorization_RequestDenied")


def test_the_older_interface_shows_the_same_roles(graph: httpx.Client) -> None:
    template = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
    assert template in [one["id"] for one in graph.get("/v1.0/directoryRoleTemplates").json()["value"]]
    answer = graph.post("/v1.0/directoryRoles", json={"roleTemplateId": template})
    assert answer.status_code in (201, 400), "another test may have activated it"
    refused(graph.post("/v1.0/directoryRoles", json={"roleTemplateId": template}), 400, "Request_BadRequest")
    role = graph.get(f"/v1.0/directoryRoles(roleTemplateId='{template}')").json()
    assert role["id"] != template
    assert graph.get(f"/v1.0/directoryRoles/roleTemplateId={template}").json()["id"] == role["id"]
    members, key = f"/v1.0/directoryRoles/{role['id']}/members", hire(graph)
    assert graph.post(f"{members}/$ref", json=reference(key)).status_code == 204
    refused(graph.post(f"{members}/$ref", json=reference(key)), 400, "Request_BadRequest", "already exist")
    assert key in [one["id"] for one in graph.get(members).json()["value"]]
    held = graph.get(ASSIGNMENTS, params={"$filter": f"principalId eq '{key}'"}).json()["value"]
    assert [one["roleDefinitionId"] for one in held] == [template]
    assert graph.delete(f"{members}/{key}/$ref").status_code == 204
    refused(graph.delete(f"{members}/{key}/$ref"), 404, "Request_ResourceNotFound")


def test_the_role_of_a_principal_that_is_gone_is_listed_without_it(graph: httpx.Client) -> None:
    app = graph.post("/v1.0/applications", json={"displayName": "Gone soon"}).json()
    principal = graph.post("/v1.0/servicePrincipals", json={"appId": app["appId"]}).json()["id"]
    _assign(graph, principal)
    assert graph.delete(f"/v1.0/servicePrincipals/{principal}").status_code == 204
    found = graph.get(f"{ASSIGNMENTS}?$expand=principal").json()["value"]
    assert not [one for one in found if one["principalId"] == principal and one.get("principal")]
