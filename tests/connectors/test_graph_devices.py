"""The client of devices against the practice tenant."""

import pytest

from connectors.errors import NotFound
from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.graph_objects import ManagedDevice
from tests.connectors.company import employees
from tests.connectors.identities import eventually
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant) -> None:
    """Nothing here is about the lag of replicas."""
    tenant.control("POST", "settings", lag_ms=0)


async def _equipped(graph: GraphClient, kind: str) -> tuple[User, ManagedDevice]:
    """Somebody of the seeded company with a device of this ownership under management."""
    async for user in employees(graph):
        for managed in await graph.devices.managed(user.id):
            if managed.managed_device_owner_type == kind and managed.management_state == "managed":
                return user, managed
    raise AssertionError(f"nobody has a {kind} device")


async def test_the_devices_of_a_person_are_found_in_both_places(graph: GraphClient) -> None:
    user, managed = await _equipped(graph, "company")
    owned = await graph.devices.owned(user.id)
    assert managed.device_id in {device.device_id for device in owned}
    assert {device.id for device in owned} == {device.id for device in await graph.devices.registered(user.id)}
    assert not managed.personal


async def test_a_device_is_disabled_enabled_and_loses_its_owner(graph: GraphClient) -> None:
    user, managed = await _equipped(graph, "company")
    device = next(one for one in await graph.devices.owned(user.id) if one.device_id == managed.device_id)
    await graph.devices.disable(device.id)
    assert await eventually(lambda: _enabled(graph, device.id, False))
    await graph.devices.enable(device.id)
    assert await eventually(lambda: _enabled(graph, device.id, True))
    await graph.devices.remove_owner(device.id, user.id)
    with pytest.raises(NotFound):
        await graph.devices.remove_owner(device.id, user.id)


async def _enabled(graph: GraphClient, key: str, wanted: bool) -> bool:
    return (await graph.devices.device(key)).account_enabled is wanted


@pytest.mark.parametrize(("kind", "action"), [("company", "wipe"), ("personal", "retire")])
async def test_a_device_leaves_intune(graph: GraphClient, tenant: Tenant, kind: str, action: str) -> None:
    tenant.control("POST", "settings", provisioning_delay_ms=100)
    user, managed = await _equipped(graph, kind)
    await (graph.devices.wipe(managed.id) if action == "wipe" else graph.devices.retire(managed.id))
    assert await eventually(lambda: _gone(graph, user.id, managed.id))
    with pytest.raises(NotFound):
        await graph.devices.retire(managed.id)


async def _gone(graph: GraphClient, user_id: str, managed_id: str) -> bool:
    return managed_id not in {device.id for device in await graph.devices.managed(user_id)}
