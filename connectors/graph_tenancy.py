"""The tenant, and what the platform's own service principal is in it (Microsoft Graph v1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.errors import NotFound
from connectors.graph_objects import AppRole
from connectors.graph_pages import pages
from connectors.graph_roles import DirectoryRole, directory_roles
from connectors.http import Wire
from connectors.odata import literal

_QUOTE = "'"


@dataclass(frozen=True)
class Principal:
    """A service principal; ``managed`` for a managed identity, which has no application registration."""

    id: str
    app_id: str
    name: str | None
    enabled: bool
    managed: bool


@dataclass(frozen=True)
class ClientSecret:
    """A client secret of an application registration; ``hint`` are its first three characters."""

    key_id: str
    name: str | None
    hint: str | None
    ends: datetime


class Tenancy:
    """What an application sees of itself. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def initial_domain(self) -> str:
        """The tenant's ``….onmicrosoft.com`` name, which Exchange administration is addressed by.

        ``GET /organization?$select=verifiedDomains``; Organization.Read.All. Source: Graph, organization-list.
        """
        body = (await self._wire.request("GET", "/organization", query={"$select": "verifiedDomains"})).json()
        domains = [domain for item in body["value"] for domain in item.get("verifiedDomains") or ()]
        return next(str(domain["name"]) for domain in domains if domain.get("isInitial"))

    async def principal(self, app_id: str) -> Principal:
        """The service principal of an application id. Raises ``NotFound`` where the tenant has none.

        ``GET /servicePrincipals(appId='{appId}')``; Application.Read.All. Source: Graph, serviceprincipal-get.
        """
        query = {"$select": "id,appId,displayName,accountEnabled,servicePrincipalType"}
        body = (await self._wire.request("GET", _by_app_id("servicePrincipals", app_id), query=query)).json()
        kind = body.get("servicePrincipalType")
        enabled = body.get("accountEnabled") is not False
        return Principal(body["id"], body["appId"], body.get("displayName"), enabled, kind == "ManagedIdentity")

    async def granted(self, principal_id: str) -> list[AppRole]:
        """The application permissions that a service principal was granted, of all resources.

        ``GET /servicePrincipals/{id}/appRoleAssignments``; Application.Read.All. Source: Graph,
        serviceprincipal-list-approleassignments.
        """
        items = pages(self._wire, f"/servicePrincipals/{quote(principal_id, safe='')}/appRoleAssignments", cost=2)
        return [AppRole.model_validate(item) async for item in items]

    async def app_roles(self, app_id: str) -> dict[str, str]:
        """The application permissions that a resource has, id → name; none where the tenant has no such resource.

        ``GET /servicePrincipals(appId='{appId}')?$select=appRoles``; Application.Read.All. Source: Graph,
        serviceprincipal-get.
        """
        path = _by_app_id("servicePrincipals", app_id)
        try:
            body = (await self._wire.request("GET", path, query={"$select": "appRoles"})).json()
        except NotFound:
            return {}
        return {str(role["id"]): str(role["value"]) for role in body.get("appRoles") or () if role.get("value")}

    async def directory_roles(self, principal_id: str) -> list[DirectoryRole]:
        """The directory roles of a service principal over the whole directory, its own and by groups.

        ``GET /servicePrincipals/{id}/transitiveMemberOf``; Application.Read.All. Source: Graph,
        serviceprincipal-list-transitivememberof.
        """
        return await directory_roles(self._wire, f"/servicePrincipals/{quote(principal_id, safe='')}")

    async def client_secrets(self, app_id: str) -> list[ClientSecret]:
        """The client secrets of an application registration; ``NotFound`` for one of another tenant.

        ``GET /applications(appId='{appId}')?$select=passwordCredentials``; Application.Read.All. Source: Graph,
        application-get.
        """
        path = _by_app_id("applications", app_id)
        body = (await self._wire.request("GET", path, query={"$select": "passwordCredentials"})).json()
        return [_secret(item) for item in body.get("passwordCredentials") or () if item.get("endDateTime")]


def _by_app_id(collection: str, app_id: str) -> str:
    return f"/{collection}(appId={quote(literal(app_id), safe=_QUOTE)})"


def _secret(item: Mapping[str, Any]) -> ClientSecret:
    ends = datetime.fromisoformat(str(item["endDateTime"]))
    return ClientSecret(item["keyId"], item.get("displayName"), item.get("hint"), ends)
