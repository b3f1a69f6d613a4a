"""Membership by rule comes late, and takes licences and mailbox with it."""

import time
import uuid

import httpx

from tests.fidelity.checklist.hands import ids, status_of, switch
from tests.sandbox.graph_hands import SPE_E3, eventually, form_group, hire, user
from tests.tenant import Tenant


def ruled(graph: httpx.Client, department: str) -> str:
    """A group of a department by rule."""
    rule = {"membershipRule": f'user.department -eq "{department}"', "membershipRuleProcessingState": "On"}
    return form_group(graph, groupTypes=["DynamicMembership"], **rule)


def test_a_change_of_the_person_changes_the_membership_later(tenant: Tenant, graph: httpx.Client) -> None:
    department = uuid.uuid4().hex
    group, key = ruled(graph, department), hire(graph)
    switch(tenant, dynamic_lag_ms=400)

    def members() -> list[str]:
        return ids(graph.get(f"/v1.0/groups/{group}/members"))

    for value, wanted in ((department, [key]), ("Elsewhere", list[str]())):
        before = members()
        assert graph.patch(f"/v1.0/users/{key}", json={"department": value}).status_code == 204
        assert user(graph, key, "department")["department"] == value
        assert members() == before
        begun = time.monotonic()
        eventually(members, lambda found: found == wanted)  # noqa: B023 - asked at once
        assert time.monotonic() - begun > 0.2


def test_whoever_the_rule_lets_go_loses_the_licences_and_the_mailbox(tenant: Tenant, graph: httpx.Client) -> None:
    department = uuid.uuid4().hex
    group, key = ruled(graph, department), hire(graph, department=department)
    body = {"addLicenses": [{"skuId": SPE_E3, "disabledPlans": []}], "removeLicenses": []}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=body).status_code == 202
    settings = f"/v1.0/users/{key}/mailboxSettings"
    status_of(graph, settings, 200)
    graph.patch(f"/v1.0/users/{key}", json={"department": "Elsewhere"})
    eventually(lambda: user(graph, key, "assignedLicenses")["assignedLicenses"] == [])
    assert status_of(graph, settings, 404).json()["error"]["code"] == "MailboxNotEnabledForRESTAPI"


def test_under_load_the_rules_take_longer(tenant: Tenant, graph: httpx.Client) -> None:
    department, busy = uuid.uuid4().hex, uuid.uuid4().hex
    group, _ = ruled(graph, department), ruled(graph, busy)
    alone, amid, crowd = hire(graph), hire(graph), [hire(graph) for _ in range(20)]
    headers = {"Content-Type": "application/json"}
    changes = [
        {"id": key, "method": "PATCH", "url": f"/users/{key}", "headers": headers, "body": {"department": busy}}
        for key in crowd
    ]
    switch(tenant, dynamic_lag_ms=500, dynamic_load=10)

    def seconds(key: str) -> float:
        """How long it takes until somebody is in."""
        begun = time.monotonic()
        graph.patch(f"/v1.0/users/{key}", json={"department": department})
        eventually(lambda: key in ids(graph.get(f"/v1.0/groups/{group}/members")))
        return time.monotonic() - begun

    quiet = seconds(alone)
    assert graph.post("/v1.0/$batch", json={"requests": changes}).status_code == 200
    assert seconds(amid) > quiet + 0.4
