"""The recycle bin: thirty days by the tenant's clock, and what comes back from it."""

from typing import Any

import httpx

from tests.fidelity.checklist.hands import DAY_S, calling, ids, switch
from tests.sandbox.azure_hands import assign as give_azure_role
from tests.sandbox.azure_hands import azure, make_group
from tests.sandbox.graph_hands import SPE_E3, form_group, hire, reference, refused, somebody, user
from tests.tenant import Tenant

BIN = "/v1.0/directory/deletedItems"


def licensed(graph: httpx.Client) -> str:
    """Somebody with a licence."""
    key = hire(graph)
    body = {"addLicenses": [{"skuId": SPE_E3, "disabledPlans": []}], "removeLicenses": []}
    assert graph.post(f"/v1.0/users/{key}/assignLicense", json=body).status_code == 200
    return key


def taken(graph: httpx.Client) -> int:
    """Seats in use."""
    products: list[dict[str, Any]] = graph.get("/v1.0/subscribedSkus").json()["value"]
    return int(next(one["consumedUnits"] for one in products if one["skuId"] == SPE_E3))


def test_the_name_is_mangled_and_free(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    assert graph.delete(f"/v1.0/users/{key}").status_code == 204
    refused(graph.get(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound")
    refused(graph.delete(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound")
    shown = graph.get(f"{BIN}/{key}").json()
    assert shown["userPrincipalName"] == key.replace("-", "") + body["userPrincipalName"]
    assert key in ids(graph.get(f"{BIN}/microsoft.graph.user?$top=999"))
    assert graph.post("/v1.0/users", json=body).status_code == 201


def test_a_restored_user_has_memberships_and_licences_again(graph: httpx.Client) -> None:
    key, group = licensed(graph), form_group(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    name = user(graph, key, "userPrincipalName")["userPrincipalName"]
    graph.delete(f"/v1.0/users/{key}")
    assert ids(graph.get(f"/v1.0/groups/{group}/members")) == []
    answer = graph.post(f"{BIN}/{key}/restore")
    assert (answer.status_code, answer.json()["@odata.type"]) == (200, "#microsoft.graph.user")
    back = user(graph, key, "userPrincipalName", "assignedLicenses")
    assert (back["userPrincipalName"], [one["skuId"] for one in back["assignedLicenses"]]) == (name, [SPE_E3])
    assert ids(graph.get(f"/v1.0/groups/{group}/members")) == [key]


def test_a_conflict_stops_the_restore_until_another_name_is_given(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    graph.delete(f"/v1.0/users/{key}")
    graph.post("/v1.0/users", json=body)
    refused(graph.post(f"{BIN}/{key}/restore"), 400, "Request_BadRequest", "userPrincipalName already exists")
    other = {"newUserPrincipalName": somebody()["userPrincipalName"]}
    assert graph.post(f"{BIN}/{key}/restore", json=other).status_code == 200
    assert user(graph, key, "userPrincipalName")["userPrincipalName"] == other["newUserPrincipalName"]


def test_a_purge_is_final_and_frees_the_licence(graph: httpx.Client) -> None:
    key, before = licensed(graph), taken(graph)
    graph.delete(f"/v1.0/users/{key}")
    assert taken(graph) == before
    assert graph.delete(f"{BIN}/{key}").status_code == 204
    assert taken(graph) == before - 1
    refused(graph.post(f"{BIN}/{key}/restore"), 404, "Request_ResourceNotFound")


def test_after_thirty_days_by_the_tenants_clock_the_user_is_gone_and_the_licence_free(
    tenant: Tenant, graph: httpx.Client
) -> None:
    key, before = licensed(graph), taken(graph)
    graph.delete(f"/v1.0/users/{key}")
    for days, status, seats in ((29.9, 200, before), (30.1, 404, before - 1)):
        switch(tenant, clock_offset_s=days * DAY_S)
        with calling(tenant) as later:
            assert later.get(f"{BIN}/{key}").status_code == status
            assert taken(later) <= seats
            assert (taken(later) == before) is (days < 30)


def test_a_switch_frees_the_licence_at_deletion(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, licences_freed_on_deletion=True)
    key, before = licensed(graph), taken(graph)
    graph.delete(f"/v1.0/users/{key}")
    assert taken(graph) == before - 1


def test_azure_roles_remain_as_orphans(tenant: Tenant, graph: httpx.Client) -> None:
    with azure(tenant, version="2022-04-01") as arm:
        scope, key = make_group(arm, tenant), hire(graph)
        made = give_azure_role(arm, scope, key).json()["id"]
        assert graph.delete(f"/v1.0/users/{key}").status_code == 204
        assert graph.delete(f"{BIN}/{key}").status_code == 204
        query = {"$filter": f"principalId eq '{key}'"}
        found = arm.get(f"{scope}/providers/Microsoft.Authorization/roleAssignments", params=query).json()["value"]
        assert [one["id"] for one in found] == [made]
        assert graph.post("/v1.0/directoryObjects/getByIds", json={"ids": [key]}).json()["value"] == []
