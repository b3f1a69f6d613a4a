"""Pages: a hundred by default, led on by opaque links, short or empty ones among them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fidelity.checklist.hands import EVENTUAL, switch
from tests.sandbox.graph_hands import refused, somebody
from tests.tenant import Tenant

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def crowd(graph: httpx.Client) -> Iterator[None]:
    """More people than one page holds; they leave again."""
    there = graph.get("/v1.0/users?$select=id&$top=999").json()["value"]
    made: list[str] = []
    while len(there) + len(made) <= 100:
        parts = [{"id": n, "method": "POST", "url": "/users", "headers": JSON, "body": somebody()} for n in range(20)]
        answers = graph.post("/v1.0/$batch", json={"requests": parts}).json()["responses"]
        made += [part["body"]["id"] for part in answers]
    yield
    for n in range(0, len(made), 20):
        parts = [{"id": key, "method": "DELETE", "url": f"/users/{key}"} for key in made[n : n + 20]]
        graph.post("/v1.0/$batch", json={"requests": parts})


@pytest.mark.usefixtures("crowd")
def test_a_hundred_is_a_page_and_the_link_leads_on_at_the_same_host(tenant: Tenant, graph: httpx.Client) -> None:
    first = graph.get("/v1.0/users").json()
    assert len(first["value"]) == 100
    link = httpx.URL(first["@odata.nextLink"])
    assert f"{link.scheme}://{link.host}:{link.port}" == tenant.base_url
    assert link.path == "/v1.0/users"
    assert link.params["$skiptoken"]
    second = graph.get(first["@odata.nextLink"]).json()["value"]
    assert not {one["id"] for one in first["value"]} & {one["id"] for one in second}
    assert len(graph.get("/v1.0/users?$top=999").json()["value"]) > 100


def test_a_page_is_as_long_as_asked_up_to_999(graph: httpx.Client) -> None:
    assert len(graph.get("/v1.0/users?$top=3").json()["value"]) == 3
    for wrong in ("0", "1000", "many"):
        assert graph.get(f"/v1.0/users?$top={wrong}").status_code == 400
    assert graph.get("/v1.0/users?$skip=5").status_code == 400


def test_pages_may_be_short_or_empty_and_still_lead_on(tenant: Tenant, graph: httpx.Client) -> None:
    everybody = {one["id"] for one in graph.get("/v1.0/users?$select=id&$top=999").json()["value"]}
    switch(tenant, empty_pages=True)
    link, sizes, found = "/v1.0/users?$select=id&$top=20", list[int](), list[str]()
    while link:
        page = graph.get(link).json()
        sizes.append(len(page["value"]))
        found += [one["id"] for one in page["value"]]
        link = page.get("@odata.nextLink", "")
    assert 0 in sizes[:-1]
    assert (len(found), set(found)) == (len(everybody), everybody)


def test_a_link_takes_no_other_query(graph: httpx.Client) -> None:
    link = httpx.URL(graph.get("/v1.0/users?$select=id&$top=2").json()["@odata.nextLink"])
    for change in ({"$top": "5"}, {"$filter": "department eq 'Sales'"}, {"$select": "displayName"}):
        assert graph.get(link.copy_merge_params(change)).status_code == 400
    assert graph.get(link.copy_merge_params({"$skiptoken": "invented"})).status_code == 400
    assert graph.get(link).status_code == 200


def test_an_advanced_query_repeats_its_header_on_each_page_and_counts_on_the_first(graph: httpx.Client) -> None:
    query = {"$filter": "department ne 'Nobody'", "$count": "true", "$top": "2"}
    first = graph.get("/v1.0/users", params=query, headers=EVENTUAL).json()
    assert first["@odata.count"] > 2
    refused(graph.get(first["@odata.nextLink"]), 400, "Request_UnsupportedQuery")
    second = graph.get(first["@odata.nextLink"], headers=EVENTUAL).json()
    assert len(second["value"]) == 2
    assert "@odata.count" not in second
