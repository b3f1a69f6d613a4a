"""Licences given to groups: what the directory does in the background for each member, errors noted per user."""

from starlette.responses import Response

from sandbox.graph import background
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import live_group, save_user, seen_group, writable_user
from sandbox.graph.errors import bad_request
from sandbox.graph.groups.memberships import groups_of, is_dynamic, member_ids
from sandbox.graph.licences.licence_rules import dependent, exclusive, prohibited
from sandbox.graph.licences.licences import (
    asked,
    check_plans,
    holds_in,
    new_state,
    plans,
    refuse_unknown_plans,
    seat_left,
    sku,
    with_states,
)
from sandbox.graph.permissions import GROUP_LICENCES_WRITE, GROUPS_READ, LICENCES_WRITE
from sandbox.graph.query import entity, mixed
from sandbox.graph.roles.privileges import refuse_restricted
from sandbox.graph.schema import GROUP, USER
from sandbox.store import Doc, Store

router = Router()
TENANT_LOCATION = "GB"
"""Where group licensing puts users who have no usage location: the organization's own country."""


@router.add("POST", "groups/{group}/assignLicense", GROUP_LICENCES_WRITE)
def assign_group_licence(call: Call) -> Response:
    """``POST /groups/{g}/assignLicense``: 202 with the group; its members get it in the background."""
    add, remove = asked(call)
    group = live_group(call.store, call.params["group"])
    if group.get("onPremisesSyncEnabled") is None:
        refuse_restricted(call, group["id"])
    for licence in add:
        refuse_unknown_plans(sku(call.store, licence["skuId"]), licence)
    held = {licence["skuId"]: licence for licence in group.get("_licences") or ()}
    for sku_id in remove:
        if held.pop(sku_id, None) is None:
            raise bad_request("Group does not have a corresponding license.")
    held.update({licence["skuId"]: licence for licence in add})
    changed = call.store.put("groups", {**group, "_licences": list(held.values())})
    for member in member_ids(call.store, group):
        licences_due(call.store, member)
    return entity(call, changed, GROUP, "groups", status=202, headers=call.location(GROUP.odata, group["id"]))


@router.add("GET", "groups/{group}/membersWithLicenseErrors", GROUPS_READ)
def members_with_errors(call: Call) -> Response:
    """``GET /groups/{g}/membersWithLicenseErrors``."""
    group = seen_group(call.store, call.params["group"])
    return mixed(call, [(user, USER) for user in call.store.seen_all("users") if _in_error(user, group["id"])])


def _in_error(user: Doc, group_id: str) -> bool:
    states = user.get("licenseAssignmentStates") or ()
    return any(state["assignedByGroup"] == group_id and state["state"] == "Error" for state in states)


def licence_view(store: Store, group: Doc) -> Doc:
    """What a group shows of its licences when selected."""
    members = member_ids(store, group)
    waiting = any(store.get("pending", f"licences:{member}") for member in members)
    state = "QueuedForProcessing" if waiting else "ProcessingComplete"
    return {
        "assignedLicenses": group.get("_licences") or [],
        "licenseProcessingState": {"state": state} if group.get("_licences") else None,
        "hasMembersWithLicenseErrors": any(_in_error(store.get("users", m) or {}, group["id"]) for m in members),
    }


def licences_due(store: Store, user_id: str) -> None:
    """Have somebody's licences by group looked at after ``group_licence_lag_ms``."""
    background.later(store, store.settings.group_licence_lag_ms / 1000, "licences", user_id)


@background.work("licences")
def apply_group_licences(store: Store, user_id: str) -> None:
    """Give somebody what their groups give, take what they gave; errors are noted in the states, not reported."""
    user = store.get("users", user_id)
    if user is None:
        return
    granting = [group for group in _true_groups(store, user) if group.get("_licences")]
    if granting and not user.get("usageLocation"):
        user = {**user, "usageLocation": TENANT_LOCATION}
    before = list(user.get("licenseAssignmentStates") or ())
    states = [state for state in before if state["assignedByGroup"] is None]
    for group in granting:
        states.extend(_granted(store, user, states, before, group))
    if _essence(states) != _essence(before):
        save_user(store, with_states(store, user, states))


def _true_groups(store: Store, user: Doc) -> list[Doc]:
    """Static memberships as they truly are; those by rule as far as they have been worked out."""
    static = store.find("groups", "_members", user["id"])
    return [*static, *(group for group in groups_of(store, user["id"]) if is_dynamic(group))]


def _granted(store: Store, user: Doc, states: list[Doc], before: list[Doc], group: Doc) -> list[Doc]:
    """A group's products for one user: all of them, or none if one fails."""
    error = "None"
    for licence in group["_licences"]:
        had = holds_in(before, licence["skuId"]) or holds_in(states, licence["skuId"])
        if not had and not seat_left(store, sku(store, licence["skuId"])):
            error = "CountViolation"
    if error == "None":
        error = _violation(
            store, user, [*states, *(new_state(store, each, group["id"]) for each in group["_licences"])]
        )
    return [_kept(new_state(store, licence, group["id"], error), before) for licence in group["_licences"]]


def _violation(store: Store, user: Doc, states: list[Doc]) -> str:
    """What forbids these assignments together, as ``licenseAssignmentStates`` names it."""
    on = {plan["servicePlanId"] for plan in plans(store, [state for state in states if state["state"] == "Active"])}
    if prohibited(user.get("usageLocation")):
        return "ProhibitedInUsageLocationViolation"
    if exclusive(on):
        return "MutuallyExclusiveViolation"
    return "DependencyViolation" if dependent(on) else "None"


def _kept(state: Doc, before: list[Doc]) -> Doc:
    """The assignment as it was, if nothing about it has changed."""
    same = (old for old in before if _essence([old]) == _essence([state]))
    return next(same, state)


def _essence(states: list[Doc]) -> set[tuple[str, str, str, str]]:
    return {(s["skuId"], str(s["assignedByGroup"]), s["error"], ",".join(sorted(s["disabledPlans"]))) for s in states}


def refuse_licensed(group: Doc) -> None:
    """A group that gives licences cannot be deleted."""
    if group.get("_licences"):
        raise bad_request("Cannot delete a group that has licenses assigned to it.")


@router.add("POST", "users/{user}/reprocessLicenseAssignment", LICENCES_WRITE)
def reprocess(call: Call) -> Response:
    """``POST /users/{u}/reprocessLicenseAssignment``: 200 with the user; what still stands in the way is said aloud."""
    user = writable_user(call)
    apply_group_licences(call.store, user["id"])
    changed = call.store.get("users", user["id"]) or user
    _refuse_errors(call.store, changed)
    return entity(call, changed, USER, "users")


def _refuse_errors(store: Store, user: Doc) -> None:
    states = user.get("licenseAssignmentStates") or []
    wrong = [state for state in states if state["state"] == "Error"]
    for state in wrong:
        if state["error"] == "CountViolation" and not seat_left(store, sku(store, state["skuId"])):
            raise bad_request(f"Subscription with SKU {state['skuId']} does not have any available licenses.")
    if wrong:
        check_plans(store, [{**state, "state": "Active"} for state in states])
