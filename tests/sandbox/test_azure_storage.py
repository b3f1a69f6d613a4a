"""Storage accounts, keys and containers as Resource Manager shows them; virtual networks."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.azure_hands import arrived, azure, ended, fresh, make_group, refused, subscription
from tests.tenant import Tenant

KIND = "Microsoft.Storage/storageAccounts"
ACCOUNT = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


@pytest.fixture
def arm(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant) as client:
        yield client


@pytest.fixture
def account(tenant: Tenant, arm: httpx.Client) -> str:
    path = f"{make_group(arm, tenant)}/providers/{KIND}/{fresh('st')}"
    assert arrived(arm, arm.put(path, json=ACCOUNT)).status_code == 200
    return path


def test_an_account_is_made_by_an_operation_with_a_result(tenant: Tenant, arm: httpx.Client) -> None:
    group, name = make_group(arm, tenant), fresh("st")
    path = f"{group}/providers/{KIND}/{name}"
    answer = arm.put(path, json=ACCOUNT)
    assert (answer.status_code, answer.content) == (202, b"")
    assert "azure-asyncoperation" not in answer.headers
    assert "/providers/Microsoft.Storage/locations/westeurope/asyncoperations/" in answer.headers["location"]
    refused(arm.get(path), 404, "ResourceNotFound")
    made = arrived(arm, answer).json()
    assert (made["id"], made["kind"], made["sku"]) == (
        path, "StorageV2", {"name": "Standard_LRS", "tier": "Standard"},
    )  # fmt: skip
    assert made["properties"]["primaryEndpoints"]["blob"] == f"{tenant.base_url}/{name}/"
    elsewhere = arm.get(path, headers={"Host": "management.azure.com"}).json()["properties"]["primaryEndpoints"]
    assert elsewhere["blob"] == f"https://{name}.blob.core.windows.net/"
    assert arm.put(path, json=ACCOUNT).status_code == 200
    assert arm.patch(path, json={"tags": {"a": "b"}}).json()["tags"] == {"a": "b"}
    assert path in {one["id"] for one in arm.get(f"{subscription(tenant)}/providers/{KIND}").json()["value"]}
    assert arm.delete(path).status_code == 200
    assert arm.delete(path).status_code == 204


def test_names_are_the_worlds(tenant: Tenant, arm: httpx.Client, account: str) -> None:
    other, name = make_group(arm, tenant), account.rpartition("/")[2]
    refused(arm.put(f"{other}/providers/{KIND}/{name}", json=ACCOUNT), 409, "StorageAccountAlreadyTaken", name)
    refused(arm.put(f"{other}/providers/{KIND}/Not-A-Name", json=ACCOUNT), 400, "AccountNameInvalid")
    url = f"{subscription(tenant)}/providers/Microsoft.Storage/checkNameAvailability"

    def check(wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = arm.post(url, json={"name": wanted, "type": KIND}).json()
        return found

    assert check(fresh("st")) == {"nameAvailable": True}
    assert (check(name)["nameAvailable"], check(name)["reason"]) == (False, "AlreadyExists")
    assert check("A")["reason"] == "AccountNameInvalid"


def test_a_renewed_key_is_the_only_one_that_changes(tenant: Tenant, arm: httpx.Client, account: str) -> None:
    answer = arm.post(f"{account}/listKeys?$expand=kerb")
    assert answer.headers["content-type"] == "application/json"
    before = {key["keyName"]: key for key in answer.json()["keys"]}
    assert {key["permissions"] for key in before.values()} == {"FULL"}
    renewed = arm.post(f"{account}/regenerateKey", json={"keyName": "key1"})
    after = {key["keyName"]: key for key in renewed.json()["keys"]}
    assert after["key2"] == before["key2"]
    assert after["key1"]["value"] != before["key1"]["value"]
    assert after["key1"]["creationTime"] > before["key1"]["creationTime"]
    refused(arm.post(f"{account}/regenerateKey", json={"keyName": "key9"}), 400, "InvalidValuesForRequestParameters")
    noted = {one["value"] for one in tenant.control("GET", "secrets")["items"]}
    assert {key["value"] for key in after.values()} <= noted


def test_reading_keys_is_no_write_in_the_record(tenant: Tenant, arm: httpx.Client, account: str) -> None:
    since = tenant.mark()
    arm.post(f"{account}/listKeys")
    arm.post(f"{account}/regenerateKey", json={"keyName": "key2"})
    rows = {row["path"].rpartition("/")[2]: row["mutating"] for row in tenant.requests(since)}
    assert rows == {"listKeys": False, "regenerateKey": True}


def test_containers_are_made_listed_and_deleted(arm: httpx.Client, account: str) -> None:
    root = f"{account}/blobServices/default/containers"
    assert arm.put(f"{root}/invoices", json={"properties": {"metadata": {"a": "b"}}}).status_code == 201
    assert arm.put(f"{root}/invoices", json={}).status_code == 200
    arm.put(f"{root}/archive", json={})
    first = arm.get(f"{root}?$maxpagesize=1").json()
    assert [one["name"] for one in first["value"]] == ["archive"]
    assert [one["name"] for one in arm.get(first["nextLink"]).json()["value"]] == ["invoices"]
    one = arm.get(f"{root}/invoices").json()
    assert one["properties"]["publicAccess"] == "None"
    assert one["etag"].startswith('"0x')
    refused(arm.put(f"{root}/No", json={}), 400, "InvalidResourceName")
    assert arm.delete(f"{root}/invoices").status_code == 200
    assert arm.delete(f"{root}/invoices").status_code == 204
    refused(arm.get(f"{root}/invoices"), 404, "ContainerNotFound")
    assert arm.get(f"{account}/blobServices/default").json()["name"] == "default"


def test_a_failed_creation_makes_no_account(tenant: Tenant, arm: httpx.Client) -> None:
    tenant.control("POST", "settings", arm_operations_failing=1)
    path = f"{make_group(arm, tenant)}/providers/{KIND}/{fresh('st')}"
    assert arrived(arm, arm.put(path, json=ACCOUNT)).status_code == 409
    refused(arm.get(path), 404, "ResourceNotFound")


def test_networks_have_subnets_and_are_kept_while_in_use(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    path = f"{group}/providers/Microsoft.Network/virtualNetworks/{fresh('v')}"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnet = {"name": "s1", "properties": {"addressPrefix": "10.0.0.0/24"}}
    answer = arm.put(path, json={"location": "westeurope", "properties": {**space, "subnets": [subnet]}})
    assert answer.status_code == 201
    assert answer.json()["properties"]["provisioningState"] == "Updating"
    assert answer.json()["properties"]["subnets"][0]["id"] == f"{path}/subnets/s1"
    refused(arm.put(f"{path}/subnets/s2", json={"properties": {}}), 409, "AnotherOperationInProgress")
    ended(arm, answer)
    assert arm.get(path).json()["properties"]["provisioningState"] == "Succeeded"
    ended(arm, arm.put(f"{path}/subnets/s2", json={"properties": {"addressPrefix": "10.0.1.0/24"}}))
    assert [one["name"] for one in arm.get(f"{path}/subnets").json()["value"]] == ["s1", "s2"]
    place = {"subnet": {"id": f"{path}/subnets/s1"}}
    nic = f"{group}/providers/Microsoft.Network/networkInterfaces/{fresh('nic')}"
    config = {"ipConfigurations": [{"name": "ip", "properties": place}]}
    ended(arm, arm.put(nic, json={"location": "westeurope", "properties": config}))
    refused(arm.delete(path), 400, "InUseSubnetCannotBeDeleted", "s1 is in use")
    refused(arm.delete(f"{path}/subnets/s1"), 400, "InUseSubnetCannotBeDeleted")
    ended(arm, arm.delete(nic))
    ended(arm, arm.delete(f"{path}/subnets/s2"))
    refused(arm.get(f"{path}/subnets/s2"), 404, "NotFound")
    assert arm.delete(f"{path}/subnets/s2").status_code == 204
    ended(arm, arm.delete(path))
    assert arm.delete(path).status_code == 204
    refused(arm.put(path, json={"location": "westeurope", "properties": {}}), 400, "InvalidRequestFormat")
    found = arm.get(f"{subscription(tenant)}/providers/Microsoft.Network/virtualNetworks").json()["value"]
    assert tenant.json["azure"]["virtual_network"] in {one["id"] for one in found}
