"""Key vaults and who may use them; their secrets are in ``connectors.key_vault``."""

from collections.abc import Mapping, Sequence
from typing import Literal

from connectors.arm_models import Vault
from connectors.arm_reads import ArmPart, address

Change = Literal["add", "replace", "remove"]


class Vaults(ArmPart):
    """Vaults and access policies. Least role: Key Vault Contributor.

    Source: learn.microsoft.com/rest/api/keyvault/keyvault/vaults.
    """

    version = "2023-07-01"

    async def all(self, subscription_id: str) -> list[Vault]:
        """Every vault of a subscription.

        ``GET /subscriptions/{id}/providers/Microsoft.KeyVault/vaults``; Microsoft.KeyVault/vaults/read.
        """
        path = address(f"/subscriptions/{subscription_id}", "/providers/Microsoft.KeyVault/vaults")
        return [Vault.read(item) async for item in self._values(path)]

    async def vault(self, resource_id: str) -> Vault:
        """One vault. ``GET {vault}``; Microsoft.KeyVault/vaults/read. Raises ``NotFound``."""
        return Vault.read((await self._call("GET", address(resource_id))).json())

    async def with_policy(self, subscription_id: str, object_id: str) -> list[Vault]:
        """The vaults with an access policy for a principal itself; same permission as ``all``."""
        wanted = object_id.lower()
        return [
            vault
            for vault in await self.all(subscription_id)
            if any(policy.object_id == wanted for policy in vault.policies)
        ]

    async def change_policy(
        self, vault: Vault, object_id: str, permissions: Mapping[str, Sequence[str]], change: Change = "add"
    ) -> None:
        """Add to, replace or reduce what a principal may do (``{"secrets": ["get", "list"]}``).

        ``PUT {vault}/accessPolicies/{add|replace|remove}``; Microsoft.KeyVault/vaults/accessPolicies/write.
        """
        given = {kind: list(names) for kind, names in permissions.items()}
        policy = {"tenantId": vault.tenant_id, "objectId": object_id, "permissions": given}
        path = address(vault.id, f"/accessPolicies/{change}")
        await self._call("PUT", path, {"properties": {"accessPolicies": [policy]}})

    async def remove_policy(self, vault: Vault, object_id: str) -> bool:
        """Take all of a principal's permissions away; False if there were none, as ``change_policy``."""
        held = next((policy for policy in vault.policies if policy.object_id == object_id.lower()), None)
        if held is None:
            return False
        await self.change_policy(vault, object_id, held.permissions, "remove")
        return True
