"""Azure role assignments of people at every scope, direct, through groups, and through PIM."""

from typing import Literal
from uuid import UUID, uuid4, uuid5

from connectors.arm_models import AzureAssignment, AzureRole, Eligibility
from connectors.arm_reads import ArmPart, address
from connectors.odata import literal

_NAMESPACE = UUID("3f6a3d0e-6a3b-5c0f-8d5e-0f4f3b1c9a27")
_PROVIDER = "/providers/Microsoft.Authorization"
_PIM_VERSION = "2020-10-01"

PrincipalType = Literal["User", "Group", "ServicePrincipal"]


def assignment_name(scope: str, role_id: str, principal_id: str) -> str:
    """The name an assignment is given: the same for the same scope, role and principal, so a repeat changes nothing."""
    return str(uuid5(_NAMESPACE, f"{scope.rstrip('/').lower()}|{role_id.lower()}|{principal_id.lower()}"))


class RoleAssignments(ArmPart):
    """Who has which role where. The platform needs User Access Administrator (or Owner) at the scopes it changes.

    Source: learn.microsoft.com/rest/api/authorization/role-assignments.
    """

    version = "2022-04-01"

    async def of(self, scope: str, principal_id: str) -> list[AzureAssignment]:
        """The direct assignments of a principal at a scope, above it and below it.

        ``GET {scope}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId eq '…'``;
        Microsoft.Authorization/roleAssignments/read.
        """
        return await self._listed(scope, f"principalId eq {literal(principal_id)}")

    async def of_all_groups(self, scope: str, principal_id: str) -> list[AzureAssignment]:
        """The same and those of every group the principal is in, through other groups too.

        ``GET {scope}/providers/Microsoft.Authorization/roleAssignments?$filter=assignedTo('…')``, for users and service
        principals only; Microsoft.Authorization/roleAssignments/read. What a group holds is taken away by leaving the
        group.
        """
        return await self._listed(scope, f"assignedTo({literal(principal_id)})")

    async def _listed(self, scope: str, asked: str) -> list[AzureAssignment]:
        items = self._values(address(scope, f"{_PROVIDER}/roleAssignments"), {"$filter": asked})
        return [AzureAssignment.read(item) async for item in items]

    async def role(self, scope: str, name: str) -> AzureRole | None:
        """A role definition by its display name, compared without case; None if there is none at the scope.

        ``GET {scope}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq '…'``;
        Microsoft.Authorization/roleDefinitions/read. Source:
        learn.microsoft.com/rest/api/authorization/role-definitions/list.
        """
        items = self._values(
            address(scope, f"{_PROVIDER}/roleDefinitions"), {"$filter": f"roleName eq {literal(name)}"}
        )
        found = [AzureRole.read(item) async for item in items]
        return found[0] if found else None

    async def assign(
        self, scope: str, role_id: str, principal_id: str, principal_type: PrincipalType = "User"
    ) -> AzureAssignment:
        """Give a role. Its name follows from what it says, so doing it again answers 200 and changes nothing.

        ``PUT {scope}/providers/Microsoft.Authorization/roleAssignments/{name}`` → 201;
        Microsoft.Authorization/roleAssignments/write. The principal's type is given because the directory may not have
        seen it yet. ``AlreadyAssigned`` where somebody else made the same assignment under another name.
        """
        name = assignment_name(scope, role_id, principal_id)
        properties = {
            "roleDefinitionId": f"{_PROVIDER}/roleDefinitions/{role_id}",
            "principalId": principal_id,
            "principalType": principal_type,
        }
        path = address(scope, f"{_PROVIDER}/roleAssignments/{name}")
        return AzureAssignment.read((await self._call("PUT", path, {"properties": properties})).json())

    async def remove(self, assignment_id: str) -> bool:
        """Take a role away by the assignment's id; False if it was gone already.

        ``DELETE {scope}/providers/Microsoft.Authorization/roleAssignments/{name}`` → 200, or 204;
        Microsoft.Authorization/roleAssignments/delete. The last Owner of a subscription is ``LastOwner``, a scope with
        a delete lock ``Locked``.
        """
        return (await self._call("DELETE", address(assignment_id))).status == 200

    async def eligible(self, scope: str, principal_id: str) -> list[Eligibility]:
        """The roles a principal may activate, at a scope, above it and below it.

        ``GET {scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances`` (2020-10-01);
        Microsoft.Authorization/roleEligibilityScheduleInstances/read. Source:
        learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope.
        """
        path = address(scope, f"{_PROVIDER}/roleEligibilityScheduleInstances")
        query = {"api-version": _PIM_VERSION, "$filter": f"principalId eq {literal(principal_id)}"}
        return [Eligibility.read(item) async for item in self._values(path, query)]

    async def remove_eligibility(self, eligibility: Eligibility, justification: str) -> None:
        """Take away the right to activate a role.

        ``PUT {scope}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{guid}`` ``AdminRemove`` → 201;
        Microsoft.Authorization/roleEligibilityScheduleRequests/write. One that is gone already is ``Refused``. Source:
        learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-requests/create.
        """
        properties = {
            "roleDefinitionId": f"{_PROVIDER}/roleDefinitions/{eligibility.role_id}",
            "principalId": eligibility.principal_id,
            "requestType": "AdminRemove",
            "justification": justification,
        }
        path = address(eligibility.scope, f"{_PROVIDER}/roleEligibilityScheduleRequests/{uuid4()}")
        await self._call("PUT", path, {"properties": properties}, query={"api-version": _PIM_VERSION})
