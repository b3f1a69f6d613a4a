"""Reading collections: filters, the gate before advanced queries, selection, order, pages."""

from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import AT_ONCE, form_group, hire, reference, refused
from tests.tenant import Tenant

EVENTUAL = {"ConsistencyLevel": "eventual"}


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _found(graph: httpx.Client, text: str, **query: str) -> list[dict[str, Any]]:
    answer = graph.get("/v1.0/users", params={"$filter": text, "$top": "999", **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def test_an_employee_id_finds_everybody_who_has_it_whatever_the_case(graph: httpx.Client) -> None:
    keys = {hire(graph, employeeId="Twice-1"), hire(graph, employeeId="TWICE-1")}
    assert {person["id"] for person in _found(graph, "employeeId eq 'twice-1'")} == keys


@pytest.mark.parametrize(
    "text",
    [
        "startswith(displayName,'query o''neil')",
        "startsWith(DisplayName, 'QUERY O''NEIL') and accountEnabled eq true",
        "department in ('Nowhere', 'Query')",
        "(department eq 'query' or department eq 'x') and userType eq 'Member'",
        "department eq 'Query' and createdDateTime ge 2020-01-01T00:00:00Z",
    ],
)
def test_filters_find_what_they_describe(graph: httpx.Client, text: str) -> None:
    key = hire(graph, displayName="Query O'Neil", department="Query")
    assert key in {person["id"] for person in _found(graph, text)}
    assert all(person["displayName"].startswith("Query O'Neil") for person in _found(graph, text))


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("shoeSize eq 44", "BadRequest", "Could not find a property named 'shoeSize'"),
        ("displayName eq", "BadRequest", "Invalid filter clause"),
        ("displayName is 'x'", "BadRequest", "'is' is no operator"),
        ("officeLocation eq 'London'", "Request_UnsupportedQuery", "property 'officeLocation' of resource 'User'"),
        ("department ne 'Sales'", "Request_UnsupportedQuery", "Filter operator 'NotEqualsMatch' is not supported."),
        ("not(department eq 'Sales')", "Request_UnsupportedQuery", "Operator 'not' is not supported because"),
        ("endsWith(userPrincipalName,'x')", "Request_UnsupportedQuery", "Operator 'endsWith' is not supported because"),
        ("department eq null", "Request_UnsupportedQuery", "property 'department' of resource 'User'"),
        ("assignedLicenses/$count eq 0", "Request_UnsupportedQuery", "property 'assignedLicenses' of resource 'User'"),
        ("startsWith(mobilePhone,'25')", "Request_UnsupportedQuery", "property 'mobilePhone' of resource 'User'"),
    ],
)
def test_filters_that_the_index_does_not_answer_are_refused(
    graph: httpx.Client, text: str, code: str, message: str
) -> None:
    refused(graph.get("/v1.0/users", params={"$filter": text}), 400, code, message)


def test_advanced_filters_take_the_header_and_the_count(graph: httpx.Client) -> None:
    query = {"$filter": "endsWith(userPrincipalName,'@practice.example')", "$count": "true", "$top": "2"}
    refused(graph.get("/v1.0/users", params=query), 400, "Request_UnsupportedQuery")
    found = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()
    assert found["@odata.count"] > 2
    assert len(found["value"]) == 2


def test_a_count_without_the_header_is_passed_over(graph: httpx.Client) -> None:
    assert "@odata.count" not in graph.get("/v1.0/users?$count=true").json()
    refused(graph.get("/v1.0/users/$count"), 400, "Request_BadRequest", "$count is not currently supported.")
    answer = graph.get("/v1.0/users/$count", headers=EVENTUAL)
    assert answer.headers["content-type"].startswith("text/plain")
    assert int(answer.text) > 10


def test_search_takes_the_header_only(graph: httpx.Client) -> None:
    key = hire(graph, displayName="Searchable Somebody")
    query = {"$search": '"displayName:somebody"'}
    refused(graph.get("/v1.0/users", params=query), 400, "Request_UnsupportedQuery", "'ConsistencyLevel: eventual'")
    found = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()["value"]
    assert [person["id"] for person in found] == [key]


def test_order_is_simple_or_advanced(graph: httpx.Client) -> None:
    names = [p["displayName"] for p in graph.get("/v1.0/users?$orderby=displayName desc").json()["value"]]
    assert names == sorted(names, key=str.casefold, reverse=True)
    refused(graph.get("/v1.0/users?$orderby=department"), 400, "Request_UnsupportedQuery")
    query = {"$orderby": "displayName", "$filter": "accountEnabled eq true"}
    refused(graph.get("/v1.0/users", params=query), 400, "Request_UnsupportedQuery")
    assert graph.get("/v1.0/users", params={**query, "$count": "true"}, headers=EVENTUAL).status_code == 200


@pytest.mark.parametrize("query", ["$top=0", "$top=1000", "$top=ten", "$skip=5"])
def test_pages_have_limits(graph: httpx.Client, query: str) -> None:
    assert graph.get(f"/v1.0/users?{query}").status_code == 400


def test_pages_lead_through_everybody_once(graph: httpx.Client) -> None:
    link, seen = "/v1.0/users?$top=20&$select=id", list[str]()
    while link:
        page = graph.get(link).json()
        assert len(page["value"]) <= 20
        seen += [person["id"] for person in page["value"]]
        link = page.get("@odata.nextLink", "")
        assert link.startswith(str(graph.base_url)) or not link
    everybody = graph.get("/v1.0/users?$top=999&$select=id").json()["value"]
    assert seen == [person["id"] for person in everybody]


def test_a_page_keeps_its_query(graph: httpx.Client) -> None:
    link = graph.get("/v1.0/users?$top=2").json()["@odata.nextLink"]
    refused(graph.get(link.replace("$top=2", "$top=3")), 400, "BadRequest")
    refused(graph.get("/v1.0/users?$skiptoken=nonsense"), 400, "BadRequest")


def test_a_page_may_be_empty_and_still_lead_on(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", empty_pages=True)
    first = graph.get("/v1.0/users?$top=5").json()
    assert first["value"] == []
    assert len(graph.get(first["@odata.nextLink"]).json()["value"]) == 5


def test_selection_gives_exactly_what_was_asked_in_the_documented_spelling(graph: httpx.Client) -> None:
    found = graph.get("/v1.0/users?$select=Id,ACCOUNTENABLED&$top=1").json()
    assert found["@odata.context"].endswith("#users(id,accountEnabled)")
    assert set(found["value"][0]) == {"id", "accountEnabled"}
    refused(graph.get("/v1.0/users?$select=shoeSize"), 400, "BadRequest", "Could not find a property named 'shoeSize'")
    refused(graph.get("/v1.0/users?$expand=shoes"), 400, "BadRequest")


def test_groups_are_found_by_kind(graph: httpx.Client) -> None:
    unified = graph.get("/v1.0/groups?$filter=groupTypes/any(c:c+eq+'Unified')").json()["value"]
    assert "Company news" in {group["displayName"] for group in unified}
    assert all(group["groupTypes"] == ["Unified"] for group in unified)
    plain = graph.get("/v1.0/groups?$filter=securityEnabled eq true and mailEnabled eq false").json()["value"]
    assert {"Sales", "Finance"} <= {group["displayName"] for group in plain}
    answer = graph.get("/v1.0/servicePrincipals", params={"$filter": "servicePrincipalNames/any(c:c eq 'nobody')"})
    assert answer.json()["value"] == []


@pytest.mark.parametrize(
    "text",
    [
        "officeLocation eq 'Query Hall'",
        "department eq null and startsWith(displayName,'Advanced')",
        "not(startsWith(displayName,'A')) or displayName eq 'Advanced Query'",
        "assignedLicenses/$count eq 0 and displayName eq 'Advanced Query'",
    ],
)
def test_what_needs_the_index_works_with_header_and_count(graph: httpx.Client, text: str) -> None:
    key = hire(graph, displayName="Advanced Query", officeLocation="Query Hall")
    query = {"$filter": text, "$count": "true", "$top": "999", "$select": "id"}
    found = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()
    assert key in {person["id"] for person in found["value"]}
    assert found["@odata.count"] == len(found["value"])


def test_an_advanced_query_repeats_its_header_on_every_page(graph: httpx.Client) -> None:
    query = {"$filter": "userType ne 'Guest'", "$count": "true", "$top": "5"}
    link = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()["@odata.nextLink"]
    refused(graph.get(link), 400, "Request_UnsupportedQuery")
    second = graph.get(link, headers=EVENTUAL).json()
    assert len(second["value"]) == 5
    assert "@odata.count" not in second


def test_search_joins_terms_and_matches_lists(graph: httpx.Client) -> None:
    key = hire(graph, displayName="Combined Looker", otherMails=["looker@elsewhere.example"])
    text = '"displayName:combined" AND "displayName:looker" OR "displayName:nobody at all"'
    found = graph.get("/v1.0/users", params={"$search": text}, headers=EVENTUAL).json()["value"]
    assert [person["id"] for person in found] == [key]
    refused(graph.get("/v1.0/users", params={"$search": "looker"}, headers=EVENTUAL), 400, "BadRequest")
    refused(graph.get("/v1.0/users", params={"$search": '"shoe:x"'}, headers=EVENTUAL), 400, "BadRequest")


def test_members_are_filtered_and_searched_as_an_advanced_query(graph: httpx.Client) -> None:
    group = form_group(graph)
    keys = [hire(graph, displayName=name) for name in ("Narrow One", "Narrow Two", "Other")]
    for key in keys:
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    query = {"$filter": "startsWith(displayName,'Narrow')", "$count": "true", "$orderby": "displayName desc"}
    path = f"/v1.0/groups/{group}/members"
    refused(graph.get(path, params=query), 400, "Request_UnsupportedQuery")
    found = graph.get(path, params=query, headers=EVENTUAL).json()
    assert [member["id"] for member in found["value"]] == [keys[1], keys[0]]
    assert found["@odata.count"] == 2
    one = graph.get(path, params={"$search": '"displayName:two"'}, headers=EVENTUAL).json()["value"]
    assert [member["id"] for member in one] == [keys[1]]
    assert len(graph.get(path, params={"$filter": f"id eq '{keys[2]}'"}).json()["value"]) == 1


def test_a_page_size_may_be_preferred(graph: httpx.Client) -> None:
    page = graph.get("/v1.0/users?$select=id", headers={"Prefer": "odata.maxpagesize=3"}).json()
    assert len(page["value"]) == 3
    assert len(graph.get(page["@odata.nextLink"]).json()["value"]) > 3


def test_a_relation_is_expanded_with_its_own_options_and_twenty_at_most(graph: httpx.Client) -> None:
    group, chief = form_group(graph), hire(graph, displayName="Chief")
    for number in range(22):
        report = hire(graph, displayName=f"Report {number}")
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(report))
        graph.put(f"/v1.0/users/{report}/manager/$ref", json=reference(chief))
    found = graph.get(f"/v1.0/users/{report}?$expand=manager($select=id,displayName)").json()
    assert found["manager"] == {"@odata.type": "#microsoft.graph.user", "id": chief, "displayName": "Chief"}
    assert len(graph.get(f"/v1.0/users/{chief}?$expand=directReports").json()["directReports"]) == 20
    refused(graph.get(f"/v1.0/users/{chief}?$expand=manager,directReports"), 400, "Request_UnsupportedQuery")


def test_properties_kept_elsewhere_are_not_implemented_in_lists(graph: httpx.Client) -> None:
    refused(graph.get("/v1.0/users?$select=skills"), 501, "NotImplemented", "not yet supported")


def test_addresses_are_taken_in_every_documented_spelling(graph: httpx.Client) -> None:
    key = hire(graph, displayName="Spelled")
    for path in (
        f"/v1.0/users('{key}')?$select=id",
        f"/v1.0/users/{key.upper()}?%24select=id",
        f"/V1.0/Users/{key}?$SELECT=ID",
        f"/v1.0/users/{key}/?select=id",
    ):
        assert graph.get(path).json().get("id") == key, path
    group = form_group(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    for cast in ("graph.user", "microsoft.graph.user", "Microsoft.Graph.User"):
        assert [one["id"] for one in graph.get(f"/v1.0/groups/{group}/Members/{cast}").json()["value"]] == [key]
    assert graph.post(f"/v1.0/users/{key}/microsoft.graph.getMemberGroups", json={}).json()["value"].count(group) == 1


def test_unknown_paths_verbs_and_properties_are_told_apart(graph: httpx.Client) -> None:
    key = hire(graph)
    refused(graph.get(f"/v1.0/users/{key}/shoes"), 400, "BadRequest", "Resource not found for the segment 'shoes'.")
    refused(graph.put("/v1.0/users", json={}), 405, "Request_BadRequest", "HTTP method is not allowed")
    refused(graph.patch(f"/v1.0/users/{key}", json={"shoeSize": 44}), 400, "Request_BadRequest", "shoeSize")


def test_all_managers_up_to_the_top_are_expanded_inside_each_other(graph: httpx.Client) -> None:
    top, middle, key = hire(graph), hire(graph), hire(graph)
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(middle))
    graph.put(f"/v1.0/users/{middle}/manager/$ref", json=reference(top))
    path = f"/v1.0/users/{key}?$expand=manager($levels=max;$select=id)&$select=id&$count=true"
    found = graph.get(path, headers=EVENTUAL).json()
    assert found["manager"]["id"] == middle
    assert found["manager"]["manager"]["id"] == top
    assert "manager" not in found["manager"]["manager"]
    refused(graph.get(path), 400, "Request_UnsupportedQuery")
