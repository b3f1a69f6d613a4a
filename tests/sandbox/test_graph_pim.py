"""Privileged identity management: eligibilities, roles for a time, their requests and refusals; groups too."""

import re
import time
import uuid
from pathlib import Path
from typing import Any

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
    somebody,
)
from tests.tenant import Tenant, running_tenant

ROOT = "/v1.0/roleManagement/directory"
GROUPS = "/v1.0/identityGovernance/privilegedAccess/group"
POLICIES = "/v1.0/policies/roleManagementPolicies"
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
LICENSE_ADMINISTRATOR = "4d6ac14f-3453-41d0-bef9-a3e0c569773a"
TWO_HOURS = {"expiration": {"type": "afterDuration", "duration": "PT2H"}}


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _ask(graph: httpx.Client, kind: str, action: str, key: str, **values: Any) -> httpx.Response:
    body = {"action": action, "principalId": key, "roleDefinitionId": GROUPS_ADMINISTRATOR, "directoryScopeId": "/"}
    return graph.post(f"{ROOT}/role{kind}ScheduleRequests", json={**body, "justification": "Needed", **values})


def _held(graph: httpx.Client, name: str, key: str) -> list[dict[str, Any]]:
    query = {"$filter": f"principalId eq '{key}'"}
    return list(graph.get(f"{ROOT}/{name}", params=query).json()["value"])


@pytest.fixture
def person(tenant: Tenant, graph: httpx.Client) -> tuple[str, httpx.Client]:
    """A new person, and Graph as they call it, with the scope to activate roles."""
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    return key, _as_person(tenant, key, body["userPrincipalName"])


def _as_person(tenant: Tenant, key: str, upn: str) -> httpx.Client:
    scopes = "RoleAssignmentSchedule.ReadWrite.Directory PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.json['tenant_id']}/",
        "oid": key,
        "tid": tenant.json["tenant_id"],
        "scp": scopes,
        "appid": tenant.json["console"]["client_id"],
        "ver": "1.0",
        "sub": str(uuid.uuid4()),
        "iat": int(time.time()) - 60,
        "exp": int(time.time()) + 4 * 3600,
        "upn": upn,
    }
    token = tenant.control("POST", "tokens", claims=claims)["access_token"]
    return tenant.client(headers={"Authorization": f"Bearer {token}"})


def test_an_eligibility_is_given_once_shown_and_taken_once(graph: httpx.Client) -> None:
    key = hire(graph)
    answer = _ask(graph, "Eligibility", "adminAssign", key, scheduleInfo={"expiration": {"type": "noExpiration"}})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["status"], made["action"], made["targetScheduleId"]) == ("Provisioned", "adminAssign", made["id"])
    assert made["ticketInfo"] == {"ticketNumber": None, "ticketSystem": None}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", made["createdDateTime"])
    refused(_ask(graph, "Eligibility", "adminAssign", key), 400, "RoleAssignmentExists", "already exists")
    held = _held(graph, "roleEligibilitySchedules", key)
    assert [(one["id"], one["memberType"], one["status"]) for one in held] == [(made["id"], "Direct", "Provisioned")]
    instances = _held(graph, "roleEligibilityScheduleInstances", key)
    assert [one["roleEligibilityScheduleId"] for one in instances] == [made["id"]]
    assert _held(graph, "roleAssignments", key) == []
    gone = _ask(graph, "Eligibility", "adminRemove", key).json()
    assert (gone["status"], gone["targetScheduleId"]) == ("Revoked", None)
    refused(_ask(graph, "Eligibility", "adminRemove", key), 400, "RoleAssignmentDoesNotExist")
    assert _held(graph, "roleEligibilitySchedules", key) == []


def test_being_eligible_protects_nobody(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    key = hire(graph)
    _ask(graph, "Eligibility", "adminAssign", key)
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}).status_code == 204
        refused(_ask(helpdesk, "Eligibility", "adminAssign", key), 403, "Authorization_RequestDenied")


def test_a_role_for_a_time_ends_by_the_tenants_clock(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    made = _ask(graph, "Assignment", "adminAssign", key, scheduleInfo=TWO_HOURS).json()
    assert made["status"] == "Provisioned"
    (held,) = _held(graph, "roleAssignmentScheduleInstances", key)
    assert (held["assignmentType"], held["roleAssignmentScheduleId"]) == ("Assigned", made["id"])
    assert held["endDateTime"] > held["startDateTime"]
    (plain,) = _held(graph, "roleAssignments", key)
    assert plain["id"] == held["id"] == held["roleAssignmentOriginId"]
    refused(_ask(graph, "Assignment", "adminAssign", key), 400, "RoleAssignmentExists")
    tenant.control("POST", "settings", clock_offset_s=2 * 3600 + 5)
    assert _held(graph, "roleAssignments", key) == []
    assert _held(graph, "roleAssignmentSchedules", key) == []


def test_a_direct_assignment_shows_as_a_schedule_too(graph: httpx.Client) -> None:
    key = hire(graph)
    body = {"roleDefinitionId": HELPDESK_ADMINISTRATOR, "principalId": key, "directoryScopeId": "/"}
    made = graph.post(f"{ROOT}/roleAssignments", json=body).json()
    (held,) = _held(graph, "roleAssignmentScheduleInstances", key)
    assert (held["id"], held["startDateTime"], held["roleAssignmentScheduleId"]) == (made["id"], None, made["id"])
    (schedule,) = _held(graph, "roleAssignmentSchedules", key)
    assert (schedule["createdUsing"], schedule["scheduleInfo"]["expiration"]["type"]) == (None, "noExpiration")
    gone = _ask(graph, "Assignment", "adminRemove", key, roleDefinitionId=HELPDESK_ADMINISTRATOR, ticketInfo={})
    assert gone.json()["status"] == "Revoked"
    assert _held(graph, "roleAssignments", key) == []


def test_an_assignment_of_the_future_is_not_in_force_yet(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    later = {"startDateTime": "2100-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}}
    made = _ask(graph, "Assignment", "adminAssign", key, scheduleInfo=later)
    assert made.status_code == 201
    assert _held(graph, "roleAssignments", key) == []
    assert len(_held(graph, "roleAssignmentSchedules", key)) == 1


def test_activation_and_what_it_leaves(tenant: Tenant, graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    key, own = person
    refused(_ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS), 400, "RoleAssignmentDoesNotExist")
    eligible = _ask(graph, "Eligibility", "adminAssign", key).json()["id"]
    mine = own.get(f"{ROOT}/roleEligibilitySchedules/filterByCurrentUser(on='principal')")
    assert mine.status_code == 403, "no scope for it was consented"
    answer = _ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS)
    assert (answer.status_code, answer.json()["status"]) == (201, "Provisioned")
    query = {"$filter": f"principalId eq '{key}'", "$expand": "activatedUsing"}
    (held,) = graph.get(f"{ROOT}/roleAssignmentScheduleInstances", params=query).json()["value"]
    assert (held["assignmentType"], held["activatedUsing"]["id"]) == ("Activated", eligible)
    refused(_ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS), 400, "RoleAssignmentExists")
    refused(_ask(own, "Assignment", "selfDeactivate", key), 400, "ActiveDurationTooShort", "5 minutes")
    assert graph.delete(f"{ROOT}/roleAssignments/{held['id']}").status_code == 204
    assert _held(graph, "roleAssignmentScheduleInstances", key) == []
    assert [one["id"] for one in _held(graph, "roleEligibilitySchedules", key)] == [eligible]
    _ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS)
    tenant.control("POST", "settings", clock_offset_s=301)
    assert _ask(own, "Assignment", "selfDeactivate", key).json()["status"] == "Revoked"
    assert _held(graph, "roleAssignments", key) == []


def test_nobody_activates_for_somebody_else(graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    other = hire(graph)
    _ask(graph, "Eligibility", "adminAssign", other)
    refused(_ask(person[1], "Assignment", "selfActivate", other), 403, "UnauthorizedAccessException")
    refused(_ask(person[1], "Assignment", "adminAssign", other), 403, "Authorization_RequestDenied")


def test_the_policy_says_how_long_why_and_by_whose_leave(graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    key, own = person
    role = {"roleDefinitionId": LICENSE_ADMINISTRATOR}
    _ask(graph, "Eligibility", "adminAssign", key, **role)
    long = {"expiration": {"type": "afterDuration", "duration": "P2D"}}
    error = _ask(own, "Assignment", "selfActivate", key, scheduleInfo=long, justification=None, **role)
    text = 'The following policy rules failed: ["JustificationRule","ExpirationRule"]'
    refused(error, 400, "RoleAssignmentRequestPolicyValidationFailed", text)
    query = {"$filter": f"scopeId eq '/' and roleDefinitionId eq '{LICENSE_ADMINISTRATOR}'"}
    (found,) = graph.get(f"{POLICIES.replace('Policies', 'PolicyAssignments')}", params=query).json()["value"]
    rule = f"{POLICIES}/{found['policyId']}/rules/Approval_EndUser_Assignment"
    assert graph.patch(rule, json={"setting": {"isApprovalRequired": True}}).json()["setting"]["isApprovalRequired"]
    asked = _ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS, **role).json()
    assert (asked["status"], bool(asked["approvalId"])) == ("PendingApproval", True)
    assert _held(graph, "roleAssignments", key) == []
    again = _ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS, **role)
    refused(again, 400, "PendingRoleAssignmentRequest")
    assert graph.post(f"{ROOT}/roleAssignmentScheduleRequests/{asked['id']}/cancel").status_code == 204
    graph.patch(rule, json={"setting": {"isApprovalRequired": False}})
    assert (
        _ask(own, "Assignment", "selfActivate", key, scheduleInfo=TWO_HOURS, **role).json()["status"] == "Provisioned"
    )


def test_a_policy_may_forbid_what_never_ends(graph: httpx.Client) -> None:
    rule = f"{POLICIES}/DirectoryRole_{LICENSE_ADMINISTRATOR}/rules/Expiration_Admin_Eligibility"
    graph.patch(rule, json={"isExpirationRequired": True, "maximumDuration": "P365D"})
    answer = _ask(graph, "Eligibility", "adminAssign", hire(graph), roleDefinitionId=LICENSE_ADMINISTRATOR)
    refused(answer, 400, "RoleAssignmentRequestPolicyValidationFailed", "ExpirationRule")
    graph.patch(rule, json={"isExpirationRequired": False})


def test_requests_want_a_principal_and_a_role_that_are_there(graph: httpx.Client) -> None:
    refused(_ask(graph, "Eligibility", "adminAssign", ABSENT), 400, "SubjectNotFound")
    refused(_ask(graph, "Eligibility", "adminAssign", hire(graph), roleDefinitionId=ABSENT), 400, "RoleNotFound")
    refused(_ask(graph, "Eligibility", "adminDance", hire(graph)), 400, "Request_BadRequest", "adminDance")
    refused(_ask(graph, "Eligibility", "adminAssign", form_group(graph)), 400, "Request_BadRequest", "not assignable")


def test_a_period_can_be_changed(graph: httpx.Client) -> None:
    key = hire(graph)
    refused(_ask(graph, "Eligibility", "adminUpdate", key, scheduleInfo=TWO_HOURS), 400, "RoleAssignmentDoesNotExist")
    _ask(graph, "Eligibility", "adminAssign", key)
    assert _ask(graph, "Eligibility", "adminExtend", key, scheduleInfo=TWO_HOURS).json()["status"] == "Provisioned"
    (held,) = _held(graph, "roleEligibilitySchedules", key)
    assert held["scheduleInfo"]["expiration"]["duration"] == "PT2H"


def test_a_groups_eligibility_is_its_members(graph: httpx.Client) -> None:
    group, key = form_group(graph, isAssignableToRole=True), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    _ask(graph, "Eligibility", "adminAssign", group)
    _ask(graph, "Assignment", "adminAssign", group, roleDefinitionId=HELPDESK_ADMINISTRATOR)
    assert [one["memberType"] for one in _held(graph, "roleEligibilityScheduleInstances", key)] == ["Group"]
    (held,) = _held(graph, "roleAssignmentScheduleInstances", key)
    assert (held["memberType"], held["principalId"]) == ("Group", key)
    assert _held(graph, "roleAssignments", key) == []


def test_the_seeded_company_has_an_eligible_and_an_activated_administrator(tmp_path: Path) -> None:
    with running_tenant(tmp_path) as fresh, fresh.client(headers={"Authorization": f"Bearer {fresh.token()}"}) as graph:
        _check_seeded_administrators(graph)


def _check_seeded_administrators(graph: httpx.Client) -> None:
    eligible = graph.get("/v1.0/users/rowan.keller@practice.example").json()["id"]
    assert len(_held(graph, "roleEligibilitySchedules", eligible)) == 1
    activated = graph.get("/v1.0/users/sana.iqbal@practice.example").json()["id"]
    assert "Activated" in {one["assignmentType"] for one in _held(graph, "roleAssignmentScheduleInstances", activated)}


def _ask_group(graph: httpx.Client, kind: str, action: str, group: str, key: str, **values: Any) -> httpx.Response:
    body = {"accessId": "member", "action": action, "groupId": group, "principalId": key, "justification": "Needed"}
    return graph.post(f"{GROUPS}/{kind}ScheduleRequests", json={"scheduleInfo": TWO_HOURS, **body, **values})


def test_membership_of_a_group_for_a_time(tenant: Tenant, graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    made = _ask_group(graph, "assignment", "adminAssign", group, key).json()
    assert (made["status"], made["targetScheduleId"].startswith(f"{group}_member_")) == ("Provisioned", True)
    assert [one["id"] for one in graph.get(f"/v1.0/groups/{group}/members").json()["value"]] == [key]
    refused(_ask_group(graph, "assignment", "adminAssign", group, key), 400, "RoleAssignmentExists")
    query = {"$filter": f"groupId eq '{group}'"}
    (held,) = graph.get(f"{GROUPS}/assignmentScheduleInstances", params=query).json()["value"]
    assert (held["assignmentType"], held["memberType"], held["accessId"]) == ("assigned", "direct", "member")
    refused(graph.get(f"{GROUPS}/assignmentScheduleInstances"), 400, "Request_BadRequest", "groupId")
    tenant.control("POST", "settings", clock_offset_s=2 * 3600 + 5)
    assert graph.get(f"/v1.0/groups/{group}/members").json()["value"] == []


def test_an_eligible_member_becomes_one(graph: httpx.Client, person: tuple[str, httpx.Client]) -> None:
    (key, own), group = person, form_group(graph)
    refused(_ask_group(own, "assignment", "selfActivate", group, key), 400, "RoleAssignmentDoesNotExist")
    assert _ask_group(graph, "eligibility", "adminAssign", group, key).json()["status"] == "Provisioned"
    query = {"$filter": f"principalId eq '{key}'", "$expand": "group"}
    (held,) = graph.get(f"{GROUPS}/eligibilitySchedules", params=query).json()["value"]
    assert held["group"]["id"] == group
    assert _ask_group(own, "assignment", "selfActivate", group, key).json()["status"] == "Provisioned"
    assert [one["id"] for one in graph.get(f"/v1.0/groups/{group}/members").json()["value"]] == [key]
    refused(_ask_group(own, "assignment", "selfDeactivate", group, key), 400, "ActiveDurationTooShort")
    assert _ask_group(graph, "eligibility", "adminRemove", group, key).json()["status"] == "Revoked"


def test_rules_and_time_do_not_share_a_group(graph: httpx.Client) -> None:
    rule = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.jobTitle -eq "Nobody"'}
    answer = _ask_group(graph, "eligibility", "adminAssign", form_group(graph, **rule), hire(graph))
    refused(answer, 400, "Request_BadRequest", "dynamic membership")


def test_several_relations_are_expanded_at_once_and_within_each_other(graph: httpx.Client) -> None:
    key = hire(graph)
    _ask(graph, "Eligibility", "adminAssign", key)
    query = {"$filter": f"principalId eq '{key}'", "$expand": "principal($select=id),roleDefinition"}
    (held,) = graph.get(f"{ROOT}/roleEligibilitySchedules", params=query).json()["value"]
    assert held["principal"] == {"@odata.type": "#microsoft.graph.user", "id": key}
    assert held["roleDefinition"]["displayName"] == "Groups Administrator"
    asked = {"$filter": f"roleDefinitionId eq '{GROUPS_ADMINISTRATOR}'", "$expand": "policy($expand=rules)"}
    (found,) = graph.get("/v1.0/policies/roleManagementPolicyAssignments", params=asked).json()["value"]
    assert "Approval_EndUser_Assignment" in [rule["id"] for rule in found["policy"]["rules"]]
    wrong = graph.get(f"{ROOT}/roleEligibilitySchedules", params={"$expand": "shoes"})
    refused(wrong, 400, "BadRequest", "'shoes'")
