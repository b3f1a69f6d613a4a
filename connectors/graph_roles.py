"""Directory roles as they are held: directly, eligible, for a time, by a group (Microsoft Graph v1.0).

Reads page; a write is one call. The principal of every method is an object id.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import literal

_ROOT = "/roleManagement/directory"
_ROLE = "#microsoft.graph.directoryrole"
_WHOLE_DIRECTORY = "/"
Action = Literal["adminAssign", "adminRemove"]


@dataclass(frozen=True)
class Eligibility:
    """A role that a principal may activate. Source: Graph resource type ``unifiedRoleEligibilitySchedule``."""

    id: str
    principal_id: str
    role_definition_id: str
    directory_scope_id: str
    member_type: str | None
    ends_at: datetime | None
    role_name: str | None = None

    @property
    def direct(self) -> bool:
        """True when it is the principal's own, not a group's."""
        return (self.member_type or "Direct").lower() == "direct"


@dataclass(frozen=True)
class ActiveRole:
    """A role in force. Source: Graph resource type ``unifiedRoleAssignmentScheduleInstance``."""

    id: str
    principal_id: str
    role_definition_id: str
    directory_scope_id: str
    assignment_type: str | None
    member_type: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    role_name: str | None = None

    @property
    def activated(self) -> bool:
        """True when it comes from an eligibility that was activated, which stays when this ends."""
        return (self.assignment_type or "").lower() == "activated"

    @property
    def direct(self) -> bool:
        """True when it is the principal's own, not a group's."""
        return (self.member_type or "Direct").lower() == "direct"


@dataclass(frozen=True)
class DirectoryRole:
    """A directory role as an object of the directory; its template's id is the role definition's."""

    id: str
    template_id: str
    display_name: str | None


class Roles:
    """What there is to read and write about somebody's directory roles."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def eligible(self, principal_id: str) -> list[Eligibility]:
        """The eligibilities of a principal, those by a group included.

        ``GET /roleManagement/directory/roleEligibilitySchedules?$filter=principalId eq '…'``;
        RoleEligibilitySchedule.Read.Directory.
        Source: Graph, rbacapplication-list-roleeligibilityschedules.
        """
        return [_eligibility(item) async for item in self._of_principal("roleEligibilitySchedules", principal_id)]

    async def active(self, principal_id: str) -> list[ActiveRole]:
        """The roles in force for a principal: assigned, activated, or held by a group.

        ``GET /roleManagement/directory/roleAssignmentScheduleInstances?$filter=principalId eq '…'``;
        RoleAssignmentSchedule.Read.Directory.
        Source: Graph, rbacapplication-list-roleassignmentscheduleinstances.
        """
        items = self._of_principal("roleAssignmentScheduleInstances", principal_id)
        return [_active(item) async for item in items]

    async def transitive(self, user_id: str) -> list[DirectoryRole]:
        """The directory roles a user has over the whole directory, directly or by a role-assignable group.

        ``GET /users/{id}/transitiveMemberOf``; RoleManagement.Read.Directory and GroupMember.Read.All. Raises
        ``NotFound``. Source: Graph, user-list-transitivememberof.
        """
        return await directory_roles(self._wire, f"/users/{quote(user_id, safe='')}")

    async def make_eligible(
        self, principal_id: str, role_id: str, justification: str, scope: str = _WHOLE_DIRECTORY
    ) -> str:
        """Let a principal activate a role, without end; the request's status (``Provisioned``).

        ``POST /roleManagement/directory/roleEligibilityScheduleRequests``, action adminAssign;
        RoleEligibilitySchedule.ReadWrite.Directory.
        The same once more is ``AlreadyAssigned``; a policy against it is ``Refused``. Source: Graph,
        rbacapplication-post-roleeligibilityschedulerequests.
        """
        body = _request("adminAssign", principal_id, role_id, scope, justification)
        body["scheduleInfo"] = {"expiration": {"type": "noExpiration"}}
        return await self._ask("roleEligibilityScheduleRequests", body)

    async def end_eligibility(
        self, principal_id: str, role_id: str, justification: str, scope: str = _WHOLE_DIRECTORY
    ) -> str:
        """Take a principal's own eligibility away; the request's status (``Revoked``).

        ``POST /roleManagement/directory/roleEligibilityScheduleRequests``, action adminRemove;
        RoleEligibilitySchedule.Remove.Directory. ``NotAssigned`` says there is none. Graph,
        rbacapplication-post-roleeligibilityschedulerequests.
        """
        body = _request("adminRemove", principal_id, role_id, scope, justification)
        return await self._ask("roleEligibilityScheduleRequests", body)

    async def assign_for(
        self,
        principal_id: str,
        role_id: str,
        duration: timedelta,
        justification: str,
        scope: str = _WHOLE_DIRECTORY,
    ) -> str:
        """Give a role for some time, from now; the request's status (``Provisioned``).

        ``POST /roleManagement/directory/roleAssignmentScheduleRequests``, action adminAssign;
        RoleAssignmentSchedule.ReadWrite.Directory. The
        same once more is ``AlreadyAssigned``. Source: Graph, rbacapplication-post-roleassignmentschedulerequests.
        """
        body = _request("adminAssign", principal_id, role_id, scope, justification)
        minutes = max(1, int(duration.total_seconds() // 60))
        body["scheduleInfo"] = {"expiration": {"type": "afterDuration", "duration": f"PT{minutes}M"}}
        return await self._ask("roleAssignmentScheduleRequests", body)

    async def end_assignment(
        self, principal_id: str, role_id: str, justification: str, scope: str = _WHOLE_DIRECTORY
    ) -> str:
        """End a principal's own active assignment; its eligibility, if there is one, stays. Status ``Revoked``.

        ``POST /roleManagement/directory/roleAssignmentScheduleRequests``, action adminRemove;
        RoleAssignmentSchedule.Remove.Directory. ``NotAssigned`` says there is none, ``TooSoon`` that it was activated
        less than five minutes ago. Graph, rbacapplication-post-roleassignmentschedulerequests.
        """
        body = _request("adminRemove", principal_id, role_id, scope, justification)
        return await self._ask("roleAssignmentScheduleRequests", body)

    async def _ask(self, name: str, body: Mapping[str, Any]) -> str:
        answer = await self._wire.request("POST", f"{_ROOT}/{name}", body=body)
        return str(answer.json().get("status"))

    def _of_principal(self, name: str, principal_id: str) -> AsyncIterator[dict[str, Any]]:
        query = {"$filter": f"principalId eq {literal(principal_id)}", "$expand": "roleDefinition"}
        return pages(self._wire, f"{_ROOT}/{name}", query, cost=2)


async def directory_roles(wire: Wire, member: str) -> list[DirectoryRole]:
    """The directory roles that the member at an address is in, directly or by groups.

    Not by a type in the address: with that it is an advanced query, which is answered from an index that lags.
    """
    return [
        DirectoryRole(item["id"], item["roleTemplateId"], item.get("displayName"))
        async for item in pages(wire, f"{member}/transitiveMemberOf", cost=2)
        if str(item.get("@odata.type")).lower() == _ROLE
    ]


def _request(action: Action, principal_id: str, role_id: str, scope: str, justification: str) -> dict[str, Any]:
    return {
        "action": action,
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "directoryScopeId": scope,
        "justification": justification,
    }


def _eligibility(item: Mapping[str, Any]) -> Eligibility:
    return Eligibility(
        item["id"],
        item["principalId"],
        item["roleDefinitionId"],
        item.get("directoryScopeId") or _WHOLE_DIRECTORY,
        item.get("memberType"),
        _moment(((item.get("scheduleInfo") or {}).get("expiration") or {}).get("endDateTime")),
        (item.get("roleDefinition") or {}).get("displayName"),
    )


def _active(item: Mapping[str, Any]) -> ActiveRole:
    return ActiveRole(
        item["id"],
        item["principalId"],
        item["roleDefinitionId"],
        item.get("directoryScopeId") or _WHOLE_DIRECTORY,
        item.get("assignmentType"),
        item.get("memberType"),
        _moment(item.get("startDateTime")),
        _moment(item.get("endDateTime")),
        (item.get("roleDefinition") or {}).get("displayName"),
    )


def _moment(text: str | None) -> datetime | None:
    """A moment of Graph; its seventh decimal is one more than Python has."""
    return datetime.fromisoformat(text) if text else None
