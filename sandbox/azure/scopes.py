"""Resource ids: compared whatever their case, each with the scopes above it up to the tenant's root ``/``."""

import re

from sandbox.store import Store

ROOT = "/"
SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
MANAGEMENT = "/providers/microsoft.management/managementgroups/"
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


def key(scope: str) -> str:
    """The spelling by which a scope is compared: lower case, no slash at the end."""
    return "/" + scope.strip("/").lower()


def subscription_of(scope: str) -> str | None:
    """The subscription that a scope lies in."""
    found = _SUBSCRIPTION.match(scope)
    return found[1] if found else None


def chain(store: Store, scope: str) -> list[str]:
    """The scope and all above it, nearest first: resources, group, subscription, management groups, root."""
    at = key(scope)
    if at == ROOT:
        return [ROOT]
    if at.startswith(MANAGEMENT):
        return [*_management(store, at.removeprefix(MANAGEMENT).partition("/")[0]), ROOT]
    segments = at.strip("/").split("/")
    lengths = range(len(segments) - len(segments) % 2, 1, -2)
    inside = ["/" + "/".join(segments[:length]) for length in lengths if segments[length - 2] != "providers"]
    subscription = store.get("azure_subscriptions", segments[1] if len(segments) > 1 else "")
    above = _management(store, subscription["_management_group"]) if subscription else []
    return [*inside, *above, ROOT]


def _management(store: Store, name: str | None) -> list[str]:
    found: list[str] = []
    while name:
        found.append(MANAGEMENT + name.lower())
        group = store.get("azure_management_groups", name.lower())
        name = group["parent"] if group else None
    return found


def lies_in(store: Store, inner: str, outer: str) -> bool:
    """Is ``inner`` the scope ``outer`` or one below it?"""
    return key(outer) in chain(store, inner)
