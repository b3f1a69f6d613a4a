"""Azure role-based access control: who may do what where, decided from role assignments at a scope or above it.

Source: learn.microsoft.com/azure/role-based-access-control/overview. Conditions and deny assignments are not known.
"""

import re
import time
from collections.abc import Iterator
from functools import cache

from sandbox.azure import scopes
from sandbox.azure.errors import not_authorized
from sandbox.exchange import Caller
from sandbox.graph.groups.memberships import transitive_groups
from sandbox.store import Doc, Store


def principals(store: Store, object_id: str) -> set[str]:
    """The principal and every group it belongs to, through other groups too."""
    return {object_id, *(group["id"] for group in transitive_groups(store, object_id))}


def assignments_of(store: Store, object_id: str) -> Iterator[Doc]:
    """The role assignments that count for somebody, wherever they are."""
    for principal in principals(store, object_id):
        yield from store.find_seen("azure_assignments", "principalId", principal)


def allowed(store: Store, object_id: str, action: str, scope: str, *, data: bool = False) -> bool:
    """Does a role of the principal allow the action at the scope?

    The data plane asks a cache: it learns of a new assignment only after ``rbac_lag_ms``.
    """
    above = set(scopes.chain(store, scope))
    newest = time.time() - store.settings.rbac_lag_ms / 1000 if data else None
    for assignment in assignments_of(store, object_id):
        if assignment["_scope"] not in above or (newest is not None and assignment["_made"] > newest):
            continue
        role = store.get("azure_roles", assignment["role"])
        if role is not None and _permits(role, action, data):
            return True
    return False


def has_any(store: Store, object_id: str, scope: str) -> bool:
    """Does the principal hold a role at the scope, above it or below it?"""
    above = set(scopes.chain(store, scope))
    held = assignments_of(store, object_id)
    return any(one["_scope"] in above or scopes.lies_in(store, one["_scope"], scope) for one in held)


def require(store: Store, caller: Caller, action: str, scope: str) -> None:
    """403 unless the caller may."""
    if not allowed(store, caller.object_id, action, scope):
        user = store.get("users", caller.object_id)
        client = user["userPrincipalName"] if user else caller.app_id
        raise not_authorized(client, caller.object_id, action, scope)


def _permits(role: Doc, action: str, data: bool) -> bool:
    yes, no = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return any(
        any(_matches(pattern, action) for pattern in permission[yes])
        and not any(_matches(pattern, action) for pattern in permission[no])
        for permission in role["permissions"]
    )


def _matches(pattern: str, action: str) -> bool:
    return _compiled(pattern).fullmatch(action) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE)
