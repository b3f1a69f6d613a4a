"""What depends on whom: reports on a manager, a group on its owners, licences on their group."""

import httpx

from tests.sandbox.graph_hands import AAD_PREMIUM_P2, form_group, hire, reference, refused


def test_a_deleted_manager_leaves_the_reports_without_one(graph: httpx.Client) -> None:
    boss, reports = hire(graph), [hire(graph) for _ in range(2)]
    for key in reports:
        graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(boss))
    under = graph.get(f"/v1.0/users/{boss}/directReports").json()["value"]
    assert {one["id"] for one in under} == set(reports)
    assert graph.delete(f"/v1.0/users/{boss}").status_code == 204
    for key in reports:
        refused(graph.get(f"/v1.0/users/{key}/manager"), 404, "Request_ResourceNotFound")
        assert "manager" not in graph.get(f"/v1.0/users/{key}?$expand=manager").json()


def test_the_last_owner_of_a_microsoft_365_group_stays(graph: httpx.Client) -> None:
    first, second = hire(graph), hire(graph)
    values = {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}
    group = form_group(graph, **values, **{"owners@odata.bind": [reference(first)["@odata.id"]]})
    text = "The group must have at least one owner, hence this owner cannot be removed."
    refused(graph.delete(f"/v1.0/groups/{group}/owners/{first}/$ref"), 400, "Request_BadRequest", text)
    graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(second))
    assert graph.delete(f"/v1.0/groups/{group}/owners/{first}/$ref").status_code == 204


def test_a_group_with_licences_is_not_deleted(graph: httpx.Client) -> None:
    group = form_group(graph)
    give = {"addLicenses": [{"skuId": AAD_PREMIUM_P2, "disabledPlans": []}], "removeLicenses": []}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=give).status_code == 202
    refused(graph.delete(f"/v1.0/groups/{group}"), 400, "Request_BadRequest")
    take = {"addLicenses": [], "removeLicenses": [AAD_PREMIUM_P2]}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=take).status_code == 202
    assert graph.delete(f"/v1.0/groups/{group}").status_code == 204
