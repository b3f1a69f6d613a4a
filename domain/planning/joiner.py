"""Somebody joins: their account is made, or the one that is there is taken up, and they get what the rules give."""

from collections.abc import Sequence
from typing import Any

from domain import usernames
from domain.entitlements import difference, governed
from domain.planning import attributes
from domain.planning.common import notify_manager, object_facts, set_attributes, set_manager, wanted
from domain.planning.grants import check_inherited, grant, listed, take_away
from domain.planning.request import Plan, PlanRefused, Request
from domain.planning.sheet import Sheet
from domain.planning.verification import differences
from domain.runsheet import SECOND_LOOK, Inverse, Step
from domain.snapshot import Account, Grant


def prepare(request: Request) -> Plan:
    """Ahead of the day: the account, disabled, with its attributes and manager. Nothing where there is one already."""
    if request.snapshot.account is not None:
        note = "there is an account already: it is taken up on the day"
        return Plan(facts=_facts(request), notes=[note])
    sheet, notes = Sheet(request.policy, request.taken), list[str]()
    created = _create(sheet, request, enabled=False)
    names = [created, *_complete(sheet, request, created), *set_manager(sheet, request, notes, [created])]
    sheet.verify("verify prepared account", needs=names)
    return Plan(steps=sheet.steps, facts=_facts(request), notes=notes)


def join(request: Request) -> Plan:
    """On the day: everything, from the state found."""
    sheet, notes = Sheet(request.policy, request.taken), list[str]()
    want = wanted(request, request.person)
    plan = difference(request.snapshot.grants, want, _ours(request))
    ready, names, located = _open(sheet, request)
    names += set_manager(sheet, request, notes, ready)
    names += grant(sheet, plan.add, needs=ready, licences_need=[*ready, *located])
    names += take_away(sheet, [*plan.remove, *_restored_block(request)], needs=ready)
    check_inherited(sheet, want, {sku.id: part for part, sku in request.snapshot.catalogue.skus.items()})
    verified = sheet.verify("verify", needs=names)
    notify_manager(sheet, request, request.policy.notices.joiner, request.person, [verified])
    sheet.second_look(needs=[verified])
    return Plan(steps=sheet.steps, facts=_facts(request), notes=notes, entitlements=listed(plan))


def _open(sheet: Sheet, request: Request) -> tuple[list[str], list[str], list[str]]:
    """Steps to an enabled account: what all else needs, all their names, and those that licences need as well."""
    account = request.snapshot.account
    if account is None:
        created = _create(sheet, request, enabled=True)
        completed = _complete(sheet, request, created)
        return [created], [created, *completed], completed
    ready = _restore(sheet) if account.deleted else []
    changes = _changes(request, account)
    updated = set_attributes(sheet, account, changes, ready)
    names = [*ready, *updated, *_enable(sheet, account, ready)]
    return ready, names, updated if "usageLocation" in changes else []


def _changes(request: Request, account: Account) -> dict[str, Any]:
    """What an account that is taken up lacks, its hire date and a country for its licences included."""
    hired = {"employeeHireDate": attributes.moment(request.envelope.effective_at)}
    changes = attributes.changed(account, request.person, request.envelope.employee_id, request.policy)
    if not account.attributes.get("usageLocation"):
        changes.setdefault("usageLocation", request.policy.defaults.country)
    return changes | differences(account.attributes, hired)


def _create(sheet: Sheet, request: Request, *, enabled: bool) -> str:
    person, employee_id = request.person, request.envelope.employee_id
    if not (person.get("given_name") and person.get("family_name")):
        raise PlanRefused("Nameless", f"{employee_id} has no name in what HR has told; send the hire again with names.")
    names = usernames.candidates(person["given_name"], person["family_name"], person.get("preferred_name"), employee_id)
    domain = request.policy.naming.domain
    reserved = sheet.add("reserve name", "accounts.reserve", {"names": names, "domain": domain}, leg="account")
    properties = attributes.for_creation(person, employee_id, request.policy, request.envelope.effective_at)
    arguments = {"authority": request.policy.authority, "attributes": properties, "enabled": enabled}
    created = sheet.add(
        "create account",
        "accounts.create",
        arguments,
        leg="account",
        needs=[reserved],
        inverse=Inverse(activity="accounts.delete"),
    )
    mend = _mending("attributes", "accounts.update", {"attributes": properties})
    sheet.check("attributes", None, value=properties, mend=mend)
    mend = _mending(
        "enable account" if enabled else "disable account", f"accounts.{'enable' if enabled else 'disable'}"
    )
    sheet.check("enabled", None, want=enabled, mend=mend)
    return created


def _complete(sheet: Sheet, request: Request, created: str) -> list[str]:
    """A provisioning service makes the account from SCIM's attributes; the others are set at the directory.

    Which ones it brings is a matter of its mapping, so this step looks before its first write, too.
    """
    if request.policy.authority == "graph":
        return []
    properties = attributes.for_creation(
        request.person, request.envelope.employee_id, request.policy, request.envelope.effective_at
    )
    rest = {name: value for name, value in properties.items() if name not in attributes.CARRIED_BY_SCIM}
    arguments = {"attributes": rest, "look_first": True}
    return [sheet.add("attributes", "accounts.update", arguments, leg="account", needs=[created])]


def _mending(name: str, activity: str, arguments: dict[str, Any] | None = None) -> Step:
    return Step(name=f"{name} as created", activity=activity, input=arguments or {}, leg=SECOND_LOOK)


def _restore(sheet: Sheet) -> list[str]:
    undo = Inverse(activity="accounts.delete")
    return [sheet.add("restore account", "accounts.restore", leg="account", inverse=undo)]


def _enable(sheet: Sheet, account: Account, needs: Sequence[str]) -> list[str]:
    if account.enabled and not account.deleted:
        sheet.check("enabled", None)
        return []
    undo = None if account.enabled else Inverse(activity="accounts.disable")
    name = sheet.add("enable account", "accounts.enable", leg="account", needs=needs, inverse=undo)
    sheet.check("enabled", name)
    return [name]


def _ours(request: Request) -> frozenset[Any]:
    """What an earlier employment may have left, the block group included: whoever joins is let in."""
    block = request.snapshot.catalogue.groups.get(request.policy.block_group or "")
    own = governed(request.policy, request.snapshot.catalogue)
    return own | {("group", block.id)} if block else own


def _restored_block(request: Request) -> list[Grant]:
    """A restored account comes back with its memberships, which cannot be read before: the block group's for one."""
    account = request.snapshot.account
    block = request.snapshot.catalogue.groups.get(request.policy.block_group or "")
    if account is None or not account.deleted or block is None:
        return []
    return [Grant(kind="group", name=block.name, id=block.id)]


def _facts(request: Request) -> dict[str, Any]:
    seconds = request.policy.timings.second_look_seconds
    return object_facts(request.snapshot.account) | {"second_look_seconds": seconds}
