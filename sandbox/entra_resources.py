"""What tokens can be asked for: the resources, their names in scopes, and who may do what there.

Real clients append ``/.default`` to a resource's own trailing slash: ``https://graph.microsoft.com//.default``.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from sandbox.store import Doc, Store

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
GRAPH = "https://graph.microsoft.com"
EXCHANGE_TOKEN = "api://AzureADTokenExchange"  # noqa: S105 - a resource's name
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OIDC_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})

_ARM = ("arm", "797f4846-ba00-4fd7-ba43-dac1f8f63013")
_STORAGE = ("storage", "e406a681-f3d4-42a8-90b6-c2b029497af1")
_OUTLOOK = ("outlook", "00000002-0000-0ff1-ce00-000000000000")
_SHAREPOINT = ("sharepoint", "00000003-0000-0ff1-ce00-000000000000")
_NAMES = {
    GRAPH: ("graph", GRAPH_APP_ID),
    GRAPH_APP_ID: ("graph", GRAPH_APP_ID),
    "https://management.azure.com": _ARM,
    "https://management.core.windows.net": _ARM,
    _ARM[1]: _ARM,
    "https://vault.azure.net": ("vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"),
    "https://storage.azure.com": _STORAGE,
    "https://outlook.office365.com": _OUTLOOK,
    "https://outlook.office.com": _OUTLOOK,
    _OUTLOOK[1]: _OUTLOOK,
    EXCHANGE_TOKEN: ("exchange", "fb60f99c-7a34-4190-8149-302f77469936"),
}
_SUFFIXES = {".blob.core.windows.net": _STORAGE, ".sharepoint.com": _SHAREPOINT}


@dataclass(frozen=True)
class Resource:
    """A resource as it was asked for: ``kind`` decides who takes the token, ``audience`` is its ``aud``."""

    kind: str
    audience: str
    app_id: str
    version: Literal[1, 2] = 1

    @property
    def ours(self) -> bool:
        """Is it an API registered in this tenant rather than one of Microsoft's?"""
        return self.kind == "api"


def named(name: str, origin: str, store: Store) -> Resource | None:
    """The resource of a name, as it stands before ``/.default`` or ``/scope``; None if the tenant has no such."""
    plain = name.rstrip("/") if "://" in name else name
    host = urlsplit(plain).hostname if plain.startswith("https://") else None
    known = _NAMES.get(plain) or next((of for end, of in _SUFFIXES.items() if host and host.endswith(end)), None)
    if known is not None:
        return Resource(known[0], name, known[1])
    if plain == origin or host in LOOPBACK:
        return Resource("graph", name, GRAPH_APP_ID)
    return _registered(plain, store)


def _registered(name: str, store: Store) -> Resource | None:
    """An API registered here: v2 tokens name it by its client id, v1 tokens as it was asked for."""
    for application in store.all("applications"):
        if name == application["appId"] or name in (application.get("identifierUris") or ()):
            app_id = str(application["appId"])
            if (application.get("api") or {}).get("requestedAccessTokenVersion") == 2:
                return Resource("api", app_id, app_id, 2)
            return Resource("api", name, app_id)
    return None


def kind_of(audience: str, origin: str, store: Store) -> str | None:
    """Which kind of resource a token's ``aud`` names."""
    resource = named(audience, origin, store)
    return resource.kind if resource else None


def split_scope(scope: str) -> tuple[str, str]:
    """``https://x/y`` → resource and permission; a bare name is Microsoft Graph's."""
    resource, slash, permission = scope.rpartition("/")
    return (resource, permission) if slash else (GRAPH, scope)


def scopes_beyond(scope: str) -> list[str]:
    """The scopes of a resource; OpenID's own aside."""
    return [name for name in scope.split() if name not in OIDC_SCOPES]


def granted_roles(store: Store, principal_id: str, resource: Resource) -> list[str]:
    """The values of the app roles that a principal has on a resource.

    Roles of a group reach its direct members only ("Assign users and groups to an application").
    """
    target = service_principal(store, resource.app_id)
    if target is None:
        return []
    values = {r["id"]: r["value"] for r in target["appRoles"] if r.get("isEnabled", True) and r.get("value")}
    holders = [principal_id, *(group["id"] for group in store.find("groups", "_members", principal_id))]
    held = [a for holder in holders for a in store.find("app_role_assignments", "principalId", holder)]
    return sorted(
        {values[a["appRoleId"]] for a in held if a["resourceId"] == target["id"] and a["appRoleId"] in values}
    )


def is_assigned(store: Store, principal_id: str, target: Doc) -> bool:
    """Has a principal, or a group it is a direct member of, any assignment to a service principal?"""
    holders = [principal_id, *(group["id"] for group in store.find("groups", "_members", principal_id))]
    held = [a for holder in holders for a in store.find("app_role_assignments", "principalId", holder)]
    return any(assignment["resourceId"] == target["id"] for assignment in held)


def groups_of(store: Store, object_id: str) -> list[Doc]:
    """The groups that somebody is in, through other groups too."""
    found: dict[str, Doc] = {}
    waiting = [object_id]
    while waiting:
        for group in store.find("groups", "_members", waiting.pop()):
            if group["id"] not in found:
                found[group["id"]] = group
                waiting.append(group["id"])
    return list(found.values())


def roles_of(store: Store, object_id: str) -> set[str]:
    """The directory roles that somebody holds, themselves or through a group."""
    holders = [object_id, *(group["id"] for group in groups_of(store, object_id))]
    held = [a for holder in holders for a in store.find("role_assignments", "principalId", holder)]
    return {assignment["roleDefinitionId"] for assignment in held}


def service_principal(store: Store, app_id: str) -> Doc | None:
    """An application's principal in this tenant."""
    return next(iter(store.find("service_principals", "appId", app_id)), None)
