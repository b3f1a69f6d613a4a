"""Parking, and what an administrator can do about it."""

import pytest

from embedded.wire import ApiError
from tests.end_to_end.company import Company, day, moment, somebody


async def test_a_licence_that_has_run_out_parks_its_step_and_retry_completes_it(company: Company) -> None:
    skus = company.graph("/v1.0/subscribedSkus")["value"]
    used = next(sku["consumedUnits"] for sku in skus if sku["skuPartNumber"] == "SPE_E3")
    company.tenant.control("POST", "settings", seats={"SPE_E3": used})
    try:
        joiner = await company.hire(somebody())
        parked = await company.until(joiner, "attention")
    finally:
        company.tenant.control("POST", "settings", seats={"SPE_E3": 20000})
    (step,) = [step for step in parked["steps"] if step["state"] == "attention"]
    assert (step["name"], step["cause"]) == ("licence SPE_E3", "NoLicenceLeft")
    assert next(line for line in parked["steps"] if line["name"] == "groups")["state"] == "done"

    answer = await company.command(joiner, "retry", step="licence SPE_E3")

    assert answer["status"] in ("running", "completed")
    await company.until(joiner, "completed")


async def test_a_skipped_step_is_waived_and_the_rest_goes_on(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", status=403, count=1)
    mover = await company.move(employee, title="Refused", department="Finance")
    await company.until_step(mover, "attributes", "attention")

    await company.command(mover, "skip", step="attributes")

    moved = await company.until(mover, "completed")
    (step,) = [step for step in moved["steps"] if step["name"] == "attributes"]
    assert (step["state"], step["grade"]) == ("skipped", "waived")
    assert "Finance" in company.groups(account["id"])


async def test_cancelling_with_restore_undoes_a_parked_hire(company: Company) -> None:
    employee = somebody()
    skus = company.graph("/v1.0/subscribedSkus")["value"]
    used = next(sku["consumedUnits"] for sku in skus if sku["skuPartNumber"] == "SPE_E3")
    company.tenant.control("POST", "settings", seats={"SPE_E3": used})
    try:
        joiner = await company.hire(employee)
        await company.until(joiner, "attention")
    finally:
        company.tenant.control("POST", "settings", seats={"SPE_E3": 20000})

    await company.command(joiner, "cancel", mode="restore")

    cancelled = await company.until(joiner, "cancelled")
    assert "undone" in {step["state"] for step in cancelled["steps"]}
    await company.eventually(lambda: company.accounts(employee) == [])


async def test_cancelling_with_stop_leaves_what_is(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", status=403, count=1)
    mover = await company.move(employee, title="Refused", department="Finance")
    await company.until_step(mover, "attributes", "attention")

    await company.command(mover, "cancel", mode="stop")

    await company.until(mover, "cancelled")
    assert company.account(employee)["accountEnabled"]


async def test_cancelling_with_contain_cuts_access_and_stops(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", status=403, count=1)
    mover = await company.move(employee, title="Refused", department="Finance")
    await company.until_step(mover, "attributes", "attention")

    await company.command(mover, "cancel", mode="contain")

    await company.until(mover, "cancelled")
    assert not company.account(employee)["accountEnabled"]


async def test_a_scheduled_lifecycle_can_be_expedited_and_postponed(company: Company) -> None:
    employee = somebody()
    await company.joined(employee)
    leaver = await company.terminate(employee, last_day=day(30))
    await company.until(leaver, "scheduled")

    postponed = await company.command(leaver, "postpone", until=moment(days=45))
    assert postponed["effective_at"][:10] == moment(days=45)[:10]

    await company.command(leaver, "expedite")
    await company.until(leaver, "retained")


@pytest.mark.parametrize("verb", ["retry", "release"])
async def test_a_senseless_command_is_refused(company: Company, verb: str) -> None:
    employee = somebody()
    await company.joined(employee)
    leaver = await company.terminate(employee, last_day=day(30))
    await company.until(leaver, "scheduled")

    with pytest.raises(ApiError) as refused:
        await company.command(leaver, verb)

    assert refused.value.status == 409


async def test_a_leaver_of_somebody_the_tenant_never_saw_parks_with_that_reason(company: Company) -> None:
    leaver = await company.terminate(somebody())

    parked = await company.until(leaver, "attention", within=30)

    (step,) = [step for step in parked["steps"] if step["state"] == "attention"]
    assert step["cause"] == "PersonUnknown"
    await company.command(leaver, "cancel", mode="stop")


async def test_a_held_lifecycle_begins_no_step_until_it_is_released(company: Company) -> None:
    employee = somebody()
    company.tenant.control("POST", "settings", latency_ms=300)
    try:
        joiner = await company.hire(employee)
        await company.until(joiner, "running")
        held = await company.command(joiner, "hold")
        assert held["status"] == "held"
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    await company.command(joiner, "release")
    await company.until(joiner, "completed")
