"""What was seen can be undone by somebody else: a verified lifecycle looks once more."""

from tests.end_to_end.company import Company, somebody


async def test_a_write_that_is_reverted_after_it_was_seen_is_written_again(company: Company) -> None:
    employee = somebody()
    company.tenant.control(
        "POST", "faults", path="/members/.ref$", method="POST", effect="reverted", revert_ms=3000, count=1
    )
    joiner = await company.hire(employee, department="Finance")
    await company.until(joiner, "completed")

    await company.until_step(joiner, "second look", "done")

    account = company.account(employee)
    await company.eventually(lambda: "Finance" in company.groups(account["id"]))
    detail = await company.lifecycle(joiner)
    assert detail["status"] == "completed"


async def test_a_write_without_effect_is_noticed_and_parks_if_it_never_takes(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", effect="ignored")
    try:
        mover = await company.move(employee, title="Never there")
        parked = await company.until_step(mover, "verify", "attention", within=90)
    finally:
        company.tenant.control("POST", "faults", clear=True)

    assert "attributes" in parked["last_error"] or "jobTitle" in parked["last_error"]
    await company.command(mover, "cancel", mode="stop")
