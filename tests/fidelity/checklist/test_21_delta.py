"""Delta queries: what is told again, what is gone and why, and tokens that no longer count."""

from typing import Any

import httpx

from tests.fidelity.checklist.hands import DAY_S, calling, switch
from tests.sandbox.graph_hands import form_group, hire, reference, refused
from tests.tenant import Tenant

Round = tuple[list[dict[str, Any]], str]


def follow(graph: httpx.Client, link: str) -> Round:
    """Everything a round tells, in its order, and the link of the next one."""
    told: list[dict[str, Any]] = []
    while True:
        answer = graph.get(link)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        told += page["value"]
        if "@odata.deltaLink" in page:
            return told, str(page["@odata.deltaLink"])
        link = page["@odata.nextLink"]


def latest(graph: httpx.Client, kind: str = "users", query: str = "") -> str:
    """A link from now on."""
    told, link = follow(graph, f"/v1.0/{kind}/delta?$deltatoken=latest{query}")
    assert told == []
    return link


def test_latest_tells_nothing_but_a_link_from_now_on(graph: httpx.Client) -> None:
    old, link = hire(graph), latest(graph)
    new = hire(graph)
    told, _ = follow(graph, link)
    assert new in [one["id"] for one in told]
    assert old not in [one["id"] for one in told]


def test_changes_are_told_again(tenant: Tenant, graph: httpx.Client) -> None:
    key, link = hire(graph), latest(graph)
    graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "First"})
    once, following = follow(graph, link)
    assert [one["jobTitle"] for one in once] == ["First"]
    assert follow(graph, link)[0] == once, "the same token tells the same"
    assert follow(graph, following)[0] == []
    switch(tenant, delta_replays=True)
    again, following = follow(graph, following)
    assert again == once
    assert follow(graph, following)[0] == []


def test_removal_has_a_reason(graph: httpx.Client) -> None:
    key, link = hire(graph), latest(graph)
    graph.delete(f"/v1.0/users/{key}")
    told, link = follow(graph, link)
    assert told == [{"id": key, "@removed": {"reason": "changed"}}]
    graph.post(f"/v1.0/directory/deletedItems/{key}/restore")
    told, link = follow(graph, link)
    assert [("@removed" in one, "userPrincipalName" in one) for one in told] == [(False, True)]
    graph.delete(f"/v1.0/users/{key}")
    graph.delete(f"/v1.0/directory/deletedItems/{key}")
    assert follow(graph, link)[0] == [{"id": key, "@removed": {"reason": "deleted"}}]


def test_a_token_lives_seven_days_and_is_410_then(tenant: Tenant, graph: httpx.Client) -> None:
    link = latest(graph)
    for days, status in ((6.9, 200), (7.1, 410)):
        switch(tenant, clock_offset_s=days * DAY_S)
        with calling(tenant) as later:
            answer = later.get(link)
            assert answer.status_code == status
    assert answer.json()["error"]["code"] == "syncStateNotFound"
    assert answer.headers["location"].endswith("/v1.0/users/delta?$deltatoken=")


def test_a_reset_of_the_service_is_410_and_leads_to_a_full_round(tenant: Tenant, graph: httpx.Client) -> None:
    link = latest(graph)
    switch(tenant, delta_resync=True)
    answer = graph.get(link)
    refused(answer, 410, "resyncRequired")
    switch(tenant, delta_resync=False)
    told, _ = follow(graph, answer.headers["location"])
    assert len(told) >= int(graph.get("/v1.0/users/$count", headers={"ConsistencyLevel": "eventual"}).text)


def test_members_come_and_go_within_their_group(graph: httpx.Client) -> None:
    group, came, went = form_group(graph), hire(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(went))
    link = latest(graph, "groups", "&$select=displayName,members")
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(came))
    graph.delete(f"/v1.0/groups/{group}/members/{went}/$ref")
    (told,) = [one for one in follow(graph, link)[0] if one["id"] == group]
    moved = {one["id"]: one.get("@removed") for one in told["members@delta"]}
    assert moved == {came: None, went: {"reason": "deleted"}}
    assert {one["@odata.type"] for one in told["members@delta"]} == {"#microsoft.graph.user"}
