"""Somebody's job changes: new access first, seen; then what belonged to the old job goes."""

from domain.entitlements import difference, governed
from domain.planning import attributes
from domain.planning.common import notify_manager, object_facts, set_attributes, set_manager, wanted
from domain.planning.grants import check_inherited, grant, listed, take_away
from domain.planning.request import Plan, PlanRefused, Request
from domain.planning.sheet import Sheet
from domain.snapshot import Account


def move(request: Request) -> Plan:
    """Bring the whole person to what HR's truth and the rules say. No steps if that is so already."""
    account = request.snapshot.account
    if request.has_left or (account is not None and account.deleted):
        raise PlanRefused(
            "HasLeft",
            f"{request.envelope.employee_id} has left: their account takes no changes any more. "
            "Cancel this update, or hire the person again.",
        )
    return _without_account(request) if account is None else _planned(request, account)


def _without_account(request: Request) -> Plan:
    if request.joining:
        note = "there is no account yet: HR's word is recorded and the joiner will go by it"
        return Plan(facts=object_facts(None), notes=[note])
    raise PlanRefused(
        "PersonUnknown",
        f"The tenant has no account for {request.envelope.employee_id} and nobody is about to make one. Retry when "
        "there is one, or cancel this update.",
    )


def _planned(request: Request, account: Account) -> Plan:
    sheet, notes = Sheet(request.policy, request.taken), list[str]()
    person = attributes.told_by_account(account) | request.person
    want = wanted(request, person)
    plan = difference(request.snapshot.grants, want, governed(request.policy, request.snapshot.catalogue))
    changes = attributes.changed(account, request.person, request.envelope.employee_id, request.policy)
    names = set_attributes(sheet, account, changes, [])
    located = names if "usageLocation" in changes else []
    names += set_manager(sheet, request, notes, [])
    names += grant(sheet, plan.add, needs=[], licences_need=located)
    check_inherited(sheet, want, {sku.id: part for part, sku in request.snapshot.catalogue.skus.items()})
    notes += [f"{item.kind} {item.name} is left: it comes {item.source}" for item in plan.leave]
    verified = [sheet.verify("verify", needs=names)] if names else []
    if plan.remove:
        overlap = request.policy.timings.mover_overlap_seconds
        gone = take_away(sheet, plan.remove, needs=verified, delay=overlap)
        verified = [sheet.verify("verify removal", needs=gone)]
    if verified:
        notify_manager(sheet, request, request.policy.notices.mover, person, verified)
        sheet.second_look(needs=verified)
    facts = object_facts(account) | {"second_look_seconds": request.policy.timings.second_look_seconds}
    return Plan(steps=sheet.steps, facts=facts, notes=notes, entitlements=listed(plan))
