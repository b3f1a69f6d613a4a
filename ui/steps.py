"""A step as a line that people read: its title by what it does and to what."""

from collections.abc import Callable
from typing import Any

from ui.shapes import Step
from ui.words import listed, plain

Input = dict[str, Any]


def _named(verb: str, *keys: str, many: str = "") -> Callable[[Input], str]:
    """A title of a verb and what it is done to; many things are counted, and named where the line opens."""

    def title(given: Input) -> str:
        found = next((given[key] for key in keys if given.get(key)), None)
        return f"{verb} {_shown_names(found, many)}".strip()

    return title


def _shown_names(found: object, many: str) -> str:
    if not isinstance(found, list):
        return str(found or "")
    return f"{len(found)} {many}" if many and len(found) > 2 else listed(found)


PHASES = {
    "prepare": "Plan the account",
    "join": "Plan what to give",
    "move": "Plan what comes and goes",
    "contain": "Find the account",
    "strip": "Plan what to take away",
    "delete": "Plan the deletion",
}


def _plan(given: Input) -> str:
    return PHASES.get(str(given.get("phase")), "Plan the run sheet")


def _update(given: Input) -> str:
    names = [_ATTRIBUTES.get(name, plain(name).lower()) for name in given.get("attributes") or {}]
    return f"Set {listed(names)}" if names else "Set attributes"


def _manager(given: Input) -> str:
    return "Set the manager" if given.get("manager_object_id", True) else "Clear the manager"


_ATTRIBUTES = {
    "jobTitle": "title",
    "officeLocation": "office",
    "companyName": "company",
    "usageLocation": "country",
    "employeeType": "employee type",
    "displayName": "display name",
    "givenName": "given name",
    "surname": "family name",
}
TITLES: dict[str, Callable[[Input], str]] = {
    "accounts.reserve": _named("Reserve a name"),
    "accounts.create": _named("Create the account"),
    "accounts.restore": _named("Restore the account"),
    "accounts.enable": _named("Allow sign-in"),
    "accounts.disable": _named("Block sign-in"),
    "accounts.revoke_sessions": _named("Revoke sessions"),
    "accounts.reset_password": _named("Randomise password"),
    "accounts.update": _update,
    "accounts.set_manager": _manager,
    "accounts.delete": _named("Delete the account"),
    "groups.add": _named("Add to", "names", "group_ids", many="groups"),
    "groups.remove": _named("Remove from", "names", "group_ids", many="groups"),
    "licences.assign": _named("Assign licence", "sku", "sku_id"),
    "licences.remove": _named("Free licence", "sku", "sku_id"),
    "roles.assign": _named("Give role", "role", "role_id"),
    "roles.remove": _named("Remove role", "role", "role_id"),
    "notices.send": _named("Tell", "to", many="people"),
    "notices.attention": _named("Tell the administrators"),
    "records.plan": _plan,
    "records.verify": _named("Read back from the tenant"),
}


def title(step: Step) -> str:
    """``Add to Finance`` by the activity and its input; else the step's own name in plain words."""
    if step.leg == "second_look" and step.activity == "records.verify":
        return "Read everything back once more"
    known = TITLES.get(step.activity)
    return known(step.input) if known else plain(step.name)


def facts(step: Step) -> list[tuple[str, str]]:
    """Input and evidence as label and value, one line each; the event itself stands at the top of the page."""
    given = {name: value for name, value in step.input.items() if name != "envelope"}
    lines = [(plain(name), value) for name, value in _flat(given)]
    return [(name, value) for name, value in lines + [(plain(n), v) for n, v in _flat(step.evidence)] if value]


def _flat(table: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, value in table.items():
        label = f"{before} {name}".strip()
        lines += _flat(value, label) if isinstance(value, dict) else [(label, _shown(value))]
    return lines


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return listed([_shown(item) for item in value], most=8)
    if isinstance(value, dict) and "aspect" in value:
        return f"{plain(str(value['aspect'])).lower()} {value.get('name') or ''}".strip()
    if isinstance(value, dict):
        return listed([f"{plain(str(name))}: {_shown(item)}" for name, item in value.items()], most=8)
    return "" if value is None else str(value)


def note(step: Step) -> str:
    """A few grey words beside the title of a line that is closed."""
    if step.state == "skipped":
        return str(step.evidence.get("reason") or "left out")
    return str(step.evidence.get("note") or "")
