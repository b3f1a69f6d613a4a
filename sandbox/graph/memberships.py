"""Who is in which group: static members in the group, dynamic ones per user, so that a person never rewrites a group.

The outcome of rules is kept per user (kind ``dynamic_memberships``) and seen after ``dynamic_lag_ms``.
"""

import time

from sandbox.graph import background
from sandbox.graph.dynamic import rule
from sandbox.store import Doc, Store


def is_dynamic(group: Doc) -> bool:
    """Is the membership decided by a rule?"""
    return "DynamicMembership" in (group.get("groupTypes") or ())


def member_ids(store: Store, group: Doc) -> list[str]:
    """The direct members of a group, as a reader sees it."""
    if not is_dynamic(group):
        return list(group.get("_members") or ())
    return [user["id"] for user in store.seen_all("users") if group["id"] in dynamic_groups(store, user)]


def groups_of(store: Store, object_id: str) -> list[Doc]:
    """The groups somebody is a direct member of, as a reader sees it."""
    static = [group for group in store.find_seen("groups", "_members", object_id) if not is_dynamic(group)]
    user = store.seen("users", object_id)
    if user is None:
        return static
    rules = (store.seen("groups", key) for key in dynamic_groups(store, user))
    return [*static, *(group for group in rules if group is not None)]


def transitive_groups(store: Store, object_id: str) -> list[Doc]:
    """The groups somebody is in, through other groups too."""
    found: dict[str, Doc] = {}
    waiting = groups_of(store, object_id)
    while waiting:
        group = waiting.pop(0)
        if group["id"] not in found:
            found[group["id"]] = group
            waiting.extend(groups_of(store, group["id"]))
    return list(found.values())


def dynamic_groups(store: Store, user: Doc) -> list[str]:
    """The dynamic groups a reader sees somebody in; for whoever was never evaluated the rules are asked now."""
    seen = store.seen("dynamic_memberships", user["id"])
    if seen is not None:
        return list(seen["groups"])
    return [] if store.get("dynamic_memberships", user["id"]) else _matching(store, user)


def evaluate(store: Store, user: Doc) -> None:
    """Decide somebody's dynamic memberships; readers see the outcome after ``dynamic_lag_ms``."""
    lag = store.settings.dynamic_lag_ms / 1000
    groups = _matching(store, user)
    known = store.get("dynamic_memberships", user["id"])
    if known is not None and known["groups"] == groups:
        return
    store.put("dynamic_memberships", {"id": user["id"], "groups": groups}, time.time() + lag)
    if any(group.get("_licences") for group in store.all("groups") if is_dynamic(group)):
        background.later(store, lag + store.settings.group_licence_lag_ms / 1000, "licences", user["id"])


def settle_all(store: Store) -> None:
    """Note everybody's memberships as they stand, before rules change."""
    for user in store.all("users"):
        settle(store, user)


def settle(store: Store, user: Doc | None) -> None:
    """Note the memberships of whoever was never evaluated, so that a change is seen late, not a gap."""
    if user is not None and store.get("dynamic_memberships", user["id"]) is None:
        store.put("dynamic_memberships", {"id": user["id"], "groups": _matching(store, user)}, 0)


def evaluate_all(store: Store) -> None:
    """Decide everybody's memberships anew: a rule has come, changed or gone."""
    for user in store.all("users"):
        evaluate(store, user)


def _matching(store: Store, user: Doc) -> list[str]:
    return [
        group["id"]
        for group in store.all("groups")
        if is_dynamic(group)
        and group.get("membershipRuleProcessingState", "On") != "Paused"
        and rule(group["membershipRule"])(user)
    ]
