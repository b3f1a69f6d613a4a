"""Resource groups with what is in them, tags and locks."""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.azure_hands import arrived, assign, azure, ended, fresh, make_group, refused, subscription
from tests.tenant import Tenant


@pytest.fixture
def arm(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant) as client:
        yield client


def test_a_group_is_made_once_and_stays_where_it_is(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant, tags={"a": "b"})
    body = arm.get(group).json()
    assert body == {
        "id": group,
        "name": group.rpartition("/")[2],
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "tags": {"a": "b"},
        "properties": {"provisioningState": "Succeeded"},
    }
    assert arm.head(group).status_code == 204
    again = arm.put(group.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), json={"location": "West Europe"})
    assert (again.status_code, again.json()["id"]) == (200, group)
    assert "tags" not in again.json()
    refused(arm.put(group, json={"location": "uksouth"}), 409, "InvalidResourceGroupLocation", "'westeurope'")


def test_groups_are_found_by_tag(tenant: Tenant, arm: httpx.Client) -> None:
    owner = fresh("owner")
    group = make_group(arm, tenant, tags={"Owner": owner})
    root = f"{subscription(tenant)}/resourcegroups"
    for asked in (f"tagname eq 'owner' and tagvalue eq '{owner}'", f"tagName eq 'OWNER' and tagValue eq '{owner}'"):
        assert [g["id"] for g in arm.get(root, params={"$filter": asked}).json()["value"]] == [group]
    upper = f"tagName eq 'owner' and tagValue eq '{owner.upper()}'"
    assert arm.get(root, params={"$filter": upper}).json()["value"] == []
    assert group in {g["id"] for g in arm.get(root, params={"$filter": "tagname eq 'owner'"}).json()["value"]}


def test_a_group_is_deleted_by_a_job_as_recorded(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/{fresh('v')}"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    ended(arm, arm.put(network, json={"location": "westeurope", "properties": space}))
    principal = tenant.json["helpdesk"]["object_id"]
    given = assign(arm, group, principal).json()["id"]
    answer = arm.delete(group)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (202, b"", "0")
    assert "azure-asyncoperation" not in answer.headers
    assert int(answer.headers["retry-after"]) >= 1
    place, _, query = answer.headers["location"].partition("?")
    assert place.startswith(f"{tenant.base_url}{subscription(tenant)}/operationresults/")
    token = json.loads(base64.urlsafe_b64decode(place.rpartition("/")[2] + "=="))
    assert set(token) == {"jobId", "jobLocation"}
    poll = arm.get(answer.headers["location"])
    assert (poll.status_code, poll.headers["location"]) == (202, f"{place}?{query}")
    assert arm.get(group).json()["properties"]["provisioningState"] == "Deleting"
    last = arrived(arm, answer)
    assert (last.status_code, last.content) == (200, b"")
    assert "content-type" not in last.headers
    assert arm.head(group).status_code == 404
    assert arm.get(given).status_code == 404
    refused(arm.get(network), 404, "ResourceGroupNotFound")


def test_locks_forbid_what_they_say(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    lock = f"{group}/providers/Microsoft.Authorization/locks/keep"
    given = {"properties": {"level": "CanNotDelete", "notes": "kept"}}
    assert arm.put(lock, json=given).status_code == 201
    assert arm.put(lock, json=given).status_code == 200
    text = f"cannot perform delete operation because following scope(s) are locked: '{group}'."
    refused(arm.delete(group), 409, "ScopeLocked", text)
    assert arm.patch(group, json={"tags": {"a": "b"}}).status_code == 200
    arm.put(lock, json={"properties": {"level": "ReadOnly"}})
    refused(arm.patch(group, json={"tags": {}}), 409, "ScopeLocked", "cannot perform write operation")
    below = f"{group}/providers/Microsoft.Authorization/locks"
    assert [one["name"] for one in arm.get(below).json()["value"]] == ["keep"]
    assert arm.delete(lock).status_code == 200
    assert arm.delete(lock).status_code == 204
    refused(arm.get(lock), 404, "LockNotFound")
    assert arm.delete(group).status_code == 202


def test_a_lock_inside_keeps_the_whole_group(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/{fresh('v')}"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    ended(arm, arm.put(network, json={"location": "westeurope", "properties": space}))
    lock = f"{network}/providers/Microsoft.Authorization/locks/l"
    arm.put(lock, json={"properties": {"level": "CanNotDelete"}})
    refused(arm.delete(group), 409, "ScopeLocked", network)
    refused(arm.put(lock, json={"properties": {"level": "Never"}}), 400, "LockLevelNotSpecified")
    arm.delete(lock)


def test_tags_are_merged_replaced_and_deleted(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant, tags={"Owner": "a", "b": "c"})
    tags = f"{group}/providers/Microsoft.Resources/tags/default"

    def patch(operation: str, **given: str) -> dict[str, str]:
        body = {"operation": operation, "properties": {"tags": given}}
        found: dict[str, str] = arm.patch(tags, json=body).json()["properties"]["tags"]
        return found

    assert patch("Merge", owner="d", e="f") == {"b": "c", "owner": "d", "e": "f"}
    assert patch("Delete", B="c") == {"owner": "d", "e": "f"}
    assert patch("Delete", e="other") == {"owner": "d", "e": "f"}
    assert patch("Replace", g="h") == {"g": "h"}
    assert arm.get(group).json()["tags"] == {"g": "h"}
    assert arm.put(tags, json={"properties": {"tags": {"i": "j"}}}).json()["properties"]["tags"] == {"i": "j"}
    assert arm.get(tags).json()["id"] == tags
    assert arm.delete(tags).status_code == 200
    assert arm.get(tags).json()["properties"]["tags"] == {}
    refused(arm.patch(tags, json={"operation": "Rub"}), 400, "InvalidTagsOperation")
    many = {f"t{n}": "x" for n in range(51)}
    refused(arm.put(tags, json={"properties": {"tags": many}}), 400, "InvalidTagsCount")


def test_resources_are_found_by_kind_name_and_tag(tenant: Tenant, arm: httpx.Client) -> None:
    names, root = tenant.json["azure"], f"{subscription(tenant)}/resources"

    def found(asked: str) -> list[str]:
        return [one["id"] for one in arm.get(root, params={"$filter": asked}).json()["value"]]

    kind = "resourceType eq 'Microsoft.KeyVault/vaults'"
    assert names["key_vault"] in found(kind)
    assert found(f"{kind} and name eq 'KV-practice'") == [names["key_vault"]]
    tags = arm.get(names["virtual_machine"]).json()["tags"]
    assert found(f"tagname eq 'OWNER' and tagvalue eq '{tags['owner']}'") == [names["virtual_machine"]]
    assert found(f"tagName eq 'owner' and tagValue eq '{tags['owner'].upper()}'") == []
    both = {"$filter": f"{kind} and tagName eq 'owner'"}
    refused(arm.get(root, params=both), 400, "InvalidFilterInQueryString", "cannot be combined")
    row = arm.get(root, params={"$filter": kind, "$expand": "createdTime,provisioningState"}).json()["value"][0]
    assert "properties" not in row
    assert row["provisioningState"] == "Succeeded"


def test_only_what_may_be_read_is_listed(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    given = assign(arm, group, tenant.json["helpdesk"]["object_id"]).json()["id"]
    with azure(tenant, "helpdesk") as helpdesk:
        assert [g["id"] for g in helpdesk.get(f"{subscription(tenant)}/resourcegroups").json()["value"]] == [group]
        assert helpdesk.get(f"{subscription(tenant)}/resources").json()["value"] == []
        assert [s["id"] for s in helpdesk.get("/subscriptions").json()["value"]] == [subscription(tenant)]
        refused(helpdesk.patch(group, json={"tags": {}}), 403, "AuthorizationFailed")
    arm.delete(given)


def test_faults_mean_in_azure_what_they_mean_elsewhere(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant, tags={"a": "old"})
    tenant.control("POST", "faults", path=group, method="PATCH", effect="ignored", count=1)
    assert arm.patch(group, json={"tags": {"a": "new"}}).status_code == 200
    assert arm.get(group).json()["tags"] == {"a": "old"}
    tenant.control("POST", "faults", path=group, method="GET", status=503, count=1)
    assert arm.get(group).status_code == 503
    arm.patch(group, json={"tags": {"a": "newest"}})
    tenant.control("POST", "faults", path=group, method="GET", stale_ms=4000, count=1)
    assert arm.get(group).status_code == 404
    assert arm.get(group).json()["tags"] == {"a": "newest"}
