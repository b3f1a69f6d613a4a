"""The commands that mend what ``jml doctor`` finds: the Azure CLI's, for a shell, signed in to the tenant's cloud.

Sources: Azure CLI reference (``az ad app permission``, ``az ad app credential``, ``az rest``, ``az role assignment``,
``az keyvault``); Entra, "Grant tenant-wide admin consent"; Microsoft Graph, "Grant an appRoleAssignment for a service
principal", "Create unifiedRoleAssignment".
"""

import json

from connectors.arm_models import Vault
from connectors.permissions import Permission
from settings import Settings


def permission(settings: Settings, one: Permission) -> tuple[str, ...]:
    """Add a permission to the registration; a managed identity has none and is given the app role itself."""
    if settings.managed_identity is None:
        api = f"--api {one.resource.app_id} --api-permissions {one.id}=Role"
        return (f"az ad app permission add --id {settings.client_id} {api}",)
    body = {
        "principalId": object_id(settings.client_id),
        "resourceId": object_id(one.resource.app_id),
        "appRoleId": one.id,
    }
    return (_post(settings, f"/servicePrincipals/{object_id(one.resource.app_id)}/appRoleAssignedTo", body),)


def consent(settings: Settings) -> tuple[str, ...]:
    """Consent to all that was added to the registration, by command or in a browser; none for a managed identity."""
    if settings.managed_identity is not None:
        return ()
    page = f"{settings.authority_url.rstrip('/')}/{settings.tenant_id}/adminconsent?client_id={settings.client_id}"
    return (f"az ad app permission admin-consent --id {settings.client_id}", f"or open {page}")


def directory_role(settings: Settings, principal_id: str | None, role_id: str) -> tuple[str, ...]:
    """Assign a directory role over the whole directory."""
    principal = principal_id or object_id(settings.client_id)
    body = {"principalId": principal, "roleDefinitionId": role_id, "directoryScopeId": "/"}
    return (_post(settings, "/roleManagement/directory/roleAssignments", body),)


def azure_role(settings: Settings, principal_id: str | None, role: str, scope: str) -> str:
    """Assign an Azure role."""
    who = f"--assignee-object-id {principal_id or object_id(settings.client_id)}"
    return f'az role assignment create {who} --assignee-principal-type ServicePrincipal --role "{role}" --scope {scope}'


def vault(settings: Settings, principal_id: str, one: Vault) -> str:
    """Let the platform change the secrets of a vault."""
    if one.rbac:
        return azure_role(settings, principal_id, "Key Vault Secrets Officer", one.id)
    rights = "get list set delete recover purge"
    return f"az keyvault set-policy --name {one.name} --object-id {principal_id} --secret-permissions {rights}"


def credential(settings: Settings) -> tuple[str, ...]:
    """Add another secret or certificate to the registration; the one in use stays until it ends."""
    reset = f"az ad app credential reset --id {settings.client_id} --append"
    return (f"{reset} --cert @<certificate.pem>",) if settings.certificate_file else (f"{reset} --years 1",)


def object_id(app_id: str) -> str:
    """A service principal's object id, asked for by the command itself."""
    return f"$(az ad sp show --id {app_id} --query id --output tsv)"


def _post(settings: Settings, path: str, body: dict[str, str]) -> str:
    text = json.dumps(body).replace('"', '\\"')
    resource = settings.graph_scope.removesuffix("/.default")
    url = f"{settings.graph_url.rstrip('/')}/v1.0{path}"
    return f'az rest --method POST --resource {resource} --url "{url}" --body "{text}"'
