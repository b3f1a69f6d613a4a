"""Throw-away applications of the practice tenant, with the permissions and roles that a test gives them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from connectors.permissions import GRAPH, PERMISSIONS, Resource
from settings import Settings
from tests.tenant import Tenant

ARM = "https://management.azure.com/.default"
OWNER, READER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@dataclass(frozen=True)
class Application:
    """An application made for one test, and its principal."""

    tenant: Tenant
    graph: httpx.Client
    client_id: str
    object_id: str
    secret: str

    def settings(self, **changes: Any) -> Settings:
        """The platform's settings with this application as its own."""
        identity = {"client_id": self.client_id, "client_secret": self.secret, "certificate_file": None}
        return settings_of(self.tenant, **(identity | changes))

    def grant(self, names: Iterable[str], resource: Resource = GRAPH) -> None:
        """Give it application permissions, by the ids that the platform knows them by."""
        ids = {one.name: one.id for one in PERMISSIONS if one.resource == resource}
        resource_id = self.graph.get(f"/v1.0/servicePrincipals(appId='{resource.app_id}')").json()["id"]
        path = f"/v1.0/servicePrincipals/{self.object_id}/appRoleAssignments"
        for name in names:
            body = {"principalId": self.object_id, "resourceId": resource_id, "appRoleId": ids[name]}
            self.graph.post(path, json=body).raise_for_status()

    def withdraw(self, name: str) -> None:
        """Take a permission of Graph away."""
        path = f"/v1.0/servicePrincipals/{self.object_id}/appRoleAssignments"
        wanted = next(one.id for one in PERMISSIONS if one.name == name)
        found = next(item for item in self.graph.get(path).json()["value"] if item["appRoleId"] == wanted)
        self.graph.delete(f"{path}/{found['id']}").raise_for_status()

    def give_directory_role(self, role_id: str) -> None:
        """Give it a directory role over the whole directory."""
        body = {"principalId": self.object_id, "roleDefinitionId": role_id, "directoryScopeId": "/"}
        self.graph.post("/v1.0/roleManagement/directory/roleAssignments", json=body).raise_for_status()

    def give_azure_role(self, role_id: str, scope: str) -> None:
        """Give it an Azure role."""
        properties = {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
            "principalId": self.object_id,
            "principalType": "ServicePrincipal",
        }
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}?api-version=2022-04-01"
        headers = {"Authorization": f"Bearer {self.tenant.token(scope=ARM)}"}
        self.graph.put(path, json={"properties": properties}, headers=headers).raise_for_status()


@contextmanager
def application(tenant: Tenant, *, secret_lasts: timedelta = timedelta(days=90)) -> Iterator[Application]:
    """A new application with a principal and a client secret; it goes with the test."""
    tenant.control("POST", "settings", lag_ms=0)
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        made = graph.post("/v1.0/applications", json={"displayName": f"Test {uuid4().hex[:8]}"}).json()
        principal = graph.post("/v1.0/servicePrincipals", json={"appId": made["appId"]}).json()
        ends = (datetime.now(UTC) + secret_lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = {"passwordCredential": {"displayName": "test", "endDateTime": ends}}
        secret = graph.post(f"/v1.0/applications/{made['id']}/addPassword", json=asked).json()["secretText"]
        yield Application(tenant, graph, made["appId"], principal["id"], secret)
        graph.delete(f"/v1.0/servicePrincipals/{principal['id']}")
        graph.delete(f"/v1.0/applications/{made['id']}")


def settings_of(tenant: Tenant, who: str = "platform", **changes: Any) -> Settings:
    """The settings of a process beside this tenant, as one of the applications of ``sandbox.json``."""
    found, base = tenant.json, tenant.base_url
    values: dict[str, Any] = {
        "data_dir": tenant.data_dir,
        "tenant_id": found["tenant_id"],
        "authority_url": base,
        "graph_url": base,
        "arm_url": base,
        "vault_url": base,
        "exchange_url": base,
        "scim_url": f"{base}/scim/v2",
        "scim_token": found["scim"]["token"],
        "ca_file": tenant.ca_file,
        "client_id": found[who]["client_id"],
        "client_secret": found[who]["client_secret"],
        "certificate_file": found[who].get("certificate_file"),
    }
    return Settings(**(values | changes))
