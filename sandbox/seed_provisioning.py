"""The seeded application of API-driven inbound provisioning, and its job."""

from sandbox.graph.provisioning.provisioning_jobs import new_job
from sandbox.seed_catalogue import TENANT_ID, made
from sandbox.store import Doc, Store

SERVICE_PRINCIPAL = made("principal/provisioning")
JOB = f"API2AAD.{TENANT_ID.replace('-', '')}.{made('job/provisioning')}"


def seed(store: Store) -> None:
    """An enterprise application from Microsoft's template, whose job runs."""
    store.put("service_principals", _principal(), 0)
    store.put("synchronization_jobs", new_job(JOB, SERVICE_PRINCIPAL), 0)


def _principal() -> Doc:
    app_id = made("client/provisioning")
    return {
        "id": SERVICE_PRINCIPAL,
        "appId": app_id,
        "displayName": "API-driven provisioning to Microsoft Entra ID",
        "appDisplayName": "API-driven provisioning to Microsoft Entra ID",
        "accountEnabled": True,
        "appOwnerOrganizationId": TENANT_ID,
        "appRoleAssignmentRequired": False,
        "createdDateTime": "2024-01-08T09:00:00Z",
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "appRoles": [],
        "oauth2PermissionScopes": [],
        "replyUrls": [],
        "keyCredentials": [],
        "passwordCredentials": [],
    }
