"""Azure role definitions, role assignments at every scope, and Privileged Identity Management."""

import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.azure_hands import (
    CONTRIBUTOR,
    OWNER,
    READER,
    assign,
    azure,
    make_group,
    refused,
    role_id,
    subscription,
)
from tests.sandbox.graph_hands import form_group, hire, reference
from tests.tenant import Tenant

SEVEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z"
ROOT = "/providers/Microsoft.Authorization"


@pytest.fixture
def arm(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    with azure(tenant, version="2022-04-01") as client:
        yield client


def listed(arm: httpx.Client, scope: str, asked: str = "") -> list[dict[str, Any]]:
    params = {"$filter": asked} if asked else {}
    found: list[dict[str, Any]] = arm.get(f"{scope}{ROOT}/roleAssignments", params=params).json()["value"]
    return found


def test_definitions_are_microsofts_and_found_without_case(tenant: Tenant, arm: httpx.Client) -> None:
    url = f"{subscription(tenant)}{ROOT}/roleDefinitions"
    found = arm.get(url, params={"$filter": "roleName eq 'reader'"}).json()["value"]
    assert len(found) == 1
    properties = found[0]["properties"]
    assert found[0]["id"] == f"{url}/{READER}"
    assert (properties["roleName"], properties["type"], properties["assignableScopes"]) == (
        "Reader", "BuiltInRole", ["/"],
    )  # fmt: skip
    assert properties["permissions"] == [
        {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    ]
    names = {one["name"]: one["properties"]["roleName"] for one in arm.get(url).json()["value"]}
    assert names[OWNER] == "Owner"
    assert names["4633458b-17de-408a-b874-0445c86b69e6"] == "Key Vault Secrets User"
    refused(arm.get(f"{url}/{uuid.uuid4()}"), 404, "RoleDefinitionDoesNotExist")


def test_an_assignment_is_fresh_in_its_answer_and_settled_when_read(
    tenant: Tenant, arm: httpx.Client, graph: httpx.Client
) -> None:
    group, person, name = make_group(arm, tenant), hire(graph), str(uuid.uuid4())
    made = assign(arm, group, person, name=name)
    assert made.status_code == 201
    fresh, platform = made.json()["properties"], tenant.json["platform"]["object_id"]
    assert (fresh["createdBy"], fresh["updatedBy"]) == (None, platform)
    assert re.fullmatch(SEVEN, fresh["createdOn"])
    assert fresh["createdOn"] < fresh["updatedOn"]
    read = arm.get(made.json()["id"]).json()
    assert read["properties"]["createdOn"] == fresh["updatedOn"]
    assert read["properties"]["createdBy"] == platform
    assert read["name"] == name
    assert read["properties"]["roleDefinitionId"] == f"{subscription(tenant)}{role_id(READER)}"
    assert read["properties"]["principalType"] == "User"
    assert read["properties"]["scope"] == group
    assert arm.delete(read["id"]).json()["id"] == read["id"]
    assert arm.delete(read["id"]).status_code == 204
    refused(arm.get(read["id"]), 404, "RoleAssignmentNotFound")


def test_a_repeat_changes_nothing_and_a_double_is_named(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group, person, name = make_group(arm, tenant), hire(graph), str(uuid.uuid4())
    assert assign(arm, group, person, name=name).status_code == 201
    assert assign(arm, group.lower(), person.upper(), name=name.upper()).status_code == 200
    text = f"The ID of the existing role assignment is {name.replace('-', '')}."
    refused(assign(arm, group, person), 409, "RoleAssignmentExists", text)
    frozen = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
    refused(assign(arm, group, person, CONTRIBUTOR, name), 400, "RoleAssignmentUpdateNotPermitted", frozen)
    refused(assign(arm, subscription(tenant), person, name=name), 400, "RoleAssignmentUpdateNotPermitted")
    assert len(listed(arm, group, f"principalId eq '{person}'")) == 1
    described = assign(arm, group, person, name=name, description="why")
    assert described.json()["properties"]["description"] == "why"


def test_what_does_not_fit_is_refused(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group, person = make_group(arm, tenant), hire(graph)
    refused(assign(arm, group, person, name="not-a-guid"), 400, "InvalidRoleAssignmentId", "must be a GUID")
    refused(assign(arm, group, person, str(uuid.uuid4())), 404, "RoleDefinitionDoesNotExist")
    refused(assign(arm, f"{group}x", person), 404, "ResourceGroupNotFound")
    wrong = assign(arm, group, person, principalType="Group")
    refused(wrong, 400, "UnmatchedPrincipalType", "has type 'User' , which is different from specified PrinciaplType")


def test_an_unknown_principal_is_refused_unless_its_type_is_given(tenant: Tenant, arm: httpx.Client) -> None:
    group, nobody = make_group(arm, tenant), str(uuid.uuid4())
    text = f"Principal {nobody.replace('-', '')} does not exist in the directory {tenant.json['tenant_id']}. Check that"
    refused(assign(arm, group, nobody), 400, "PrincipalNotFound", text)
    assert assign(arm, group, nobody, principalType="User").status_code == 201


def test_a_new_person_is_not_known_at_once(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group = make_group(arm, tenant)
    tenant.control("POST", "settings", lag_ms=3_000)
    person = hire(graph)
    refused(assign(arm, group, person), 400, "PrincipalNotFound")
    assert assign(arm, group, person, principalType="User").status_code == 201


def test_scopes_above_and_below_are_told_apart(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    root, group, person = subscription(tenant), make_group(arm, tenant), hire(graph)
    machine = tenant.json["azure"]["virtual_machine"]
    made = {scope: assign(arm, scope, person).json()["id"] for scope in (root, group, machine)}
    everywhere = {one["id"] for one in listed(arm, root, f"principalId eq '{person}'")}
    assert everywhere == set(made.values())
    assert {one["id"] for one in listed(arm, group, f"principalId eq '{person}'")} == {made[root], made[group]}
    at_group = listed(arm, group, "atScope()")
    assert {made[root], made[group]} <= {one["id"] for one in at_group}
    assert made[machine] not in {one["id"] for one in at_group}
    assert {one["properties"]["scope"] for one in at_group} >= {"/", root, group}
    inherited = next(one for one in at_group if one["properties"]["scope"] == "/")
    assert inherited["properties"]["roleDefinitionId"].startswith(f"{root}{ROOT}/roleDefinitions/")
    for key in made.values():
        arm.delete(key)


def test_assigned_to_counts_groups_within_groups(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    scope, person = make_group(arm, tenant), hire(graph)
    inner, outer = form_group(graph), form_group(graph)
    graph.post(f"/v1.0/groups/{inner}/members/$ref", json=reference(person))
    graph.post(f"/v1.0/groups/{outer}/members/$ref", json=reference(inner))
    given = assign(arm, scope, outer).json()
    assert given["properties"]["principalType"] == "Group"
    assert listed(arm, scope, f"principalId eq '{person}'") == []
    for asked in (f"assignedTo('{person}')", f"atScope() and assignedTo('{person}')"):
        assert given["id"] in {one["id"] for one in listed(arm, scope, asked)}
    assert given["id"] in {one["id"] for one in listed(arm, subscription(tenant), f"assignedTo('{person}')")}
    assert given["id"] not in {
        one["id"] for one in listed(arm, subscription(tenant), f"atScope() and assignedTo('{person}')")
    }


def test_a_group_s_role_counts_for_its_members(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    scope, group = make_group(arm, tenant), form_group(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(tenant.json["helpdesk"]["object_id"]))
    with azure(tenant, "helpdesk") as member:
        refused(member.get(scope), 403, "AuthorizationFailed")
        given = assign(arm, scope, group).json()["id"]
        assert member.get(scope).status_code == 200
        arm.delete(given)
        refused(member.get(scope), 403, "AuthorizationFailed")


def test_a_contributor_cannot_give_roles(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    scope, caller = make_group(arm, tenant), tenant.json["helpdesk"]["object_id"]
    given = assign(arm, scope, caller, CONTRIBUTOR).json()["id"]
    with azure(tenant, "helpdesk") as contributor:
        assert contributor.patch(scope, json={"tags": {"a": "b"}}).status_code == 200
        refused(assign(contributor, scope, hire(graph)), 403, "AuthorizationFailed", "roleAssignments/write")
    arm.delete(given)


def test_assignments_outlive_their_principal(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group, person = make_group(arm, tenant), hire(graph)
    key = assign(arm, group, person).json()["id"]
    assert graph.delete(f"/v1.0/users/{person}").status_code == 204
    assert graph.delete(f"/v1.0/directory/deletedItems/{person}").status_code == 204
    assert [one["id"] for one in listed(arm, group, f"principalId eq '{person}'")] == [key]
    assert arm.delete(key).status_code == 200


def test_the_last_owner_of_a_subscription_stays(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    root = subscription(tenant)
    owners = [one for one in listed(arm, root, "atScope()") if one["properties"]["roleDefinitionId"].endswith(OWNER)]
    seeded, *others = sorted(
        (one for one in owners if one["properties"]["scope"] == root),
        key=lambda one: one["properties"]["principalId"] != tenant.json["platform"]["object_id"],
    )
    assert [arm.delete(one["id"]).status_code for one in others] == [200] * len(others)
    answer = arm.delete(seeded["id"])
    assert answer.status_code == 409
    assert "Cannot delete the last RBAC admin assignment" in answer.json()["error"]["message"]
    second = assign(arm, root, hire(graph), OWNER).json()["id"]
    assert arm.delete(second).status_code == 200


def test_root_and_management_groups_are_scopes_too(tenant: Tenant, arm: httpx.Client) -> None:
    with azure(tenant, version="2022-04-01") as client:
        refused(client.get(f"{ROOT}/roleAssignments"), 403, "AuthorizationFailed", "over scope '/'")
    scopes = {one["properties"]["scope"] for one in listed(arm, subscription(tenant), "atScope()")}
    assert "/providers/Microsoft.Management/managementGroups/mg-practice" in scopes


def test_the_data_plane_learns_of_a_role_late(tenant: Tenant, arm: httpx.Client) -> None:
    group, caller = make_group(arm, tenant), tenant.json["platform"]
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/kv{uuid.uuid4().hex[:12]}"
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": tenant.json["tenant_id"],
                  "enableRbacAuthorization": True}  # fmt: skip
    assert arm.put(vault, json={"location": "westeurope", "properties": properties}).status_code == 201
    tenant.control("POST", "settings", rbac_lag_ms=400)
    token = tenant.token(scope="https://vault.azure.net/.default")
    headers = {"Authorization": f"Bearer {token}", "Host": f"{vault.rpartition('/')[2]}.vault.azure.net"}
    with tenant.client(headers=headers) as client:
        assert client.get("/secrets?api-version=7.4").status_code == 403
        officer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
        assign(arm, vault, caller["object_id"], officer, principalType="ServicePrincipal")
        refusal = client.get("/secrets?api-version=7.4")
        assert (refusal.status_code, refusal.json()["error"]["innererror"]["code"]) == (403, "ForbiddenByRbac")
        assert "Assignment: (not found)\r\n" in refusal.json()["error"]["message"]
        deadline = time.monotonic() + 3
        while client.get("/secrets?api-version=7.4").status_code == 403 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.get("/secrets?api-version=7.4").status_code == 200


def test_eligibility_is_given_shown_and_taken(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group, person = make_group(arm, tenant), hire(graph)

    def ask(kind: str, **more: Any) -> httpx.Response:
        properties = {"principalId": person, "roleDefinitionId": role_id(READER), "requestType": kind, **more}
        path = f"{group}{ROOT}/roleEligibilityScheduleRequests/{uuid.uuid4()}?api-version=2020-10-01"
        return arm.put(path, json={"properties": properties})

    until = {"scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "P30D"}}}
    made = ask("AdminAssign", **until, justification="on call")
    assert made.status_code == 201
    assert made.json()["properties"]["status"] == "Provisioned"
    assert made.json()["properties"]["scheduleInfo"]["expiration"]["endDateTime"]
    refused(ask("AdminAssign"), 400, "RoleAssignmentExists", "The Role assignment already exists.")
    url = f"{subscription(tenant)}{ROOT}/roleEligibilityScheduleInstances"
    params = {"$filter": f"principalId eq '{person}'"}
    held = arm.get(url, params=params).json()["value"]
    assert [one["properties"]["scope"] for one in held] == [group]
    assert ask("AdminRemove").json()["properties"]["status"] == "Revoked"
    assert arm.get(url, params=params).json()["value"] == []
    refused(ask("AdminRemove"), 400, "RoleAssignmentDoesNotExist")
    refused(ask("Dance"), 400, "InvalidRequestType")


def test_pim_shows_the_active_assignments(tenant: Tenant, arm: httpx.Client, graph: httpx.Client) -> None:
    group, person = make_group(arm, tenant), hire(graph)
    key = assign(arm, group, person).json()["id"]
    found = arm.get(
        f"{group}{ROOT}/roleAssignmentScheduleInstances", params={"$filter": f"principalId eq '{person}'"}
    ).json()["value"]
    assert [one["properties"]["originRoleAssignmentId"] for one in found] == [key]
    assert found[0]["properties"]["assignmentType"] == "Assigned"
