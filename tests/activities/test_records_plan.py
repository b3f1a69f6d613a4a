"""Planning against the practice tenant: what is found there, what is not, and whole phases carried out."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.facts import QUICK_TRIES
from connectors.graph_models import User
from ledger import Entry, LifecyclePatch, PersonPatch
from tests.activities.enactment import (
    Company,
    Enactment,
    company_at,
    hire,
    leave,
    new_id,
    termination,
    until,
    update,
)
from tests.connectors.identities import last_request, writes
from tests.tenant import Tenant


@pytest.fixture
async def company(tenant: Tenant, tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work."""
    async with company_at(tenant, tmp_path) as opened:
        yield opened


async def hired(company: Company, employee_id: str, **changes: Any) -> Enactment:
    """Somebody who has joined."""
    joiner = await Enactment(company, hire(employee_id, **changes)).open()
    await joiner.carry_out("join")
    return joiner


async def groups_of(company: Company, object_id: str) -> set[str]:
    """The names of the account's direct groups that are kept by hand."""
    groups = await company.graph.groups_of(object_id)
    return {group.display_name or "" for group in groups if group.writable}


async def parked(company: Company, sheet: Enactment, phase: str) -> ApplicationError:
    """What a plan parks with."""
    with pytest.raises(ApplicationError) as caught:
        await company.perform(sheet.call(sheet.plan_step(phase)), "records.plan")
    return caught.value


async def test_somebody_new_joins_with_all_that_the_rules_give(company: Company) -> None:
    joiner = await hired(company, new_id(), department="IT")
    user = await company.graph.user(joiner.facts["object_id"])
    assert user.account_enabled
    assert (user.department, user.usage_location, user.employee_id) == ("IT", "GB", joiner.envelope.employee_id)
    assert await groups_of(company, user.id) == {"IT", "Licence AAD_PREMIUM_P2"}
    assert [role.role_name for role in await company.graph.role_assignments(user.id)] == ["Helpdesk Administrator"]
    assert len(user.direct_licences) == 1
    verified = joiner.outcomes["verify"]
    assert verified.grade == "observed"
    assert "directory role Helpdesk Administrator" in verified.evidence["seen"]


async def test_where_scim_is_in_charge_nothing_is_written_twice(tenant: Tenant, tmp_path: Path) -> None:
    async with company_at(tenant, tmp_path, authority="scim") as company:
        since = last_request(tenant)
        joiner = await hired(company, new_id(), office="Leeds")
        user = await company.graph.user(joiner.facts["object_id"])
    assert joiner.outcomes["verify"].grade == "observed"
    assert (user.office_location, user.usage_location, user.job_title) == ("Leeds", "GB", "Analyst")
    made = writes(tenant, since)
    assert [row["path"] for row in made if row["method"] == "POST"].count("/scim/v2/Users") == 1
    changes = [row["body"] for row in made if row["path"] == f"/v1.0/users/{user.id}"]
    assert [sorted(body) for body in changes] == [["employeeHireDate", "officeLocation"]]


async def test_the_second_look_sees_the_licence_that_the_group_brings(company: Company) -> None:
    joiner = await hired(company, new_id())
    looked = await joiner.second_look()
    assert looked.again == []
    assert "inherited licence AAD_PREMIUM_P2" in looked.evidence["seen"]


async def test_the_plan_is_in_the_ledger_with_its_steps_and_its_policy(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    names = await joiner.plan("join")
    line = company.ledger.lifecycle(joiner.lifecycle_id)
    assert line is not None
    assert line.policy_hash == company.policy.hash
    assert [step.name for step in line.steps] == ["plan join", *names]
    assert {step.state for step in line.steps[1:]} == {"waiting"}
    assert line.steps[0].state == "done"


async def test_a_plan_is_made_once(company: Company, tenant: Tenant) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    await joiner.plan("join")
    before = tenant.mark()
    again = await company.try_once(joiner.call(joiner.plan_step("join")), "records.plan", attempt=2)
    assert again == joiner.outcomes["plan join"]
    assert tenant.mark() == before


async def test_no_name_stands_where_it_cannot_be_erased(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    await joiner.plan("join")
    rows = company.ledger.records(lifecycle_id=joiner.lifecycle_id).items
    assert not any("Byron" in row.body_json for row in rows)


async def test_an_account_that_is_there_is_adopted(company: Company) -> None:
    first = await hired(company, new_id())
    company.ledger.append(
        Entry(key="forget", kind="test", actor="test"),
        person=PersonPatch(first.envelope.employee_id, effective_at=first.envelope.effective_at, object_id="", upn=""),
    )
    joiner = await Enactment(company, hire(first.envelope.employee_id)).open()
    names = await joiner.plan("join")
    assert "create account" not in names
    assert joiner.facts["object_id"] == first.facts["object_id"]
    known = company.ledger.person(first.envelope.employee_id)
    assert known is not None
    assert known.object_id == first.facts["object_id"]


async def test_a_prepared_account_is_completed_on_the_day(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    await joiner.carry_out("prepare")
    assert (await company.graph.user(joiner.facts["object_id"])).account_enabled is False
    names = await joiner.carry_out("join")
    assert names[0] == "enable account"
    assert (await company.graph.user(joiner.facts["object_id"])).account_enabled


async def test_two_accounts_with_one_employee_id_are_for_a_person_to_tell_apart(company: Company) -> None:
    employee_id = new_id()
    for number in (1, 2):
        await made_by_hand(company, employee_id, f"twin{number}.{employee_id}")
    await until(lambda: two_found(company, employee_id))
    joiner = await Enactment(company, hire(employee_id)).open()
    error = await parked(company, joiner, "join")
    assert error.type == "AmbiguousPerson"
    assert employee_id in error.message


async def test_a_protected_person_is_not_touched(company: Company, tenant: Tenant) -> None:
    sheet = await Enactment(company, termination(tenant.json["protected"][0]["employee_id"])).open()
    before = tenant.mark()
    error = await parked(company, sheet, "contain")
    assert error.type == "Protected"
    assert "protect" in error.message
    assert not any(row["mutating"] for row in tenant.requests(before))


async def test_a_change_of_job_changes_what_it_should(company: Company) -> None:
    joiner = await hired(company, new_id())
    mover = await Enactment(company, update(joiner.envelope.employee_id, department="Sales", title="Seller")).open()
    names = await mover.carry_out("move")
    assert names == [
        "attributes",
        "groups",
        "verify",
        "remove groups",
        "verify removal",
        "notify manager",
        "second look",
    ]
    user = await company.graph.user(joiner.facts["object_id"])
    assert (user.department, user.job_title) == ("Sales", "Seller")
    assert await groups_of(company, user.id) == {"Sales", "Licence AAD_PREMIUM_P2"}
    assert (await mover.second_look()).again == []


async def test_an_update_before_there_is_an_account_reaches_the_joiner(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    mover = await Enactment(company, update(joiner.envelope.employee_id, department="Sales")).open()
    assert await mover.plan("move") == []
    await joiner.carry_out("join")
    assert (await company.graph.user(joiner.facts["object_id"])).department == "Sales"


async def test_an_update_that_arrives_late_changes_nothing_newer(company: Company) -> None:
    joiner = await hired(company, new_id())
    newer = await Enactment(company, update(joiner.envelope.employee_id, title="Director")).open()
    await newer.plan("move")
    late = update(joiner.envelope.employee_id, title="Clerk")
    late.effective_at = newer.envelope.effective_at.replace(year=2020)
    older = await Enactment(company, late).open()
    await older.plan("move")
    known = company.ledger.person(joiner.envelope.employee_id)
    assert known is not None
    assert known.attributes["title"] == "Director"


async def test_somebody_nobody_knows_is_looked_for_some_times_and_then_parks(company: Company) -> None:
    mover = await Enactment(company, update(new_id(), title="Director")).open()
    for attempt in range(1, QUICK_TRIES + 1):
        with pytest.raises(ApplicationError) as caught:
            await company.try_once(mover.call(mover.plan_step("move")), "records.plan", attempt)
        assert caught.value.type == "PersonUnknown"
        assert caught.value.non_retryable is (attempt == QUICK_TRIES)


async def leaving(company: Company, status: str) -> Enactment:
    """Somebody who has joined, and whose termination is this far."""
    joiner = await hired(company, new_id())
    leaver = await Enactment(company, termination(joiner.envelope.employee_id)).open()
    patch = LifecyclePatch(leaver.lifecycle_id, status=status)
    company.ledger.append(Entry(key="kept", kind="test", actor="test"), lifecycle=patch)
    return joiner


@pytest.mark.parametrize("status", ["retained", "attention"])
async def test_an_update_of_somebody_who_has_left_parks(company: Company, status: str) -> None:
    """Also where the second look at the leaver's account is parked, which shows as attention."""
    joiner = await leaving(company, status)
    mover = await Enactment(company, update(joiner.envelope.employee_id, title="Director")).open()
    error = await parked(company, mover, "move")
    assert error.type == "HasLeft"
    assert "has left" in error.message


async def test_somebody_who_is_going_to_leave_takes_updates(company: Company) -> None:
    joiner = await leaving(company, "scheduled")
    mover = await Enactment(company, update(joiner.envelope.employee_id, title="Director")).open()
    assert "attributes" in await mover.plan("move")


async def test_a_leaver_is_cut_stripped_and_in_the_end_deleted(company: Company) -> None:
    joiner = await hired(company, new_id(), department="IT")
    object_id = joiner.facts["object_id"]
    before = await company.graph.user(object_id)
    leaver = await Enactment(company, termination(joiner.envelope.employee_id)).open()
    await leaver.carry_out("contain")
    line = company.ledger.lifecycle(leaver.lifecycle_id)
    assert line is not None
    assert line.cut_at is not None
    names = await leaver.carry_out("strip")
    assert "disable account again" not in names
    after = await company.graph.user(object_id)
    assert (after.account_enabled, after.direct_licences) == (False, {})
    assert stamps(after) != stamps(before)
    assert await groups_of(company, object_id) == {"Block sign-in"}
    assert await company.graph.role_assignments(object_id) == []
    assert (await leaver.second_look()).again == []
    assert leaver.facts["delete_at"]
    await leaver.carry_out("delete")
    assert await company.graph.deleted_user(object_id)
    assert leaver.outcomes["verify deletion"].grade == "observed"


async def test_somebody_hired_again_gets_the_same_account_back(company: Company) -> None:
    joiner = await hired(company, new_id())
    object_id = joiner.facts["object_id"]
    leaver = await Enactment(company, termination(joiner.envelope.employee_id)).open()
    for phase in ("contain", "strip", "delete"):
        await leaver.carry_out(phase)
    again = await Enactment(company, hire(joiner.envelope.employee_id, department="Sales")).open()
    names = await again.carry_out("join")
    assert names[:2] == ["restore account", "attributes"]
    assert again.facts["object_id"] == object_id
    assert (await company.graph.user(object_id)).account_enabled
    assert await groups_of(company, object_id) == {"Sales", "Licence AAD_PREMIUM_P2"}


async def test_an_account_enabled_after_its_containment_is_disabled_again(company: Company) -> None:
    joiner = await hired(company, new_id())
    leaver = await Enactment(company, termination(joiner.envelope.employee_id)).open()
    await leaver.carry_out("contain")
    await company.graph.update_user(joiner.facts["object_id"], {"accountEnabled": True})
    await until(lambda: is_enabled(company, joiner.facts["object_id"]))
    names = await leaver.carry_out("strip")
    assert names[0] == "disable account again"
    assert (await company.graph.user(joiner.facts["object_id"])).account_enabled is False


async def test_a_termination_ahead_of_the_account_contains_it_when_it_is_there(company: Company) -> None:
    employee_id = new_id()
    leaver = await Enactment(company, termination(employee_id)).open()
    assert await leaver.plan("contain") == []
    assert leaver.facts["found"] is False
    joiner = await hired(company, employee_id)
    leaver.facts["object_id"] = joiner.facts["object_id"]
    assert (await leaver.carry_out("strip"))[0] == "disable account"
    line = company.ledger.lifecycle(leaver.lifecycle_id)
    assert line is not None
    assert line.cut_at is not None


async def test_a_leave_suspends_and_takes_nothing(company: Company) -> None:
    joiner = await hired(company, new_id())
    away = await Enactment(company, leave(joiner.envelope.employee_id)).open()
    names = await away.carry_out("contain")
    assert names == ["disable account", "revoke sessions", "verify containment", "second look"]
    assert await groups_of(company, joiner.facts["object_id"]) == {"Finance", "Licence AAD_PREMIUM_P2"}


async def test_the_manager_that_hr_names_is_set(company: Company) -> None:
    boss = await hired(company, new_id())
    joiner = await hired(company, new_id(), manager_id=boss.envelope.employee_id)
    assert await company.graph.manager_id(joiner.facts["object_id"]) == boss.facts["object_id"]
    assert joiner.step("notify manager").input["to"] != list(company.policy.notices.attention_to)


async def test_a_managers_own_manager_stands_in_for_one_without_account(company: Company) -> None:
    boss = await hired(company, new_id())
    missing = new_id()
    await Enactment(company, hire(missing, manager_id=boss.envelope.employee_id)).open()
    joiner = await hired(company, new_id(), manager_id=missing)
    assert await company.graph.manager_id(joiner.facts["object_id"]) == boss.facts["object_id"]
    assert any("stands in" in note for note in joiner.outcomes["plan join"].evidence["notes"])


async def test_a_manager_who_is_nowhere_is_noted(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id(), manager_id=new_id())).open()
    assert "set manager" not in await joiner.plan("join")
    assert joiner.outcomes["plan join"].evidence["notes"]


async def test_an_account_that_is_only_late_is_waited_for(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    joiner.facts["object_id"] = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ApplicationError) as caught:
        await company.try_once(joiner.call(joiner.plan_step("join")), "records.plan")
    assert (caught.value.type, caught.value.non_retryable) == ("NotYetSeen", False)


async def test_an_account_that_was_purged_is_made_anew(company: Company) -> None:
    joiner = await Enactment(company, hire(new_id())).open()
    joiner.facts["object_id"] = "00000000-0000-4000-8000-000000000000"
    planned = await company.try_once(joiner.call(joiner.plan_step("join")), "records.plan", QUICK_TRIES)
    assert "create account" in [step.name for step in planned.steps]


async def made_by_hand(company: Company, employee_id: str, name: str) -> User:
    """An account that somebody made past the platform."""
    return await company.graph.create_user(
        {
            "displayName": name,
            "mailNickname": name,
            "userPrincipalName": f"{name}@practice.example",
            "employeeId": employee_id,
            "accountEnabled": True,
            "passwordProfile": {"password": "Never-used-4711!", "forceChangePasswordNextSignIn": True},
        }
    )


async def is_enabled(company: Company, object_id: str) -> bool:
    """Whether the account is shown as enabled."""
    return bool((await company.graph.user(object_id)).account_enabled)


async def two_found(company: Company, employee_id: str) -> bool:
    """Whether the tenant's filters, which lag most, show both accounts."""
    return len(await company.graph.users_by_employee_id(employee_id)) == 2


def stamps(user: User) -> tuple[Any, Any]:
    """The tenant's own stamps of sessions and password."""
    return user.sign_in_sessions_valid_from_date_time, user.last_password_change_date_time
