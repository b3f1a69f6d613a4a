"""azure-mgmt-keyvault and azure-keyvault-secrets against the practice tenant."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient
from azure.mgmt.keyvault import KeyVaultManagementClient

from tests.fidelity.azure_clients import REGION, fresh, management
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant


@pytest.fixture
def vaults(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[KeyVaultManagementClient]:
    with management(KeyVaultManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


def opened(tenant: Tenant, credential: BlockingCredential, who: str) -> SecretClient:
    """The seeded vault; its address is the tenant's own, so the library must not compare it with the challenge's."""
    return SecretClient(
        tenant.base_url,
        credential(who),
        connection_verify=str(tenant.ca_file),
        verify_challenge_resource=False,
        polling_interval=0.1,
    )


@pytest.fixture
def secrets(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[SecretClient]:
    tenant.control("POST", "settings", arm_operation_ms=300)
    with opened(tenant, blocking_credential, "platform") as client:
        yield client


def test_a_vault_is_made_given_deleted_recovered_and_purged(tenant: Tenant, vaults: KeyVaultManagementClient) -> None:
    group, name = tenant.json["azure"]["resource_group"], fresh("kv")
    sku = {"family": "A", "name": "standard"}
    properties = {"tenantId": tenant.json["tenant_id"], "sku": sku, "accessPolicies": []}
    made = vaults.vaults.begin_create_or_update(group, name, {"location": REGION, "properties": properties}).result()  # type: ignore[call-overload]
    assert made.properties.vault_uri == f"https://{name}.vault.azure.net/"
    policy = {
        "tenantId": tenant.json["tenant_id"],
        "objectId": tenant.json["limited"]["object_id"],
        "permissions": {"secrets": ["get"]},
    }
    changed = vaults.vaults.update_access_policy(group, name, "add", {"properties": {"accessPolicies": [policy]}})  # type: ignore[call-overload]
    assert [one.object_id for one in changed.properties.access_policies] == [tenant.json["limited"]["object_id"]]
    assert name in {one.name for one in vaults.vaults.list_by_subscription()}
    vaults.vaults.delete(group, name)
    assert name in {one.name for one in vaults.vaults.list_deleted()}
    with pytest.raises(HttpResponseError) as caught:
        vaults.vaults.begin_create_or_update(group, name, {"location": REGION, "properties": properties})  # type: ignore[call-overload]
    assert caught.value.status_code == 409
    vaults.vaults.begin_purge_deleted(name, REGION).result()
    with pytest.raises(ResourceNotFoundError):
        vaults.vaults.get_deleted(name, REGION)


def test_the_seeded_vault_leads_to_its_secrets(tenant: Tenant, vaults: KeyVaultManagementClient) -> None:
    vault = vaults.vaults.get(tenant.json["azure"]["resource_group"], "kv-practice")
    assert vault.properties.vault_uri == f"{tenant.base_url}/"
    assert tenant.json["platform"]["object_id"] in {one.object_id for one in vault.properties.access_policies or []}


def test_secrets_have_versions(secrets: SecretClient) -> None:
    name = fresh("s")
    first = secrets.set_secret(name, "unmistakable-one", tags={"a": "b"}, content_type="text/plain")
    second = secrets.set_secret(name, "unmistakable-two")
    assert secrets.get_secret(name).value == "unmistakable-two"
    assert secrets.get_secret(name, first.properties.version).value == "unmistakable-one"
    assert first.properties.tags == {"a": "b"}
    assert first.properties.recovery_level == "Recoverable+Purgeable"
    versions = {one.version for one in secrets.list_properties_of_secret_versions(name)}
    assert versions == {first.properties.version, second.properties.version}
    assert name in {one.name for one in secrets.list_properties_of_secrets(max_page_size=1)}
    secrets.update_secret_properties(name, second.properties.version, enabled=False)
    with pytest.raises(HttpResponseError) as caught:
        secrets.get_secret(name)
    assert caught.value.status_code == 403


def test_a_deleted_secret_is_polled_for_recovered_and_purged(secrets: SecretClient) -> None:
    name = fresh("s")
    secrets.set_secret(name, "unmistakable-v")
    deletion = secrets.begin_delete_secret(name)
    assert deletion.result().recovery_id
    deletion.wait()
    assert secrets.get_deleted_secret(name).name == name
    with pytest.raises(ResourceExistsError):
        secrets.set_secret(name, "unmistakable-w")
    recovery = secrets.begin_recover_deleted_secret(name)
    recovery.wait()
    assert recovery.result().name == name
    assert secrets.get_secret(name).value == "unmistakable-v"
    poller = secrets.begin_delete_secret(name)
    poller.wait()
    secrets.purge_deleted_secret(name)
    with pytest.raises(ResourceNotFoundError):
        secrets.get_deleted_secret(name)


def test_whoever_has_no_policy_is_refused(tenant: Tenant, blocking_credential: BlockingCredential) -> None:
    with opened(tenant, blocking_credential, "limited") as limited, pytest.raises(HttpResponseError) as caught:
        limited.get_secret("anything")
    assert caught.value.status_code == 403
    assert caught.value.error is not None
    assert caught.value.error.code == "Forbidden"
