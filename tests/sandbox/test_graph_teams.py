"""Teams: membership, owners, and how group and team follow each other."""

from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import AT_ONCE, eventually, form_group, group_named, hire, reference, refused
from tests.sandbox.mailbox_hands import licensed
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def found_team(graph: httpx.Client, *owners: str) -> str:
    """A Microsoft 365 group with a team behind it; its path."""
    group = form_group(graph, mailEnabled=True, securityEnabled=False, groupTypes=["Unified"])
    for owner in owners:
        graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(owner))
    answer = graph.put(f"/v1.0/groups/{group}/team", json={})
    assert answer.status_code == 201, answer.text
    return f"/v1.0/teams/{group}"


def add(graph: httpx.Client, team: str, key: str, *roles: str) -> httpx.Response:
    user = f"https://graph.microsoft.com/v1.0/users('{key}')"
    kind = "#microsoft.graph.aadUserConversationMember"
    body = {"@odata.type": kind, "roles": list(roles), "user@odata.bind": user}
    return graph.post(team + "/members", json=body)


def roster(graph: httpx.Client, team: str) -> dict[str, list[str]]:
    return {one["userId"]: one["roles"] for one in graph.get(team + "/members").json()["value"]}


def ids(graph: httpx.Client, path: str) -> set[str]:
    return {str(one["id"]) for one in graph.get(path).json()["value"]}


def test_a_member_is_added_promoted_found_and_removed(graph: httpx.Client) -> None:
    owner, other = hire(graph), hire(graph)
    team = found_team(graph, owner)
    made = add(graph, team, other)
    assert (made.status_code, made.json()["roles"], made.json()["userId"]) == (201, [], other)
    one = f"{team}/members/{made.json()['id']}"
    assert graph.patch(one, json={"roles": ["owner"]}).json()["roles"] == ["owner"]
    query = {"$filter": "roles/any(r:r eq 'owner')"}
    found = graph.get(team + "/members", params=query).json()["value"]
    assert {member["userId"] for member in found} == {owner, other}
    query = {"$filter": f"(microsoft.graph.aadUserConversationMember/userId eq '{other}')"}
    assert len(graph.get(team + "/members", params=query).json()["value"]) == 1
    assert ids(graph, f"/v1.0/users/{other}/joinedTeams") == {team.rpartition("/")[2]}
    assert graph.delete(one).status_code == 204
    refused(graph.delete(one), 404, "NotFound")
    assert roster(graph, team) == {owner: ["owner"]}


def test_the_last_owner_stays_until_another_is_named(graph: httpx.Client) -> None:
    owner, other = hire(graph), hire(graph)
    team = found_team(graph, owner)
    held = graph.get(team + "/members").json()["value"][0]["id"]
    refused(graph.delete(f"{team}/members/{held}"), 400, "BadRequest", "last owner")
    refused(graph.patch(f"{team}/members/{held}", json={"roles": []}), 400, "BadRequest", "last owner")
    add(graph, team, other, "owner")
    assert graph.delete(f"{team}/members/{held}").status_code == 204


def test_group_and_team_follow_each_other(tenant: Tenant, graph: httpx.Client) -> None:
    owner, by_team, by_group = hire(graph), hire(graph), hire(graph)
    team = found_team(graph, owner)
    group = team.replace("teams", "groups")
    add(graph, team, by_team, "owner")
    assert by_team in ids(graph, group + "/members")
    assert by_team in ids(graph, group + "/owners")
    tenant.control("POST", "settings", provisioning_delay_ms=400)
    graph.post(group + "/members/$ref", json=reference(by_group))
    assert by_group not in roster(graph, team)
    eventually(lambda: by_group in roster(graph, team))
    graph.delete(f"{group}/members/{by_group}/$ref")
    eventually(lambda: by_group not in roster(graph, team))
    assert roster(graph, team)[by_team] == ["owner"]


def test_seeded_teams_have_owners_and_a_channel(graph: httpx.Client) -> None:
    for name in ("Company news", "Project Aurora"):
        team = f"/v1.0/teams/{group_named(graph, name)}"
        assert graph.get(team).json()["summary"]["ownersCount"] == 1
        channel: dict[str, Any] = graph.get(team + "/channels").json()["value"][0]
        members = graph.get(f"{team}/channels/{channel['id']}/members").json()["value"]
        assert len(members) == len(roster(graph, team))


def test_what_is_no_team_is_not_found(graph: httpx.Client) -> None:
    refused(graph.get(f"/v1.0/teams/{form_group(graph)}"), 404, "NotFound", "No team found")


def test_a_notice_reaches_those_who_have_the_app(graph: httpx.Client) -> None:
    topic = {"source": "text", "value": "Tasks", "webUrl": "https://teams.microsoft.com/l/x"}
    body = {"topic": topic, "activityType": "taskCreated", "previewText": {"content": "A task for you"}}
    path = "/v1.0/users/{}/teamwork/sendActivityNotification"
    assert graph.post(path.format(licensed(graph)), json=body).status_code == 204
    refused(graph.post(path.format(hire(graph)), json=body), 403, "Forbidden", "installed")
    refused(graph.post(path.format(licensed(graph)), json={"topic": topic}), 400, "BadRequest", "activityType")
