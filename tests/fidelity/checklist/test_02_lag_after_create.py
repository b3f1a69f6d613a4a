"""What was just created is not there yet: per replica, lists later than reads by id, the index last."""

import time

import httpx

from tests.fidelity.checklist.hands import EVENTUAL, ids, switch
from tests.sandbox.azure_hands import assign, azure, make_group
from tests.sandbox.graph_hands import AAD_PREMIUM_P2, eventually, form_group, hire, reference, refused, user
from tests.tenant import Tenant

DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"


def test_reads_and_references_to_somebody_new_are_404_for_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    group, report = form_group(graph), hire(graph)
    switch(tenant, lag_ms=900)
    key = hire(graph)
    licence = {"addLicenses": [{"skuId": AAD_PREMIUM_P2, "disabledPlans": []}], "removeLicenses": []}
    role = {"principalId": key, "roleDefinitionId": DIRECTORY_READERS, "directoryScopeId": "/"}

    def calls() -> list[httpx.Response]:
        return [
            graph.get(f"/v1.0/users/{key}"),
            graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)),
            graph.put(f"/v1.0/users/{report}/manager/$ref", json=reference(key)),
            graph.post(f"/v1.0/users/{key}/assignLicense", json=licence),
            graph.post("/v1.0/roleManagement/directory/roleAssignments", json=role),
        ]

    for answer in calls():
        refused(answer, 404, "Request_ResourceNotFound")
    eventually(lambda: graph.get(f"/v1.0/users/{key}").status_code == 200)
    assert [answer.status_code for answer in calls()] == [200, 204, 204, 200, 201]


def test_azure_does_not_know_a_new_principal_yet(tenant: Tenant, graph: httpx.Client) -> None:
    with azure(tenant, version="2022-04-01") as arm:
        scope = make_group(arm, tenant)
        switch(tenant, lag_ms=500)
        key = hire(graph)
        error = assign(arm, scope, key)
        assert (error.status_code, error.json()["error"]["code"]) == (400, "PrincipalNotFound")
        assert "this error might be related to a replication delay" in error.json()["error"]["message"]
        other = hire(graph)
        assert assign(arm, scope, other, principalType="User").status_code == 201
        eventually(lambda: assign(arm, scope, key).status_code == 201)


def test_a_read_may_succeed_at_one_replica_and_the_next_fail_at_another(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, lag_ms=900, replicas=3, spread=0.9)
    key, seen, begun = hire(graph), list[int](), time.monotonic()
    while time.monotonic() - begun < 1:
        seen.append(graph.get(f"/v1.0/users/{key}").status_code)
    first = seen.index(200)
    assert (seen[0], seen[-1]) == (404, 200)
    assert 404 in seen[first:]


def test_lists_and_filters_come_later_than_reads_by_id_and_the_eventual_index_last(
    tenant: Tenant, graph: httpx.Client
) -> None:
    switch(tenant, lag_ms=250, lag={"list": 2.0, "index": 3.2})
    key = hire(graph, jobTitle="Latecomer")
    name = user_name(graph, key)
    query = {"$filter": f"displayName eq '{name}'", "$count": "true"}
    seen: dict[str, float] = {}
    while len(seen) < 4:
        now = {
            "id": graph.get(f"/v1.0/users/{key}").status_code == 200,
            "list": key in ids(graph.get("/v1.0/users?$top=999&$select=id")),
            "filter": key in ids(graph.get("/v1.0/users", params=query)),
            "index": key in ids(graph.get("/v1.0/users", params=query, headers=EVENTUAL)),
        }
        seen = {**{way: time.monotonic() for way, there in now.items() if there}, **seen}
    assert seen["id"] < seen["list"] < seen["index"]
    assert seen["id"] < seen["filter"] < seen["index"]


def user_name(graph: httpx.Client, key: str) -> str:
    """The name of somebody, as soon as they are seen."""
    eventually(lambda: graph.get(f"/v1.0/users/{key}").status_code == 200)
    return str(user(graph, key, "displayName")["displayName"])
