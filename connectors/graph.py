"""Microsoft Graph v1.0 as the platform uses it: one call a method, no retries, errors as types.

Reads are in ``connectors.graph_reads``, the ``$batch`` of memberships in ``connectors.graph_batch``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from connectors.budget import Budget
from connectors.errors import WireError
from connectors.graph_applications import Applications
from connectors.graph_audit import AuditLogs
from connectors.graph_authentication import Authentication
from connectors.graph_batch import Batch, Part, send_batch
from connectors.graph_delta import Delta
from connectors.graph_devices import Devices
from connectors.graph_files import Files
from connectors.graph_groups import Groups
from connectors.graph_mailbox import Mailboxes
from connectors.graph_models import User
from connectors.graph_people import People
from connectors.graph_provisioning import Provisioning
from connectors.graph_reads import GraphReads
from connectors.graph_roles import Roles
from connectors.graph_subscriptions import Subscriptions
from connectors.graph_teams import Teams
from connectors.graph_tenancy import Tenancy
from connectors.graph_units import Units
from connectors.graph_wire import GraphWire
from connectors.http import TokenSource

WHOLE_DIRECTORY = "/"
"""The ``directoryScopeId`` of a role that holds everywhere."""


class GraphClient(GraphReads):
    """The platform's Graph client: reads, and one method for each write.

    With ``read_only=True`` anything but a GET raises ``PermissionError`` before it is sent. Raises the types of
    ``connectors.errors``; a caller decides from them whether to look, to retry or to park. Without a ``budget`` of its
    own it spends from the one that all clients of the process share.
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
        self._origin = base_url.rstrip("/")
        super().__init__(
            GraphWire(
                f"{self._origin}/v1.0",
                tokens,
                ca_file=ca_file,
                budget=budget or Budget(),
                read_only=read_only,
            )
        )
        self.batch = Batch(self._wire)
        self.provisioning = Provisioning(self._wire)
        self.audit = AuditLogs(self._wire)
        self.delta = Delta(self._wire)
        self.authentication = Authentication(self._wire)
        self.devices = Devices(self._wire)
        self.roles = Roles(self._wire)
        self.groups = Groups(self._wire)
        self.people = People(self._wire, self._origin)
        self.subscriptions = Subscriptions(self._wire)
        self.units = Units(self._wire, self._origin)
        self.mailboxes = Mailboxes(self._wire)
        self.files = Files(self._wire)
        self.teams = Teams(self._wire, self._origin)
        self.applications = Applications(self._wire, self._origin)
        self.tenancy = Tenancy(self._wire)

    async def create_user(self, body: Mapping[str, Any]) -> User:
        """Create a user with all its properties at once; the answer holds the default properties only.

        ``POST /users``; User.ReadWrite.All. A taken name is ``NameTaken``. Source: Graph, user-post-users.
        """
        return User.read((await self._wire.request("POST", "/users", body=body)).json())

    async def update_user(self, object_id: str, body: Mapping[str, Any]) -> None:
        """Change properties; null clears one. A password needs User-PasswordProfile.ReadWrite.All.

        ``PATCH /users/{id}`` → 204; User.ReadWrite.All (on administrators a directory role too). Graph, user-update.
        """
        await self._wire.request("PATCH", _user(object_id), body=body)

    async def delete_user(self, object_id: str) -> None:
        """Soft-delete a user, who can be restored for 30 days.

        ``DELETE /users/{id}`` → 204; User.ReadWrite.All. Raises ``NotFound``. Graph, user-delete.
        """
        await self._wire.request("DELETE", _user(object_id))

    async def restore_user(self, object_id: str) -> str | None:
        """Bring a soft-deleted user back with licences and memberships; the UPN they have then, if the answer says so.

        ``POST /directory/deletedItems/{id}/restore``; User.DeleteRestore.All. Graph, directory-deleteditems-restore.
        """
        answer = await self._wire.request("POST", f"/directory/deletedItems/{quote(object_id, safe='')}/restore")
        return answer.json().get("userPrincipalName")

    async def set_manager(self, object_id: str, manager_object_id: str) -> None:
        """Set or replace the manager.

        ``PUT /users/{id}/manager/$ref`` → 204; User.ReadWrite.All. Raises ``NotFound``. Graph, user-post-manager.
        """
        body = {"@odata.id": f"{self._origin}/v1.0/users/{manager_object_id}"}
        await self._wire.request("PUT", f"{_user(object_id)}/manager/$ref", body=body)

    async def clear_manager(self, object_id: str) -> None:
        """Take the manager away; ``NotFound`` without one.

        ``DELETE /users/{id}/manager/$ref`` → 204; User.ReadWrite.All. Graph, user-delete-manager.
        """
        await self._wire.request("DELETE", f"{_user(object_id)}/manager/$ref")

    async def revoke_sessions(self, object_id: str) -> None:
        """Invalidate refresh tokens and session cookies; it moves ``signInSessionsValidFromDateTime``.

        ``POST /users/{id}/revokeSignInSessions`` → 200; User.RevokeSessions.All. Graph, user-revokesigninsessions.
        """
        await self._wire.request("POST", f"{_user(object_id)}/revokeSignInSessions")

    async def add_to_groups(self, object_id: str, group_ids: Sequence[str]) -> dict[str, WireError | None]:
        """Add a user to groups, twenty in a ``$batch``; the answer tells for each group how it went (None: added).

        ``POST /groups/{g}/members/$ref``; GroupMember.ReadWrite.All. Source: Graph, group-post-members.
        """
        body = {"@odata.id": f"{self._origin}/v1.0/directoryObjects/{object_id}"}
        parts = [Part(group, "POST", f"/groups/{quote(group, safe='')}/members/$ref", body) for group in group_ids]
        return await send_batch(self._wire, parts)

    async def remove_from_groups(self, object_id: str, group_ids: Sequence[str]) -> dict[str, WireError | None]:
        """Take a user out of groups, twenty in a ``$batch``; ``NotFound`` says the user was no member.

        ``DELETE /groups/{g}/members/{id}/$ref``; without ``/$ref`` that call would delete the user.
        GroupMember.ReadWrite.All. Source: Graph, group-delete-members.
        """
        member = quote(object_id, safe="")
        paths = {group: f"/groups/{quote(group, safe='')}/members/{member}/$ref" for group in group_ids}
        return await send_batch(self._wire, [Part(group, "DELETE", path) for group, path in paths.items()])

    async def assign_licence(self, object_id: str, sku_id: str, disabled_plans: Sequence[str] = ()) -> None:
        """Assign a licence to the user directly, without the services in ``disabled_plans``.

        ``POST /users/{id}/assignLicense``, both keys present; LicenseAssignment.ReadWrite.All.
        ``NoLicenceLeft``, ``UsageLocationMissing``, ``LicenceConflict``. Graph, user-assignlicense.
        """
        await self._licences(object_id, [{"skuId": sku_id, "disabledPlans": list(disabled_plans)}], [])

    async def remove_licences(self, object_id: str, sku_ids: Sequence[str]) -> None:
        """Remove directly assigned licences; ``InheritedLicence`` and ``NoSuchLicence`` say there is none to remove.

        The same call as ``assign_licence``.
        """
        await self._licences(object_id, [], list(sku_ids))

    async def assign_role(self, object_id: str, role_id: str, scope: str = WHOLE_DIRECTORY) -> None:
        """Assign a directory role in a ``directoryScopeId``; the same once more is ``AlreadyAssigned``.

        ``POST /roleManagement/directory/roleAssignments``; RoleManagement.ReadWrite.Directory. Source: Graph,
        rbacapplication-post-roleassignments.
        """
        body = {
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
            "roleDefinitionId": role_id,
            "principalId": object_id,
            "directoryScopeId": scope,
        }
        await self._wire.request("POST", "/roleManagement/directory/roleAssignments", body=body)

    async def remove_role_assignment(self, assignment_id: str) -> None:
        """Remove a directory role assignment; ``NotFound`` if it is gone.

        ``DELETE /roleManagement/directory/roleAssignments/{id}`` → 204; RoleManagement.ReadWrite.Directory. Graph,
        unifiedroleassignment-delete.
        """
        await self._wire.request("DELETE", f"/roleManagement/directory/roleAssignments/{quote(assignment_id, safe='')}")

    async def send_mail(self, sender: str, message: Mapping[str, Any]) -> None:
        """Hand a message over for delivery (202: accepted, not delivered), not kept in the sender's folder.

        ``POST /users/{sender}/sendMail``; Mail.Send. Source: Graph, user-sendmail.
        """
        await self._wire.request(
            "POST", f"{_user(sender)}/sendMail", body={"message": message, "saveToSentItems": False}
        )

    async def _licences(self, object_id: str, add: list[dict[str, Any]], remove: list[str]) -> None:
        body = {"addLicenses": add, "removeLicenses": remove}
        await self._wire.request("POST", f"{_user(object_id)}/assignLicense", body=body)


def _user(object_id: str) -> str:
    return f"/users/{quote(object_id, safe='')}"
