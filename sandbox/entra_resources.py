"""What tokens can be asked for: the resources, their names in scopes, and who may do what there.

Real clients append ``/.default`` to a resource's own trailing slash: ``https://graph.microsoft.com//.default``.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.store import Doc, Store

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OIDC_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})

_NAMES = {
    "https://graph.microsoft.com": ("graph", GRAPH_APP_ID),
    GRAPH_APP_ID: ("graph", GRAPH_APP_ID),
    "https://management.azure.com": ("arm", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
    "https://management.core.windows.net": ("arm", "797f4846-ba00-4fd7-ba43-dac1f8f63013"),
    "https://vault.azure.net": ("vault", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"),
    "https://storage.azure.com": ("storage", "e406a681-f3d4-42a8-90b6-c2b029497af1"),
    "https://outlook.office365.com": ("outlook", "00000002-0000-0ff1-ce00-000000000000"),
}


@dataclass(frozen=True)
class Resource:
    """A resource as it was asked for: ``kind`` decides who takes the token, ``audience`` is its ``aud``."""

    kind: str
    audience: str
    app_id: str

    @property
    def ours(self) -> bool:
        """Is it an API registered in this tenant (v2 tokens) rather than one of Microsoft's (v1 tokens)?"""
        return self.kind == "api"


def named(name: str, origin: str, store: Store) -> Resource | None:
    """The resource of a name, as it stands before ``/.default`` or ``/scope``; None if the tenant has no such."""
    plain = name.rstrip("/") if "://" in name else name
    if plain in _NAMES:
        kind, app_id = _NAMES[plain]
        return Resource(kind, name, app_id)
    if plain == origin or (plain.startswith("https://") and urlsplit(plain).hostname in LOOPBACK):
        return Resource("graph", name, GRAPH_APP_ID)
    for application in store.all("applications"):
        if plain == application["appId"] or plain in application["identifierUris"]:
            return Resource("api", application["appId"], application["appId"])
    return None


def kind_of(audience: str, origin: str, store: Store) -> str | None:
    """Which kind of resource a token's ``aud`` names."""
    resource = named(audience, origin, store)
    return resource.kind if resource else None


def split_scope(scope: str) -> tuple[str, str]:
    """``https://x/y`` → resource and permission; a bare name is Microsoft Graph's."""
    resource, slash, permission = scope.rpartition("/")
    return (resource, permission) if slash else ("https://graph.microsoft.com", scope)


def granted_roles(store: Store, principal_id: str, resource: Resource) -> list[str]:
    """The values of the app roles that a principal has on a resource."""
    target = next(iter(store.find("service_principals", "appId", resource.app_id)), None)
    if target is None:
        return []
    values: dict[str, str] = {role["id"]: role["value"] for role in target["appRoles"]}
    held = store.find("app_role_assignments", "principalId", principal_id)
    return sorted(values[a["appRoleId"]] for a in held if a["resourceId"] == target["id"] and a["appRoleId"] in values)


def service_principal(store: Store, app_id: str) -> Doc | None:
    """An application's principal in this tenant."""
    return next(iter(store.find("service_principals", "appId", app_id)), None)
