"""From a person and a policy to entitlements, and their difference from grants."""

from typing import Any

import pytest

from domain.entitlements import (
    Entitlement,
    UnfulfillableError,
    difference,
    entitlements,
    governed,
)
from domain.policy import Policy, Rule
from domain.snapshot import Grant
from tests.domain.planning_cases import CATALOGUE, CHESS, E3, FINANCE, HELPDESK, PERSON, POLICY, SALES


def rules(*given: dict[str, Any]) -> Policy:
    """The default policy with other rules."""
    made = tuple(
        Rule.model_validate({"name": f"r{number}", "reason": "because"} | rule) for number, rule in enumerate(given)
    )
    return POLICY.model_copy(update={"rules": made})


def test_a_person_gets_what_the_rules_give() -> None:
    found = {(item.kind, item.name): item.rule for item in entitlements(PERSON, POLICY, CATALOGUE)}
    assert found == {
        ("licence", "SPE_E3"): "office",
        ("group", "Licence AAD_PREMIUM_P2"): "identity protection",
        ("group", "Finance"): "finance",
    }


def test_names_become_the_tenants_ids() -> None:
    found = {item.name: item.id for item in entitlements(PERSON | {"department": "IT"}, POLICY, CATALOGUE)}
    assert found["SPE_E3"] == "sku-e3"
    assert found["IT"] == "g-it"
    assert found["Helpdesk Administrator"] == "role-helpdesk"


def test_what_two_rules_give_is_given_once_under_the_first() -> None:
    policy = rules({"give": [{"group": "Sales"}]}, {"give": [{"group": "Sales"}, {"group": "Finance"}]})
    assert [(item.name, item.rule) for item in entitlements(PERSON, policy, CATALOGUE)] == [
        ("Sales", "r0"),
        ("Finance", "r1"),
    ]


def test_disabled_plans_are_named_and_become_ids() -> None:
    policy = rules({"give": [{"licence": "SPE_E3", "disabled_plans": ["TEAMS1"]}]})
    assert entitlements(PERSON, policy, CATALOGUE)[0].disabled_plans == ("plan-teams",)


def test_a_licence_through_a_group_is_the_group_and_says_what_it_brings() -> None:
    policy = rules({"give": [{"licence": "AAD_PREMIUM_P2", "through_group": "Licence AAD_PREMIUM_P2"}]})
    found = entitlements(PERSON, policy, CATALOGUE)[0]
    assert (found.kind, found.name, found.brings) == ("group", "Licence AAD_PREMIUM_P2", "sku-p2")


@pytest.mark.parametrize(
    ("give", "told"),
    [
        ({"group": "Chess"}, "group 'Chess'"),
        ({"licence": "SPE_E7"}, "licence 'SPE_E7'"),
        ({"directory_role": "King"}, "directory role 'King'"),
        ({"licence": "SPE_E3", "disabled_plans": ["FAX"]}, "service plan of SPE_E3 'FAX'"),
        ({"licence": "SPE_E7", "through_group": "Sales"}, "licence 'SPE_E7'"),
    ],
)
def test_what_the_tenant_does_not_have_is_named_with_the_rule(give: dict[str, Any], told: str) -> None:
    with pytest.raises(UnfulfillableError, match=f"Rule 'r0' gives {told}"):
        entitlements(PERSON, rules({"give": [give]}), CATALOGUE)


def test_a_rule_that_does_not_concern_the_person_may_be_unfulfillable() -> None:
    policy = rules({"when": {"department": "Sales"}, "give": [{"group": "Chess"}]})
    assert entitlements(PERSON, policy, CATALOGUE) == []


def test_nobody_can_be_put_into_a_dynamic_group() -> None:
    groups = CATALOGUE.groups | {"Sales": CATALOGUE.groups["Sales"].model_copy(update={"source": "dynamic"})}
    with pytest.raises(UnfulfillableError, match="not set by hand"):
        entitlements(PERSON, rules({"give": [{"group": "Sales"}]}), CATALOGUE.model_copy(update={"groups": groups}))


def test_everything_some_rule_gives_is_governed() -> None:
    keys = governed(POLICY, CATALOGUE)
    assert ("group", "g-sales") in keys
    assert ("group", "g-licence-aad_premium_p2") in keys
    assert ("licence", "sku-e3") in keys
    assert ("directory_role", "role-helpdesk") in keys
    assert ("licence", "sku-p2") not in keys


def test_what_the_tenant_does_not_have_governs_nothing() -> None:
    assert governed(POLICY, CATALOGUE.model_copy(update={"groups": {}, "skus": {}, "roles": {}})) == frozenset()


WANT = entitlements(PERSON, POLICY, CATALOGUE)
OURS = governed(POLICY, CATALOGUE)


def wanted(name: str) -> Entitlement:
    """The entitlement of this name."""
    return next(item for item in WANT if item.name == name)


def test_the_difference_adds_keeps_removes_and_leaves() -> None:
    inherited = HELPDESK.model_copy(update={"source": "by_group"})
    made = difference((FINANCE, SALES, CHESS, inherited), WANT, OURS)
    assert [item.name for item in made.add] == ["SPE_E3", "Licence AAD_PREMIUM_P2"]
    assert [item.name for item in made.keep] == ["Finance"]
    assert made.remove == (SALES,)
    assert made.leave == (inherited,)


@pytest.mark.parametrize("source", ["dynamic", "by_group", "synced", "exchange"])
def test_only_direct_grants_are_removed(source: str) -> None:
    other = SALES.model_copy(update={"source": source})
    made = difference((other,), WANT, OURS)
    assert made.remove == ()
    assert made.leave == (other,)


def test_a_membership_that_a_rule_of_the_tenant_gives_is_kept() -> None:
    dynamic = FINANCE.model_copy(update={"source": "dynamic"})
    assert wanted("Finance") in difference((dynamic,), WANT, OURS).keep


def test_a_licence_by_group_does_not_stand_for_the_direct_one() -> None:
    by_group = E3.model_copy(update={"source": "by_group"})
    assert wanted("SPE_E3") in difference((by_group,), WANT, OURS).add
    assert wanted("SPE_E3") in difference((by_group, E3), WANT, OURS).keep


def test_a_licence_that_comes_twice_loses_only_its_direct_half() -> None:
    by_group = E3.model_copy(update={"source": "by_group"})
    made = difference((by_group, E3), (), OURS)
    assert made.remove == (E3,)
    assert made.leave == (by_group,)


def test_nothing_wanted_and_nothing_there_is_no_difference() -> None:
    assert difference((), (), OURS).model_dump() == {"add": (), "keep": (), "remove": (), "leave": ()}


def test_grants_of_other_hands_are_no_ones_difference() -> None:
    assert difference((CHESS, Grant(kind="licence", name="VISIO", id="v")), WANT, OURS).remove == ()


def test_a_licence_held_with_other_plans_says_which_it_replaces() -> None:
    other = E3.model_copy(update={"disabled_plans": ("plan-teams",)})
    by_group = other.model_copy(update={"source": "by_group"})
    [replacing] = [item for item in difference((other,), WANT, OURS).add if item.name == "SPE_E3"]
    assert replacing.replaces == ("plan-teams",)
    assert wanted("SPE_E3") in difference((by_group,), WANT, OURS).add
