"""What happens when one lifecycle of a person meets another: a test for each line of the table of messages."""

import asyncio

from tests.end_to_end.company import Company, day, moment, somebody


async def test_a_new_hire_replaces_an_unfinished_one(company: Company) -> None:
    employee = somebody()
    older = await company.hire(employee, hire_date=day(40))
    await company.until(older, "scheduled")

    newer = await company.hire(employee, hire_date=day(-1), title="Corrected")

    await company.until(older, "superseded")
    await company.until(newer, "completed")
    assert company.account(employee)["jobTitle"] == "Corrected"


async def test_a_termination_replaces_a_scheduled_one(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    older = await company.terminate(employee, last_day=day(40))
    await company.until(older, "scheduled")

    newer = await company.terminate(employee)

    await company.until(older, "superseded")
    await company.until(newer, "retained")


async def test_a_termination_pre_empts_a_working_joiner(company: Company) -> None:
    employee = somebody()
    company.tenant.control("POST", "settings", latency_ms=150)
    try:
        joiner = await company.hire(employee)
        await company.until_step(joiner, "create account", "running", "done")
        leaver = await company.terminate(employee)
        await company.until(joiner, "superseded")
        await company.until(leaver, "retained")
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    account = company.account(employee)
    assert not account["accountEnabled"]
    await company.eventually(lambda: company.account(employee)["assignedLicenses"] == [])
    assert company.groups(account["id"]) <= {"Block sign-in"}


async def test_a_termination_supersedes_what_was_scheduled_before_it(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    mover = await company.move(employee, effective_at=moment(days=20), title="Never")
    await company.until(mover, "scheduled")

    leaver = await company.terminate(employee)

    await company.until(mover, "superseded")
    await company.until(leaver, "retained")


async def test_a_termination_supersedes_a_prepared_hire(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")

    leaver = await company.terminate(employee)

    await company.until(joiner, "superseded")
    await company.until(leaver, "retained")


async def test_a_rehire_waits_for_the_leaver_that_works(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "settings", latency_ms=200)
    try:
        leaver = await company.terminate(employee)
        await company.until_step(leaver, "plan contain", "running", "done")
        joiner = await company.hire(employee)
        await company.until(leaver, "superseded")
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    await company.until(joiner, "completed")
    assert company.account(employee)["id"] == account["id"]
    assert company.account(employee)["accountEnabled"]


async def test_a_rehire_ends_the_retention_and_restores_the_same_object(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    leaver = await company.terminate(employee)
    await company.until(leaver, "retained")

    await company.until(await company.hire(employee), "completed")

    await company.until(leaver, "superseded")
    back = company.account(employee)
    assert (back["id"], back["accountEnabled"]) == (account["id"], True)
    assert back["assignedLicenses"] != []
    assert "Sales" in company.groups(account["id"])
    assert "Block sign-in" not in company.groups(account["id"])


async def test_an_update_before_there_is_an_account_is_what_the_joiner_plans_from(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(40))
    await company.until(joiner, "scheduled")

    await company.until(
        await company.move(employee, effective_at=moment(), title="Promoted before the first day"), "completed"
    )
    assert company.accounts(employee) == []

    await company.command(joiner, "expedite")
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")
    assert company.account(employee)["jobTitle"] == "Promoted before the first day"


async def test_an_update_of_somebody_prepared_is_an_ordinary_move(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")

    await company.until(await company.move(employee, title="Changed"), "completed")

    assert company.account(employee)["jobTitle"] == "Changed"


async def test_an_update_of_somebody_who_has_left_parks(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    await company.until(await company.terminate(employee), "retained")

    parked = await company.until(await company.move(employee, title="Too late"), "attention")

    (step,) = [step for step in parked["steps"] if step["state"] == "attention"]
    assert "has left" in step["last_error"]


async def test_rescinding_what_is_scheduled_cancels_it(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    leaver = await company.terminate(employee, last_day=day(30))
    await company.until(leaver, "scheduled")

    receipt = await company.receipt("rescind", {"employee_id": employee})

    await company.until(leaver, "cancelled")
    assert receipt["lifecycle_workflow_id"] in (leaver, None)
    assert company.account(employee)["accountEnabled"]


async def test_rescinding_a_prepared_hire_takes_the_account_away(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")

    await company.receipt("rescind", {"employee_id": employee})

    await company.until(joiner, "cancelled")
    await company.eventually(lambda: company.accounts(employee) == [])


async def test_rescinding_a_retained_leaver_restores(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, department="IT")
    leaver = await company.terminate(employee)
    await company.until(leaver, "retained")

    await company.receipt("rescind", {"employee_id": employee})

    await company.until(leaver, "cancelled")
    await company.eventually(lambda: company.account(employee)["accountEnabled"])
    await company.eventually(lambda: "Block sign-in" not in company.groups(account["id"]))
    back = company.account(employee)
    assert back["accountEnabled"]
    assert back["assignedLicenses"] != []
    await company.eventually(lambda: "IT" in company.groups(account["id"]))
    await company.eventually(lambda: company.roles(account["id"]) == {"Helpdesk Administrator"})


async def test_rescinding_what_is_completed_leaves_a_row_and_changes_nothing(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)

    receipt = await company.receipt("rescind", {"employee_id": employee})

    for _ in range(100):
        rows = await company.admin.every("/audit/events", employee_id=employee)
        if [row for row in rows if row["kind"] == "event" and row["event_id"] == receipt["event_id"]]:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("the rescind left no row")
    assert company.account(employee)["accountEnabled"]


async def test_a_termination_ends_a_leave_without_its_inverses(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    leave = await company.send("leave", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "retained")

    leaver = await company.terminate(employee)

    await company.until(leave, "superseded")
    await company.until(leaver, "retained")
    assert not company.account(employee)["accountEnabled"]


async def test_an_update_during_a_leave_is_an_ordinary_move(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    leave = await company.send("leave", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "retained")

    await company.until(await company.move(employee, title="Moved while away"), "completed")

    account = company.account(employee)
    assert (account["jobTitle"], account["accountEnabled"]) == ("Moved while away", False)
    await company.until(leave, "retained")


async def test_two_changes_at_once_take_turns(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)

    first = await company.move(employee, effective_at=moment(seconds=-20), title="First")
    second = await company.move(employee, effective_at=moment(seconds=-10), title="Second")

    await company.until(first, "completed")
    await company.until(second, "completed")
    assert company.account(employee)["jobTitle"] == "Second"


async def test_a_parked_move_gives_way_to_the_next_one(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, department="Sales")
    company.tenant.control(
        "POST",
        "faults",
        path=f"/groups/[^/]+/members/.ref|/users/{account['id']}$",
        method="PATCH",
        status=403,
        count=1,
    )
    first = await company.move(employee, title="Refused")
    await company.until(first, "attention")

    second = await company.move(employee, title="Next")

    await company.until(first, "superseded")
    await company.until(second, "completed")
    assert company.account(employee)["jobTitle"] == "Next"


async def test_a_move_that_parks_while_another_waits_gives_way_at_once(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control(
        "POST", "faults", path=f"/users/{account['id']}$", method="PATCH", status=403, delay_ms=1500, count=1
    )
    first = await company.move(employee, title="Refused")
    await company.until_step(first, "attributes", "running")

    second = await company.move(employee, title="Next")

    await company.until(first, "superseded")
    await company.until(second, "completed")


async def test_a_termination_pre_empts_a_working_move(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", delay_ms=1500, count=1)
    mover = await company.move(employee, title="Half way", department="Finance")
    await company.until_step(mover, "attributes", "running")

    leaver = await company.terminate(employee)

    await company.until(mover, "superseded")
    await company.until(leaver, "retained")
    await company.eventually(lambda: company.account(employee)["assignedLicenses"] == [])
    assert company.groups(account["id"]) == {"Block sign-in"}


async def test_rescinding_a_working_move_restores(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, title="Before")
    company.tenant.control(
        "POST", "faults", path="/groups/[^/]+/members/.ref$", method="POST", status=403, delay_ms=500, count=1
    )
    mover = await company.move(employee, title="After", department="Finance")
    await company.until(mover, "attention")

    await company.receipt("rescind", {"employee_id": employee})

    await company.until(mover, "cancelled")
    await company.eventually(lambda: company.account(employee)["jobTitle"] == "Before")
    await company.eventually(lambda: "Sales" in company.groups(account["id"]))


async def test_a_return_in_the_future_is_kept_by_the_leave(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    leave = await company.send("leave", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "retained")

    await company.send("return", {"employee_id": employee, "effective_at": moment(seconds=4)})
    assert (await company.lifecycle(leave))["status"] == "retained"

    await company.until(leave, "completed")
    await company.eventually(lambda: company.account(employee)["accountEnabled"])


async def test_a_rescind_that_comes_too_late_is_told_to_the_administrators(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    mark = company.mark()

    receipt = await company.receipt("rescind", {"employee_id": employee})

    def told() -> bool:
        mails = [row for row in company.tenant.requests(mark) if row["path"].endswith("/sendMail")]
        return any(receipt["event_id"] in str(row["body"]) for row in mails)

    await company.eventually(told, within=30)
