"""Messages: sent once, and never a second time in doubt."""

import pytest
from temporalio.exceptions import ApplicationError

from domain.runsheet import StepCall
from ledger import Ledger
from tests.activities.driver import Driver, assert_attributable, rows_of, step_call
from tests.connectors.identities import fault, last_request, writes
from tests.tenant import Tenant

ADMINISTRATORS = "iam-admins@practice.example"
SENDER = "iam-notices@practice.example"


def notice() -> StepCall:
    given = {"to": [ADMINISTRATORS], "subject": "Ada starts", "text": "On Monday.", "sender": SENDER}
    return step_call("notice", given, object_id="x")


async def test_a_message_is_announced_in_the_ledger_and_sent(driver: Driver, ledger: Ledger, tenant: Tenant) -> None:
    call, since = notice(), last_request(tenant)
    outcome = await driver.complete("notices.send", call)
    assert (outcome.evidence, outcome.grade) == ({"sent": True, "recipients": 1}, "acknowledged")
    assert [row["kind"] for row in rows_of(ledger, call)] == ["notice.sending", "step.done"]
    [row] = writes(tenant, since)
    assert row["path"].endswith(f"{SENDER.replace('@', '%40')}/sendMail") or row["path"].endswith(f"{SENDER}/sendMail")
    assert ADMINISTRATORS not in str(rows_of(ledger, call))
    assert_attributable(tenant, ledger, call, since)


async def test_in_doubt_a_message_is_not_sent_again(driver: Driver, ledger: Ledger, tenant: Tenant) -> None:
    call, since = notice(), last_request(tenant)
    fault(tenant, "/sendMail$", drop=True, when="after", count=1)
    outcome = await driver.complete("notices.send", call)
    assert outcome.evidence["sent"] == "may have been sent"
    assert outcome.grade is None
    assert len(writes(tenant, since, accepted=False)) == 1
    assert_attributable(tenant, ledger, call, since)


async def test_a_message_refused_for_sure_is_sent_later(driver: Driver, tenant: Tenant) -> None:
    call, since = notice(), last_request(tenant)
    fault(tenant, "/sendMail$", status=429, retry_after=1, code="ApplicationThrottled", count=1)
    outcome = await driver.complete("notices.send", call)
    assert outcome.grade == "acknowledged"
    assert len(writes(tenant, since)) == 1


async def test_a_worker_that_died_while_sending_is_not_repeated(driver: Driver, ledger: Ledger, tenant: Tenant) -> None:
    call = notice()
    fault(tenant, "/sendMail$", status=503, count=1)
    with pytest.raises(ApplicationError):
        await driver.attempt("notices.send", call)
    since = last_request(tenant)
    assert (await driver.attempt("notices.send", call, 2)).evidence["sent"] == "may have been sent"
    assert writes(tenant, since) == []


async def test_a_retry_on_command_sends_anew(driver: Driver, tenant: Tenant) -> None:
    call = notice()
    await driver.complete("notices.send", call)
    since = last_request(tenant)
    await driver.complete("notices.send", call.model_copy(update={"round": 1}))
    assert len(writes(tenant, since)) == 1


async def test_administrators_hear_of_a_parked_step(driver: Driver, ledger: Ledger, tenant: Tenant) -> None:
    given = {"step": "licence SPE_E3", "cause": "NoLicenceLeft", "error": "Buy or free a seat; then retry."}
    call, since = step_call("notice about licence SPE_E3", given), last_request(tenant)
    await driver.complete("notices.attention", call)
    [row] = writes(tenant, since)
    message = row["body"]["message"]
    assert message["subject"] == f"Needs attention: licence SPE_E3 for {call.employee_id}"
    assert "Cause: NoLicenceLeft" in message["body"]["content"]
    assert [one["emailAddress"]["address"] for one in message["toRecipients"]] == [ADMINISTRATORS]


async def test_without_anybody_to_write_to_it_says_so(driver: Driver) -> None:
    driver.attention_to = []
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("notices.attention", step_call("notice", {}))
    assert (caught.value.type, caught.value.non_retryable) == ("NoAddress", True)
