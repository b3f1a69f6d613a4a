"""App roles and consents of a person, what they own, and secrets that end soon (Microsoft Graph v1.0)."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.graph_objects import AppRole, Consent, ExpiringCredential, Owned
from connectors.graph_pages import pages
from connectors.http import Wire

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The app role of an assignment to an application that has no roles."""
_KINDS = {"#microsoft.graph." + kind: kind for kind in ("group", "application", "servicePrincipal")}
_CREDENTIALS = (("passwordCredentials", "password"), ("keyCredentials", "key"))


class Applications:
    """What a person may do in applications, and what is theirs there. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire, origin: str) -> None:
        self._wire, self._origin = wire, origin

    async def app_roles(self, object_id: str) -> list[AppRole]:
        """A person's app roles, those that their groups give among them (``direct`` False).

        ``GET /users/{id}/appRoleAssignments``; Directory.Read.All. Graph, user-list-approleassignments.
        """
        items = pages(self._wire, f"{_user(object_id)}/appRoleAssignments")
        return [AppRole.model_validate(item) async for item in items]

    async def assign_app_role(self, object_id: str, resource_id: str, app_role_id: str = DEFAULT_ACCESS) -> AppRole:
        """Give a person an app role of a service principal; the same once more is ``AlreadyAssigned``.

        ``POST /servicePrincipals/{resource}/appRoleAssignedTo`` → 201; AppRoleAssignment.ReadWrite.All with
        Application.Read.All. Graph, serviceprincipal-post-approleassignedto.
        """
        body = {"principalId": object_id, "resourceId": resource_id, "appRoleId": app_role_id}
        path = f"/servicePrincipals/{quote(resource_id, safe='')}/appRoleAssignedTo"
        return AppRole.model_validate((await self._wire.request("POST", path, body=body)).json())

    async def remove_app_role(self, object_id: str, assignment_id: str) -> None:
        """Take a person's own app role; ``NotFound`` if it is gone, ``NoSuchAssignment`` if a group has it.

        ``DELETE /users/{id}/appRoleAssignments/{id}`` → 204; AppRoleAssignment.ReadWrite.All. Graph,
        user-delete-approleassignments.
        """
        await self._wire.request("DELETE", f"{_user(object_id)}/appRoleAssignments/{quote(assignment_id, safe='')}")

    async def consents(self, object_id: str) -> list[Consent]:
        """What a person let applications do on their behalf.

        ``GET /users/{id}/oauth2PermissionGrants``; Directory.Read.All. Graph, user-list-oauth2permissiongrants.
        """
        items = pages(self._wire, f"{_user(object_id)}/oauth2PermissionGrants")
        return [Consent.model_validate(item) async for item in items]

    async def remove_consent(self, consent_id: str) -> None:
        """Take a consent back; ``NotFound`` if it is gone.

        ``DELETE /oauth2PermissionGrants/{id}`` → 204; DelegatedPermissionGrant.ReadWrite.All. Graph,
        oauth2permissiongrant-delete.
        """
        await self._wire.request("DELETE", f"/oauth2PermissionGrants/{quote(consent_id, safe='')}")

    async def owned(self, object_id: str) -> list[Owned]:
        """The groups, applications and service principals a person owns.

        ``GET /users/{id}/ownedObjects``; User.Read.All, with Group.Read.All and Application.Read.All for their names.
        Graph, user-list-ownedobjects.
        """
        query = {"$select": "id,displayName"}
        items = pages(self._wire, f"{_user(object_id)}/ownedObjects", query, cost=2)
        kinds = ((_KINDS.get(str(item.get("@odata.type"))), item) async for item in items)
        return [Owned.model_validate({**item, "kind": kind}) async for kind, item in kinds if kind]

    async def add_group_owner(self, group_id: str, object_id: str) -> None:
        """Make somebody an owner of a group; ``AlreadyMember`` if they are one.

        ``POST /groups/{id}/owners/$ref`` → 204; Group.ReadWrite.All. Graph, group-post-owners.
        """
        await self._add_owner(f"/groups/{quote(group_id, safe='')}", object_id)

    async def remove_group_owner(self, group_id: str, object_id: str) -> None:
        """Take an owner off a group; ``LastOwner`` says another must be named first, ``NotFound`` that they own not.

        ``DELETE /groups/{id}/owners/{user}/$ref`` → 204; Group.ReadWrite.All. Graph, group-delete-owners.
        """
        await self._remove_owner(f"/groups/{quote(group_id, safe='')}", object_id)

    async def add_application_owner(self, application_id: str, object_id: str) -> None:
        """Make somebody an owner of an application (by its object id); ``AlreadyMember`` if they are one.

        ``POST /applications/{id}/owners/$ref`` → 204; Application.ReadWrite.All. Graph, application-post-owners.
        """
        await self._add_owner(f"/applications/{quote(application_id, safe='')}", object_id)

    async def remove_application_owner(self, application_id: str, object_id: str) -> None:
        """Take an owner off an application; ``NotFound`` that they own it not.

        ``DELETE /applications/{id}/owners/{user}/$ref`` → 204; Application.ReadWrite.All. Graph,
        application-delete-owners.
        """
        await self._remove_owner(f"/applications/{quote(application_id, safe='')}", object_id)

    async def add_principal_owner(self, principal_id: str, object_id: str) -> None:
        """Make somebody an owner of a service principal; ``AlreadyMember`` if they are one.

        ``POST /servicePrincipals/{id}/owners/$ref`` → 204; Application.ReadWrite.All. Graph,
        serviceprincipal-post-owners.
        """
        await self._add_owner(f"/servicePrincipals/{quote(principal_id, safe='')}", object_id)

    async def remove_principal_owner(self, principal_id: str, object_id: str) -> None:
        """Take an owner off a service principal; ``NotFound`` that they own it not.

        ``DELETE /servicePrincipals/{id}/owners/{user}/$ref`` → 204; Application.ReadWrite.All. Graph,
        serviceprincipal-delete-owners.
        """
        await self._remove_owner(f"/servicePrincipals/{quote(principal_id, safe='')}", object_id)

    async def credentials_ending(self, before: datetime) -> list[ExpiringCredential]:
        """Secrets and certificates of applications that end before a moment, the first to end first.

        ``GET /applications?$select=id,appId,displayName,passwordCredentials,keyCredentials``; Application.Read.All.
        Graph, application-list.
        """
        query = {"$select": "id,appId,displayName,passwordCredentials,keyCredentials", "$top": "999"}
        items = pages(self._wire, "/applications", query, cost=2)
        found = [one async for one in _credentials(items) if one.end_date_time < before]
        return sorted(found, key=lambda one: one.end_date_time)

    async def _add_owner(self, path: str, object_id: str) -> None:
        body = {"@odata.id": f"{self._origin}/v1.0/directoryObjects/{object_id}"}
        await self._wire.request("POST", f"{path}/owners/$ref", body=body)

    async def _remove_owner(self, path: str, object_id: str) -> None:
        await self._wire.request("DELETE", f"{path}/owners/{quote(object_id, safe='')}/$ref")


async def _credentials(applications: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[ExpiringCredential]:
    async for application in applications:
        of = {
            "applicationId": application["id"],
            "appId": application["appId"],
            "applicationName": application.get("displayName"),
        }
        for name, kind in _CREDENTIALS:
            for item in application.get(name) or []:
                if item.get("endDateTime"):
                    yield ExpiringCredential.model_validate({**item, **of, "kind": kind})


def _user(object_id: str) -> str:
    return f"/users/{quote(object_id, safe='')}"
