"""Steps that grant and take away groups, licences and directory roles."""

from collections.abc import Iterable, Sequence
from typing import Any

from domain.entitlements import Difference, Entitlement
from domain.planning.sheet import Sheet
from domain.runsheet import Inverse, Step
from domain.snapshot import Grant

LEGS = {"group": "groups", "licence": "licences", "directory_role": "privileges"}


def grant(
    sheet: Sheet, items: Sequence[Entitlement], *, needs: Sequence[str], licences_need: Sequence[str]
) -> list[str]:
    """Grant entitlements side by side: all groups in one step, each licence and each role in its own."""
    names = _add_groups(sheet, [item for item in items if item.kind == "group"], needs)
    for item in items:
        if item.kind == "licence":
            names.append(_assign_licence(sheet, item, licences_need))
        if item.kind == "directory_role":
            names.append(_assign_role(sheet, item, needs))
    return names


def take_away(
    sheet: Sheet, grants: Sequence[Grant], *, needs: Sequence[str] = (), delay: float = 0, licences_last: bool = False
) -> list[str]:
    """Take direct grants away; with ``licences_last`` the licences wait for all else to be gone."""
    names = [_remove_role(sheet, item, needs, delay) for item in grants if item.kind == "directory_role"]
    names += _remove_groups(sheet, [item for item in grants if item.kind == "group"], needs, delay)
    before = names if licences_last and names else needs
    wait = 0 if licences_last and names else delay
    licences = [_remove_licence(sheet, item, before, wait) for item in grants if item.kind == "licence"]
    return names + licences


def role_removals(grants: Iterable[Grant], queue: str, leg: str) -> list[Step]:
    """What makes a privileged account an ordinary one: its roles, and the groups that can hold roles."""
    held = [item for item in grants if item.privileged and item.source == "direct"]
    steps = [_role_step(item, queue, leg) for item in held if item.kind == "directory_role"]
    groups = [item for item in held if item.kind == "group"]
    if groups:
        arguments, inverse = _of_groups(groups), Inverse(activity="groups.add", input=_of_groups(groups))
        steps.append(
            Step(
                name="remove privileged groups",
                activity="groups.remove",
                input=arguments,
                leg=leg,
                queue=queue,
                patience_seconds=None,
                inverse=inverse,
            )
        )
    return steps


def listed(plan: Difference) -> dict[str, list[dict[str, Any]]]:
    """A difference as people read it: what is added, kept and removed."""
    wanted = {"kind", "name", "id", "rule"}
    return {
        "add": [item.model_dump(include=wanted) for item in plan.add],
        "keep": [item.model_dump(include=wanted) for item in plan.keep],
        "remove": [item.model_dump(include=wanted) | {"rule": None} for item in plan.remove],
    }


def check_inherited(sheet: Sheet, items: Iterable[Entitlement], names: dict[str, str]) -> None:
    """Licences that groups bring are looked for at the second look: the tenant takes its time with them."""
    for item in items:
        if item.brings is not None:
            sheet.check_later("inherited_licence", id=item.brings, name=names.get(item.brings, item.brings))


def _add_groups(sheet: Sheet, groups: list[Entitlement], needs: Sequence[str]) -> list[str]:
    if not groups:
        return []
    arguments = _of_groups(groups)
    inverse = Inverse(activity="groups.remove", input=arguments)
    name = sheet.add("groups", "groups.add", arguments, leg="groups", needs=needs, inverse=inverse)
    for item in groups:
        sheet.check("group", name, id=item.id, name=item.name)
    return [name]


def _remove_groups(sheet: Sheet, groups: list[Grant], needs: Sequence[str], delay: float) -> list[str]:
    if not groups:
        return []
    arguments = _of_groups(groups)
    inverse = Inverse(activity="groups.add", input=arguments)
    name = sheet.add(
        "remove groups", "groups.remove", arguments, leg="groups", needs=needs, inverse=inverse, delay=delay
    )
    for item in groups:
        sheet.check("group", name, id=item.id, name=item.name, want=False)
    return [name]


def _of_groups(groups: Sequence[Entitlement] | Sequence[Grant]) -> dict[str, Any]:
    return {"group_ids": [item.id for item in groups], "names": [item.name for item in groups]}


def _assign_licence(sheet: Sheet, item: Entitlement, needs: Sequence[str]) -> str:
    sku = {"sku_id": item.id, "sku": item.name}
    arguments = sku | {"disabled_plans": list(item.disabled_plans)}
    inverse = Inverse(activity="licences.remove", input=sku)
    if item.replaces is not None:
        inverse = Inverse(activity="licences.assign", input=sku | {"disabled_plans": list(item.replaces)})
    name = sheet.add(f"licence {item.name}", "licences.assign", arguments, leg="licences", needs=needs, inverse=inverse)
    sheet.check("licence", name, id=item.id, name=item.name)
    return name


def _remove_licence(sheet: Sheet, item: Grant, needs: Sequence[str], delay: float) -> str:
    sku = {"sku_id": item.id, "sku": item.name}
    inverse = Inverse(activity="licences.assign", input=sku | {"disabled_plans": list(item.disabled_plans)})
    name = sheet.add(
        f"remove licence {item.name}", "licences.remove", sku, leg="licences", needs=needs, inverse=inverse, delay=delay
    )
    sheet.check("licence", name, id=item.id, name=item.name, want=False)
    return name


def _assign_role(sheet: Sheet, item: Entitlement, needs: Sequence[str]) -> str:
    role = {"role_id": item.id, "role": item.name}
    inverse = Inverse(activity="roles.remove", input=role)
    name = sheet.add(f"role {item.name}", "roles.assign", role, leg="privileges", needs=needs, inverse=inverse)
    sheet.check("directory_role", name, id=item.id, name=item.name)
    return name


def _remove_role(sheet: Sheet, item: Grant, needs: Sequence[str], delay: float) -> str:
    arguments = _of_role(item)
    inverse = Inverse(activity="roles.assign", input=arguments)
    name = sheet.add(
        _role_removal(item), "roles.remove", arguments, leg="privileges", needs=needs, inverse=inverse, delay=delay
    )
    sheet.check("directory_role", name, id=item.id, name=item.name, want=False)
    return name


def _of_role(item: Grant) -> dict[str, Any]:
    return {"role_id": item.id, "role": item.name} | ({"scope": item.scope} if item.scope else {})


def _role_removal(item: Grant) -> str:
    """One role may be held in several scopes, each of which is taken by a step of its own."""
    within = f" in {item.scope}" if item.scope not in (None, "/") else ""
    return f"remove role {item.name}{within}"


def _role_step(item: Grant, queue: str, leg: str) -> Step:
    arguments = _of_role(item)
    return Step(
        name=_role_removal(item),
        activity="roles.remove",
        input=arguments,
        leg=leg,
        queue=queue,
        patience_seconds=None,
        inverse=Inverse(activity="roles.assign", input=arguments),
    )
