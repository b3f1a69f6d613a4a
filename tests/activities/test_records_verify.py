"""Reading back at the practice tenant: seen, not yet seen, repaired, waived."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.verify import REPAIR_TRIES
from domain.runsheet import Outcome, Step, StepCall
from ledger import Entry, StepPatch
from tests.activities.enactment import Company, Enactment, company_at, hire, new_id, until
from tests.tenant import Tenant


@pytest.fixture
async def company(tenant: Tenant, tmp_path: Path) -> AsyncIterator[Company]:
    """The company at work."""
    async with company_at(tenant, tmp_path) as opened:
        yield opened


@pytest.fixture
async def joiner(company: Company) -> Enactment:
    """Somebody who has joined Finance."""
    sheet = await Enactment(company, hire(new_id())).open()
    await sheet.carry_out("join")
    return sheet


MISSING = {"aspect": "group", "id": "00000000-0000-4000-8000-00000000000a", "name": "Chess", "step": "groups"}


def verifying(joiner: Enactment, *checks: dict[str, Any], again: int = 0, **arguments: Any) -> StepCall:
    """A verify step of one's own."""
    step = Step(
        name="verify by hand",
        activity="records.verify",
        leg="verify",
        input={"checks": list(checks), "repair": False, "cut": False} | arguments,
    )
    return joiner.call(step, again)


async def refused(company: Company, call: StepCall, attempt: int = 1) -> ApplicationError:
    """What an attempt fails with."""
    with pytest.raises(ApplicationError) as caught:
        await company.try_once(call, "records.verify", attempt)
    return caught.value


async def test_what_is_not_shown_yet_is_waited_for_longer_and_longer(company: Company, joiner: Enactment) -> None:
    call = verifying(joiner, MISSING, {"aspect": "enabled"})
    delays = []
    for attempt in (1, 2, 9):
        error = await refused(company, call, attempt)
        assert (error.type, error.non_retryable) == ("NotYetSeen", False)
        assert "group Chess" in error.message
        assert "enabled" not in error.message
        assert error.next_retry_delay is not None
        delays.append(error.next_retry_delay.total_seconds())
    assert delays == [0.3, 0.6, company.policy.timings.settle_seconds]


async def test_what_was_seen_is_evidence_without_names_of_people(company: Company, joiner: Enactment) -> None:
    outcome = joiner.outcomes["verify"]
    assert outcome.grade == "observed"
    assert outcome.evidence["object_id"] == joiner.facts["object_id"]
    assert {"kind", "name", "id", "source"} == set(outcome.evidence["has"][0])
    assert "Byron" not in str(outcome.evidence)
    line = company.ledger.lifecycle(joiner.lifecycle_id)
    assert line is not None
    shown = next(step for step in line.steps if step.name == "verify")
    assert (shown.state, shown.grade) == ("done", "observed")


async def test_a_second_look_asks_for_what_is_missing(company: Company, joiner: Enactment) -> None:
    finance = next(iter(await company.graph.groups_by_name("Finance")))
    await company.graph.remove_from_groups(joiner.facts["object_id"], [finance.id])
    await until(lambda: is_gone(company, joiner.facts["object_id"], finance.id))
    looked = await joiner.second_look()
    assert looked.again == ["groups"]
    assert "group Finance" in looked.evidence["missing"]


async def test_a_second_look_mends_what_no_repeating_brings_back(company: Company, joiner: Enactment) -> None:
    await company.graph.update_user(joiner.facts["object_id"], {"jobTitle": "Impostor"})
    await until(lambda: is_titled(company, joiner.facts["object_id"], "Impostor"))
    looked = await joiner.second_look()
    assert looked.again == ["attributes as created"]
    mended = looked.steps[0]
    assert mended.activity == "accounts.update"
    await company.perform(joiner.call(mended, 1), mended.activity)
    again = joiner.call(next(step for step in joiner.steps if step.leg == "second_look"), 1)
    assert (await company.perform(again, "records.verify")).again == []


async def test_the_answer_of_a_second_look_survives_its_worker(company: Company, joiner: Enactment) -> None:
    call = verifying(joiner, MISSING, repair=True)
    first = await company.try_once(call, "records.verify")
    again = await company.try_once(call, "records.verify", attempt=2)
    assert again == first
    assert again.again == ["groups"]


async def test_a_repair_without_effect_is_told_after_some_looks(company: Company, joiner: Enactment) -> None:
    call = verifying(joiner, MISSING, again=1, repair=True)
    for attempt in range(1, REPAIR_TRIES):
        assert (await refused(company, call, attempt)).type == "NotYetSeen"
    outcome: Outcome = await company.try_once(call, "records.verify", REPAIR_TRIES)
    assert outcome.again == ["groups"]


async def test_what_no_step_can_bring_is_waited_for(company: Company, joiner: Enactment) -> None:
    inherited = {"aspect": "inherited_licence", "id": "00000000-0000-4000-8000-00000000000b", "name": "VISIO"}
    error = await refused(company, verifying(joiner, inherited, repair=True))
    assert error.type == "NotYetSeen"


async def test_what_was_waived_is_not_asked_for(company: Company, joiner: Enactment) -> None:
    company.ledger.append(
        Entry(key="skip", kind="command.skip", actor="admin", lifecycle_id=joiner.lifecycle_id),
        steps=[StepPatch("groups", state="skipped")],
    )
    outcome = await company.try_once(verifying(joiner, MISSING, {"aspect": "enabled"}), "records.verify")
    assert outcome.evidence["seen"] == ["enabled"]


async def test_without_an_account_there_is_nothing_to_verify(company: Company) -> None:
    sheet = await Enactment(company, hire(new_id())).open()
    error = await refused(company, verifying(sheet, {"aspect": "enabled"}))
    assert (error.type, error.non_retryable) == ("NoAccount", True)


async def is_gone(company: Company, object_id: str, group_id: str) -> bool:
    """Whether the membership is no longer shown."""
    return group_id not in {group.id for group in await company.graph.groups_of(object_id)}


async def is_titled(company: Company, object_id: str, title: str) -> bool:
    """Whether the title is shown."""
    return (await company.graph.user(object_id)).job_title == title
