"""Who is in which group: static members in the group, dynamic ones per user, so that a person never rewrites a group.

The outcome of rules is kept per user (kind ``dynamic_memberships``) and seen after ``dynamic_lag_ms``, later the more
outcomes are under way; rules about devices are asked when somebody looks.
"""

import heapq
import time
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from sandbox.graph import background
from sandbox.graph.groups.dynamic import rule
from sandbox.store import Doc, Store

_under_way: WeakKeyDictionary[Store, list[float]] = WeakKeyDictionary()
"""When each outcome that nobody sees yet will be seen."""


def is_dynamic(group: Doc) -> bool:
    """Is the membership decided by a rule?"""
    return "DynamicMembership" in (group.get("groupTypes") or ())


def _about(group: Doc) -> str:
    return rule(group["membershipRule"]).entity


def member_ids(store: Store, group: Doc) -> list[str]:
    """The direct members of a group, as a reader sees it."""
    if not is_dynamic(group):
        return list(group.get("_members") or ())
    if _about(group) == "device":
        return [device["id"] for device in store.seen_all("devices") if applies(store, group, device)]
    if store.count("dynamic_memberships") >= store.count("users"):
        return store.keys_seen("dynamic_memberships", "groups", group["id"])
    return [user["id"] for user in store.seen_all("users") if group["id"] in dynamic_groups(store, user)]


def groups_of(store: Store, object_id: str) -> list[Doc]:
    """The groups somebody is a direct member of, as a reader sees it."""
    static = [group for group in store.find_seen("groups", "_members", object_id) if not is_dynamic(group)]
    user = store.seen("users", object_id)
    if user is not None:
        rules = (store.seen("groups", key) for key in dynamic_groups(store, user))
        return [*static, *(group for group in rules if group is not None)]
    device = store.seen("devices", object_id)
    if device is None:
        return static
    return [*static, *(group for group in _ruled(store, "device") if applies(store, group, device))]


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
    groups = _matching(store, user)
    known = store.get("dynamic_memberships", user["id"])
    if known is not None and known["groups"] == groups:
        return
    lag = _lag(store)
    store.put("dynamic_memberships", {"id": user["id"], "groups": groups}, time.time() + lag)
    if any(group.get("_licences") for group in _ruled(store, "user")):
        background.later(store, lag + store.settings.group_licence_lag_ms / 1000, "licences", user["id"])


def _lag(store: Store) -> float:
    """Seconds until the next outcome is seen; it is under way from now on."""
    lag, load, now = store.settings.dynamic_lag_ms / 1000, store.settings.dynamic_load, time.time()
    if not load:
        return lag
    waiting = _under_way.setdefault(store, [])
    while waiting and waiting[0] <= now:
        heapq.heappop(waiting)
    lag *= 1 + len(waiting) / load
    heapq.heappush(waiting, now + lag)
    return lag


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


def applies(store: Store, group: Doc, item: Doc) -> bool:
    """Does the rule of a group take somebody in? While it is paused, everybody stays what they are."""
    if group.get("membershipRuleProcessingState", "On") == "Paused":
        known = store.get("dynamic_memberships", item["id"]) or {"groups": ()}
        return group["id"] in known["groups"]
    return matches(store, group["membershipRule"], item)


def matches(store: Store, text: str, item: Doc) -> bool:
    """Is the rule true of a user or device?"""
    test = rule(text)
    return test(_with_plans(store, item) if test.plans else item)


def _with_plans(store: Store, user: Doc) -> Doc:
    """Licences as rules see them: every service plan that is switched on."""
    on: list[Doc] = []
    for licence in user.get("assignedLicenses") or ():
        for product in store.find("skus", "skuId", licence["skuId"]):
            on.extend(p for p in product["servicePlans"] if p["servicePlanId"] not in licence["disabledPlans"])
    assigned = [{"servicePlanId": plan["servicePlanId"], "capabilityStatus": "Enabled"} for plan in on]
    return {**user, "assignedPlans": assigned}


def _ruled(store: Store, entity: str) -> Iterable[Doc]:
    """The dynamic groups of users, or of devices."""
    return (group for group in store.all("groups") if is_dynamic(group) and _about(group) == entity)


def _matching(store: Store, user: Doc) -> list[str]:
    return [group["id"] for group in _ruled(store, "user") if applies(store, group, user)]
