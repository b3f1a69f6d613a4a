"""Each kind of lifecycle, from HR's event to its end state in the tenant."""

from tests.end_to_end.company import Company, day, moment, somebody

LICENCE = "SPE_E3"


async def test_a_hire_ends_as_an_enabled_account_with_what_the_rules_give(company: Company) -> None:
    employee = somebody()
    mark = company.mark()

    hired = await company.until(await company.hire(employee, department="IT", title="Engineer"), "completed")

    account = company.account(employee)
    assert account["accountEnabled"]
    assert (account["jobTitle"], account["department"], account["usageLocation"]) == ("Engineer", "IT", "NL")
    assert "IT" in company.groups(account["id"])
    assert company.roles(account["id"]) == {"Helpdesk Administrator"}
    assert len(account["assignedLicenses"]) >= 1
    assert [step["name"] for step in hired["steps"] if step["grade"] == "observed"]
    assert company.written_twice(mark, account["id"]) == []


async def test_a_manager_is_set_when_the_tenant_knows_them(company: Company) -> None:
    boss, report = somebody(), somebody()
    manager = await company.joined(boss)

    account = await company.joined(report, manager_id=boss)

    assert company.graph(f"/v1.0/users/{account['id']}/manager")["id"] == manager["id"]


async def test_a_move_brings_what_is_new_and_takes_what_is_old(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, department="IT")

    await company.until(await company.move(employee, department="Finance", title="Controller"), "completed")

    moved = company.account(employee)
    assert (moved["jobTitle"], moved["department"]) == ("Controller", "Finance")
    assert "Finance" in company.groups(account["id"])
    assert "IT" not in company.groups(account["id"])
    assert company.roles(account["id"]) == set()


async def test_a_leaver_is_cut_stripped_and_retained(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, department="IT")

    left = await company.until(await company.terminate(employee), "retained")

    gone = company.account(employee)
    assert not gone["accountEnabled"]
    await company.eventually(lambda: company.account(employee)["assignedLicenses"] == [])
    assert company.roles(account["id"]) == set()
    assert company.groups(account["id"]) == {"Block sign-in"}
    assert left["cut_at"] is not None


async def test_a_retained_leaver_is_deleted_when_its_time_has_come(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    leaver = await company.terminate(employee)
    await company.until(leaver, "retained")

    await company.command(leaver, "expedite")
    await company.until(leaver, "completed")

    assert company.accounts(employee) == []
    deleted = company.graph("/v1.0/directory/deletedItems/microsoft.graph.user")["value"]
    assert account["id"] in {user["id"] for user in deleted}


async def test_homonyms_of_the_same_moment_get_different_names(company: Company) -> None:
    one, two = somebody(), somebody()
    name = {"given_name": "Łukasz", "family_name": f"O'Neil-Groß {one}"}

    first, second = await company.hire(one, **name), await company.hire(two, **name)
    await company.until(first, "completed")
    await company.until(second, "completed")

    names = {company.account(employee)["userPrincipalName"] for employee in (one, two)}
    assert len(names) == 2


async def test_a_hire_ahead_of_its_day_is_prepared_disabled_and_opens_on_the_day(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")
    assert not company.account(employee)["accountEnabled"]

    await company.command(joiner, "expedite")
    await company.until(joiner, "completed")

    assert company.account(employee)["accountEnabled"]


async def test_a_hire_far_ahead_waits_without_an_account(company: Company) -> None:
    employee = somebody()
    joiner = await company.hire(employee, hire_date=day(60))

    await company.until(joiner, "scheduled")

    assert company.accounts(employee) == []
    await company.receipt("rescind", {"employee_id": employee})
    await company.until(joiner, "cancelled")


async def test_an_employee_id_longer_than_entra_holds_is_found_again(company: Company) -> None:
    employee = f"contractor-{somebody()}-of-long-id"
    joiner = await company.hire(employee)
    joined = await company.until(joiner, "completed")
    assert company.accounts(employee) == []

    left = await company.until(await company.terminate(employee), "retained")

    assert left["object_id"] == joined["object_id"]


async def test_the_same_event_sent_three_times_starts_one_lifecycle(company: Company) -> None:
    employee = somebody()
    receipts = [
        await company.receipt(
            "new-hire",
            {
                "event_id": f"thrice-{employee}",
                "employee_id": employee,
                "given_name": "Ada",
                "family_name": f"Byron {employee}",
                "title": "Analyst",
                "department": "Sales",
                "country": "NL",
                "employee_type": "employee",
                "hire_date": day(-1),
            },
        )
        for _ in range(3)
    ]

    await company.until(receipts[0]["lifecycle_workflow_id"], "completed")

    assert len({receipt["lifecycle_workflow_id"] for receipt in receipts}) == 1
    assert len(await company.admin.every("/lifecycles", employee_id=employee)) == 1
    assert len(company.accounts(employee)) == 1


async def test_a_leave_suspends_and_a_return_restores(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    leave = await company.send("leave", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "retained")
    assert not company.account(employee)["accountEnabled"]
    assert company.account(employee)["assignedLicenses"] != []

    await company.send("return", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "completed")

    await company.eventually(lambda: company.account(employee)["accountEnabled"])
    assert "Block sign-in" not in company.groups(account["id"])
