"""References are added once and removed once; the second time says so."""

import httpx
import pytest

from tests.sandbox.graph_hands import ABSENT, form_group, hire, reference, refused

ALREADY = "One or more added object references already exist for the following modified properties: '{}'."


@pytest.mark.parametrize("relation", ["members", "owners"])
def test_adding_twice_is_400_and_removing_twice_404(graph: httpx.Client, relation: str) -> None:
    group, key = form_group(graph), hire(graph)
    if relation == "owners":
        graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(hire(graph)))
    path = f"/v1.0/groups/{group}/{relation}"
    assert graph.post(f"{path}/$ref", json=reference(key)).status_code == 204
    refused(graph.post(f"{path}/$ref", json=reference(key)), 400, "Request_BadRequest", ALREADY.format(relation))
    assert graph.delete(f"{path}/{key}/$ref").status_code == 204
    refused(graph.delete(f"{path}/{key}/$ref"), 404, "Request_ResourceNotFound")
    refused(graph.post(f"{path}/$ref", json=reference(ABSENT)), 404, "Request_ResourceNotFound", ABSENT)


def test_many_at_once_are_added_all_or_none(graph: httpx.Client) -> None:
    group, there, new = form_group(graph), hire(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(there))
    bind = {"members@odata.bind": [reference(one)["@odata.id"] for one in (new, there)]}
    answer = graph.patch(f"/v1.0/groups/{group}", json=bind)
    refused(answer, 400, "Request_BadRequest", ALREADY.format("members"))
    assert [one["id"] for one in graph.get(f"/v1.0/groups/{group}/members").json()["value"]] == [there]


def test_a_unit_s_members_follow_the_same_rule(graph: httpx.Client) -> None:
    unit = graph.post("/v1.0/directory/administrativeUnits", json={"displayName": "North"}).json()["id"]
    path, key = f"/v1.0/directory/administrativeUnits/{unit}/members", hire(graph)
    assert graph.post(f"{path}/$ref", json=reference(key)).status_code == 204
    refused(graph.post(f"{path}/$ref", json=reference(key)), 400, "Request_BadRequest", ALREADY.format("members"))
    assert graph.delete(f"{path}/{key}/$ref").status_code == 204
    refused(graph.delete(f"{path}/{key}/$ref"), 404, "Request_ResourceNotFound")
