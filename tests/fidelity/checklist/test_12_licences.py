"""The rules of licences, direct and by group, and the count of seats."""

from typing import Any

import httpx

from tests.fidelity.checklist.hands import ids, switch
from tests.sandbox.graph_hands import (
    AAD_PREMIUM_P2,
    ENTERPRISEPACK,
    SPE_E3,
    eventually,
    form_group,
    hire,
    reference,
    refused,
    somebody,
    user,
)
from tests.tenant import Tenant

SHAREPOINT = "5dbe027f-2339-4123-9542-606e4d348a72"


def assign(graph: httpx.Client, key: str, *add: str, remove: tuple[str, ...] = (), off: tuple[str, ...] = ()) -> Any:
    """Ask for licences; the answer."""
    wanted = [{"skuId": sku, "disabledPlans": list(off)} for sku in add]
    return graph.post(f"/v1.0/users/{key}/assignLicense", json={"addLicenses": wanted, "removeLicenses": list(remove)})


def consumed(graph: httpx.Client, sku: str) -> int:
    """How many seats of a product are taken."""
    return int(next(one["consumedUnits"] for one in products(graph) if one["skuId"] == sku))


def products(graph: httpx.Client) -> list[dict[str, Any]]:
    """The tenant's products."""
    return list(graph.get("/v1.0/subscribedSkus").json()["value"])


def states(graph: httpx.Client, key: str) -> list[dict[str, Any]]:
    """Where somebody's licences come from and how they stand."""
    return list(user(graph, key, "licenseAssignmentStates")["licenseAssignmentStates"])


def giving(graph: httpx.Client, *skus: str) -> str:
    """A group that gives products."""
    group = form_group(graph)
    body = {"addLicenses": [{"skuId": sku, "disabledPlans": []} for sku in skus], "removeLicenses": []}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=body).status_code == 202
    return group


def test_without_a_usage_location_it_is_400(graph: httpx.Client) -> None:
    body = {name: value for name, value in somebody().items() if name != "usageLocation"}
    key = graph.post("/v1.0/users", json=body).json()["id"]
    text = "License assignment cannot be done for user with invalid usage location."
    refused(assign(graph, key, SPE_E3), 400, "Request_BadRequest", text)


def test_without_a_free_unit_it_is_400(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, seats={"ENTERPRISEPACK": consumed(graph, ENTERPRISEPACK)})
    text = f"Subscription with SKU {ENTERPRISEPACK} does not have any available licenses."
    refused(assign(graph, hire(graph), ENTERPRISEPACK), 400, "Request_BadRequest", text)


def test_a_licence_by_group_is_not_removed_directly(graph: httpx.Client) -> None:
    group, key = giving(graph, AAD_PREMIUM_P2), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    eventually(lambda: states(graph, key))
    text = "User license is inherited from a group membership and it cannot be removed directly from the user."
    refused(assign(graph, key, remove=(AAD_PREMIUM_P2,)), 400, "Request_BadRequest", text)


def test_removing_a_licence_that_is_not_there_is_400(graph: httpx.Client) -> None:
    answer = assign(graph, hire(graph), remove=(SPE_E3,))
    refused(answer, 400, "Request_BadRequest", "User does not have a corresponding license.")


def test_a_plan_that_another_needs_cannot_be_left_out(graph: httpx.Client) -> None:
    answer = assign(graph, hire(graph), SPE_E3, off=(SHAREPOINT,))
    text = "License assignment failed because service plan"
    assert f"depends on the service plan(s) {SHAREPOINT}" in refused(answer, 400, "Request_BadRequest", text)["message"]


def test_direct_and_by_group_are_two_states_of_one_seat(graph: httpx.Client) -> None:
    group, key, before = giving(graph, AAD_PREMIUM_P2), hire(graph), consumed(graph, AAD_PREMIUM_P2)
    assert assign(graph, key, AAD_PREMIUM_P2).status_code == 200
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    held = eventually(lambda: states(graph, key), lambda found: len(found) == 2)
    assert {one["assignedByGroup"] for one in held} == {None, group}
    assert [one["skuId"] for one in user(graph, key, "assignedLicenses")["assignedLicenses"]] == [AAD_PREMIUM_P2]
    assert consumed(graph, AAD_PREMIUM_P2) == before + 1
    assert assign(graph, key, remove=(AAD_PREMIUM_P2,)).status_code == 200
    assert [one["assignedByGroup"] for one in states(graph, key)] == [group]
    assert consumed(graph, AAD_PREMIUM_P2) == before + 1


def test_a_group_s_assignment_is_accepted_and_done_later_person_by_person(tenant: Tenant, graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    switch(tenant, group_licence_lag_ms=400)
    body = {"addLicenses": [{"skuId": AAD_PREMIUM_P2, "disabledPlans": []}], "removeLicenses": []}
    answer = graph.post(f"/v1.0/groups/{group}/assignLicense", json=body)
    assert (answer.status_code, answer.json()["id"], "location" in answer.headers) == (202, group, True)
    shown = graph.get(f"/v1.0/groups/{group}?$select=licenseProcessingState").json()["licenseProcessingState"]
    assert shown["state"] in ("QueuedForProcessing", "ProcessingInProgress")
    assert states(graph, key) == []
    (state,) = eventually(lambda: states(graph, key))
    assert (state["state"], state["error"], state["assignedByGroup"]) == ("Active", "None", group)
    shown = graph.get(f"/v1.0/groups/{group}?$select=licenseProcessingState").json()["licenseProcessingState"]
    assert shown["state"] == "ProcessingComplete"


def test_errors_of_a_group_s_licences_stand_with_the_people_and_none_of_its_products_is_given(
    tenant: Tenant, graph: httpx.Client
) -> None:
    group, key = giving(graph, AAD_PREMIUM_P2, ENTERPRISEPACK), hire(graph)
    switch(tenant, seats={"ENTERPRISEPACK": 0})
    assert graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)).status_code == 204
    held = eventually(lambda: states(graph, key))
    outcome = {one["skuId"]: (one["state"], one["error"]) for one in held}
    assert outcome == dict.fromkeys((AAD_PREMIUM_P2, ENTERPRISEPACK), ("Error", "CountViolation"))
    assert user(graph, key, "assignedLicenses")["assignedLicenses"] == []
    assert ids(graph.get(f"/v1.0/groups/{group}/membersWithLicenseErrors")) == [key]


def test_consumed_units_are_counted(graph: httpx.Client) -> None:
    for sku in (SPE_E3, AAD_PREMIUM_P2):
        holders, link = 0, "/v1.0/users?$select=assignedLicenses&$top=999"
        while link:
            page = graph.get(link).json()
            holders += sum(sku in [held["skuId"] for held in one["assignedLicenses"]] for one in page["value"])
            link = page.get("@odata.nextLink", "")
        deleted = graph.get(
            "/v1.0/directory/deletedItems/microsoft.graph.user?$select=assignedLicenses&$top=999"
        ).json()
        holders += sum(sku in [held["skuId"] for held in one["assignedLicenses"]] for one in deleted["value"])
        assert consumed(graph, sku) == holders
    key, before = hire(graph), consumed(graph, SPE_E3)
    assign(graph, key, SPE_E3)
    assert consumed(graph, SPE_E3) == before + 1
    assign(graph, key, remove=(SPE_E3,))
    assert consumed(graph, SPE_E3) == before


def test_both_keys_must_be_given(graph: httpx.Client) -> None:
    key = hire(graph)
    for name in ("addLicenses", "removeLicenses"):
        refused(graph.post(f"/v1.0/users/{key}/assignLicense", json={name: []}), 400, "Request_BadRequest")
