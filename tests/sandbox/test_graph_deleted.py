"""The recycle bin: names that are free again, restore with everything, purge, thirty days."""

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    AT_ONCE,
    SPE_E3,
    calling_as,
    eventually,
    form_group,
    hire,
    member_names,
    reference,
    refused,
    somebody,
    user,
)
from tests.tenant import Tenant

BIN = "/v1.0/directory/deletedItems"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def test_a_deleted_user_is_in_the_recycle_bin_under_another_name(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    assert graph.delete(f"/v1.0/users/{body['userPrincipalName']}").status_code == 204
    refused(graph.get(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound")
    refused(graph.delete(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound")
    listed = graph.get(f"{BIN}/graph.user?$top=999").json()["value"]
    found = next(person for person in listed if person["id"] == key)
    assert found["userPrincipalName"] == key.replace("-", "") + body["userPrincipalName"]
    assert graph.get(f"{BIN}/{key}?$select=id,deletedDateTime").json()["deletedDateTime"]
    assert graph.post("/v1.0/users", json=body).status_code == 201


def test_a_restored_user_has_groups_and_licences_again(graph: httpx.Client) -> None:
    key, group = hire(graph, department="Sales"), form_group(graph, displayName="Restored")
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    graph.post(f"/v1.0/users/{key}/assignLicense", json={"addLicenses": [{"skuId": SPE_E3}], "removeLicenses": []})
    upn = user(graph, key, "userPrincipalName")["userPrincipalName"]
    graph.delete(f"/v1.0/users/{key}")
    assert graph.get(f"/v1.0/groups/{group}/members").json()["value"] == []
    answer = graph.post(f"{BIN}/{key}/restore")
    assert (answer.status_code, answer.json()["@odata.type"]) == (200, "#microsoft.graph.user")
    back = user(graph, key, "userPrincipalName", "assignedLicenses")
    assert (back["userPrincipalName"], [held["skuId"] for held in back["assignedLicenses"]]) == (upn, [SPE_E3])
    assert {"Restored", "Sales (dynamic)"} <= member_names(graph, key)


def test_a_name_given_away_meanwhile_refuses_the_restore(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    graph.delete(f"/v1.0/users/{key}")
    graph.post("/v1.0/users", json=body)
    refused(graph.post(f"{BIN}/{key}/restore"), 400, "Request_BadRequest", "property userPrincipalName already exists")
    other = somebody()["userPrincipalName"]
    assert graph.post(f"{BIN}/{key}/restore", json={"newUserPrincipalName": other}).status_code == 200
    assert user(graph, key, "userPrincipalName")["userPrincipalName"] == other


def test_a_purged_user_is_gone_for_good_and_frees_the_licence(graph: httpx.Client) -> None:
    def consumed() -> int:
        products = graph.get("/v1.0/subscribedSkus").json()["value"]
        return int(next(p["consumedUnits"] for p in products if p["skuId"] == SPE_E3))

    key, before = hire(graph), consumed()
    graph.post(f"/v1.0/users/{key}/assignLicense", json={"addLicenses": [{"skuId": SPE_E3}], "removeLicenses": []})
    graph.delete(f"/v1.0/users/{key}")
    assert consumed() == before + 1
    assert graph.delete(f"{BIN}/{key}").status_code == 204
    assert consumed() == before
    refused(graph.post(f"{BIN}/{key}/restore"), 404, "Request_ResourceNotFound")


def test_after_thirty_days_nothing_is_left(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    graph.delete(f"/v1.0/users/{key}")
    tenant.control("POST", "settings", clock_offset_s=31 * 86400)
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as later:
        assert later.get(f"{BIN}/{key}").status_code == 404


def test_deletion_is_seen_late_too(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    tenant.control("POST", "settings", lag_ms=250)
    graph.delete(f"/v1.0/users/{key}")
    assert graph.get(f"/v1.0/users/{key}").status_code == 200
    refused(graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}), 404, "Request_ResourceNotFound")
    eventually(lambda: graph.get(f"/v1.0/users/{key}").status_code, lambda status: status == 404)


def test_readers_restore_nothing(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    key = hire(graph)
    graph.delete(f"/v1.0/users/{key}")
    with calling_as(tenant, application, "limited") as limited:
        assert limited.get(f"{BIN}/{key}").status_code == 200
        refused(limited.post(f"{BIN}/{key}/restore"), 403, "Authorization_RequestDenied")
        refused(limited.delete(f"{BIN}/{key}"), 403, "Authorization_RequestDenied")


def test_an_address_given_away_meanwhile_refuses_the_restore_or_is_left_behind(graph: httpx.Client) -> None:
    address = somebody()["userPrincipalName"]
    key = hire(graph, mail=address)
    graph.delete(f"/v1.0/users/{key}")
    other = hire(graph, mail=address)
    error = refused(graph.post(f"{BIN}/{key}/restore"), 400, "Request_BadRequest", "property proxyAddresses already")
    assert [d["target"] for d in error["details"]] == ["proxyAddresses", f"User_{other}"]
    assert graph.post(f"{BIN}/{key}/restore", json={"autoReconcileProxyConflict": True}).status_code == 200
    back = user(graph, key, "mail", "proxyAddresses")
    assert (back["mail"], back["proxyAddresses"]) == (None, [])


def test_kinds_are_listed_apart(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    graph.delete(f"/v1.0/users/{key}")
    graph.delete(f"/v1.0/groups/{group}")
    users = [one["id"] for one in graph.get(f"{BIN}/microsoft.graph.user?$top=999").json()["value"]]
    groups = [one["id"] for one in graph.get(f"{BIN}/microsoft.graph.group?$top=999").json()["value"]]
    assert (key in users, group in users, group in groups) == (True, False, True)
    assert graph.get(f"{BIN}/{group}/microsoft.graph.group").json()["id"] == group
    refused(graph.get(f"{BIN}/{group}/microsoft.graph.user"), 404, "Request_ResourceNotFound")
    assert graph.delete(f"{BIN}/{group}").status_code == 204
    refused(graph.get(f"{BIN}/{group}"), 404, "Request_ResourceNotFound")
