"""The seeded applications with their principals, secrets, permissions and practice logins."""

import base64
import secrets
import string
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from sandbox.entra_keys import private_pem, self_signed
from sandbox.entra_resources import GRAPH_APP_ID
from sandbox.seed_catalogue import (
    GRAPH_PERMISSIONS,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    TENANT_ID,
    app_role,
    made,
)
from sandbox.store import Doc, Store

API_ROLES = {
    "Hr.Operator": ("User",),
    "Iam.Admin": ("User",),
    "Iam.Approver": ("User",),
    "Iam.Auditor": ("User",),
    "Events.Submit": ("Application",),
}
LOGINS = (
    ("Hr.Operator", "hr.operator", "Hana", "Okoro"),
    ("Iam.Admin", "iam.admin", "Adam", "Lindqvist"),
    ("Iam.Approver", "iam.approver", "Priya", "Raman"),
    ("Iam.Auditor", "iam.auditor", "Odile", "Berger"),
    (None, "no.role", "Noel", "Sato"),
)
_PERMISSIONS = {
    "platform": sorted(GRAPH_PERMISSIONS),
    "helpdesk": ["User.ReadWrite.All"],
    "limited": ["User.Read.All"],
}
_NAMES = {
    "platform": "JML platform",
    "helpdesk": "Helpdesk tool",
    "limited": "Directory reader",
    "hr_sender": "HR system",
    "api": "JML API",
    "console": "JML console",
}


def identities(store: Store, data_dir: Path) -> None:
    """Make what nobody else may know, once: secrets, the platform's certificate, the logins' passwords."""
    if store.get("identity", "platform") is not None:
        return
    certificate = _certificate(data_dir / "platform.pem")
    for name in _NAMES:
        identity: Doc = {"id": name, "client_id": made(f"client/{name}"), "object_id": made(f"principal/{name}")}
        if name != "api":
            identity["client_secret"] = store.secret("client_secret", _secret())
        if name == "platform":
            identity |= {"certificate_file": str(data_dir / "platform.pem"), "_certificate": certificate}
        store.put("identity", identity)
    store.put("identity", {"id": "scim", "token": store.secret("scim_token", secrets.token_urlsafe(32))})
    webhook = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    store.put("identity", {"id": "webhook", "secret": store.secret("webhook_secret", webhook)})
    for role, username, _, _ in LOGINS:
        store.put("identity", _login(store, role, username))
    store.flush()


def _login(store: Store, role: str | None, username: str) -> Doc:
    return {
        "id": f"login/{username}",
        "role": role,
        "object_id": made(f"user/{username}"),
        "username": f"{username}@practice.example",
        "password": store.secret("password", password()),
        "totp_secret": store.secret("totp_secret", base64.b32encode(secrets.token_bytes(20)).decode()),
    }


def password() -> str:
    """A password that Entra's complexity rule takes."""
    letters = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))
    return f"Aa7-{letters}"


def _secret() -> str:
    """Shaped like Entra's: three characters, ``8Q~``, and the rest."""
    return secrets.token_urlsafe(2)[:3] + "8Q~" + secrets.token_urlsafe(26)[:34]


def _certificate(file: Path) -> str:
    """Write the platform's key and certificate; the certificate as PEM."""
    key, certificate = self_signed("JML platform", years=2)
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    file.touch(mode=0o600)
    file.write_text(private_pem(key) + pem)
    return pem


def seed(store: Store, redirect_uris: list[str]) -> None:
    """Applications, principals and their permissions, from the identities."""
    store.put("service_principals", _graph(), 0)
    for name, title in _NAMES.items():
        identity = store.get("identity", name) or {}
        application = _application(name, title, identity, redirect_uris)
        store.put("applications", application, 0)
        store.put("service_principals", _principal(identity, application), 0)
    for name, permissions in _PERMISSIONS.items():
        for permission in permissions:
            grant(
                store,
                made(f"principal/{name}"),
                "ServicePrincipal",
                made("principal/graph"),
                GRAPH_PERMISSIONS[permission],
            )
    grant(store, made("principal/hr_sender"), "ServicePrincipal", made("principal/api"), made("app-role/Events.Submit"))
    assign_role(store, made("principal/platform"), PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)


def grant(store: Store, principal_id: str, kind: str, resource_id: str, role_id: str) -> None:
    """Assign an app role (Graph resource type appRoleAssignment)."""
    principal = store.get("users", principal_id) or store.get("service_principals", principal_id) or {}
    resource = store.get("service_principals", resource_id) or {}
    store.put(
        "app_role_assignments",
        {
            "id": made(f"grant/{principal_id}/{resource_id}/{role_id}"),
            "appRoleId": role_id,
            "createdDateTime": "2024-01-08T09:00:00Z",
            "principalDisplayName": principal.get("displayName"),
            "principalId": principal_id,
            "principalType": kind,
            "resourceDisplayName": resource.get("displayName"),
            "resourceId": resource_id,
        },
        0,
    )


def assign_role(store: Store, principal_id: str, role_id: str) -> None:
    """Assign a directory role over the whole tenant (Graph resource type unifiedRoleAssignment)."""
    store.put(
        "role_assignments",
        {
            "id": made(f"role/{principal_id}/{role_id}"),
            "principalId": principal_id,
            "roleDefinitionId": role_id,
            "directoryScopeId": "/",
        },
        0,
    )


def _application(name: str, title: str, identity: Doc, redirect_uris: list[str]) -> Doc:
    ours = name == "api"
    certificate, secret = identity.get("_certificate"), identity.get("client_secret")
    listed = [credential(name, secret[:3], "2299-12-31T00:00:00Z")] if secret else []
    return {
        "id": made(f"application/{name}"),
        "appId": identity["client_id"],
        "displayName": title,
        "createdDateTime": "2024-01-08T09:00:00Z",
        "identifierUris": [f"api://{identity['client_id']}"] if ours else [],
        "publisherDomain": "practice.example",
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": name == "console",
        "tags": [],
        "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": _scopes() if ours else []},
        "appRoles": _api_roles() if ours else [],
        "web": {"redirectUris": redirect_uris if name == "console" else [], "homePageUrl": None, "logoutUrl": None},
        "passwordCredentials": listed,
        "_secret_of": {one["keyId"]: secret for one in listed},
        "_secrets": [secret] if secret else [],
        "_certificates": [certificate] if certificate else [],
    }


def credential(name: str, hint: str, expires: str) -> Doc:
    """A secret of an application as it is listed, without its value."""
    return {
        "customKeyIdentifier": None,
        "displayName": "server",
        "endDateTime": expires,
        "hint": hint,
        "keyId": made(f"credential/{name}"),
        "secretText": None,
        "startDateTime": "2024-02-05T08:00:00Z",
    }


def _principal(identity: Doc, application: Doc) -> Doc:
    return {
        "id": identity["object_id"],
        "appId": application["appId"],
        "displayName": application["displayName"],
        "appDisplayName": application["displayName"],
        "accountEnabled": True,
        "appOwnerOrganizationId": TENANT_ID,
        "appRoleAssignmentRequired": False,
        "createdDateTime": application["createdDateTime"],
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "appRoles": application["appRoles"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "replyUrls": application["web"]["redirectUris"],
        "keyCredentials": [],
        "passwordCredentials": [],
    }


def _graph() -> Doc:
    application: Doc = {
        "appId": GRAPH_APP_ID,
        "displayName": "Microsoft Graph",
        "identifierUris": ["https://graph.microsoft.com"],
        "createdDateTime": "2024-01-08T09:00:00Z",
        "appRoles": [app_role(value, role_id, ("Application",)) for value, role_id in GRAPH_PERMISSIONS.items()],
        "api": {"oauth2PermissionScopes": []},
        "web": {"redirectUris": []},
    }
    return _principal({"object_id": made("principal/graph")}, application)


def _api_roles() -> list[Doc]:
    return [app_role(value, made(f"app-role/{value}"), members) for value, members in API_ROLES.items()]


def _scopes() -> list[Doc]:
    return [
        {
            "id": made("scope/access"),
            "value": "access",
            "type": "User",
            "isEnabled": True,
            "adminConsentDisplayName": "Use the JML API",
            "adminConsentDescription": "Allows the application to call the JML API as the signed-in user.",
        }
    ]
