"""Without ``$select`` a user has the default properties, without ``$expand`` no relation."""

import httpx

from tests.sandbox.graph_hands import hire, reference, somebody

DEFAULT = {
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
}  # fmt: skip


def test_a_user_comes_with_the_default_properties_only(graph: httpx.Client) -> None:
    made = graph.post("/v1.0/users", json=somebody(department="Sales", employeeId="E1")).json()
    read = graph.get(f"/v1.0/users/{made['id']}").json()
    listed = graph.get("/v1.0/users?$top=1").json()["value"][0]
    for shown in (made, read, listed):
        assert {name for name in shown if not name.startswith("@")} == DEFAULT
    assert list(made)[:2] == ["@odata.context", "id"]
    assert list(read)[-1] == list(listed)[-1] == "id"


def test_what_is_selected_comes_and_nothing_else(graph: httpx.Client) -> None:
    key = hire(graph, department="Sales", employeeId="E1")
    names = "accountEnabled,employeeId,department,usageLocation,assignedLicenses"
    shown = graph.get(f"/v1.0/users/{key}?$select={names}").json()
    shown.pop("@odata.context")
    values = {"accountEnabled": True, "employeeId": "E1", "department": "Sales", "usageLocation": "GB"}
    assert shown == {**values, "assignedLicenses": []}
    assert graph.get(f"/v1.0/users/{key}?$select=passwordProfile").json()["passwordProfile"] is None


def test_relations_come_only_if_they_are_expanded(graph: httpx.Client) -> None:
    boss, key = hire(graph), hire(graph)
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(boss))
    for query in ("", "?$select=id,displayName"):
        assert not {"manager", "memberOf", "directReports"} & graph.get(f"/v1.0/users/{key}{query}").json().keys()
    shown = graph.get(f"/v1.0/users/{key}?$expand=manager").json()
    assert (shown["manager"]["id"], "accountEnabled" in shown) == (boss, False)


def test_groups_come_with_all_they_have(graph: httpx.Client) -> None:
    shown = graph.get("/v1.0/groups?$top=1").json()["value"][0]
    assert {"securityIdentifier", "groupTypes", "onPremisesSyncEnabled", "serviceProvisioningErrors"} <= shown.keys()
    assert not {"members", "owners"} & shown.keys()
