"""A worker killed in the middle: everything ends right and nothing is written twice."""

import asyncio
import os
import signal

import pytest

from tests.end_to_end.company import Company, somebody
from tests.end_to_end.stack import Stack

pytestmark = pytest.mark.slow
AFTER = 90


def kill_worker(stack: Stack) -> None:
    os.kill(stack.children()["worker"], signal.SIGKILL)


@pytest.mark.parametrize("step", ["create account", "licence SPE_E3"])
async def test_a_joiner_survives_the_death_of_its_worker(stack: Stack, company: Company, step: str) -> None:
    employee, mark = somebody(), company.mark()
    company.tenant.control("POST", "settings", latency_ms=120)
    try:
        joiner = await company.hire(employee, department="IT")
        await company.until_step(joiner, step, "running", "done")
        kill_worker(stack)
        await company.until(joiner, "completed", within=AFTER)
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    account = company.account(employee)
    assert "IT" in company.groups(account["id"])
    assert company.written_twice(mark, account["id"]) == []
    assert company.written_twice(mark, account["userPrincipalName"]) == []


async def test_a_mover_survives_the_death_of_its_worker(stack: Stack, company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee, department="IT")
    mark = company.mark()
    company.tenant.control("POST", "settings", latency_ms=120)
    try:
        mover = await company.move(employee, department="Finance", title="Controller")
        await company.until_step(mover, "groups", "running", "done")
        kill_worker(stack)
        await company.until(mover, "completed", within=AFTER)
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    assert "Finance" in company.groups(account["id"])
    assert "IT" not in company.groups(account["id"])
    assert company.written_twice(mark, account["id"]) == []


@pytest.mark.parametrize("step", ["disable account", "reset password", "remove groups"])
async def test_a_leaver_survives_the_death_of_its_worker(stack: Stack, company: Company, step: str) -> None:
    employee = somebody()
    account = await company.joined(employee, department="IT")
    mark = company.mark()
    company.tenant.control("POST", "settings", latency_ms=120)
    try:
        leaver = await company.terminate(employee)
        await company.until_step(leaver, step, "running", "done")
        kill_worker(stack)
        await company.until(leaver, "retained", within=AFTER)
    finally:
        company.tenant.control("POST", "settings", latency_ms=0)

    gone = company.account(employee)
    assert not gone["accountEnabled"]
    await company.eventually(lambda: company.account(employee)["assignedLicenses"] == [])
    assert company.groups(account["id"]) == {"Block sign-in"}
    assert company.written_twice(mark, account["id"]) == []


async def test_events_are_accepted_while_no_worker_runs_and_carried_out_when_it_is_back(
    stack: Stack, company: Company
) -> None:
    employee = somebody()
    kill_worker(stack)

    receipt = await company.receipt(
        "new-hire",
        {
            "employee_id": employee,
            "given_name": "Ada",
            "family_name": f"Byron {employee}",
            "title": "Analyst",
            "department": "Sales",
            "country": "NL",
            "employee_type": "employee",
            "hire_date": "2026-01-01",
        },
    )

    assert receipt["status"] == "accepted"
    await company.until(receipt["lifecycle_workflow_id"], "completed", within=AFTER)


async def test_a_write_whose_answer_was_lost_is_not_sent_again(company: Company) -> None:
    employee = somebody()
    account = await company.joined(employee)
    mark = company.mark()
    company.tenant.control(
        "POST", "faults", path=f"/users/{account['id']}$", method="PATCH", when="after", drop=True, count=1
    )

    mover = await company.move(employee, title="Said once")
    await company.until(mover, "completed")
    await asyncio.sleep(0.5)

    assert company.account(employee)["jobTitle"] == "Said once"
    assert company.written_twice(mark, account["id"]) == []
