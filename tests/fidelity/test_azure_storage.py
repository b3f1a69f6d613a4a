"""azure-mgmt-storage and azure-storage-blob against the practice tenant."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.models import (
    BlobContainer,
    Sku,
    StorageAccountCheckNameAvailabilityParameters,
    StorageAccountCreateParameters,
    StorageAccountRegenerateKeyParameters,
)
from azure.storage.blob import BlobServiceClient

from tests.fidelity.azure_clients import REGION, fresh, management
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant

ACCOUNT = "stpractice01"


@pytest.fixture
def storage(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[StorageManagementClient]:
    tenant.control("POST", "settings", arm_operation_ms=200)
    with management(StorageManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


@pytest.fixture
def group(tenant: Tenant) -> str:
    return str(tenant.json["azure"]["resource_group"])


@pytest.fixture
def blobs(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[BlobServiceClient]:
    address = f"{tenant.base_url}/{ACCOUNT}"
    credential = blocking_credential("platform")
    with BlobServiceClient(address, credential=credential, connection_verify=str(tenant.ca_file)) as client:
        yield client


def test_an_account_is_made_and_deleted(storage: StorageManagementClient, group: str) -> None:
    name = fresh("st")
    asked = StorageAccountCheckNameAvailabilityParameters(name=name)
    assert storage.storage_accounts.check_name_availability(asked).name_available
    body = StorageAccountCreateParameters(location=REGION, sku=Sku(name="Standard_LRS"), kind="StorageV2")
    made = storage.storage_accounts.begin_create(group, name, body).result()
    assert (made.name, made.provisioning_state) == (name, "Succeeded")
    assert name in {one.name for one in storage.storage_accounts.list()}
    storage.storage_accounts.delete(group, name)
    storage.storage_accounts.delete(group, name)
    with pytest.raises(ResourceNotFoundError):
        storage.storage_accounts.get_properties(group, name)


def test_keys_are_listed_and_renewed(storage: StorageManagementClient, group: str) -> None:
    before = {key.key_name: key for key in storage.storage_accounts.list_keys(group, ACCOUNT).keys_property or []}
    renew = StorageAccountRegenerateKeyParameters(key_name="key1")
    after = {
        key.key_name: key for key in storage.storage_accounts.regenerate_key(group, ACCOUNT, renew).keys_property or []
    }
    assert after["key2"].value == before["key2"].value
    assert after["key1"].value != before["key1"].value
    assert str(after["key1"].permissions).upper() == "FULL"


def test_containers_are_made_through_resource_manager(storage: StorageManagementClient, group: str) -> None:
    name = fresh("c-")
    made = storage.blob_containers.create(group, ACCOUNT, name, BlobContainer())
    assert made.name == name
    assert name in {one.name for one in storage.blob_containers.list(group, ACCOUNT)}
    storage.blob_containers.delete(group, ACCOUNT, name)
    with pytest.raises(ResourceNotFoundError):
        storage.blob_containers.get(group, ACCOUNT, name)


def test_blobs_are_written_listed_read_and_deleted(blobs: BlobServiceClient) -> None:
    container = blobs.create_container(fresh("c-"))
    blob = container.upload_blob("dir/a.txt", b"hello", metadata={"owner": "o"})
    with pytest.raises(ResourceExistsError):
        container.upload_blob("dir/a.txt", b"again")
    container.upload_blob("dir/a.txt", b"again", overwrite=True)
    assert blob.download_blob().readall() == b"again"
    assert blob.download_blob(offset=1, length=3).readall() == b"gai"
    assert [one.name for one in container.list_blobs()] == ["dir/a.txt"]
    assert [one.name for one in container.walk_blobs()] == ["dir/"]
    assert blob.get_blob_properties().size == 5
    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""
    lease = blob.acquire_lease()
    with pytest.raises(HttpResponseError) as caught:
        blob.delete_blob()
    assert caught.value.status_code == 412
    lease.release()
    blob.delete_blob()
    with pytest.raises(ResourceNotFoundError):
        blob.download_blob()
    assert container.container_name in {one.name for one in blobs.list_containers()}
    container.delete_container()
    assert not container.exists()


def test_a_key_opens_the_account_until_it_is_renewed(
    tenant: Tenant, storage: StorageManagementClient, group: str
) -> None:
    key = str((storage.storage_accounts.list_keys(group, ACCOUNT).keys_property or [])[1].value)
    address = f"{tenant.base_url}/{ACCOUNT}"
    with BlobServiceClient(address, credential=key, connection_verify=str(tenant.ca_file)) as client:
        container = client.create_container(fresh("c-"))
        container.upload_blob("a b/ü.txt", b"x")
        assert container.download_blob("a b/ü.txt").readall() == b"x"
        assert [one.name for one in container.list_blobs(name_starts_with="a b/")] == ["a b/ü.txt"]
        storage.storage_accounts.regenerate_key(group, ACCOUNT, StorageAccountRegenerateKeyParameters(key_name="key2"))
        with pytest.raises(HttpResponseError) as caught:
            container.download_blob("a b/ü.txt")
    assert caught.value.status_code == 403


def test_whoever_has_no_data_role_is_refused(tenant: Tenant, blocking_credential: BlockingCredential) -> None:
    address, credential = f"{tenant.base_url}/{ACCOUNT}", blocking_credential("limited")
    client = BlobServiceClient(address, credential=credential, connection_verify=str(tenant.ca_file))
    with client, pytest.raises(HttpResponseError) as caught:
        client.get_container_client("documents").upload_blob("x", b"x")
    assert caught.value.error_code == "AuthorizationPermissionMismatch"  # type: ignore[attr-defined]
