"""Run sheets of joiners."""

from typing import Any

import pytest

from domain.planning import PlanRefused
from tests.domain.planning_cases import (
    BLOCK,
    CATALOGUE,
    FINANCE,
    HELPDESK,
    IN_PLACE,
    MANAGER,
    PERSON,
    POLICY,
    PREMIUM,
    SALES,
    account,
    check,
    hire,
    labels,
    names,
    plan,
    step,
)

CREATED = [
    "reserve name",
    "create account",
    "set manager",
    "groups",
    "licence SPE_E3",
    "verify",
    "notify manager",
    "second look",
]


def test_somebody_new_gets_an_account_and_what_the_rules_give() -> None:
    made = plan("join", hire())
    assert names(made) == CREATED
    assert step(made, "groups").input == {
        "group_ids": ["g-licence-aad_premium_p2", "g-finance"],
        "names": ["Licence AAD_PREMIUM_P2", "Finance"],
    }
    assert step(made, "licence SPE_E3").input == {"sku_id": "sku-e3", "sku": "SPE_E3", "disabled_plans": []}


def test_a_new_account_is_complete_in_one_write() -> None:
    created = step(plan("join", hire(office="Zürich"), person=PERSON | {"office": "Zürich"}), "create account")
    assert created.input == {
        "authority": "graph",
        "enabled": True,
        "attributes": {
            "displayName": "Ada Byron",
            "givenName": "Ada",
            "surname": "Byron",
            "employeeId": "e1",
            "employeeType": "employee",
            "employeeHireDate": "2026-03-01T00:00:00Z",
            "jobTitle": "Analyst",
            "department": "Finance",
            "officeLocation": "Zürich",
            "usageLocation": "GB",
        },
    }


def test_grants_of_a_new_account_wait_only_for_the_account() -> None:
    made = plan("join", hire())
    assert step(made, "create account").needs == ["reserve name"]
    for name in ("set manager", "groups", "licence SPE_E3"):
        assert step(made, name).needs == ["create account"]
    assert step(made, "verify").needs == ["create account", "set manager", "groups", "licence SPE_E3"]
    assert step(made, "notify manager").needs == ["verify"]
    assert step(made, "second look").needs == ["verify"]


def test_everything_written_is_looked_for() -> None:
    made = plan("join", hire())
    assert labels(made, "verify") == [
        "attributes",
        "enabled",
        "manager",
        "group Licence AAD_PREMIUM_P2",
        "group Finance",
        "licence SPE_E3",
    ]


def test_a_licence_that_a_group_brings_is_looked_for_at_the_second_look_only() -> None:
    made = plan("join", hire())
    assert "inherited licence AAD_PREMIUM_P2" not in labels(made, "verify")
    assert "inherited licence AAD_PREMIUM_P2" in labels(made, "second look")


def test_the_second_look_comes_last_and_repairs() -> None:
    looking = step(plan("join", hire()), "second look")
    assert looking.leg == "second_look"
    assert looking.input["repair"] is True
    assert looking.delay_seconds == POLICY.timings.second_look_seconds


def test_the_second_look_does_not_create_twice_but_mends() -> None:
    made = plan("join", hire())
    mend = check(made, "second look", "attributes").mend
    assert mend is not None
    assert mend.activity == "accounts.update"
    enable = check(made, "second look", "enabled").mend
    assert enable is not None
    assert enable.activity == "accounts.enable"


def test_the_second_look_repeats_the_step_that_granted() -> None:
    made = plan("join", hire())
    assert check(made, "second look", "group Finance").step == "groups"
    assert check(made, "second look", "licence SPE_E3").step == "licence SPE_E3"


def test_every_write_of_a_new_account_can_be_undone() -> None:
    made = plan("join", hire())
    undoing = {item.name: item.inverse.activity for item in made.steps if item.inverse}
    assert undoing == {
        "create account": "accounts.delete",
        "set manager": "accounts.set_manager",
        "groups": "groups.remove",
        "licence SPE_E3": "licences.remove",
    }


def test_it_gets_a_directory_role() -> None:
    made = plan("join", hire(), person=PERSON | {"department": "IT"})
    role = step(made, "role Helpdesk Administrator")
    assert role.activity == "roles.assign"
    assert role.input == {"role_id": "role-helpdesk", "role": "Helpdesk Administrator"}


def test_contractors_in_it_get_no_directory_role() -> None:
    person = PERSON | {"department": "IT", "employee_type": "contractor"}
    assert "role Helpdesk Administrator" not in names(plan("join", hire(), person=person))


def test_ahead_of_the_day_only_the_disabled_account_is_made() -> None:
    made = plan("prepare", hire())
    assert names(made) == ["reserve name", "create account", "set manager", "verify prepared account"]
    assert step(made, "create account").input["enabled"] is False
    assert check(made, "verify prepared account", "no enabled").want is False


def test_nothing_is_prepared_where_there_is_an_account() -> None:
    made = plan("prepare", hire(), account())
    assert made.steps == []
    assert made.facts["object_id"] == "o1"


def test_a_prepared_account_is_enabled_and_gets_its_grants() -> None:
    made = plan("join", hire(), account(enabled=False))
    assert names(made) == ["enable account", "groups", "licence SPE_E3", "verify", "notify manager", "second look"]
    assert step(made, "groups").needs == []
    enabling = step(made, "enable account")
    assert enabling.inverse is not None
    assert enabling.inverse.activity == "accounts.disable"


def test_a_correction_before_the_day_reaches_the_prepared_account() -> None:
    made = plan("join", hire(), account(enabled=False), person=PERSON | {"title": "Director"})
    attributes = step(made, "attributes")
    assert attributes.input == {"attributes": {"jobTitle": "Director"}}
    assert attributes.inverse is not None
    assert attributes.inverse.input == {"attributes": {"jobTitle": "Analyst"}}


def test_an_existing_account_is_adopted_with_what_it_lacks() -> None:
    made = plan("join", hire(), account(manager_id=None), (FINANCE,))
    assert names(made) == ["set manager", "groups", "licence SPE_E3", "verify", "notify manager", "second look"]
    assert step(made, "groups").input["names"] == ["Licence AAD_PREMIUM_P2"]
    assert made.facts["object_id"] == "o1"


def test_somebody_who_has_all_is_verified_only() -> None:
    made = plan("join", hire(), account(), IN_PLACE)
    assert names(made) == ["verify", "notify manager", "second look"]
    assert step(made, "verify").needs == []


def test_a_licence_waits_for_the_country_it_needs() -> None:
    made = plan("join", hire(), account(attributes={"usageLocation": None}), (FINANCE, PREMIUM))
    assert step(made, "licence SPE_E3").needs == ["attributes"]


def test_a_deleted_account_is_restored_first() -> None:
    made = plan("join", hire(), account(enabled=False, deleted=True))
    assert names(made)[:2] == ["restore account", "enable account"]
    for name in ("enable account", "groups", "licence SPE_E3", "remove groups"):
        assert step(made, name).needs == ["restore account"]


def test_a_restored_account_comes_out_of_the_block_group() -> None:
    made = plan("join", hire(), account(enabled=False, deleted=True))
    assert step(made, "remove groups").input == {"group_ids": ["g-block-sign-in"], "names": ["Block sign-in"]}


def test_somebody_hired_again_comes_out_of_the_block_group_and_loses_the_old_jobs_groups() -> None:
    made = plan("join", hire(), account(enabled=False), (*IN_PLACE, SALES, BLOCK))
    assert step(made, "remove groups").input["names"] == ["Sales", "Block sign-in"]
    assert step(made, "verify").needs[-1] == "remove groups"


def test_the_hire_date_of_a_rehire_is_the_new_one() -> None:
    found = account(attributes={"employeeHireDate": "2019-01-01T00:00:00Z"})
    made = plan("join", hire(), found, IN_PLACE)
    assert step(made, "attributes").input == {"attributes": {"employeeHireDate": "2026-03-01T00:00:00Z"}}


def test_a_manager_who_is_not_there_is_noted_and_stops_nothing() -> None:
    made = plan("join", hire(), manager=None)
    assert "set manager" not in names(made)
    assert any("manager m1" in note for note in made.notes)


def test_without_a_manager_the_administrators_are_told() -> None:
    made = plan("join", hire(), manager=None)
    assert step(made, "notify manager").input["to"] == list(POLICY.notices.attention_to)


def test_a_stand_in_for_the_manager_is_noted() -> None:
    made = plan("join", hire(), manager=MANAGER.model_copy(update={"via": "m2 stands in"}))
    assert step(made, "set manager").input == {"manager_object_id": "o-manager"}
    assert made.notes == ["m2 stands in"]


def test_a_hire_without_manager_leaves_the_account_as_it_is() -> None:
    person = {**PERSON, "manager_id": None}
    assert "set manager" not in names(plan("join", hire(manager_id=None), account(), person=person, manager=None))


def test_the_notice_speaks_of_the_person() -> None:
    told = step(plan("join", hire(), account(enabled=False)), "notify manager").input
    assert told["to"] == ["manager@practice.example"]
    assert told["sender"] == POLICY.notices.sender
    assert told["subject"] == "Ada Byron starts on 2026-03-01"
    assert "ada.byron@practice.example" in told["text"]


def test_the_notice_of_a_new_account_leaves_its_name_to_the_sender() -> None:
    assert "{upn}" in step(plan("join", hire()), "notify manager").input["text"]


def test_a_long_employee_id_stands_in_the_extension_attribute() -> None:
    long_id = "e" * 17
    made = plan("join", hire(employee_id=long_id))
    attributes = step(made, "create account").input["attributes"]
    assert "employeeId" not in attributes
    assert attributes["onPremisesExtensionAttributes"] == {"extensionAttribute15": long_id}


def test_the_case_of_an_employee_id_is_no_difference() -> None:
    assert names(plan("join", hire(), account(attributes={"employeeId": "E1"}), IN_PLACE))[0] == "verify"


def test_a_single_name_has_no_surname() -> None:
    person = PERSON | {"given_name": "Sukarno", "family_name": "-"}
    attributes = step(plan("join", hire(), person=person), "create account").input["attributes"]
    assert attributes["displayName"] == "Sukarno"
    assert "surname" not in attributes


def test_long_values_are_cut_where_the_directory_cuts() -> None:
    made = plan("join", hire(), person=PERSON | {"title": "x" * 200, "department": "Finance"})
    assert step(made, "create account").input["attributes"]["jobTitle"] == "x" * 128


def test_where_provisioning_is_in_charge_the_rest_is_set_at_the_directory() -> None:
    policy = POLICY.model_copy(update={"authority": "scim"})
    made = plan("join", hire(), policy=policy)
    assert step(made, "create account").input["authority"] == "scim"
    rest = step(made, "attributes")
    assert rest.input["attributes"] == {
        "usageLocation": "GB",
        "employeeType": "employee",
        "employeeHireDate": "2026-03-01T00:00:00Z",
    }
    assert step(made, "licence SPE_E3").needs == ["create account", "attributes"]


def test_nobody_without_a_name_gets_an_account() -> None:
    with pytest.raises(PlanRefused, match="no name"):
        plan("join", hire(), person={"department": "Finance"})


@pytest.mark.parametrize("kind", ["groups", "skus", "roles"])
def test_a_rule_that_the_tenant_cannot_keep_stops_the_plan_before_any_write(kind: str) -> None:
    lacking = CATALOGUE.model_copy(update={kind: {}})
    with pytest.raises(PlanRefused) as refused:
        plan("join", hire(), person=PERSON | {"department": "IT"}, catalogue=lacking)
    assert refused.value.cause == "Unfulfillable"


def test_a_protected_account_is_not_planned_for() -> None:
    found = account(object_id="11111111-2222-4333-8444-555555555555")
    policy = POLICY.model_copy(update={"protected": frozenset({found.object_id})})
    with pytest.raises(PlanRefused, match="protect") as refused:
        plan("join", hire(), found, policy=policy)
    assert refused.value.cause == "Protected"


def test_the_entitlements_are_told_with_their_rules() -> None:
    made = plan("join", hire(), account(), (FINANCE, SALES, HELPDESK))
    added = {(item["kind"], item["name"], item["rule"]) for item in made.entitlements["add"]}
    assert added == {("licence", "SPE_E3", "office"), ("group", "Licence AAD_PREMIUM_P2", "identity protection")}
    assert [item["name"] for item in made.entitlements["keep"]] == ["Finance"]
    assert {item["name"] for item in made.entitlements["remove"]} == {"Sales", "Helpdesk Administrator"}


def test_the_plan_tells_its_lifecycle_who_it_found() -> None:
    facts: dict[str, Any] = plan("join", hire(), account()).facts
    assert facts == {
        "found": True,
        "object_id": "o1",
        "upn": "ada.byron@practice.example",
        "second_look_seconds": POLICY.timings.second_look_seconds,
    }
    assert plan("join", hire()).facts["found"] is False


def test_step_names_do_not_collide_with_those_the_lifecycle_has() -> None:
    made = plan("join", hire(), account(enabled=False), taken=frozenset({"verify", "groups", "groups again"}))
    assert {"verify again", "groups again 2"} <= set(names(made))
    assert step(made, "notify manager").needs == ["verify again"]
    assert check(made, "second look", "group Finance").step == "groups again 2"
