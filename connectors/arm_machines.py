"""Virtual machines: whose they are by their tags, and their power."""

from typing import Literal

from connectors.arm_models import VirtualMachine, power
from connectors.arm_polling import Operation, started
from connectors.arm_reads import ArmPart, address

PowerAction = Literal["start", "deallocate", "powerOff", "restart"]


class VirtualMachines(ArmPart):
    """Machines by owner, and their power. Least role: Virtual Machine Contributor.

    Source: learn.microsoft.com/rest/api/compute/virtual-machines.
    """

    version = "2024-11-01"

    async def all(self, subscription_id: str) -> list[VirtualMachine]:
        """Every machine of a subscription.

        ``GET /subscriptions/{id}/providers/Microsoft.Compute/virtualMachines``; Microsoft.Compute/virtualMachines/read.
        """
        path = address(f"/subscriptions/{subscription_id}", "/providers/Microsoft.Compute/virtualMachines")
        return [VirtualMachine.read(item) async for item in self._values(path)]

    async def tagged(self, subscription_id: str, tag: str, value: str) -> list[VirtualMachine]:
        """The machines that carry a tag, such as the owner's UPN, as ``all``: Compute cannot filter by tags."""
        return [machine for machine in await self.all(subscription_id) if machine.tagged(tag, value)]

    async def machine(self, resource_id: str) -> VirtualMachine:
        """One machine with its power. Raises ``NotFound``.

        ``GET {machine}?$expand=instanceView``; Microsoft.Compute/virtualMachines/read.
        """
        return VirtualMachine.read(
            (await self._call("GET", address(resource_id), query={"$expand": "instanceView"})).json()
        )

    async def power(self, resource_id: str) -> str | None:
        """``running``, ``deallocated`` …; None while it is being made.

        ``GET {machine}/instanceView``; Microsoft.Compute/virtualMachines/instanceView/read.
        """
        return power((await self._call("GET", address(resource_id, "/instanceView"))).json().get("statuses") or [])

    async def switch(self, resource_id: str, action: PowerAction) -> Operation | None:
        """Begin to start, deallocate, power off or restart a machine, whatever its state; done by ``Polling``.

        ``POST {machine}/{start|deallocate|powerOff|restart}`` → 202; Microsoft.Compute/virtualMachines/start/action,
        and those of the others. While something else is under
        way ``Conflict``, under a read-only lock ``Locked``. Deallocated machines cost nothing but their disks.
        """
        path = address(resource_id)
        return started(await self._call("POST", f"{path}/{action}"), f"{path}?api-version={self.version}")
