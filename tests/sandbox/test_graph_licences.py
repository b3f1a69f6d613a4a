"""Licences: finite seats, what refuses them, and what groups give."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    AAD_PREMIUM_P2,
    ABSENT,
    AT_ONCE,
    ENTERPRISEPACK,
    SPE_E3,
    calling_as,
    eventually,
    form_group,
    hire,
    reference,
    refused,
    somebody,
    user,
)
from tests.tenant import Tenant

STANDARDPACK = "18181a46-0d4e-45cd-891e-60aabd171b4e"
MCOEV = "e43b5b99-8dfb-405f-9987-dc307f34bcbd"
SHAREPOINT = "5dbe027f-2339-4123-9542-606e4d348a72"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _assign(graph: httpx.Client, key: str, *add: str, remove: tuple[str, ...] = (), plans: Any = ()) -> httpx.Response:
    licences = [{"skuId": sku, "disabledPlans": list(plans)} for sku in add]
    return graph.post(
        f"/v1.0/users/{key}/assignLicense", json={"addLicenses": licences, "removeLicenses": list(remove)}
    )


def _stock(graph: httpx.Client, sku: str) -> tuple[int, int]:
    products = graph.get("/v1.0/subscribedSkus").json()["value"]
    product = next(item for item in products if item["skuId"] == sku)
    return product["consumedUnits"], product["prepaidUnits"]["enabled"]


def _states(graph: httpx.Client, key: str) -> list[dict[str, Any]]:
    return list(user(graph, key, "licenseAssignmentStates")["licenseAssignmentStates"])


def _licensed_group(graph: httpx.Client, *skus: str) -> str:
    group = form_group(graph)
    body = {"addLicenses": [{"skuId": sku, "disabledPlans": []} for sku in skus], "removeLicenses": []}
    answer = graph.post(f"/v1.0/groups/{group}/assignLicense", json=body)
    assert (answer.status_code, answer.json()["id"]) == (202, group)
    return group


def test_a_licence_is_given_and_taken_and_counted(graph: httpx.Client) -> None:
    key, before = hire(graph), _stock(graph, SPE_E3)
    answer = _assign(graph, key, SPE_E3)
    assert (answer.status_code, answer.json()["id"]) == (200, key)
    assert _stock(graph, SPE_E3) == (before[0] + 1, before[1])
    held = user(graph, key, "assignedLicenses", "licenseAssignmentStates")
    assert held["assignedLicenses"] == [{"disabledPlans": [], "skuId": SPE_E3}]
    state = held["licenseAssignmentStates"][0]
    assert (state["assignedByGroup"], state["state"], state["error"]) == (None, "Active", "None")
    assert _assign(graph, key, SPE_E3, plans=[ABSENT]).status_code == 400
    assert _assign(graph, key, remove=(SPE_E3,)).status_code == 200
    assert _stock(graph, SPE_E3) == before


def test_the_last_seat_goes_once(tenant: Tenant, graph: httpx.Client) -> None:
    first, second = hire(graph), hire(graph)
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": _stock(graph, ENTERPRISEPACK)[0] + 1})
    assert _assign(graph, first, ENTERPRISEPACK).status_code == 200
    text = f"Subscription with SKU {ENTERPRISEPACK} does not have any available licenses."
    refused(_assign(graph, second, ENTERPRISEPACK), 400, "Request_BadRequest", text)
    assert _assign(graph, first, ENTERPRISEPACK).status_code == 200
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": 1000})
    assert _assign(graph, second, ENTERPRISEPACK).status_code == 200


def test_what_refuses_a_licence_says_why(graph: httpx.Client) -> None:
    key, nowhere = hire(graph), hire(graph, usageLocation="GB")
    homeless = graph.post(
        "/v1.0/users",
        json={k: v for k, v in somebody().items() if k != "usageLocation"},
    ).json()["id"]
    for answer, text in (
        (_assign(graph, homeless, SPE_E3), "invalid usage location"),
        (_assign(graph, key, ABSENT), "does not correspond to a valid company License"),
        (_assign(graph, key, remove=(SPE_E3,)), "User does not have a corresponding license."),
        (_assign(graph, key, SPE_E3, plans=[SHAREPOINT]), "depends on the service plan(s)"),
        (graph.post(f"/v1.0/users/{key}/assignLicense", json={"addLicenses": []}), "removeLicenses"),
    ):
        refused(answer, 400, "Request_BadRequest", text)
    assert _states(graph, nowhere) == []


def test_a_batch_of_licences_is_all_or_nothing(graph: httpx.Client) -> None:
    key = hire(graph)
    refused(_assign(graph, key, SPE_E3, ABSENT), 400, "Request_BadRequest")
    assert _states(graph, key) == []


def test_members_get_a_groups_licence_after_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    group, key = _licensed_group(graph, AAD_PREMIUM_P2), hire(graph)
    tenant.control("POST", "settings", group_licence_lag_ms=300)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    shown = graph.get(f"/v1.0/groups/{group}?$select=licenseProcessingState,assignedLicenses").json()
    assert shown["licenseProcessingState"] == {"state": "QueuedForProcessing"}
    assert [licence["skuId"] for licence in shown["assignedLicenses"]] == [AAD_PREMIUM_P2]
    assert _states(graph, key) == []
    state = eventually(lambda: _states(graph, key))[0]
    assert (state["skuId"], state["assignedByGroup"]) == (AAD_PREMIUM_P2, group)
    text = "inherited from a group membership and it cannot be removed directly"
    refused(_assign(graph, key, remove=(AAD_PREMIUM_P2,)), 400, "Request_BadRequest", text)
    graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref")
    eventually(lambda: _states(graph, key), lambda states: not states)


def test_a_licence_held_twice_takes_one_seat(graph: httpx.Client) -> None:
    group, key, before = _licensed_group(graph, AAD_PREMIUM_P2), hire(graph), _stock(graph, AAD_PREMIUM_P2)[0]
    _assign(graph, key, AAD_PREMIUM_P2)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    eventually(lambda: _states(graph, key), lambda states: len(states) == 2)
    assert _stock(graph, AAD_PREMIUM_P2)[0] == before + 1
    assert _assign(graph, key, remove=(AAD_PREMIUM_P2,)).status_code == 200
    assert _stock(graph, AAD_PREMIUM_P2)[0] == before + 1


def test_a_group_whose_licence_has_run_out_gives_none_of_its_licences(tenant: Tenant, graph: httpx.Client) -> None:
    group, key = _licensed_group(graph, AAD_PREMIUM_P2, ENTERPRISEPACK), hire(graph)
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": 0})
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    states = eventually(lambda: _states(graph, key))
    assert {(state["state"], state["error"]) for state in states} == {("Error", "CountViolation")}
    assert user(graph, key, "assignedLicenses")["assignedLicenses"] == []
    wrong = graph.get(f"/v1.0/groups/{group}/membersWithLicenseErrors").json()["value"]
    assert [person["id"] for person in wrong] == [key]
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": 1000})
    assert graph.post(f"/v1.0/users/{key}/reprocessLicenseAssignment").status_code == 200
    assert {state["state"] for state in _states(graph, key)} == {"Active"}


def test_a_group_that_gives_licences_cannot_be_deleted(graph: httpx.Client) -> None:
    group = _licensed_group(graph, AAD_PREMIUM_P2)
    refused(graph.delete(f"/v1.0/groups/{group}"), 400, "Request_BadRequest", "licenses")
    body = {"addLicenses": [], "removeLicenses": [AAD_PREMIUM_P2]}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=body).status_code == 202
    assert graph.delete(f"/v1.0/groups/{group}").status_code == 204


def test_an_exchange_licence_brings_an_address_after_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", mailbox_delay_ms=300)
    key = hire(graph)
    _assign(graph, key, SPE_E3)
    assert user(graph, key, "mail")["mail"] is None
    mail = eventually(lambda: user(graph, key, "mail", "userPrincipalName"), lambda person: bool(person["mail"]))
    assert mail["mail"] == mail["userPrincipalName"]


def test_details_name_the_plans(graph: httpx.Client) -> None:
    key = hire(graph)
    _assign(graph, key, AAD_PREMIUM_P2)
    details = graph.get(f"/v1.0/users/{key}/licenseDetails").json()["value"]
    assert [detail["skuPartNumber"] for detail in details] == ["AAD_PREMIUM_P2"]
    plans = {plan["servicePlanName"] for plan in details[0]["servicePlans"]}
    assert "AAD_PREMIUM_P2" in plans
    assigned = user(graph, key, "assignedPlans")["assignedPlans"]
    assert len(assigned) == len(plans)


def test_seats_are_read_by_those_who_may(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    with calling_as(tenant, application, "limited") as limited:
        refused(limited.get("/v1.0/subscribedSkus"), 403, "Authorization_RequestDenied")
        refused(_assign(limited, hire(graph), SPE_E3), 403, "Authorization_RequestDenied")


def test_plans_that_exclude_each_other_are_refused(graph: httpx.Client) -> None:
    key = hire(graph)
    _assign(graph, key, STANDARDPACK)
    refused(_assign(graph, key, ENTERPRISEPACK), 400, "Request_BadRequest", "mutually exclusive service plans")
    assert _assign(graph, key, ENTERPRISEPACK, remove=(STANDARDPACK,)).status_code == 200
    assert _assign(graph, key, SPE_E3).status_code == 200, "the same plans twice exclude nothing"


def test_a_product_that_another_one_needs_stays(graph: httpx.Client) -> None:
    key = hire(graph)
    refused(_assign(graph, key, MCOEV), 400, "Request_BadRequest", "depends on the service plan(s)")
    assert _assign(graph, key, SPE_E3, MCOEV).status_code == 200
    refused(_assign(graph, key, remove=(SPE_E3,)), 400, "Request_BadRequest", "depends on the service plan(s)")
    assert _assign(graph, key, remove=(SPE_E3, MCOEV)).status_code == 200


def test_a_groups_products_that_do_not_fit_are_noted_and_said_on_demand(graph: httpx.Client) -> None:
    group, key = _licensed_group(graph, ENTERPRISEPACK), hire(graph)
    _assign(graph, key, STANDARDPACK)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    states = eventually(lambda: _states(graph, key), lambda found: len(found) == 2)
    assert {(s["state"], s["error"]) for s in states if s["assignedByGroup"]} == {
        ("Error", "MutuallyExclusiveViolation")
    }
    again = graph.post(f"/v1.0/users/{key}/reprocessLicenseAssignment")
    refused(again, 400, "Request_BadRequest", "mutually exclusive")


def test_groups_give_to_the_homeless_but_not_everywhere(graph: httpx.Client) -> None:
    group = _licensed_group(graph, AAD_PREMIUM_P2)
    homeless = graph.post("/v1.0/users", json={k: v for k, v in somebody().items() if k != "usageLocation"}).json()[
        "id"
    ]
    elsewhere = hire(graph, usageLocation="KP")
    for key, outcome in ((homeless, ("Active", "None")), (elsewhere, ("Error", "ProhibitedInUsageLocationViolation"))):
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
        state = eventually(lambda: _states(graph, key))[0]  # noqa: B023 - asked at once
        assert (state["state"], state["error"]) == outcome
    refused(_assign(graph, elsewhere, SPE_E3), 400, "Request_BadRequest", "invalid usage location")


def test_members_of_members_get_nothing(graph: httpx.Client) -> None:
    outer, inner, key = _licensed_group(graph, AAD_PREMIUM_P2), form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{inner}/members/$ref", json=reference(key))
    graph.post(f"/v1.0/groups/{outer}/members/$ref", json=reference(inner))
    graph.get(f"/v1.0/users/{key}")
    assert _states(graph, key) == []


@pytest.mark.parametrize(
    "body", [{"addLicenses": [], "removeLicenses": []}, {"addLicenses": "x", "removeLicenses": []}]
)
def test_requests_that_change_nothing_are_refused(graph: httpx.Client, body: Any) -> None:
    refused(graph.post(f"/v1.0/users/{hire(graph)}/assignLicense", json=body), 400, "Request_BadRequest")


def test_seats_may_be_free_at_deletion(tenant: Tenant, graph: httpx.Client) -> None:
    key, before = hire(graph), _stock(graph, SPE_E3)[0]
    _assign(graph, key, SPE_E3)
    graph.delete(f"/v1.0/users/{key}")
    assert _stock(graph, SPE_E3)[0] == before + 1
    tenant.control("POST", "settings", licences_freed_on_deletion=True)
    assert _stock(graph, SPE_E3)[0] <= before
