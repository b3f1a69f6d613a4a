"""Delta queries: the first round, what is told afterwards, and tokens that no longer count."""

from operator import itemgetter
from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import AT_ONCE, eventually, form_group, hire, reference, refused
from tests.tenant import Tenant

WEEK_S = 7 * 24 * 3600


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _round(graph: httpx.Client, link: str, **headers: str) -> tuple[dict[str, dict[str, Any]], str]:
    """All objects of a round by id, and the link of the next round."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        answer = graph.get(link, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found |= {item["id"]: item for item in page["value"]}
        if "@odata.deltaLink" in page:
            assert "@odata.nextLink" not in page
            return found, str(page["@odata.deltaLink"])
        link = page["@odata.nextLink"]


def _latest(graph: httpx.Client, path: str = "users", query: str = "") -> str:
    found, link = _round(graph, f"/v1.0/{path}/delta?$deltatoken=latest{query}")
    assert found == {}
    return link


def test_the_first_round_leads_through_everybody_by_opaque_links(graph: httpx.Client) -> None:
    key = hire(graph, displayName="In The Round", jobTitle="Turner")
    found, link = _round(graph, "/v1.0/users/delta()", Prefer="odata.maxpagesize=20")
    everybody = graph.get("/v1.0/users?$select=id&$top=999").json()["value"]
    assert set(found) == {person["id"] for person in everybody}
    assert found[key]["jobTitle"] == "Turner"
    assert "surname" not in found[key]
    assert link.startswith(f"{graph.base_url}/v1.0/users/delta()?$deltatoken=")
    assert _round(graph, link)[0] == {}


def test_a_page_prefers_a_size_and_says_so(graph: httpx.Client) -> None:
    answer = graph.get("/v1.0/users/delta?$select=displayName", headers={"Prefer": "odata.maxpagesize=2"})
    page = answer.json()
    assert len(page["value"]) == 2
    assert answer.headers["preference-applied"] == "odata.maxpagesize=2"
    assert page["@odata.nextLink"].partition("?")[2].startswith("$skiptoken=")
    assert set(page["value"][0]) == {"id", "displayName"}


def test_a_changed_person_comes_whole_or_with_the_changes_only(graph: httpx.Client) -> None:
    key = hire(graph, displayName="Changeable", jobTitle="Before", department="Same")
    link = _latest(graph, query="&$select=displayName,jobTitle,department")
    graph.patch(f"/v1.0/users/{key}", json={"jobTitle": None})
    whole, _ = _round(graph, link)
    assert whole == {key: {"id": key, "displayName": "Changeable", "jobTitle": None, "department": "Same"}}
    minimal, _ = _round(graph, link, Prefer="return=minimal")
    assert minimal == {key: {"id": key, "jobTitle": None}}


def test_changes_of_what_was_not_selected_are_not_told(graph: httpx.Client) -> None:
    key = hire(graph)
    link = _latest(graph, query="&$select=displayName")
    graph.patch(f"/v1.0/users/{key}", json={"department": "Elsewhere"})
    assert _round(graph, link)[0] == {}
    assert key in _round(graph, link.replace("delta?", "delta?$select=department&"))[0]


def test_deletion_restoration_and_purge_are_told(graph: httpx.Client) -> None:
    key, link = hire(graph), _latest(graph)
    graph.delete(f"/v1.0/users/{key}")
    found, link = _round(graph, link)
    assert found == {key: {"id": key, "@removed": {"reason": "changed"}}}
    graph.post(f"/v1.0/directory/deletedItems/{key}/restore")
    found, link = _round(graph, link)
    assert "userPrincipalName" in found[key]
    graph.delete(f"/v1.0/users/{key}")
    graph.delete(f"/v1.0/directory/deletedItems/{key}")
    assert _round(graph, link)[0] == {key: {"id": key, "@removed": {"reason": "deleted"}}}


def test_managers_and_members_are_told_as_relations(graph: httpx.Client) -> None:
    one, other, key, group = hire(graph), hire(graph), hire(graph), form_group(graph)
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(one))
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(one))
    people, groups = _latest(graph, query="&$select=displayName,manager"), _latest(graph, "groups")
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(other))
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(other))
    graph.delete(f"/v1.0/groups/{group}/members/{one}/$ref")
    gone: dict[str, Any] = {"@odata.type": "#microsoft.graph.user", "id": one, "@removed": {"reason": "deleted"}}
    come: dict[str, Any] = {"@odata.type": "#microsoft.graph.user", "id": other}
    managers = _round(graph, people)[0][key]["manager@delta"]
    members = _round(graph, groups)[0][group]["members@delta"]
    for told in (managers, members):
        assert sorted(told, key=itemgetter("id")) == sorted([gone, come], key=itemgetter("id"))
    first, _ = _round(graph, f"/v1.0/groups/delta?$select=displayName,members&$filter=id eq '{group}'")
    assert first == {group: {"id": group, "displayName": first[group]["displayName"], "members@delta": [come]}}


def test_memberships_by_rule_are_told_too(graph: httpx.Client) -> None:
    rule = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.department -eq "Delta"'}
    group = form_group(graph, **rule, membershipRuleProcessingState="On")
    link = _latest(graph, "groups")
    key = hire(graph, department="Delta")
    found = eventually(lambda: _round(graph, link)[0], lambda found: group in found)
    assert [member["id"] for member in found[group]["members@delta"]] == [key]


def test_a_filter_names_objects_and_nothing_else(graph: httpx.Client) -> None:
    one, other = hire(graph), hire(graph)
    text = f"id eq '{one}' or id eq '{other}'"
    found, link = _round(graph, f"/v1.0/users/delta?$filter={text}")
    assert set(found) == {one, other}
    graph.patch(f"/v1.0/users/{hire(graph)}", json={"jobTitle": "Unfollowed"})
    graph.patch(f"/v1.0/users/{one}", json={"jobTitle": "Followed"})
    assert set(_round(graph, link)[0]) == {one}
    many = " or ".join([f"id eq '{one}'"] * 51)
    for wrong in ("displayName eq 'x'", many):
        refused(graph.get("/v1.0/users/delta", params={"$filter": wrong}), 400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("query", ["$top=5", "$orderby=displayName", "$expand=manager"])
def test_other_options_are_not_supported(graph: httpx.Client, query: str) -> None:
    refused(graph.get(f"/v1.0/users/delta?{query}"), 400, "Request_UnsupportedQuery")


def test_properties_kept_elsewhere_cannot_be_tracked(graph: httpx.Client) -> None:
    refused(graph.get("/v1.0/users/delta?$select=skills"), 501, "NotImplemented", "not yet supported")


def test_a_token_lives_seven_days(tenant: Tenant, graph: httpx.Client) -> None:
    link = _latest(graph)
    tenant.control("POST", "settings", clock_offset_s=WEEK_S - 60)
    assert graph.get(link).status_code == 200
    tenant.control("POST", "settings", clock_offset_s=WEEK_S + 60)
    answer = graph.get(link)
    refused(answer, 410, "syncStateNotFound")
    assert answer.headers["location"] == f"{graph.base_url}/v1.0/users/delta?$deltatoken="
    assert _round(graph, answer.headers["location"])[0]


def test_a_reset_of_the_synchronization_leads_to_a_full_one(tenant: Tenant, graph: httpx.Client) -> None:
    link = _latest(graph)
    tenant.control("POST", "settings", delta_resync=True)
    answer = graph.get(link)
    refused(answer, 410, "resyncRequired")
    tenant.control("POST", "settings", delta_resync=False)
    assert len(_round(graph, answer.headers["location"])[0]) > 10


def test_a_token_of_something_else_is_refused(graph: httpx.Client) -> None:
    token = _latest(graph).partition("$deltatoken=")[2]
    refused(graph.get(f"/v1.0/groups/delta?$deltatoken={token}"), 400, "BadRequest")
    refused(graph.get("/v1.0/users/delta?$deltatoken=nonsense"), 400, "BadRequest")


def test_what_a_reader_cannot_see_yet_is_told_once_it_can(tenant: Tenant, graph: httpx.Client) -> None:
    link = _latest(graph)
    tenant.control("POST", "settings", lag_ms=700)
    key = hire(graph)
    early, link = _round(graph, link)
    assert key not in early
    found = eventually(lambda: _round(graph, link)[0], lambda found: key in found)
    assert found[key]["userPrincipalName"]


def test_pages_of_a_round_of_changes_lead_on(graph: httpx.Client) -> None:
    link = _latest(graph)
    keys = {hire(graph) for _ in range(5)}
    pages, found = 0, set[str]()
    while "$deltatoken" in link or "$skiptoken" in link:
        page = graph.get(link, headers={"Prefer": "odata.maxpagesize=2"}).json()
        pages, found = pages + 1, found | {item["id"] for item in page["value"]}
        link = page.get("@odata.nextLink", "")
    assert (pages, found) == (3, keys)


def test_other_kinds_are_followed_as_well(graph: httpx.Client) -> None:
    kinds = ("applications", "servicePrincipals", "directory/administrativeUnits", "devices", "oauth2PermissionGrants")
    for path in kinds:
        link = _round(graph, f"/v1.0/{path}/delta")[1]
        assert _round(graph, link)[0] == {}
    link = _latest(graph, "applications")
    made = graph.post("/v1.0/applications", json={"displayName": "Followed"}).json()["id"]
    assert _round(graph, link)[0][made]["displayName"] == "Followed"
