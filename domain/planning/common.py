"""What joiner, mover and leaver plans share: the manager, the notice, the rules' outcome."""

from collections.abc import Sequence
from typing import Any

from domain.entitlements import Entitlement, UnfulfillableError, entitlements
from domain.planning import attributes
from domain.planning.request import PlanRefused, Request
from domain.planning.sheet import Sheet
from domain.policy import Template
from domain.runsheet import Inverse
from domain.snapshot import Account


def wanted(request: Request, person: dict[str, Any]) -> list[Entitlement]:
    """What the rules give; a rule that cannot be kept parks the plan before anything is written."""
    try:
        return entitlements(person, request.policy, request.snapshot.catalogue)
    except UnfulfillableError as error:
        raise PlanRefused("Unfulfillable", f"{request.envelope.employee_id}: {error} Then retry.") from None


def set_attributes(sheet: Sheet, account: Account, changes: dict[str, Any], needs: Sequence[str]) -> list[str]:
    """Bring the account's properties to what HR has told; nothing if they are so."""
    if not changes:
        return []
    undo = Inverse(activity="accounts.update", input={"attributes": attributes.before(account, changes)})
    name = sheet.add("attributes", "accounts.update", {"attributes": changes}, leg="account", needs=needs, inverse=undo)
    sheet.check("attributes", name, value=changes)
    return [name]


def set_manager(sheet: Sheet, request: Request, notes: list[str], needs: Sequence[str]) -> list[str]:
    """Make the account report to HR's manager, or to nobody where HR says so; a missing manager is noted."""
    told = "manager_id" in request.person
    wanted_id = request.person.get("manager_id")
    contact = request.snapshot.manager
    has = request.snapshot.account.manager_id if request.snapshot.account else None
    if wanted_id is not None and contact is None:
        notes.append(f"manager {wanted_id} has no account in the tenant, so none was set; HR's next update tries again")
        return []
    if not told or (wanted_id is None and not _cleared(request)):
        return []
    target = contact.object_id if contact and wanted_id is not None else None
    if contact and wanted_id is not None and contact.via:
        notes.append(contact.via)
    return [] if target == has else [_manager_step(sheet, target, has, needs)]


def _cleared(request: Request) -> bool:
    """HR took the manager away explicitly; a hire that names none says nothing about it."""
    event = request.envelope.event
    return event.type == "update" and "manager_id" in event.changes.given()


def _manager_step(sheet: Sheet, target: str | None, has: str | None, needs: Sequence[str]) -> str:
    undo = Inverse(activity="accounts.set_manager", input={"manager_object_id": has})
    arguments = {"manager_object_id": target}
    name = sheet.add("set manager", "accounts.set_manager", arguments, leg="account", needs=needs, inverse=undo)
    sheet.check("manager", name, value=target)
    return name


def notify_manager(
    sheet: Sheet, request: Request, template: Template, person: dict[str, Any], needs: Sequence[str]
) -> str:
    """Tell the manager, or the administrators where there is none."""
    contact = request.snapshot.manager
    notices = request.policy.notices
    to = [contact.mail] if contact else list(notices.attention_to)
    fields = _fields(request, person)
    arguments = {
        "to": to,
        "subject": _filled(template.subject, fields),
        "text": _filled(template.text, fields),
        "sender": notices.sender,
    }
    return sheet.add("notify manager", "notices.send", arguments, leg="notice", needs=needs)


def object_facts(account: Account | None) -> dict[str, Any]:
    """What a plan tells its lifecycle about the account it found."""
    if account is None:
        return {"found": False}
    return {"found": True, "object_id": account.object_id, "upn": account.upn}


def _fields(request: Request, person: dict[str, Any]) -> dict[str, str]:
    account = request.snapshot.account
    shown = account.attributes.get("displayName") if account else None
    named = " ".join(str(person[name]) for name in ("given_name", "family_name") if person.get(name, "-") != "-")
    fields = {
        "display_name": named or shown or request.envelope.employee_id,
        "employee_id": request.envelope.employee_id,
        "date": request.envelope.effective_at.date().isoformat(),
        "title": person.get("title") or "no title",
        "department": person.get("department") or "no department",
    }
    return fields | ({"upn": account.upn} if account else {})


def _filled(text: str, fields: dict[str, str]) -> str:
    """The template with its fields; one that is not known yet (a new account's name) stays for the sender."""
    for name, value in fields.items():
        text = text.replace("{" + name + "}", value)
    return text
