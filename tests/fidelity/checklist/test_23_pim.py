"""Privileged identity management: roles for a time, by eligibility, policy and approval."""

import uuid
from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import App, bearing, employed, switch
from tests.sandbox.graph_hands import hire, refused
from tests.tenant import Tenant

ROOT = "/v1.0/roleManagement/directory"
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
LICENSE_ADMINISTRATOR = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
SCOPE = "RoleAssignmentSchedule.ReadWrite.Directory"
TWO_HOURS = {"expiration": {"type": "afterDuration", "duration": "PT2H"}}


def ask(graph: httpx.Client, kind: str, action: str, key: str, **values: Any) -> httpx.Response:
    """Ask for a role; the answer."""
    body = {"action": action, "principalId": key, "roleDefinitionId": GROUPS_ADMINISTRATOR, "directoryScopeId": "/"}
    return graph.post(f"{ROOT}/role{kind}ScheduleRequests", json={**body, "justification": "Needed", **values})


def held(graph: httpx.Client, name: str, key: str) -> list[dict[str, Any]]:
    """What somebody holds."""
    answer = graph.get(f"{ROOT}/{name}", params={"$filter": f"principalId eq '{key}'"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


@pytest.fixture
def person(tenant: Tenant, graph: httpx.Client) -> Any:
    """Somebody's id, and Graph as they call it after signing in."""
    one, app = employed(graph), App(tenant, graph)
    consent = {"clientId": app.principal, "consentType": "AllPrincipals", "scope": SCOPE}
    query = {"$filter": "appId eq '00000003-0000-0000-c000-000000000000'"}
    resource = graph.get("/v1.0/servicePrincipals", params=query).json()["value"][0]["id"]
    assert graph.post("/v1.0/oauth2PermissionGrants", json={**consent, "resourceId": resource}).status_code == 201
    tokens = app.sign_in(one, f"https://graph.microsoft.com/{SCOPE}")
    with bearing(tenant, tokens["access_token"]) as own:
        yield one["id"], own


def test_a_role_is_active_through_an_eligibility_and_only_so_long(
    tenant: Tenant, graph: httpx.Client, person: tuple[str, httpx.Client]
) -> None:
    key, own = person
    refused(ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS), 400, "RoleAssignmentDoesNotExist")
    assert ask(graph, "Eligibility", "adminAssign", key).json()["status"] == "Provisioned"
    assert held(graph, "roleAssignments", key) == []
    answer = ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS)
    assert (answer.status_code, answer.json()["status"]) == (201, "Provisioned")
    (active,) = held(graph, "roleAssignmentScheduleInstances", key)
    assert active["assignmentType"] == "Activated"
    assert [one["roleDefinitionId"] for one in held(graph, "roleAssignments", key)] == [GROUPS_ADMINISTRATOR]
    switch(tenant, clock_offset_s=2 * 3600 + 5)
    with_new_token = {"Authorization": f"Bearer {tenant.token()}"}
    graph.headers.update(with_new_token)
    assert held(graph, "roleAssignments", key) == []
    assert len(held(graph, "roleEligibilitySchedules", key)) == 1


def test_deleting_the_active_assignment_leaves_the_eligibility(
    graph: httpx.Client, person: tuple[str, httpx.Client]
) -> None:
    key, own = person
    ask(graph, "Eligibility", "adminAssign", key)
    ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS)
    (active,) = held(graph, "roleAssignments", key)
    assert graph.delete(f"{ROOT}/roleAssignments/{active['id']}").status_code == 204
    assert held(graph, "roleAssignmentScheduleInstances", key) == []
    assert len(held(graph, "roleEligibilityScheduleInstances", key)) == 1
    assert ask(graph, "Eligibility", "adminRemove", key).json()["status"] == "Revoked"
    assert held(graph, "roleEligibilityScheduleInstances", key) == []


def test_what_the_policy_does_not_take_is_400(graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    key, own = person
    ask(graph, "Eligibility", "adminAssign", key)
    long = {"expiration": {"type": "afterDuration", "duration": "P2D"}}
    answer = ask(own, "Assignment", "selfActivate", key, scheduleInfo=long, justification=None)
    text = 'The following policy rules failed: ["JustificationRule","ExpirationRule"]'
    refused(answer, 400, "RoleAssignmentRequestPolicyValidationFailed", text)


def test_a_permanent_eligibility_can_be_forbidden(graph: httpx.Client) -> None:
    rule = f"/v1.0/policies/roleManagementPolicies/DirectoryRole_{LICENSE_ADMINISTRATOR}/rules"
    rule += "/Expiration_Admin_Eligibility"
    role = {"roleDefinitionId": LICENSE_ADMINISTRATOR}
    graph.patch(rule, json={"isExpirationRequired": True, "maximumDuration": "P365D"})
    answer = ask(graph, "Eligibility", "adminAssign", hire(graph), **role)
    refused(answer, 400, "RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule")
    graph.patch(rule, json={"isExpirationRequired": False})


def test_an_activation_may_wait_for_approval(graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    key, own = person
    role = {"roleDefinitionId": LICENSE_ADMINISTRATOR}
    ask(graph, "Eligibility", "adminAssign", key, **role)
    query = {"$filter": f"scopeId eq '/' and roleDefinitionId eq '{LICENSE_ADMINISTRATOR}'"}
    assignments = "/v1.0/policies/roleManagementPolicyAssignments"
    (found,) = graph.get(assignments, params=query).json()["value"]
    rule = f"/v1.0/policies/roleManagementPolicies/{found['policyId']}/rules/Approval_EndUser_Assignment"
    graph.patch(rule, json={"setting": {"isApprovalRequired": True}})
    asked = ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS, **role).json()
    graph.patch(rule, json={"setting": {"isApprovalRequired": False}})
    assert asked["status"] == "PendingApproval"
    assert uuid.UUID(asked["approvalId"])
    assert held(graph, "roleAssignments", key) == []
    again = ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS, **role)
    refused(again, 400, "PendingRoleAssignmentRequest")


def test_nobody_deactivates_within_five_minutes(
    tenant: Tenant, graph: httpx.Client, person: tuple[str, httpx.Client]
) -> None:
    key, own = person
    ask(graph, "Eligibility", "adminAssign", key)
    ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS)
    switch(tenant, clock_offset_s=295)
    refused(ask(own, "Assignment", "selfDeactivate", key), 400, "ActiveDurationTooShort")
    switch(tenant, clock_offset_s=305)
    assert ask(own, "Assignment", "selfDeactivate", key).json()["status"] == "Revoked"
    assert held(graph, "roleAssignments", key) == []


def test_duplicates_and_strangers_are_named(graph: httpx.Client) -> None:
    key = hire(graph)
    ask(graph, "Eligibility", "adminAssign", key)
    again = ask(graph, "Eligibility", "adminAssign", key)
    refused(again, 400, "RoleAssignmentExists", "The Role assignment already exists.")
    refused(ask(graph, "Eligibility", "adminAssign", str(uuid.uuid4())), 400, "SubjectNotFound")
    refused(ask(graph, "Assignment", "adminRemove", key), 400, "RoleAssignmentDoesNotExist")
