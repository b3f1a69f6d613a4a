"""Which rights the platform needs in an Azure subscription, which built-in role gives them, and which it holds.

Rights are read, not tried: Resource Manager decides by role assignments at a scope and above it. Conditions of
assignments and deny assignments are not seen. Sources: "Azure built-in roles", "Understand Azure role definitions".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.arm_models import AzureAssignment
from connectors.arm_reads import ArmPart, address

_ABOVE = ("/providers/microsoft.management/",)


@dataclass(frozen=True)
class Need:
    """What is done with a kind of resource, the actions it takes, and the least built-in role that has them all."""

    purpose: str
    role: str
    actions: tuple[str, ...]


_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
_MACHINES = "Microsoft.Compute/virtualMachines"
WIDEST = "Contributor"
"""The role that has all of the actions below but those on role assignments."""
NEEDS = (
    Need(
        "gives Azure roles to people and takes them away, active and eligible ones",
        "User Access Administrator",
        (
            "Microsoft.Authorization/roleAssignments/read",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "Microsoft.Authorization/roleDefinitions/read",
            "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
            "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
        ),
    ),
    Need(
        "makes and deletes personal workspaces",
        WIDEST,
        tuple(f"{_GROUPS}/{verb}" for verb in ("read", "write", "delete")),
    ),
    Need(
        "stops and starts people's virtual machines",
        "Virtual Machine Contributor",
        (
            f"{_MACHINES}/read",
            f"{_MACHINES}/instanceView/read",
            *(f"{_MACHINES}/{verb}/action" for verb in ("start", "deallocate", "powerOff", "restart")),
        ),
    ),
    Need(
        "renews storage keys and makes containers",
        "Storage Account Contributor",
        (
            "Microsoft.Storage/storageAccounts/read",
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/regenerateKey/action",
            *(f"{_CONTAINERS}/{verb}" for verb in ("read", "write", "delete")),
        ),
    ),
    Need(
        "takes people out of key vaults' access policies",
        "Key Vault Contributor",
        ("Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/accessPolicies/write"),
    ),
    Need("writes who owns what into tags", "Tag Contributor", ("Microsoft.Resources/tags/write",)),
    Need(
        "sees networks and what is connected to them",
        "Reader",
        (
            "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/virtualNetworks/subnets/read",
            "Microsoft.Network/networkInterfaces/read",
        ),
    ),
)


@dataclass(frozen=True)
class Permissions:
    """The actions of one role; ``excluded`` ones are no part of it, though another role may have them."""

    allowed: tuple[str, ...]
    excluded: tuple[str, ...]

    def permit(self, action: str) -> bool:
        """Does the role have the action? Patterns hold ``*``; case does not count."""
        return _any(self.allowed, action) and not _any(self.excluded, action)


@dataclass(frozen=True)
class Held:
    """What a principal may do in the whole of a subscription."""

    permissions: tuple[Permissions, ...]

    def missing(self, need: Need) -> list[str]:
        """The actions of a need that no role has."""
        return [action for action in need.actions if not any(one.permit(action) for one in self.permissions)]


class Rights(ArmPart):
    """Reads what roles allow. Source: learn.microsoft.com/rest/api/authorization/role-definitions/get."""

    version = "2022-04-01"

    async def of_role(self, subscription_id: str, role_id: str) -> list[Permissions]:
        """What a role allows.

        ``GET /subscriptions/{id}/providers/Microsoft.Authorization/roleDefinitions/{role}``;
        Microsoft.Authorization/roleDefinitions/read. Raises ``NotFound``.
        """
        path = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"
        body = (await self._call("GET", address(path))).json()
        return [_permissions(one) for one in body["properties"].get("permissions") or ()]

    async def held(self, subscription_id: str, assignments: Sequence[AzureAssignment]) -> Held:
        """What role assignments come to at a subscription: those at it and above it; those below count for nothing.

        As ``of_role``, once for each role.
        """
        roles = {one.role_id for one in assignments if _covers(one.scope, f"/subscriptions/{subscription_id}")}
        return Held(tuple([found for role in sorted(roles) for found in await self.of_role(subscription_id, role)]))


def _covers(scope: str, subscription: str) -> bool:
    plain = scope.rstrip("/").lower()
    return plain in ("", subscription.lower()) or plain.startswith(_ABOVE)


def _permissions(body: Mapping[str, Any]) -> Permissions:
    return Permissions(tuple(body.get("actions") or ()), tuple(body.get("notActions") or ()))


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), action, re.IGNORECASE) for one in patterns)
