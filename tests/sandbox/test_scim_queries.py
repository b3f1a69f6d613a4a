"""Questions to the SCIM target: sorting, paging, projections, the root, media types, and what it refuses."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.scim_hands import ENTERPRISE, GROUPS, USERS, create, group, listed, patch, person, refused, target
from tests.tenant import Tenant

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@pytest.fixture
def scim(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The SCIM target; ``graph`` puts the settings back."""
    with target(tenant) as client:
        yield client


def test_results_are_sorted_without_case(scim: httpx.Client) -> None:
    title = str(uuid.uuid4())
    for name in ("bea", "Ada", "Cleo"):
        create(scim, title=title, displayName=name)
    text = f'title eq "{title}"'
    upwards = listed(scim, text, sortBy="displayName")["Resources"]
    assert [one["displayName"] for one in upwards] == ["Ada", "bea", "Cleo"]
    downwards = listed(scim, text, sortBy="displayName", sortOrder="descending", count=1)["Resources"]
    assert [one["displayName"] for one in downwards] == ["Cleo"]


def test_attributes_are_chosen_by_name_path_and_urn(scim: httpx.Client) -> None:
    key = create(scim)["id"]
    chosen = scim.get(f"{USERS}/{key}", params={"attributes": f"name.givenName,{ENTERPRISE}:department"}).json()
    assert chosen == {
        "schemas": chosen["schemas"],
        "id": key,
        "name": {"givenName": "Sue"},
        ENTERPRISE: {"department": "Sales"},
    }
    without = scim.get(f"{USERS}/{key}", params={"excludedAttributes": "emails,id"}).json()
    assert ("emails" in without, without["id"], without["title"]) == (False, key, "Clerk")
    refused(scim.get(f"{USERS}/{key}", params={"attributes": "id", "excludedAttributes": "title"}), 400, "invalidValue")


def test_a_moment_and_an_exact_case_are_compared_as_the_schema_says(scim: httpx.Client) -> None:
    made = create(scim, externalId=f"Case-{uuid.uuid4().hex[:8]}")
    assert listed(scim, f'externalId eq "{made["externalId"]}"')["totalResults"] == 1
    assert listed(scim, f'externalId eq "{made["externalId"].lower()}"')["totalResults"] == 0
    since = f'id eq "{made["id"]}" and meta.lastModified ge "{made["meta"]["lastModified"]}"'
    assert listed(scim, since)["totalResults"] == 1
    assert listed(scim, f'id eq "{made["id"]}" and meta.lastModified lt "2001-01-01T00:00:00Z"')["totalResults"] == 0


def test_the_root_is_searched_over_every_kind(scim: httpx.Client) -> None:
    name = f"Both {uuid.uuid4()}"
    create(scim, displayName=name)
    group(scim, displayName=name)
    body = {"schemas": [SEARCH], "filter": f'displayName eq "{name}"', "attributes": ["displayName"]}
    found = scim.post("/scim/v2/.search", json=body).json()
    assert found["totalResults"] == 2
    listed_at_root = scim.get("/scim/v2", params={"filter": f'displayName eq "{name}"'}).json()["Resources"]
    assert {one["meta"]["resourceType"] for one in listed_at_root} == {"User", "Group"}


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ({"filter": 'unheardOf eq "x"'}, "invalidFilter"),
        ({"filter": "active gt true"}, "invalidFilter"),
        ({"sortBy": "unheardOf"}, "invalidPath"),
        ({"count": "many"}, "invalidValue"),
    ],
)
def test_a_question_that_makes_no_sense_is_400(scim: httpx.Client, query: dict[str, str], kind: str) -> None:
    refused(scim.get(USERS, params=query), 400, kind)


def test_both_media_types_are_taken_and_given_and_no_other(scim: httpx.Client) -> None:
    both = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
    answer = scim.post(USERS, json=person(), headers=both)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    refused(scim.post(USERS, content=b"<user/>", headers={"Content-Type": "application/xml"}), 415)


def test_what_is_not_there_and_what_cannot_be_done_are_scim_errors(scim: httpx.Client) -> None:
    refused(scim.get("/scim/v2/Robots"), 404)
    refused(scim.get(f"{USERS}/1/2"), 404)
    refused(scim.get("/scim/v2/Schemas/urn:unheard-of"), 404)
    answer = scim.patch(USERS, json={})
    refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    refused(scim.post("/scim/v2/ServiceProviderConfig", json={}), 405)
    refused(scim.get("/scim/v2/ResourceTypes", params={"filter": "id pr"}), 403)


def test_versions_are_compared_weakly_and_in_lists(scim: httpx.Client) -> None:
    made = create(scim)
    path, tag = f"{USERS}/{made['id']}", made["meta"]["version"]
    assert scim.get(path, headers={"If-None-Match": f'"other", {tag}'}).status_code == 304
    strong = tag.removeprefix("W/")
    assert patch(scim, made["id"], {"op": "add", "path": "title", "value": "Boss"}, **{"If-Match": strong}).is_success
    refused(scim.delete(path, headers={"If-Match": tag}), 412)
    assert scim.delete(path, headers={"If-Match": "*"}).status_code == 204


def test_nothing_changed_is_no_new_version(scim: httpx.Client) -> None:
    made = create(scim)
    same = patch(scim, made["id"], {"op": "Replace", "path": "title", "value": "Clerk"})
    assert (same.status_code, same.json()["meta"]) == (200, made["meta"])


def test_only_one_element_is_primary_and_an_absent_one_is_made(scim: httpx.Client) -> None:
    key = create(scim)["id"]
    home = {"op": "add", "path": "emails", "value": [{"type": "home", "value": "a@b.example", "primary": True}]}
    held = patch(scim, key, home).json()["emails"]
    assert [(one["type"], one["primary"]) for one in held] == [("work", False), ("home", True)]
    other = {"op": "Add", "path": 'emails[type eq "other"].value', "value": "c@d.example"}
    assert patch(scim, key, other).json()["emails"][-1] == {"type": "other", "value": "c@d.example"}
    refused(
        patch(scim, key, {"op": "replace", "path": 'emails[type sw "x"].value', "value": "e@f.example"}),
        400,
        "noTarget",
    )
    refused(patch(scim, key, {"op": "replace", "path": "unheard[", "value": 1}), 400, "invalidPath")


def test_a_password_is_never_given_back(scim: httpx.Client) -> None:
    made = create(scim, password="Never-seen-again-1")
    assert "password" not in made
    assert "password" not in scim.get(f"{USERS}/{made['id']}", params={"attributes": "password"}).json()
    refused(scim.get(GROUPS, params={"sortBy": "password"}), 400, "invalidPath")


def test_restored_after_a_soft_delete_it_is_the_same_resource(scim: httpx.Client) -> None:
    key = create(scim)["id"]
    patch(scim, key, {"op": "Replace", "path": "active", "value": "False"})
    assert scim.get(f"{USERS}/{key}").json()["active"] is False
    patch(scim, key, {"op": "Replace", "path": "active", "value": "True"})
    assert scim.get(f"{USERS}/{key}").json()["active"] is True
