"""The SCIM target as Entra's provisioning client really talks to one."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.scim_hands import ENTERPRISE, GROUPS, USERS, create, group, listed, patch, person, refused, target
from tests.tenant import Tenant

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.fixture
def scim(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The target with its long-lived token."""
    with target(tenant) as client:
        yield client


def read(scim: httpx.Client, key: str, path: str = USERS) -> dict[str, Any]:
    """A resource."""
    answer = scim.get(f"{path}/{key}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("op", ["Replace", "replace", "REPLACE"])
def test_operations_are_taken_in_any_case(scim: httpx.Client, op: str) -> None:
    key = create(scim)["id"]
    assert patch(scim, key, {"op": op, "path": "title", "value": "Boss"}).status_code in (200, 204)
    assert read(scim, key)["title"] == "Boss"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "value": {"active": False}},
    ],
)
def test_disabling_comes_as_text_or_as_a_truth_value(scim: httpx.Client, operation: dict[str, Any]) -> None:
    key = create(scim)["id"]
    patch(scim, key, operation)
    assert read(scim, key)["active"] is False, "soft-deleted users are still returned"
    patch(scim, key, {"op": "Replace", "path": "active", "value": "True"})
    assert read(scim, key)["active"] is True


@pytest.mark.parametrize("flag", [False, True])
def test_one_member_is_removed_in_either_form_and_no_other(scim: httpx.Client, flag: bool) -> None:
    stays, goes = create(scim)["id"], create(scim)["id"]
    key = group(scim)["id"]
    for member in (stays, goes):
        add = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": member}]}
        assert patch(scim, key, add, path=GROUPS).status_code == 204
    plain = {"op": "Remove", "path": "members", "value": [{"value": goes}]}
    flagged = {"op": "remove", "path": f'members[value eq "{goes}"]'}
    assert patch(scim, key, flagged if flag else plain, path=GROUPS).status_code == 204
    assert [one["value"] for one in read(scim, key, GROUPS)["members"]] == [stays]


def test_many_attributes_come_without_a_path_by_dotted_names(scim: httpx.Client) -> None:
    key = create(scim)["id"]
    value = {"displayName": "New", "name.givenName": "Nia", f"{ENTERPRISE}:department": "Legal"}
    patch(scim, key, {"op": "replace", "value": value})
    now = read(scim, key)
    assert (now["displayName"], now["name"]["givenName"]) == ("New", "Nia")
    assert now[ENTERPRISE]["department"] == "Legal"


def test_a_path_to_an_element_that_is_not_there_makes_it(scim: httpx.Client) -> None:
    key = create(scim, emails=[])["id"]
    patch(scim, key, {"op": "Add", "path": 'emails[type eq "work"].value', "value": "n@practice.example"})
    assert [(one["type"], one["value"]) for one in read(scim, key)["emails"]] == [("work", "n@practice.example")]


@pytest.mark.parametrize("shape", ["text", "object"])
def test_a_manager_is_text_or_an_object(scim: httpx.Client, shape: str) -> None:
    boss, key = create(scim)["id"], create(scim)["id"]
    value = boss if shape == "text" else {"value": boss}
    patch(scim, key, {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": value})
    assert read(scim, key)[ENTERPRISE]["manager"]["value"] == boss


def test_lookups_are_those_of_entra(scim: httpx.Client) -> None:
    made = create(scim)
    team = group(scim, made["id"])
    for text in (
        f'userName eq "{made["userName"].upper()}"',
        f'externalId eq "{made["externalId"]}"',
        f'emails[type eq "work"].value eq "{made["emails"][0]["value"]}"',
    ):
        assert [one["id"] for one in listed(scim, text)["Resources"]] == [made["id"]]
    found = listed(scim, f'displayName eq "{team["displayName"]}"', GROUPS, excludedAttributes="members")
    assert ["members" in one for one in found["Resources"]] == [False]
    inside = f'id eq "{team["id"]}" and members eq "{made["id"]}"'
    assert listed(scim, inside, GROUPS)["totalResults"] == 1
    outside = f'id eq "{team["id"]}" and members eq "{uuid.uuid4()}"'
    assert listed(scim, outside, GROUPS)["totalResults"] == 0


def test_what_entra_adds_of_its_own_is_passed_over(scim: httpx.Client) -> None:
    made = create(scim)
    assert made["meta"]["resourceType"] == "User"
    assert "urn:example:unheard-of" not in made["schemas"]
    assert group(scim)["meta"]["resourceType"] == "Group"


def test_the_connection_test_finds_nobody_with_200(scim: httpx.Client) -> None:
    body = listed(scim, f'userName eq "{uuid.uuid4()}"')
    assert (body["totalResults"], body.get("Resources", [])) == (0, [])
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]


def test_values_are_kept_as_they_came(scim: httpx.Client) -> None:
    numbers = [{"type": "work", "value": "+49 (0)30 / 12 34-5"}]
    assert create(scim, phoneNumbers=numbers)["phoneNumbers"] == numbers


def test_a_name_is_one_persons_and_free_after_deletion(scim: httpx.Client) -> None:
    body = person()
    key = scim.post(USERS, json=body).json()["id"]
    refused(scim.post(USERS, json={**body, "userName": body["userName"].upper()}), 409, "uniqueness")
    assert scim.delete(f"{USERS}/{key}").status_code == 204
    refused(scim.get(f"{USERS}/{key}"), 404)
    assert scim.post(USERS, json=body).status_code == 201


def test_a_version_that_has_passed_is_412(scim: httpx.Client) -> None:
    made = create(scim)
    old = made["meta"]["version"]
    assert old.startswith('W/"')
    change = {"op": "replace", "path": "title", "value": "Boss"}
    changed = patch(scim, made["id"], change, **{"If-Match": old})
    assert changed.status_code in (200, 204)
    for answer in (
        patch(scim, made["id"], {**change, "value": "X"}, **{"If-Match": old}),
        scim.put(f"{USERS}/{made['id']}", json=person(), headers={"If-Match": old}),
        scim.delete(f"{USERS}/{made['id']}", headers={"If-Match": old}),
    ):
        refused(answer, 412)
    now = scim.get(f"{USERS}/{made['id']}")
    assert now.headers["etag"] == now.json()["meta"]["version"] != old
    assert scim.get(f"{USERS}/{made['id']}", headers={"If-None-Match": now.headers["etag"]}).status_code == 304


def test_bulk_references_go_forward_and_in_circles(scim: httpx.Client) -> None:
    one, other = person(), person()
    one[ENTERPRISE]["manager"], other[ENTERPRISE]["manager"] = {"value": "bulkId:b"}, {"value": "bulkId:a"}
    team = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": f"Team {uuid.uuid4()}"}
    operations = [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {**team, "members": [{"value": "bulkId:a"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": one},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": other},
    ]
    answer = scim.post("/scim/v2/Bulk", json={"schemas": [BULK], "Operations": operations})
    assert answer.status_code == 200
    made = {done["bulkId"]: done["location"].rpartition("/")[2] for done in answer.json()["Operations"]}
    assert {done["status"] for done in answer.json()["Operations"]} == {"201"}
    assert read(scim, made["a"])[ENTERPRISE]["manager"]["value"] == made["b"]
    assert read(scim, made["b"])[ENTERPRISE]["manager"]["value"] == made["a"]
    assert [one["value"] for one in read(scim, made["g"], GROUPS)["members"]] == [made["a"]]
