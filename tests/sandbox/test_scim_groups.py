"""Groups of the SCIM target: members in both forms that Entra sends, and what users show of them."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.scim_hands import GROUPS, USERS, create, group, listed, patch, refused, target
from tests.tenant import Tenant


@pytest.fixture
def scim(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The SCIM target; ``graph`` puts the settings back."""
    with target(tenant) as client:
        yield client


def members(scim: httpx.Client, key: str) -> list[str]:
    """The ids of a group's members."""
    return [one["value"] for one in scim.get(f"{GROUPS}/{key}").json().get("members", ())]


def test_a_group_shows_its_members_and_they_their_groups(scim: httpx.Client) -> None:
    sue, outer = create(scim), group(scim)
    inner = group(scim, sue["id"])
    patch(scim, outer["id"], {"op": "add", "path": "members", "value": [{"value": inner["id"]}]}, path=GROUPS)
    shown = inner["members"][0]
    assert (shown["value"], shown["type"], shown["display"]) == (sue["id"], "User", "Sue Scim")
    assert shown["$ref"] == sue["meta"]["location"]
    held = {one["value"]: one["type"] for one in scim.get(f"{USERS}/{sue['id']}").json()["groups"]}
    assert held == {inner["id"]: "direct", outer["id"]: "indirect"}


def test_several_members_come_at_once_and_each_is_there_once(scim: httpx.Client) -> None:
    first, second, key = create(scim)["id"], create(scim)["id"], group(scim)["id"]
    value = [{"$ref": None, "value": one} for one in (first, second, first)]
    answer = patch(scim, key, {"op": "Add", "path": "members", "value": value}, path=GROUPS)
    assert (answer.status_code, answer.content) == (204, b"")
    again = patch(scim, key, {"op": "Add", "path": "members", "value": [{"value": first}]}, path=GROUPS)
    assert again.headers["etag"] == answer.headers["etag"]
    assert members(scim, key) == [first, second]


@pytest.mark.parametrize("form", ["value", "path"])
def test_one_member_is_removed_in_either_form(scim: httpx.Client, form: str) -> None:
    first, second = create(scim)["id"], create(scim)["id"]
    key = group(scim, first, second)["id"]
    forms: dict[str, dict[str, Any]] = {
        "value": {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": first}]},
        "path": {"op": "remove", "path": f'members[value eq "{first}"]'},
    }
    for _ in range(2):
        assert patch(scim, key, forms[form], path=GROUPS).status_code == 204
        assert members(scim, key) == [second]


def test_members_without_value_are_all_removed(scim: httpx.Client) -> None:
    key = group(scim, create(scim)["id"])["id"]
    assert patch(scim, key, {"op": "remove", "path": "members"}, path=GROUPS).status_code == 204
    assert members(scim, key) == []


def test_membership_is_asked_by_a_filter(scim: httpx.Client) -> None:
    sue, bob = create(scim)["id"], create(scim)["id"]
    made = group(scim, sue)
    found = listed(scim, f'id eq "{made["id"]}" and members eq "{sue}"', GROUPS, attributes="id")
    assert [one["id"] for one in found["Resources"]] == [made["id"]]
    assert set(found["Resources"][0]) == {"schemas", "id"}
    assert listed(scim, f'id eq "{made["id"]}" and members eq "{bob}"', GROUPS)["totalResults"] == 0
    assert listed(scim, f'members[value eq "{sue}"]', GROUPS)["totalResults"] == 1
    lookup = listed(scim, f'displayName eq "{made["displayName"].upper()}"', GROUPS, excludedAttributes="members")
    assert [("members" in one, one["id"]) for one in lookup["Resources"]] == [(False, made["id"])]
    of_sue = listed(scim, f'groups.value eq "{made["id"]}"', USERS)
    assert [one["id"] for one in of_sue["Resources"]] == [sue]


def test_whoever_is_deleted_leaves_all_groups(scim: httpx.Client) -> None:
    sue = create(scim)["id"]
    made = group(scim, sue)
    scim.delete(f"{USERS}/{sue}")
    assert members(scim, made["id"]) == []
    assert scim.get(f"{GROUPS}/{made['id']}").headers["etag"] != made["meta"]["version"]
    assert scim.delete(f"{GROUPS}/{made['id']}").status_code == 204
    refused(scim.get(f"{GROUPS}/{made['id']}"), 404)


def test_a_member_must_be_somebody_and_groups_of_a_user_are_read_only(scim: httpx.Client) -> None:
    key, sue = group(scim)["id"], create(scim)["id"]
    stranger = {"op": "add", "path": "members", "value": [{"value": str(uuid.uuid4())}]}
    refused(patch(scim, key, stranger, path=GROUPS), 400, "invalidValue")
    refused(patch(scim, sue, {"op": "add", "path": "groups", "value": [{"value": key}]}), 400, "mutability")


def test_a_group_is_replaced_whole(scim: httpx.Client) -> None:
    sue, bob = create(scim)["id"], create(scim)["id"]
    made = group(scim, sue)
    body = {"schemas": made["schemas"], "displayName": "Renamed", "members": [{"value": bob}]}
    answer = scim.put(f"{GROUPS}/{made['id']}", json=body, headers={"If-Match": made["meta"]["version"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["displayName"], members(scim, made["id"])) == ("Renamed", [bob])
    refused(scim.put(f"{GROUPS}/{made['id']}", json={"schemas": made["schemas"]}), 400, "invalidValue")
