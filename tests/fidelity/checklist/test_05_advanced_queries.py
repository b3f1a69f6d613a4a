"""Queries that only the index answers want ``ConsistencyLevel: eventual`` and ``$count=true``."""

from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import EVENTUAL
from tests.sandbox.graph_hands import hire, refused

ADVANCED = [
    {"$filter": "department ne 'Sales'"},
    {"$filter": "not(department eq 'Sales')"},
    {"$filter": "not startswith(displayName,'A')"},
    {"$filter": "endsWith(userPrincipalName,'@practice.example')"},
    {"$filter": "assignedLicenses/$count eq 0"},
    {"$filter": "accountEnabled eq true", "$orderby": "displayName"},
    {"$orderby": "createdDateTime"},
]


@pytest.mark.parametrize("query", ADVANCED, ids=lambda query: " ".join(query.values()))
def test_an_advanced_query_takes_header_and_count(graph: httpx.Client, query: dict[str, str]) -> None:
    counted = {**query, "$count": "true"}
    for params, headers in ((query, {}), (counted, {}), (query, EVENTUAL)):
        answer = graph.get("/v1.0/users", params=params, headers=headers)
        refused(answer, 400, "Request_UnsupportedQuery")
    answer = graph.get("/v1.0/users", params=counted, headers=EVENTUAL)
    assert answer.status_code == 200, answer.text
    assert answer.json()["@odata.count"] >= len(answer.json()["value"]) > 0


def test_search_takes_the_header_alone(graph: httpx.Client) -> None:
    key = hire(graph, displayName="Searched Quetzalcoatl")
    query = {"$search": '"displayName:quetzal"'}
    text = "Request with $search query parameter only works through MSGraph with a special request header"
    refused(graph.get("/v1.0/users", params=query), 400, "Request_UnsupportedQuery", text)
    found = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()["value"]
    assert [one["id"] for one in found] == [key]


def test_the_count_segment_takes_the_header_and_the_count_option_is_passed_over_without(graph: httpx.Client) -> None:
    refused(graph.get("/v1.0/users/$count"), 400, "Request_BadRequest", "$count is not currently supported.")
    counted = graph.get("/v1.0/users/$count", headers=EVENTUAL)
    assert int(counted.text) > 0
    assert counted.headers["content-type"].startswith("text/plain")
    ignored: dict[str, Any] = graph.get("/v1.0/users?$count=true&$top=1").json()
    assert "@odata.count" not in ignored


def test_simple_queries_take_neither(graph: httpx.Client) -> None:
    for text in (
        "department eq 'Sales'",
        "startsWith(displayName,'A') and accountEnabled eq true",
        "userPrincipalName in ('a@practice.example','b@practice.example')",
        "employeeHireDate ge 2020-01-01T00:00:00Z",
    ):
        assert graph.get("/v1.0/users", params={"$filter": text}).status_code == 200
    assert graph.get("/v1.0/users?$orderby=displayName").status_code == 200


def test_expansion_and_advanced_queries_exclude_each_other(graph: httpx.Client) -> None:
    query = {"$filter": "department ne 'Sales'", "$count": "true", "$expand": "manager"}
    assert graph.get("/v1.0/users", params=query, headers=EVENTUAL).status_code == 400
