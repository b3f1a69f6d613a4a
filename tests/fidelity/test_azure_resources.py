"""azure-mgmt-resource and azure-mgmt-subscription against the practice tenant."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup, Tags, TagsPatchResource
from azure.mgmt.subscription import SubscriptionClient

from tests.fidelity.azure_clients import REGION, fresh, management
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant


@pytest.fixture
def resources(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[ResourceManagementClient]:
    with management(ResourceManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


def test_subscriptions_and_tenants_are_read(tenant: Tenant, blocking_credential: BlockingCredential) -> None:
    with management(SubscriptionClient, tenant, blocking_credential("platform"), subscribed=False) as client:
        key = tenant.json["azure"]["subscription_id"]
        found = {one.subscription_id: one for one in client.subscriptions.list()}
        assert found[key].state == "Enabled"
        assert client.subscriptions.get(key).display_name == found[key].display_name
        assert [one.tenant_id for one in client.tenants.list()] == [tenant.json["tenant_id"]]
        assert "westeurope" in {one.name for one in client.subscriptions.list_locations(key)}


def test_groups_live_and_die(resources: ResourceManagementClient) -> None:
    name, owner = fresh("rg-"), fresh("owner-")
    made = resources.resource_groups.create_or_update(name, ResourceGroup(location=REGION, tags={"owner": owner}))
    assert made.properties is not None
    assert made.properties.provisioning_state == "Succeeded"
    assert resources.resource_groups.check_existence(name)
    found = resources.resource_groups.list(filter=f"tagName eq 'owner' and tagValue eq '{owner}'")
    assert [one.id for one in found] == [made.id]
    resources.resource_groups.begin_delete(name).result()
    assert not resources.resource_groups.check_existence(name)
    with pytest.raises(ResourceNotFoundError) as caught:
        resources.resource_groups.get(name)
    assert caught.value.error is not None
    assert caught.value.error.code == "ResourceGroupNotFound"


def test_lists_turn_their_pages(resources: ResourceManagementClient) -> None:
    tag = fresh("t")
    names = {fresh("rg-") for _ in range(3)}
    for name in names:
        resources.resource_groups.create_or_update(name, ResourceGroup(location=REGION, tags={tag: "x"}))
    found = resources.resource_groups.list(filter=f"tagName eq '{tag}'", top=1)
    assert {one.name for one in found} == names


def test_resources_are_found_by_tag(tenant: Tenant, resources: ResourceManagementClient) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    found = {one.id: one for one in resources.resources.list(filter="tagName eq 'owner'", expand="createdTime")}
    assert found[machine].type == "Microsoft.Compute/virtualMachines"
    assert found[machine].created_time is not None


def test_tags_are_patched_at_a_scope(resources: ResourceManagementClient) -> None:
    group = resources.resource_groups.create_or_update(fresh("rg-"), ResourceGroup(location=REGION, tags={"a": "b"}))
    patch = TagsPatchResource(operation="Merge", properties=Tags(tags={"c": "d"}))
    poller = resources.tags.begin_update_at_scope(str(group.id), patch)
    assert poller.result().properties.tags == {"a": "b", "c": "d"}
    assert resources.tags.get_at_scope(str(group.id)).properties.tags == {"a": "b", "c": "d"}


def test_refusals_are_the_librarys_exceptions(tenant: Tenant, blocking_credential: BlockingCredential) -> None:
    limited = management(ResourceManagementClient, tenant, blocking_credential("limited"))
    with limited, pytest.raises(HttpResponseError) as caught:
        limited.resource_groups.create_or_update(fresh("rg-"), ResourceGroup(location=REGION))
    assert caught.value.status_code == 403
    assert caught.value.error is not None
    assert caught.value.error.code == "AuthorizationFailed"
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in str(caught.value.error.message)


def test_a_graph_token_is_refused(tenant: Tenant, blocking_credential: BlockingCredential) -> None:
    client = ResourceManagementClient(
        blocking_credential("platform"), tenant.json["azure"]["subscription_id"], base_url=tenant.base_url,
        credential_scopes=["https://graph.microsoft.com/.default"], connection_verify=str(tenant.ca_file),
    )  # fmt: skip
    with client, pytest.raises(ClientAuthenticationError):
        list(client.resource_groups.list())


def test_a_throttled_call_is_retried_by_the_library(tenant: Tenant, resources: ResourceManagementClient) -> None:
    tenant.control("POST", "faults", path="/resourcegroups", method="GET", status=429, retry_after=1, count=2)
    assert resources.resource_groups.get(tenant.json["azure"]["resource_group"]).location == REGION
