"""Devices of a person: in the directory, and under Intune (Microsoft Graph v1.0)."""

from urllib.parse import quote

from connectors.graph_objects import Device, ManagedDevice
from connectors.graph_pages import pages
from connectors.http import Wire

_SELECT = {"$select": "id,deviceId,displayName,accountEnabled,operatingSystem,trustType,isManaged"}
_MANAGED = {
    "$select": "id,deviceName,azureADDeviceId,userId,managedDeviceOwnerType,operatingSystem,managementState",
}


class Devices:
    """A person's laptops and phones. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def owned(self, object_id: str) -> list[Device]:
        """The devices a person is the registered owner of.

        ``GET /users/{id}/ownedDevices/microsoft.graph.device``; User.Read.All with Device.Read.All. Graph,
        user-list-owneddevices.
        """
        return await self._of(object_id, "ownedDevices")

    async def registered(self, object_id: str) -> list[Device]:
        """The devices a person is a registered user of.

        ``GET /users/{id}/registeredDevices/microsoft.graph.device``; User.Read.All with Device.Read.All. Graph,
        user-list-registereddevices.
        """
        return await self._of(object_id, "registeredDevices")

    async def managed(self, object_id: str) -> list[ManagedDevice]:
        """The devices of a person under Intune.

        ``GET /users/{id}/managedDevices``; DeviceManagementManagedDevices.Read.All. Graph,
        intune-devices-manageddevice-list.
        """
        items = pages(self._wire, f"/users/{quote(object_id, safe='')}/managedDevices", _MANAGED)
        return [ManagedDevice.model_validate(item) async for item in items]

    async def device(self, device_object_id: str) -> Device:
        """One device by object id. ``GET /devices/{id}``; Device.Read.All. Raises ``NotFound``. Graph, device-get."""
        answer = await self._wire.request("GET", _device(device_object_id), query=_SELECT)
        return Device.model_validate(answer.json())

    async def disable(self, device_object_id: str) -> None:
        """Let nobody sign in from a device.

        ``PATCH /devices/{id}`` → 204; Device.ReadWrite.All. Graph, device-update.
        """
        await self._enabled(device_object_id, False)

    async def enable(self, device_object_id: str) -> None:
        """Undo ``disable``. ``PATCH /devices/{id}`` → 204; Device.ReadWrite.All. Graph, device-update."""
        await self._enabled(device_object_id, True)

    async def remove_owner(self, device_object_id: str, object_id: str) -> None:
        """Take the registered owner off a device; ``NotFound`` for who is none.

        ``DELETE /devices/{id}/registeredOwners/{user}/$ref`` → 204. Microsoft documents it for signed-in
        administrators; an application needs Device.ReadWrite.All, and a real tenant may answer ``Forbidden``. Graph,
        device-delete-registeredowners.
        """
        owner = quote(object_id, safe="")
        await self._wire.request("DELETE", f"{_device(device_object_id)}/registeredOwners/{owner}/$ref")

    async def retire(self, managed_id: str) -> None:
        """Remove company data and management from a device; what is personal stays on it.

        ``POST /deviceManagement/managedDevices/{id}/retire`` → 204, done when the device comes by;
        DeviceManagementManagedDevices.PrivilegedOperations.All. Graph, intune-devices-manageddevice-retire.
        """
        await self._wire.request("POST", f"{_intune(managed_id)}/retire")

    async def wipe(self, managed_id: str, *, keep_user_data: bool = False) -> None:
        """Reset a device to how it left the factory: for company devices only.

        ``POST /deviceManagement/managedDevices/{id}/wipe`` → 204, done when the device comes by;
        DeviceManagementManagedDevices.PrivilegedOperations.All. Graph, intune-devices-manageddevice-wipe.
        """
        body = {"keepEnrollmentData": False, "keepUserData": keep_user_data}
        await self._wire.request("POST", f"{_intune(managed_id)}/wipe", body=body)

    async def _of(self, object_id: str, relation: str) -> list[Device]:
        path = f"/users/{quote(object_id, safe='')}/{relation}/microsoft.graph.device"
        return [Device.model_validate(item) async for item in pages(self._wire, path, _SELECT)]

    async def _enabled(self, device_object_id: str, value: bool) -> None:
        await self._wire.request("PATCH", _device(device_object_id), body={"accountEnabled": value})


def _device(object_id: str) -> str:
    return f"/devices/{quote(object_id, safe='')}"


def _intune(managed_id: str) -> str:
    return f"/deviceManagement/managedDevices/{quote(managed_id, safe='')}"
