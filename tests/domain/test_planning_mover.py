"""Run sheets of movers."""

import pytest

from domain.planning import PlanRefused
from domain.runsheet import Inverse
from tests.domain.planning_cases import (
    CHESS,
    DYNAMIC,
    E3,
    FINANCE,
    HELPDESK,
    IN_PLACE,
    P2_BY_GROUP,
    PERSON,
    POLICY,
    PREMIUM,
    SALES,
    account,
    check,
    labels,
    names,
    plan,
    step,
    update,
)

TO_SALES = PERSON | {"department": "Sales", "title": "Sales Executive"}


def test_new_access_comes_first_and_old_access_goes_once_it_is_seen() -> None:
    made = plan("move", update(department="Sales"), account(), IN_PLACE, person=TO_SALES)
    assert names(made) == [
        "attributes",
        "groups",
        "verify",
        "remove groups",
        "verify removal",
        "notify manager",
        "second look",
    ]
    assert step(made, "groups").needs == []
    assert step(made, "verify").needs == ["attributes", "groups"]
    assert step(made, "remove groups").needs == ["verify"]
    assert step(made, "verify removal").needs == ["remove groups"]
    assert step(made, "second look").needs == ["verify removal"]


def test_only_what_differs_is_written() -> None:
    made = plan("move", update(department="Sales"), account(), IN_PLACE, person=TO_SALES)
    assert step(made, "attributes").input == {"attributes": {"jobTitle": "Sales Executive", "department": "Sales"}}
    assert step(made, "groups").input["names"] == ["Sales"]
    assert step(made, "remove groups").input["names"] == ["Finance"]


def test_what_was_there_before_comes_back_on_restore() -> None:
    made = plan("move", update(department="Sales"), account(), IN_PLACE, person=TO_SALES)
    undoing = {item.name: item.inverse for item in made.steps if item.inverse}
    assert undoing["attributes"].input == {"attributes": {"jobTitle": "Analyst", "department": "Finance"}}
    assert undoing["groups"].activity == "groups.remove"
    assert undoing["remove groups"].activity == "groups.add"
    assert undoing["remove groups"].input["group_ids"] == ["g-finance"]


def test_the_first_verification_does_not_ask_for_what_is_still_to_go() -> None:
    made = plan("move", update(department="Sales"), account(), IN_PLACE, person=TO_SALES)
    assert labels(made, "verify") == ["attributes", "group Sales"]
    assert labels(made, "verify removal") == ["attributes", "group Sales", "no group Finance"]


def test_old_access_overlaps_as_long_as_the_policy_says() -> None:
    timings = POLICY.timings.model_copy(update={"mover_overlap_seconds": 3600.0})
    policy = POLICY.model_copy(update={"timings": timings})
    made = plan("move", update(department="Sales"), account(), IN_PLACE, person=TO_SALES, policy=policy)
    assert step(made, "remove groups").delay_seconds == 3600


def test_what_no_rule_gives_was_granted_by_other_hands_and_stays() -> None:
    made = plan("move", update(department="Sales"), account(), (*IN_PLACE, CHESS), person=TO_SALES)
    assert step(made, "remove groups").input["names"] == ["Finance"]


def test_what_comes_by_a_rule_of_the_tenant_is_left_and_noted() -> None:
    dynamic = FINANCE.model_copy(update={"source": "dynamic"})
    made = plan("move", update(department="Sales"), account(), (dynamic, PREMIUM, E3), person=TO_SALES)
    assert "remove groups" not in names(made)
    assert made.notes == ["group Finance is left: it comes dynamic"]


def test_a_licence_that_comes_by_group_too_is_not_taken_for_the_direct_one() -> None:
    by_group = E3.model_copy(update={"source": "by_group"})
    made = plan("move", update(title="Analyst"), account(), (FINANCE, PREMIUM, by_group, P2_BY_GROUP))
    assert "licence SPE_E3" in names(made)


def test_a_licence_with_other_plans_is_assigned_again() -> None:
    other = E3.model_copy(update={"disabled_plans": ("plan-teams",)})
    made = plan("move", update(title="Analyst"), account(), (FINANCE, PREMIUM, other))
    licence = step(made, "licence SPE_E3")
    assert licence.input["disabled_plans"] == []
    assert licence.inverse == Inverse(
        activity="licences.assign", input={"sku_id": "sku-e3", "sku": "SPE_E3", "disabled_plans": ["plan-teams"]}
    )


def test_a_licence_the_person_did_not_have_is_undone_by_removing_it() -> None:
    licence = step(plan("move", update(title="Analyst"), account(), (FINANCE, PREMIUM)), "licence SPE_E3")
    assert licence.inverse == Inverse(activity="licences.remove", input={"sku_id": "sku-e3", "sku": "SPE_E3"})


def test_a_directory_role_of_the_old_job_goes() -> None:
    made = plan("move", update(department="Finance"), account(), (*IN_PLACE, HELPDESK))
    assert step(made, "remove role Helpdesk Administrator").activity == "roles.remove"
    assert names(made)[0] == "remove role Helpdesk Administrator"


def test_a_role_granted_by_hand_that_no_rule_gives_stays() -> None:
    by_hand = HELPDESK.model_copy(update={"id": "role-reader", "name": "Directory Readers"})
    assert plan("move", update(department="Finance"), account(), (*IN_PLACE, by_hand)).steps == []


def test_a_new_manager_is_set_and_the_old_one_kept_for_restore() -> None:
    made = plan("move", update(manager_id="m1"), account(manager_id="o-old"), IN_PLACE)
    setting = step(made, "set manager")
    assert setting.input == {"manager_object_id": "o-manager"}
    assert setting.inverse is not None
    assert setting.inverse.input == {"manager_object_id": "o-old"}
    assert check(made, "verify", "manager").value == "o-manager"


def test_a_manager_taken_away_by_hr_is_cleared() -> None:
    made = plan(
        "move", update(manager_id=None), account(), IN_PLACE, person={**PERSON, "manager_id": None}, manager=None
    )
    assert step(made, "set manager").input == {"manager_object_id": None}


def test_a_change_that_says_nothing_of_the_manager_leaves_the_manager() -> None:
    person = {key: value for key, value in PERSON.items() if key != "manager_id"} | {"title": "Director"}
    made = plan("move", update(title="Director"), account(manager_id="o-other"), IN_PLACE, person=person, manager=None)
    assert "set manager" not in names(made)


def test_a_new_name_is_written_and_the_user_name_stays() -> None:
    made = plan("move", update(family_name="King"), account(), IN_PLACE, person=PERSON | {"family_name": "King"})
    changes = step(made, "attributes").input["attributes"]
    assert changes == {"surname": "King", "displayName": "Ada King"}


def test_a_partly_known_name_is_completed_from_the_account() -> None:
    made = plan("move", update(family_name="King"), account(), IN_PLACE, person={"family_name": "King"})
    assert step(made, "attributes").input["attributes"]["displayName"] == "Ada King"


def test_a_display_name_that_hr_never_told_stays_as_it_is() -> None:
    found = account(attributes={"displayName": "Ada Byron (Countess)"})
    made = plan("move", update(title="Director"), found, IN_PLACE, person={"title": "Director"})
    assert step(made, "attributes").input["attributes"] == {"jobTitle": "Director"}


def test_the_rules_see_what_hr_never_told_in_the_account() -> None:
    made = plan("move", update(title="Director"), account(), IN_PLACE, person={"title": "Director"})
    assert "remove groups" not in names(made)


def test_a_cleared_department_is_cleared() -> None:
    made = plan("move", update(department=None), account(), IN_PLACE, person={**PERSON, "department": None})
    assert step(made, "attributes").input["attributes"] == {"department": None}
    assert step(made, "remove groups").input["names"] == ["Finance"]


def test_a_change_that_changes_nothing_has_no_steps() -> None:
    made = plan("move", update(title="Analyst"), account(), IN_PLACE)
    assert made.steps == []
    assert made.facts["object_id"] == "o1"


def test_a_licence_waits_for_a_new_country() -> None:
    made = plan("move", update(country="DE"), account(), (FINANCE, PREMIUM), person=PERSON | {"country": "DE"})
    assert step(made, "licence SPE_E3").needs == ["attributes"]


def test_a_dynamic_group_of_the_new_job_is_nobodys_to_set() -> None:
    made = plan("move", update(department="Sales"), account(), (*IN_PLACE, DYNAMIC), person=TO_SALES)
    assert "g-dynamic" not in str([item.input for item in made.steps])


def test_a_group_that_is_already_there_is_not_added_again() -> None:
    made = plan("move", update(department="Sales"), account(), (*IN_PLACE, SALES), person=TO_SALES)
    assert "groups" not in names(made)


def test_somebody_about_to_join_needs_no_steps_yet() -> None:
    made = plan("move", update(title="Director"), None, joining=True)
    assert made.steps == []
    assert made.facts == {"found": False}


def test_somebody_nobody_knows_parks_the_update() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan("move", update(title="Director"), None)
    assert refused.value.cause == "PersonUnknown"


def test_somebody_in_retention_takes_no_update() -> None:
    with pytest.raises(PlanRefused, match="has left") as refused:
        plan("move", update(title="Director"), account(enabled=False), has_left=True)
    assert refused.value.cause == "HasLeft"


def test_somebody_whose_account_is_deleted_has_left() -> None:
    with pytest.raises(PlanRefused) as refused:
        plan("move", update(title="Director"), account(enabled=False, deleted=True))
    assert refused.value.cause == "HasLeft"


def test_somebody_on_leave_moves_without_being_let_in() -> None:
    made = plan("move", update(department="Sales"), account(enabled=False), IN_PLACE, person=TO_SALES)
    assert "enable account" not in names(made)
    assert "groups" in names(made)
