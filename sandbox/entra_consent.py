"""Which permissions an application may use for a person: consents, pre-authorised applications, admin-only scopes.

Microsoft's own applications, and scopes of resources other than Graph and our APIs, need no consent here.
"""

import base64
import re
from dataclasses import dataclass
from uuid import UUID

from sandbox.entra_clients import Client, refuse
from sandbox.entra_resources import (
    GRAPH,
    GRAPH_APP_ID,
    Resource,
    named,
    roles_of,
    scopes_beyond,
    service_principal,
    split_scope,
)
from sandbox.exchange import Exchange
from sandbox.store import Doc, Store

_FOR_ADMINS = re.compile(
    r"^(Directory|User\.(Read|ReadWrite)|Group|GroupMember|RoleManagement|Application|AppRoleAssignment|AuditLog"
    r"|Policy|Device|DelegatedPermissionGrant|UserAuthenticationMethod|Organization|Reports|Mail|Files|Sites)"
    r"[.\w]*\.(All|Directory|ConditionalAccess)$"
)
_MAY_CONSENT = frozenset({
    "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
})  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Scopes of one resource: as they were spelled (``prefix``), and the permissions meant."""

    resource: Resource
    prefix: str
    permissions: tuple[str, ...]
    default: bool = False

    def spelled(self, permissions: list[str]) -> list[str]:
        """Permissions as the answer's ``scope`` lists them: in the caller's own spelling."""
        return [f"{self.prefix}{name}" for name in [*permissions, *([".default"] if self.default else [])]]


def wanted(sent: Exchange, scope: str) -> Wanted:
    """The one resource that scopes name, and the permissions there; without any, Graph and none."""
    beyond = scopes_beyond(scope)
    if not beyond:
        return Wanted(resource_of(sent, GRAPH), "", ())
    pairs = [split_scope(name) for name in beyond]
    names = list(dict.fromkeys(name for name, _ in pairs))
    if len(names) > 1:
        text = (
            f"Provided value for the input parameter scope '{scope}' is not valid because it contains more than one "
            "resource."
        )
        refuse(sent, 28002, "invalid_request", text)
    permissions = tuple(permission for _, permission in pairs)
    prefix = f"{names[0]}/" if any("/" in name for name in beyond) else ""
    if ".default" in permissions and len(permissions) > 1:
        text = (
            "The provided value for the input parameter 'scope' isn't valid. .default scope can't be combined "
            f"with resource-specific scopes: {scope}."
        )
        refuse(sent, 70011, "invalid_scope", text)
    return Wanted(resource_of(sent, names[0]), prefix, permissions, ".default" in permissions)


def resource_of(sent: Exchange, name: str) -> Resource:
    """The resource of a name that has an enabled principal in the tenant, or the refusal that Entra gives."""
    resource = named(name, sent.origin, sent.store)
    principal = service_principal(sent.store, resource.app_id) if resource else None
    if resource is None or (resource.ours and principal is None):
        text = (
            f"The resource principal named {name} was not found in the tenant named Practice. This can happen if the "
            "application has not been installed by the administrator of the tenant or consented to by any user in the "
            "tenant. You might have sent your authentication request to the wrong tenant."
        )
        refuse(sent, 500011, "invalid_resource", text)
    if principal is not None and not principal["accountEnabled"]:
        text = (
            f"The service principal for resource '{name}' is disabled. This indicate that a subscription within the "
            "tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing "
            "tokens from being issued for it."
        )
        refuse(sent, 500014, "invalid_resource", text)
    return resource


def allowed(sent: Exchange, client: Client, person_id: str, asked: Wanted) -> tuple[list[str], list[str]]:
    """The permissions a person's token may carry for what was asked, and those that still lack consent."""
    if asked.resource.kind == "graph" and asked.default and client.application.get("_microsoft"):
        return list(client.application["_graph_scopes"]), []
    if asked.resource.kind not in ("api", "graph") or client.application.get("_microsoft"):
        return [("user_impersonation" if name == ".default" else name) for name in asked.permissions], []
    held = _consented(sent.store, client, person_id, asked.resource)
    if asked.default:
        return (sorted(held), []) if held else ([], [".default"])
    check_exist(sent, client, asked)
    by_name = {name.casefold(): name for name in held}
    return (
        [by_name[name.casefold()] for name in asked.permissions if name.casefold() in by_name],
        [name for name in asked.permissions if name.casefold() not in by_name],
    )


def check_exist(sent: Exchange, client: Client, asked: Wanted) -> None:
    """AADSTS650053 for a scope that one of our APIs does not define."""
    if not asked.resource.ours or asked.default:
        return
    target = service_principal(sent.store, asked.resource.app_id) or {}
    known = {s["value"].casefold() for s in target.get("oauth2PermissionScopes") or () if s.get("isEnabled", True)}
    for name in asked.permissions:
        if name.casefold() not in known:
            text = (
                f"The application '{client.name}' asked for scope '{name}' that doesn't exist on the resource "
                f"'{asked.resource.app_id}'. Contact the app vendor."
            )
            refuse(sent, 650053, "invalid_scope", text)


def _consented(store: Store, client: Client, person_id: str, resource: Resource) -> set[str]:
    target = service_principal(store, resource.app_id)
    if target is None:
        return set()
    grants = [
        grant
        for grant in store.find("oauth2_permission_grants", "clientId", client.principal["id"])
        if grant["resourceId"] == target["id"]
        and (grant["consentType"] == "AllPrincipals" or grant.get("principalId") == person_id)
    ]
    held = {name for grant in grants for name in (grant.get("scope") or "").split()}
    return held | _preauthorised(store, client.app_id, resource)


def _preauthorised(store: Store, app_id: str, resource: Resource) -> set[str]:
    """Scopes that the API's own registration opens to a client without asking anybody."""
    application = next(iter(store.find("applications", "appId", resource.app_id)), None) or {}
    api = application.get("api") or {}
    values = {scope["id"]: scope["value"] for scope in api.get("oauth2PermissionScopes") or ()}
    ids = [
        key
        for entry in api.get("preAuthorizedApplications") or ()
        if entry["appId"] == app_id
        for key in entry.get("delegatedPermissionIds") or entry.get("permissionIds") or ()
    ]
    return {values[key] for key in ids if key in values}


def may_consent(store: Store, person: Doc, resource: Resource, names: list[str]) -> bool:
    """May this person agree to these permissions for themselves?"""
    if roles_of(store, person["id"]) & _MAY_CONSENT:
        return True
    if resource.app_id == GRAPH_APP_ID:
        return not any(_FOR_ADMINS.match(name) for name in names)
    target = service_principal(store, resource.app_id) or {}
    kinds = {scope["value"]: scope.get("type") for scope in target.get("oauth2PermissionScopes") or ()}
    return all(kinds.get(name) != "Admin" for name in names)


def consent(store: Store, client: Client, resource: Resource, names: list[str], person_id: str | None) -> None:
    """Note a consent (Graph resource type oAuth2PermissionGrant): a person's own, or for everybody if None."""
    target = service_principal(store, resource.app_id) or {}
    kind = "Principal" if person_id else "AllPrincipals"
    key = (client.principal["id"], target["id"], kind, person_id)
    held = store.find("oauth2_permission_grants", "clientId", key[0])
    found = next((grant for grant in held if _key(grant) == key), None)
    scopes = dict.fromkeys([*(found or {"scope": ""})["scope"].split(), *names])
    raw = b"".join(UUID(part).bytes_le for part in (key[0], key[1], person_id) if part)
    name = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    new = {"id": name, "clientId": key[0], "consentType": kind, "principalId": person_id, "resourceId": key[1]}
    store.put("oauth2_permission_grants", {**(found or new), "scope": " ".join(scopes)})


def _key(grant: Doc) -> tuple[str, str, str, str | None]:
    return grant["clientId"], grant["resourceId"], grant["consentType"], grant.get("principalId")


def refuse_consent(sent: Exchange, client: Client) -> None:
    """AADSTS65001, where nobody can be asked."""
    text = (
        f"The user or administrator has not consented to use the application with ID '{client.app_id}' named "
        f"'{client.name}'. Send an interactive authorization request for this user and resource."
    )
    refuse(sent, 65001, "invalid_grant", text, suberror="consent_required")
