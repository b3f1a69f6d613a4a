"""What a policy says a person has, and how that differs from what the tenant says."""

from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.policy import Give, Policy, Rule
from domain.snapshot import Catalogue, Grant, GrantKind

T = TypeVar("T")
GrantKey = tuple[GrantKind, str]


class Entitlement(BaseModel):
    """One thing that a rule gives. ``brings`` is the licence (sku id) that a licence group passes on to its members.

    ``replaces`` are the disabled plans of a licence that is held directly already, but with others switched off.
    """

    model_config = ConfigDict(frozen=True)

    kind: GrantKind
    name: str
    id: str
    rule: str
    disabled_plans: tuple[str, ...] = ()
    brings: str | None = None
    replaces: tuple[str, ...] | None = None

    @property
    def key(self) -> GrantKey:
        """What makes it the same thing as a grant."""
        return self.kind, self.id


class UnfulfillableError(ValueError):
    """A rule gives what the tenant does not have, or what nobody can be put into by hand."""


class Difference(BaseModel):
    """What has to be granted, what is there, what has to go, and what would go but is not ours to take."""

    add: tuple[Entitlement, ...] = ()
    keep: tuple[Entitlement, ...] = ()
    remove: tuple[Grant, ...] = ()
    leave: tuple[Grant, ...] = ()


def entitlements(person: dict[str, Any], policy: Policy, catalogue: Catalogue) -> list[Entitlement]:
    """What the rules give a person with these attributes, each thing once, under the first rule that gives it.

    Raises :class:`UnfulfillableError` naming the rule if the tenant lacks what a rule gives.
    """
    found: dict[GrantKey, Entitlement] = {}
    for rule in policy.rules:
        if rule.when.holds(person):
            for give in rule.give:
                item = resolved(give, rule, catalogue)
                found.setdefault(item.key, item)
    return list(found.values())


def governed(policy: Policy, catalogue: Catalogue) -> frozenset[GrantKey]:
    """Everything that some rule can give: what a move may take away again. The rest was granted by other hands."""
    keys: set[GrantKey] = set()
    for give in (give for rule in policy.rules for give in rule.give):
        group = catalogue.groups.get(give.group or give.through_group or "")
        sku = catalogue.skus.get(give.licence or "") if give.through_group is None else None
        role = catalogue.roles.get(give.directory_role or "")
        keys |= {("group", group.id)} if group else set()
        keys |= {("licence", sku.id)} if sku else set()
        keys |= {("directory_role", role)} if role else set()
    return frozenset(keys)


def difference(have: Iterable[Grant], want: Iterable[Entitlement], ours: frozenset[GrantKey]) -> Difference:
    """Compare grants with entitlements; of what is not wanted, only direct grants of something in ``ours`` go."""
    have, want = tuple(have), tuple(want)
    wanted = {item.key for item in want}
    unwanted = [grant for grant in have if (grant.kind, grant.id) in ours - wanted]
    return Difference(
        add=tuple(_replacing(item, have) for item in want if not _granted(item, have)),
        keep=tuple(item for item in want if _granted(item, have)),
        remove=tuple(grant for grant in unwanted if grant.source == "direct"),
        leave=tuple(grant for grant in unwanted if grant.source != "direct"),
    )


def resolved(give: Give, rule: Rule, catalogue: Catalogue) -> Entitlement:
    """A rule's line with the tenant's ids."""
    if give.directory_role is not None:
        role = _known(catalogue.roles.get(give.directory_role), "directory role", give.directory_role, rule)
        return Entitlement(kind="directory_role", name=give.directory_role, id=role, rule=rule.name)
    if give.licence is not None and give.through_group is None:
        return _licence(give, rule, catalogue)
    name = give.group or give.through_group or ""
    group = _known(catalogue.groups.get(name), "group", name, rule)
    if group.source != "direct":
        raise UnfulfillableError(
            f"Rule {rule.name!r} gives group {name!r}, whose members are not set by hand; remove it."
        )
    brings = _known(catalogue.skus.get(give.licence), "licence", give.licence, rule).id if give.licence else None
    return Entitlement(kind="group", name=name, id=group.id, rule=rule.name, brings=brings)


def _licence(give: Give, rule: Rule, catalogue: Catalogue) -> Entitlement:
    part = give.licence or ""
    sku = _known(catalogue.skus.get(part), "licence", part, rule)
    plans = tuple(
        sorted(_known(sku.plans.get(plan), f"service plan of {part}", plan, rule) for plan in give.disabled_plans)
    )
    return Entitlement(kind="licence", name=part, id=sku.id, rule=rule.name, disabled_plans=plans)


def _known(found: T | None, kind: str, name: str, rule: Rule) -> T:
    if found is None:
        raise UnfulfillableError(
            f"Rule {rule.name!r} gives {kind} {name!r}, of which the tenant does not have exactly one; "
            "create it or correct the policy."
        )
    return found


def _granted(item: Entitlement, have: tuple[Grant, ...]) -> bool:
    same = [grant for grant in have if (grant.kind, grant.id) == item.key]
    if item.kind == "licence":
        return any(grant.source == "direct" and grant.disabled_plans == item.disabled_plans for grant in same)
    return bool(same)


def _replacing(item: Entitlement, have: tuple[Grant, ...]) -> Entitlement:
    same = (grant for grant in have if item.kind == "licence" and (grant.kind, grant.id) == item.key)
    held = next((grant for grant in same if grant.source == "direct"), None)
    return item if held is None else item.model_copy(update={"replaces": held.disabled_plans})
