"""Somebody leaves: access is cut at once, then everything the tenant says they have is taken, then the account goes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.events import Termination
from domain.planning.attributes import told_by_account
from domain.planning.common import notify_manager, object_facts
from domain.planning.grants import role_removals, take_away
from domain.planning.request import Plan, PlanRefused, Request
from domain.planning.sheet import Sheet
from domain.runsheet import CONTAINMENT, URGENT_QUEUE, Inverse
from domain.snapshot import Account, Grant


def contain(request: Request) -> Plan:
    """Cut access: disable, end the sessions, make the password unknown (not on leave), block. Seen, that is *cut*.

    Nothing where the tenant does not know the person: somebody's account may only be in the making.
    """
    account = request.snapshot.account
    if account is None or account.deleted:
        if _is_leave(request):
            raise _unknown(request)
        return Plan(facts=object_facts(None), notes=["there is no account yet to contain"])
    sheet = Sheet(request.policy, request.taken)
    facts = _contain(sheet, request, account)
    if _is_leave(request):
        sheet.second_look(needs=[sheet.steps[-1].name])
    return Plan(steps=sheet.steps, facts=_facts(request, account) | facts)


def strip(request: Request) -> Plan:
    """Take what the tenant says the person has, licences last; contain first if that did not happen to this account."""
    account = request.snapshot.account
    if account is None and request.never_had_account:
        return Plan(facts=object_facts(None), notes=["the hire ended before there was an account"])
    if account is None or account.deleted:
        raise _unknown(request)
    sheet, notes = Sheet(request.policy, request.taken), list[str]()
    facts = _recontain(sheet, request, account)
    cut = [step.name for step in sheet.steps[-1:]]
    takeable, left = _takeable(request)
    notes += [f"{item.kind} {item.name} is left: it comes {item.source}" for item in left]
    names = take_away(sheet, takeable, licences_last=True)
    verified = sheet.verify("verify", needs=[*cut, *names], cut=True)
    person = told_by_account(account) | request.person
    notify_manager(sheet, request, request.policy.notices.leaver, person, [verified])
    sheet.second_look(needs=[verified], cut=True)
    known = _facts(request, account) | facts | {"delete_at": _delete_at(request)}
    return Plan(steps=sheet.steps, facts=known, notes=notes, entitlements=_removed(takeable))


def delete(request: Request) -> Plan:
    """After retention: the account goes to the tenant's deleted items. One that is in use again stays."""
    account = request.snapshot.account
    if account is None or account.deleted:
        return Plan(facts=object_facts(None), notes=["the account is deleted already"])
    if _on_hold(request):
        raise PlanRefused("LegalHold", f"{request.envelope.employee_id} is under legal hold; nothing was deleted.")
    if account.enabled:
        raise PlanRefused(
            "InUse",
            f"Account {account.object_id} of {request.envelope.employee_id} was enabled again since they left; nothing "
            "was deleted. Disable it and retry, or cancel this lifecycle.",
        )
    sheet = Sheet(request.policy, request.taken)
    undo = Inverse(activity="accounts.restore")
    deleted = sheet.add("delete account", "accounts.delete", leg="deletion", inverse=undo)
    sheet.check("deleted", deleted)
    sheet.verify("verify deletion", needs=[deleted], leg="deletion")
    return Plan(steps=sheet.steps, facts=object_facts(account))


def _recontain(sheet: Sheet, request: Request, account: Account) -> dict[str, Any]:
    """Containment of this very account: in full if it was not contained, disabled again if somebody enabled it."""
    if request.facts.get("contained") != account.object_id:
        return _contain(sheet, request, account)
    containment = request.facts.get("containment") or {}
    if account.enabled:
        disabled = sheet.add_urgent("disable account", "accounts.disable", inverse=Inverse(activity="accounts.enable"))
        containment = containment | {"steps": containment.get("steps", {}) | {"enabled": disabled}}
    _check_containment(sheet, containment)
    return {"contained": account.object_id, "containment": containment}


def _contain(sheet: Sheet, request: Request, account: Account) -> dict[str, Any]:
    """The containment leg; the answer is what a later phase has to know to check and repeat it."""
    removals = role_removals(request.snapshot.grants, URGENT_QUEUE, CONTAINMENT)
    disabled = sheet.add_urgent(
        "disable account",
        "accounts.disable",
        inverse=Inverse(activity="accounts.enable") if account.enabled else None,
        on_refused=removals,
    )
    revoked = sheet.add_urgent(
        "revoke sessions", "accounts.revoke_sessions", {"stamp": account.sessions_valid_from}, needs=[disabled]
    )
    steps = {"enabled": disabled, "sessions": revoked}
    stamps = {"sessions": account.sessions_valid_from, "password": account.password_changed_at}
    if not _is_leave(request):
        arguments = {"stamp": account.password_changed_at}
        steps["password"] = sheet.add_urgent(
            "reset password", "accounts.reset_password", arguments, needs=[revoked], on_refused=removals
        )
    steps |= _block(sheet, request)
    containment = {"steps": steps, "stamps": stamps, "block": _block_id(request)}
    _check_containment(sheet, containment)
    sheet.verify_containment(needs=list(steps.values()))
    return {"contained": account.object_id, "containment": containment}


def _block(sheet: Sheet, request: Request) -> dict[str, str]:
    block = _block_id(request)
    if block is None:
        return {}
    arguments = {"group_ids": [block], "names": [request.policy.block_group]}
    held = any(grant.id == block for grant in request.snapshot.grants)
    undo = None if held else Inverse(activity="groups.remove", input=arguments)
    return {"block": sheet.add_urgent("block sign-in", "groups.add", arguments, inverse=undo)}


def _block_id(request: Request) -> str | None:
    """The block group, for those who leave for good and if the tenant has it."""
    group = request.snapshot.catalogue.groups.get(request.policy.block_group or "")
    return group.id if group is not None and group.source == "direct" and not _is_leave(request) else None


def _check_containment(sheet: Sheet, containment: dict[str, Any]) -> None:
    steps, stamps = containment.get("steps", {}), containment.get("stamps", {})
    sheet.check("enabled", steps.get("enabled"), want=False)
    for aspect in ("sessions", "password"):
        if aspect in steps:
            sheet.check(aspect, steps[aspect], value=stamps.get(aspect))
    if "block" in steps:
        sheet.check("group", steps["block"], id=containment["block"], name="that blocks sign-in")


def _takeable(request: Request) -> tuple[list[Grant], list[Grant]]:
    """What can be taken one by one, and what follows from elsewhere; the block group stays."""
    block = _block_id(request)
    held = [grant for grant in request.snapshot.grants if grant.id != block]
    return [item for item in held if item.source == "direct"], [item for item in held if item.source != "direct"]


def _delete_at(request: Request) -> str | None:
    event = request.envelope.event
    if _on_hold(request) or not isinstance(event, Termination):
        return None
    days = request.policy.retention.days if event.delete_after_days is None else event.delete_after_days
    return (max(request.envelope.effective_at, request.now) + timedelta(days=days)).isoformat()


def _on_hold(request: Request) -> bool:
    event = request.envelope.event
    return isinstance(event, Termination) and event.legal_hold


def _is_leave(request: Request) -> bool:
    return request.envelope.event.type == "leave"


def _removed(grants: Sequence[Grant]) -> dict[str, list[dict[str, Any]]]:
    gone = [{"kind": item.kind, "name": item.name, "id": item.id, "rule": None} for item in grants]
    return {"add": [], "keep": [], "remove": gone}


def _facts(request: Request, account: Account) -> dict[str, Any]:
    return object_facts(account) | {"second_look_seconds": request.policy.timings.second_look_seconds}


def _unknown(request: Request) -> PlanRefused:
    return PlanRefused(
        "PersonUnknown",
        f"The tenant has no account for {request.envelope.employee_id}; nothing could be taken away. Retry when there "
        "is one, or cancel this lifecycle.",
    )
