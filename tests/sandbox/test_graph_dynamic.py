"""Groups whose members a rule decides."""

import httpx
import pytest

from tests.sandbox.graph_hands import (
    AT_ONCE,
    eventually,
    form_group,
    hire,
    member_names,
    reference,
    refused,
    user,
)
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _members(graph: httpx.Client, group: str) -> list[str]:
    return [member["id"] for member in graph.get(f"/v1.0/groups/{group}/members?$top=999").json()["value"]]


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


def test_a_rule_can_be_tried_on_somebody_first(graph: httpx.Client) -> None:
    key = hire(graph, jobTitle="Falconer")
    body = {"memberId": key, "membershipRule": 'user.jobTitle -eq "falconer"'}
    assert graph.post("/beta/groups/evaluateDynamicMembership", json=body).json()["membershipRuleEvaluationResult"]
    refused(graph.post("/v1.0/groups/evaluateDynamicMembership", json=body), 400, "BadRequest", "segment")


def test_a_licence_brings_somebody_into_a_group_of_its_plan(graph: httpx.Client) -> None:
    plan = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
    condition = f'assignedPlan.servicePlanId -eq "{plan}" -and assignedPlan.capabilityStatus -eq "Enabled"'
    rule = f"user.assignedPlans -any ({condition})"
    group, key = form_group(graph, groupTypes=["DynamicMembership"], membershipRule=rule), hire(graph)
    assert group not in {g["id"] for g in graph.get(f"/v1.0/users/{key}/memberOf").json()["value"]}
    licence = {"skuId": "84a661c4-e949-4bd2-a560-ed7766fcaf2b", "disabledPlans": []}
    graph.post(f"/v1.0/users/{key}/assignLicense", json={"addLicenses": [licence], "removeLicenses": []})
    eventually(lambda: group in {g["id"] for g in graph.get(f"/v1.0/users/{key}/memberOf").json()["value"]})


def test_direct_reports_can_be_a_rule(graph: httpx.Client) -> None:
    boss, key = hire(graph), hire(graph)
    group = form_group(graph, groupTypes=["DynamicMembership"], membershipRule=f'Direct Reports for "{boss}"')
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(boss))
    assert eventually(lambda: _members(graph, group)) == [key]


def test_a_paused_rule_leaves_everybody_where_they_are(graph: httpx.Client) -> None:
    key = hire(graph, jobTitle="Glazier")
    rule = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.jobTitle -eq "Glazier"'}
    group = form_group(graph, **rule, membershipRuleProcessingState="On")
    graph.patch(f"/v1.0/groups/{group}", json={"membershipRuleProcessingState": "Paused"})
    graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "Baker"})
    hire(graph, jobTitle="Glazier")
    assert _members(graph, group) == [key]
