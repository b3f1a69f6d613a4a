"""Azure Resource Manager as the platform uses it: one call a method, no retries, errors as types."""

from pathlib import Path

from connectors.arm_groups import ResourceGroups, Subscriptions
from connectors.arm_machines import VirtualMachines
from connectors.arm_models import AzureAssignment, Eligibility
from connectors.arm_networks import Networks
from connectors.arm_polling import Polling
from connectors.arm_roles import RoleAssignments
from connectors.arm_storage import StorageAccounts
from connectors.arm_vaults import Vaults
from connectors.azure_rights import Rights
from connectors.budget import Budget
from connectors.http import TokenSource, Wire

READS_PER_10_S = 250.0
WRITES_PER_150_S = 1500.0
"""What the token buckets of a subscription refill for one principal: 25 reads and 10 writes a second."""


class Arm:
    """The platform's Azure client: a part for each concern.

    With ``read_only=True`` anything but a GET raises ``PermissionError`` before it is sent. Raises the types of
    ``connectors.errors``. What takes its time answers an ``Operation`` that ``polling`` finishes.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        budget: Budget | None = None,
        read_only: bool = False,
    ) -> None:
        self._wire = Wire(
            base_url,
            tokens,
            ca_file=ca_file,
            budget=budget or Budget(READS_PER_10_S, WRITES_PER_150_S),
            read_only=read_only,
            id_header="x-ms-client-request-id",
        )
        self.polling = Polling(self._wire)
        self.subscriptions = Subscriptions(self._wire)
        self.groups = ResourceGroups(self._wire)
        self.roles = RoleAssignments(self._wire)
        self.rights = Rights(self._wire)
        self.machines = VirtualMachines(self._wire)
        self.storage = StorageAccounts(self._wire)
        self.networks = Networks(self._wire)
        self.vaults = Vaults(self._wire)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def assignments(self, principal_id: str, *, through_groups: bool = False) -> list[AzureAssignment]:
        """Every role assignment of a principal, at every scope of every subscription, and above them.

        One list a subscription, as ``RoleAssignments.of``; with ``through_groups`` also those of its groups. A leaver's
        must be read while the account is still there.
        """
        found: dict[str, AzureAssignment] = {}
        for subscription in await self.subscriptions.all():
            scope = f"/subscriptions/{subscription.id}"
            read = self.roles.of_all_groups if through_groups else self.roles.of
            found |= {one.id.lower(): one for one in await read(scope, principal_id)}
        return list(found.values())

    async def eligibilities(self, principal_id: str) -> list[Eligibility]:
        """Every role of a principal that waits in PIM, in every subscription, as ``RoleAssignments.eligible``."""
        found: dict[Eligibility, None] = {}
        for subscription in await self.subscriptions.all():
            held = await self.roles.eligible(f"/subscriptions/{subscription.id}", principal_id)
            found |= dict.fromkeys(held)
        return list(found)
