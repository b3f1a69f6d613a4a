"""azure-mgmt-compute and azure-mgmt-network against the practice tenant."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

from tests.fidelity.azure_clients import REGION, fresh, management
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _quick(tenant: Tenant) -> None:
    tenant.control("POST", "settings", arm_operation_ms=200)


@pytest.fixture
def compute(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[ComputeManagementClient]:
    with management(ComputeManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


@pytest.fixture
def network(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[NetworkManagementClient]:
    with management(NetworkManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


@pytest.fixture
def group(tenant: Tenant, blocking_credential: BlockingCredential) -> str:
    with management(ResourceManagementClient, tenant, blocking_credential("platform")) as client:
        return str(client.resource_groups.create_or_update(fresh("rg-"), ResourceGroup(location=REGION)).name)


def power(compute: ComputeManagementClient, group: str, name: str) -> str | None:
    statuses = compute.virtual_machines.instance_view(group, name).statuses or []
    return next((one.code for one in statuses if str(one.code).startswith("PowerState/")), None)


def test_a_machine_is_made_switched_and_deleted(
    compute: ComputeManagementClient, network: NetworkManagementClient, group: str
) -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnets = {"subnets": [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]}
    made = network.virtual_networks.begin_create_or_update(
        group, "v", {"location": REGION, "properties": {**space, **subnets}}
    ).result()  # type: ignore[call-overload]
    assert made.provisioning_state == "Succeeded"
    subnet = network.subnets.get(group, "v", "s")
    config = {"name": "ip", "properties": {"subnet": {"id": subnet.id}}}
    nic = network.network_interfaces.begin_create_or_update(
        group, "nic", {"location": REGION, "properties": {"ipConfigurations": [config]}}
    ).result()  # type: ignore[call-overload]
    name = fresh("vm")
    properties = {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "networkProfile": {"networkInterfaces": [{"id": nic.id}]},
    }
    machine = compute.virtual_machines.begin_create_or_update(
        group, name, {"location": REGION, "properties": properties, "tags": {"owner": "o"}}
    ).result()  # type: ignore[call-overload]
    assert (machine.provisioning_state, machine.tags) == ("Succeeded", {"owner": "o"})
    assert power(compute, group, name) == "PowerState/running"
    compute.virtual_machines.begin_deallocate(group, name).result()
    assert power(compute, group, name) == "PowerState/deallocated"
    compute.virtual_machines.begin_start(group, name).result()
    assert power(compute, group, name) == "PowerState/running"
    compute.virtual_machines.begin_power_off(group, name).result()
    assert power(compute, group, name) == "PowerState/stopped"
    compute.virtual_machines.begin_delete(group, name).result()
    with pytest.raises(ResourceNotFoundError):
        compute.virtual_machines.get(group, name)
    network.network_interfaces.begin_delete(group, "nic").result()
    network.virtual_networks.begin_delete(group, "v").result()


def test_machines_are_listed_by_tag(tenant: Tenant, compute: ComputeManagementClient) -> None:
    machines = {one.id: one for one in compute.virtual_machines.list_all(status_only="true")}
    seeded = machines[tenant.json["azure"]["virtual_machine"]]
    assert seeded.tags is not None
    assert "@" in seeded.tags["owner"]
    assert seeded.instance_view is not None
    in_group = compute.virtual_machines.list(tenant.json["azure"]["resource_group"])
    assert seeded.id in {one.id for one in in_group}


def test_a_failed_operation_is_the_librarys_exception(tenant: Tenant, compute: ComputeManagementClient) -> None:
    group, name = tenant.json["azure"]["resource_group"], "vm-practice-01"
    compute.virtual_machines.begin_deallocate(group, name).result()
    tenant.control("POST", "settings", arm_operations_failing=1)
    with pytest.raises(HttpResponseError) as caught:
        compute.virtual_machines.begin_start(group, name).result()
    assert caught.value.error is not None
    assert caught.value.error.code == "AllocationFailed"
    compute.virtual_machines.begin_start(group, name).result()


def test_networks_are_listed(tenant: Tenant, network: NetworkManagementClient) -> None:
    assert tenant.json["azure"]["virtual_network"] in {one.id for one in network.virtual_networks.list_all()}
    group = tenant.json["azure"]["resource_group"]
    assert [one.name for one in network.subnets.list(group, "vnet-practice")] == ["default"]
    assert "nic-practice-01" in {one.name for one in network.network_interfaces.list_all()}
    assert "nsg-practice" in {one.name for one in network.network_security_groups.list_all()}
