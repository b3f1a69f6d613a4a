"""Run sheets of leavers: containment, stripping, deletion, and leaves of absence."""

from datetime import timedelta

import pytest

from domain.planning import PlanRefused
from tests.domain.planning_cases import (
    BLOCK,
    CATALOGUE,
    CHESS,
    DYNAMIC,
    E3,
    FINANCE,
    HELPDESK,
    IN_PLACE,
    MANAGER,
    NOW,
    P2_BY_GROUP,
    POLICY,
    PREMIUM,
    account,
    check,
    hire,
    labels,
    leave,
    names,
    plan,
    step,
    termination,
)

CONTAINMENT = ["disable account", "revoke sessions", "reset password", "block sign-in", "verify containment"]
CONTAINED = plan("contain", termination(), account(), IN_PLACE).facts
HELD = (*IN_PLACE, HELPDESK, CHESS, DYNAMIC)
ROLE_GROUP = FINANCE.model_copy(update={"id": "g-role", "name": "Role holders", "privileged": True})


def test_access_is_cut_in_the_order_that_closes_the_door_first() -> None:
    made = plan("contain", termination(), account(), IN_PLACE)
    assert names(made) == CONTAINMENT
    assert step(made, "disable account").needs == []
    assert step(made, "revoke sessions").needs == ["disable account"]
    assert step(made, "reset password").needs == ["revoke sessions"]
    assert step(made, "block sign-in").needs == []
    assert step(made, "verify containment").needs == CONTAINMENT[:-1]


def test_containment_has_its_own_queue_and_no_end_of_patience() -> None:
    made = plan("contain", termination(), account(), IN_PLACE)
    assert {item.queue for item in made.steps} == {"jml-urgent"}
    assert {item.leg for item in made.steps} == {"containment"}
    assert {item.patience_seconds for item in made.steps[:-1]} == {None}


def test_containment_compares_the_tenants_own_stamps() -> None:
    made = plan("contain", termination(), account(), IN_PLACE)
    assert step(made, "revoke sessions").input == {"stamp": "2026-03-01T00:00:00Z"}
    assert step(made, "reset password").input == {"stamp": "2026-03-01T00:00:01Z"}
    assert check(made, "verify containment", "sessions").value == "2026-03-01T00:00:00Z"
    assert step(made, "verify containment").input["cut"] is True


def test_a_privileged_account_loses_its_roles_when_the_tenant_refuses() -> None:
    made = plan("contain", termination(), account(), (*IN_PLACE, HELPDESK, ROLE_GROUP))
    for name in ("disable account", "reset password"):
        put_before = step(made, name).on_refused
        assert [item.name for item in put_before] == ["remove role Helpdesk Administrator", "remove privileged groups"]
        assert {item.queue for item in put_before} == {"jml-urgent"}
        assert put_before[1].input["group_ids"] == ["g-role"]
    assert step(made, "revoke sessions").on_refused == []


def test_an_ordinary_account_has_nothing_to_strip_on_refusal() -> None:
    assert step(plan("contain", termination(), account(), IN_PLACE), "disable account").on_refused == []


def test_disabling_is_undone_only_for_somebody_who_was_enabled() -> None:
    enabled = step(plan("contain", termination(), account()), "disable account").inverse
    assert enabled is not None
    assert enabled.activity == "accounts.enable"
    assert step(plan("contain", termination(), account(enabled=False)), "disable account").inverse is None


def test_blocking_is_undone_only_for_somebody_who_was_not_blocked() -> None:
    assert step(plan("contain", termination(), account()), "block sign-in").inverse is not None
    assert step(plan("contain", termination(), account(), (BLOCK,)), "block sign-in").inverse is None


def test_a_tenant_without_the_block_group_is_contained_without_it() -> None:
    made = plan("contain", termination(), account(), catalogue=CATALOGUE.model_copy(update={"groups": {}}))
    assert names(made) == ["disable account", "revoke sessions", "reset password", "verify containment"]


def test_somebody_whose_account_is_in_the_making_is_contained_later() -> None:
    made = plan("contain", termination(), None)
    assert made.steps == []
    assert made.facts == {"found": False}


def test_any_lifecycle_can_be_contained() -> None:
    assert names(plan("contain", hire(), account(), IN_PLACE)) == CONTAINMENT


def test_everything_the_tenant_says_is_taken_and_licences_last() -> None:
    made = plan("strip", termination(), account(enabled=False), HELD, facts=CONTAINED)
    assert names(made) == [
        "remove role Helpdesk Administrator",
        "remove groups",
        "remove licence SPE_E3",
        "verify",
        "notify manager",
        "second look",
    ]
    assert step(made, "remove groups").needs == []
    assert step(made, "remove role Helpdesk Administrator").needs == []
    assert step(made, "remove licence SPE_E3").needs == ["remove role Helpdesk Administrator", "remove groups"]
    assert step(made, "verify").needs == names(made)[:3]


def test_what_no_rule_gave_is_taken_from_a_leaver_too() -> None:
    made = plan("strip", termination(), account(enabled=False), HELD, facts=CONTAINED)
    assert step(made, "remove groups").input["names"] == ["Finance", "Licence AAD_PREMIUM_P2", "Chess club"]


@pytest.mark.parametrize("source", ["dynamic", "synced", "exchange"])
def test_memberships_that_are_not_direct_are_left_and_noted(source: str) -> None:
    other = CHESS.model_copy(update={"source": source})
    made = plan("strip", termination(), account(enabled=False), (FINANCE, other), facts=CONTAINED)
    assert step(made, "remove groups").input["names"] == ["Finance"]
    assert f"group Chess club is left: it comes {source}" in made.notes


def test_a_licence_that_a_group_gives_is_left_to_the_group() -> None:
    made = plan("strip", termination(), account(enabled=False), (PREMIUM, E3, P2_BY_GROUP), facts=CONTAINED)
    assert "remove licence AAD_PREMIUM_P2" not in names(made)


def test_the_block_group_stays() -> None:
    made = plan("strip", termination(), account(enabled=False), (FINANCE, BLOCK), facts=CONTAINED)
    assert step(made, "remove groups").input["names"] == ["Finance"]
    assert "group that blocks sign-in" in labels(made, "verify")


def test_a_licence_comes_back_with_its_plans_on_restore() -> None:
    licence = E3.model_copy(update={"disabled_plans": ("plan-teams",)})
    made = plan("strip", termination(), account(enabled=False), (licence,), facts=CONTAINED)
    undo = step(made, "remove licence SPE_E3").inverse
    assert undo is not None
    assert undo.input == {"sku_id": "sku-e3", "sku": "SPE_E3", "disabled_plans": ["plan-teams"]}


def test_containment_is_checked_again_and_repaired_by_its_own_steps() -> None:
    made = plan("strip", termination(), account(enabled=False), facts=CONTAINED)
    assert labels(made, "second look")[:3] == ["no enabled", "sessions", "password"]
    assert check(made, "second look", "no enabled").step == "disable account"
    assert check(made, "second look", "sessions").step == "revoke sessions"


def test_an_account_made_meanwhile_is_contained_in_full() -> None:
    made = plan("strip", termination(), account(), IN_PLACE, facts={"found": False})
    assert names(made)[:5] == CONTAINMENT
    assert step(made, "remove groups").needs == []
    assert step(made, "verify").needs == ["verify containment", "remove groups", "remove licence SPE_E3"]
    assert made.facts["contained"] == "o1"


def test_another_account_than_the_contained_one_is_contained_too() -> None:
    taken = frozenset(CONTAINMENT)
    made = plan("strip", termination(), account(object_id="o2"), facts=CONTAINED, taken=taken)
    assert names(made)[:2] == ["disable account again", "revoke sessions again"]
    assert check(made, "second look", "no enabled").step == "disable account again"


def test_an_account_enabled_meanwhile_is_disabled_again_and_nothing_is_sent_twice() -> None:
    made = plan("strip", termination(), account(), facts=CONTAINED, taken=frozenset(CONTAINMENT))
    assert names(made) == ["disable account again", "verify", "notify manager", "second look"]
    assert check(made, "verify", "no enabled").step == "disable account again"
    assert check(made, "verify", "sessions").step == "revoke sessions"


def test_a_leaver_nobody_knows_parks() -> None:
    for found in (None, account(enabled=False, deleted=True)):
        with pytest.raises(PlanRefused) as refused:
            plan("strip", termination(), found)
        assert refused.value.cause == "PersonUnknown"


def test_the_account_is_kept_as_long_as_the_policy_says() -> None:
    made = plan("strip", termination(), account(enabled=False), facts=CONTAINED)
    assert made.facts["delete_at"] == (NOW + timedelta(days=30)).isoformat()


def test_the_retention_of_a_termination_to_come_counts_from_that_day() -> None:
    later = termination().model_copy(update={"effective_at": NOW + timedelta(days=2)})
    made = plan("strip", later, account(enabled=False), facts=CONTAINED)
    assert made.facts["delete_at"] == (NOW + timedelta(days=32)).isoformat()


def test_hr_can_say_how_long_the_account_is_kept() -> None:
    made = plan("strip", termination(delete_after_days=0), account(enabled=False), facts=CONTAINED)
    assert made.facts["delete_at"] == NOW.isoformat()


def test_an_account_under_legal_hold_is_kept() -> None:
    held = termination(legal_hold=True, delete_after_days=1)
    assert plan("strip", held, account(enabled=False), facts=CONTAINED).facts["delete_at"] is None
    with pytest.raises(PlanRefused) as refused:
        plan("delete", held, account(enabled=False))
    assert refused.value.cause == "LegalHold"


def test_the_manager_is_told_that_the_person_has_left() -> None:
    told = step(plan("strip", termination(), account(enabled=False), facts=CONTAINED), "notify manager").input
    assert told["to"] == [MANAGER.mail]
    assert told["subject"] == "Ada Byron has left"


def test_somebody_hr_never_told_of_is_named_by_the_account() -> None:
    made = plan("strip", termination(), account(enabled=False), person={}, facts=CONTAINED)
    assert step(made, "notify manager").input["subject"] == "Ada Byron has left"


def test_after_retention_the_account_is_deleted() -> None:
    made = plan("delete", termination(), account(enabled=False))
    assert names(made) == ["delete account", "verify deletion"]
    assert labels(made, "verify deletion") == ["deleted"]
    undo = step(made, "delete account").inverse
    assert undo is not None
    assert undo.activity == "accounts.restore"


def test_an_account_that_is_gone_needs_no_deletion() -> None:
    assert plan("delete", termination(), None).steps == []
    assert plan("delete", termination(), account(enabled=False, deleted=True)).steps == []


def test_an_account_in_use_again_is_not_deleted() -> None:
    with pytest.raises(PlanRefused, match="enabled again") as refused:
        plan("delete", termination(), account())
    assert refused.value.cause == "InUse"


def test_a_leave_suspends_without_touching_password_or_grants() -> None:
    made = plan("contain", leave(), account(), IN_PLACE)
    assert names(made) == ["disable account", "revoke sessions", "verify containment", "second look"]
    assert step(made, "second look").needs == ["verify containment"]
    assert made.facts.get("delete_at") is None


def test_a_leave_of_somebody_nobody_knows_parks() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan("contain", leave(), None)
    assert refused.value.cause == "PersonUnknown"


@pytest.mark.parametrize("phase", ["contain", "strip", "delete"])
def test_a_protected_account_is_never_touched(phase: str) -> None:
    found = account(object_id="11111111-2222-4333-8444-55555555555A")
    policy = POLICY.model_copy(update={"protected": frozenset({found.object_id.lower()})})
    with pytest.raises(PlanRefused, match="protect"):
        plan(phase, termination(), found, policy=policy)  # type: ignore[arg-type]


def test_a_licence_is_given_back_with_the_plans_it_was_without() -> None:
    held = E3.model_copy(update={"disabled_plans": ("plan-teams",)})
    made = plan("strip", termination(), account(enabled=False), (held,), facts=CONTAINED)
    undo = step(made, "remove licence SPE_E3").inverse
    assert undo is not None
    assert (undo.activity, undo.input["disabled_plans"]) == ("licences.assign", ["plan-teams"])


UNIT = "/administrativeUnits/5d107bba-d8e2-4e13-b6ae-884be90e5d1a"
SCOPED = (HELPDESK.model_copy(update={"scope": "/"}), HELPDESK.model_copy(update={"scope": UNIT}))
ROLE = {"role_id": "role-helpdesk", "role": "Helpdesk Administrator"}
IN_SCOPES = {
    "remove role Helpdesk Administrator": ROLE | {"scope": "/"},
    f"remove role Helpdesk Administrator in {UNIT}": ROLE | {"scope": UNIT},
}


def test_a_role_is_taken_and_given_back_in_each_scope_it_was_held_in() -> None:
    made = plan("strip", termination(), account(enabled=False), SCOPED, facts=CONTAINED)
    removals = [item for item in made.steps if item.activity == "roles.remove"]
    assert {item.name: item.input for item in removals} == IN_SCOPES
    assert {item.name: item.inverse.input for item in removals if item.inverse} == IN_SCOPES


def test_roles_put_before_containment_keep_their_scopes() -> None:
    put_before = step(plan("contain", termination(), account(), SCOPED), "disable account").on_refused
    assert {item.name: item.input for item in put_before} == IN_SCOPES
    assert {item.name: item.inverse.input for item in put_before if item.inverse} == IN_SCOPES
