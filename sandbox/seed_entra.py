"""What Entra has from the start: Conditional Access policies, consents, Microsoft's own clients, managed identities."""

import secrets

from sandbox.conditional_access import BLOCK_GROUP
from sandbox.graph.conditional_access import document
from sandbox.seed_apps import LOGINS, grant
from sandbox.seed_catalogue import GLOBAL_ADMINISTRATOR, GRAPH_PERMISSIONS, USER_ADMINISTRATOR, made
from sandbox.store import Doc, Store

SINCE = "2024-01-08T09:00:00Z"
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""
_CLIENTS = {
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46": (
        "Microsoft Azure CLI",
        "Application.ReadWrite.All AppRoleAssignment.ReadWrite.All AuditLog.Read.All "
        "DelegatedPermissionGrant.ReadWrite.All Directory.AccessAsUser.All Group.ReadWrite.All User.Read.All "
        "User.ReadWrite.All email openid profile",
    ),
    "14d82eec-204b-4c2f-b7e8-296a70dab67e": ("Microsoft Graph Command Line Tools", "User.Read email openid profile"),
}
"""Microsoft's own clients, with the scopes for Graph that are theirs in every tenant."""
_IDENTITIES = (("SystemAssigned", "jml-worker"), ("UserAssigned", "jml-platform-identity"))
_GROUP = "/subscriptions/{0}/resourcegroups/{1}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{2}"


def seed(store: Store) -> None:
    """After users, groups and applications."""
    _policies(store)
    _consents(store)
    for app_id, (name, scopes) in _CLIENTS.items():
        _microsoft_client(store, app_id, name, scopes)
    _managed_identities(store)


def _policies(store: Store) -> None:
    """Some people are blocked, some need a second factor; the emergency accounts are never shut out."""
    spared = [made("user/break.glass.one"), made("user/break.glass.two")]
    everywhere: Doc = {"includeApplications": ["All"]}
    blocked: Doc = {"includeGroups": [made(f"group/{BLOCK_GROUP}")], "excludeUsers": spared}
    careful: Doc = {
        "includeUsers": [made(f"user/{username}") for _, username, _, _ in LOGINS],
        "includeRoles": [GLOBAL_ADMINISTRATOR, USER_ADMINISTRATOR],
        "excludeUsers": spared,
    }
    for name, users, control in (
        (BLOCK_GROUP, blocked, "block"),
        ("Require multifactor authentication for administrators and console users", careful, "mfa"),
    ):
        values: Doc = {
            "displayName": name,
            "state": "enabled",
            "conditions": {"users": users, "applications": everywhere},
            "grantControls": {"operator": "OR", "builtInControls": [control]},
        }
        store.put("conditional_access_policies", document(made(f"policy/{name}"), SINCE, values), 0)


def _consents(store: Store) -> None:
    """What the organisation has agreed to: the console's own scopes, and signing in to our API on behalf of people."""
    basic = "User.Read openid profile email offline_access"
    for client, resource, scope in (("console", "api", "access"), ("console", "graph", basic), ("api", "graph", basic)):
        store.put(
            "oauth2_permission_grants",
            {
                "id": made(f"consent/{client}/{resource}"),
                "clientId": made(f"principal/{client}"),
                "consentType": "AllPrincipals",
                "principalId": None,
                "resourceId": made(f"principal/{resource}"),
                "scope": scope,
            },
            0,
        )


def _microsoft_client(store: Store, app_id: str, name: str, scopes: str) -> None:
    """A public client of Microsoft's that every tenant knows; its registration lies in Microsoft's own tenant."""
    principal_id = made(f"principal/{app_id}")
    redirects = ["http://localhost", "https://login.microsoftonline.com/common/oauth2/nativeclient"]
    application: Doc = {
        "id": made(f"application/{app_id}"),
        "appId": app_id,
        "displayName": name,
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "isFallbackPublicClient": True,
        "publicClient": {"redirectUris": redirects},
        "_microsoft": True,
        "_graph_scopes": scopes.split(),
    }
    store.put("foreign_applications", application, 0)
    store.put("service_principals", _principal(principal_id, app_id, name, "Application", MICROSOFT), 0)


def _principal(key: str, app_id: str, name: str, kind: str, owner: str | None) -> Doc:
    return {
        "id": key,
        "appId": app_id,
        "displayName": name,
        "appDisplayName": name if kind == "Application" else None,
        "accountEnabled": True,
        "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": False,
        "createdDateTime": SINCE,
        "servicePrincipalNames": [app_id],
        "servicePrincipalType": kind,
        "signInAudience": None,
        "tags": [],
        "appRoles": [],
        "oauth2PermissionScopes": [],
        "replyUrls": [],
        "keyCredentials": [],
        "passwordCredentials": [],
        "alternativeNames": [],
    }


def _managed_identities(store: Store) -> None:
    """A workload's own identity and one assigned to it, both with the platform's permissions on Graph."""
    identities = []
    for kind, name in _IDENTITIES:
        principal_id, app_id = made(f"principal/{name}"), made(f"client/{name}")
        resource_id = _GROUP.format(made("subscription"), "jml", name)
        principal = _principal(principal_id, app_id, name, "ManagedIdentity", None)
        explicit = f"isExplicit={kind == 'UserAssigned'}"
        store.put("service_principals", {**principal, "alternativeNames": [explicit, resource_id]}, 0)
        for role_id in GRAPH_PERMISSIONS.values():
            grant(store, principal_id, "ServicePrincipal", made("principal/graph"), role_id)
        identities.append({"kind": kind, "client_id": app_id, "object_id": principal_id, "resource_id": resource_id})
    held = store.get("identity", "managed_identity") or {
        "id": "managed_identity",
        "header": store.secret("identity_header", secrets.token_urlsafe(32)),
    }
    store.put("identity", {**held, "identities": identities})


def described(store: Store, base_url: str) -> Doc:
    """The managed identities as ``sandbox.json`` names them: what App Service would put into the environment."""
    held = store.get("identity", "managed_identity") or {"identities": []}
    shown = {
        one["kind"]: {name: one[name] for name in ("client_id", "object_id", "resource_id")}
        for one in held["identities"]
    }
    return {
        "endpoint": f"{base_url}/msi/token",
        "header": held.get("header"),
        "system_assigned": shown.get("SystemAssigned"),
        "user_assigned": shown.get("UserAssigned"),
    }
