"""Virtual networks and what is connected to them."""

from connectors.arm_models import Resource
from connectors.arm_reads import ArmPart, address


class Networks(ArmPart):
    """Networks as they are: read only. Least role: Reader.

    Source: learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/list-all.
    """

    version = "2024-05-01"

    async def virtual_networks(self, subscription_id: str) -> list[Resource]:
        """All networks.

        ``GET /subscriptions/{id}/providers/Microsoft.Network/virtualNetworks``; Microsoft.Network/virtualNetworks/read.
        """
        return await self._listed(subscription_id, "virtualNetworks")

    async def interfaces(self, subscription_id: str) -> list[Resource]:
        """All network interfaces.

        ``GET /subscriptions/{id}/providers/Microsoft.Network/networkInterfaces``;
        Microsoft.Network/networkInterfaces/read. Source:
        learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-all.
        """
        return await self._listed(subscription_id, "networkInterfaces")

    async def subnets(self, resource_id: str) -> list[str]:
        """The names of a network's subnets.

        ``GET {network}/subnets``; Microsoft.Network/virtualNetworks/subnets/read. Source:
        learn.microsoft.com/rest/api/virtualnetwork/subnets/list.
        """
        return [str(item["name"]) async for item in self._values(address(resource_id, "/subnets"))]

    async def _listed(self, subscription_id: str, kind: str) -> list[Resource]:
        path = address(f"/subscriptions/{subscription_id}", f"/providers/Microsoft.Network/{kind}")
        return [Resource.read(item) async for item in self._values(path)]
