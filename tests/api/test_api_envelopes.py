"""What reaches the person: ids filled in, dates turned into moments, durable without any worker."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from domain.events import Envelope, Update
from ledger import Entry, Ledger, PersonPatch
from tests.api.samples import day, hire, leaving, somebody
from tests.api.serving import Api
from workflows.contract import PersonStart


async def received(temporal: Client, employee_id: str) -> list[Envelope]:
    """The events that this person's workflow was signalled, from its history."""
    history = await temporal.get_workflow_handle(f"person:{employee_id}").fetch_history()
    converter = temporal.data_converter
    found: list[Envelope] = []
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            start = event.workflow_execution_started_event_attributes
            assert (await converter.decode(start.input.payloads, [PersonStart]))[0].employee_id == employee_id
            assert start.workflow_type.name == "PersonWorkflow"
            assert start.task_queue.name == "jml"
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            assert signal.signal_name == "event"
            found += await converter.decode(signal.input.payloads, [Envelope])
    return found


async def sent(api: Api, temporal: Client, path: str, body: Mapping[str, Any], **as_whom: Any) -> Envelope:
    """Post the event and read what its person got last."""
    answer = await api.post(f"/hr/{path}", dict(body), **{"role": "Hr.Operator", **as_whom})
    assert answer.status_code == 202, answer.text
    return (await received(temporal, body["employee_id"]))[-1]


async def test_a_hire_takes_effect_at_local_midnight_and_is_prepared_days_ahead(api: Api, temporal: Client) -> None:
    body = hire(hire_date="2027-07-01", time_zone="America/New_York", event_id="e1")
    envelope = await sent(api, temporal, "new-hire", body)
    assert envelope.effective_at == datetime(2027, 7, 1, 4, tzinfo=UTC)
    assert envelope.prepare_at is not None
    assert envelope.prepare_at < envelope.effective_at
    assert not envelope.due
    assert (envelope.event_id, envelope.lifecycle_id) == ("e1", f"joiner:{body['employee_id']}:e1")
    assert envelope.event.model_dump(mode="json", exclude_none=True) == {**body, "type": "new-hire"}


async def test_what_is_to_be_prepared_now_is_due(api: Api, temporal: Client) -> None:
    assert (await sent(api, temporal, "new-hire", hire(hire_date=day(0)))).due
    assert (await sent(api, temporal, "new-hire", hire(hire_date=day(-30)))).due
    assert not (await sent(api, temporal, "new-hire", hire(hire_date=day(60)))).due


async def test_a_last_day_ends_at_the_policys_hour_where_the_person_works(
    api: Api, temporal: Client, ledger: Ledger
) -> None:
    who = somebody()
    person = PersonPatch(who, datetime.now(UTC), {"time_zone": "Asia/Tokyo"})
    ledger.append(Entry(f"event:{who}:hired", "event", "hr", who, "hired"), person=person)
    envelope = await sent(api, temporal, "termination", leaving(employee_id=who, last_day="2027-03-31"))
    assert envelope.effective_at == datetime(2027, 3, 31, 8, tzinfo=UTC)


async def test_a_moment_is_kept_and_no_date_means_now(api: Api, temporal: Client) -> None:
    at = leaving(last_day=None, effective_at="2027-03-01T09:00:00+02:00")
    assert (await sent(api, temporal, "termination", at)).effective_at == datetime(2027, 3, 1, 7, tzinfo=UTC)
    envelope = await sent(api, temporal, "leave", {"employee_id": somebody()})
    assert envelope.due
    assert abs(envelope.effective_at - datetime.now(UTC)) < timedelta(seconds=10)


async def test_a_change_arrives_with_the_fields_that_were_given_and_no_other(api: Api, temporal: Client) -> None:
    body = {"employee_id": somebody(), "effective_at": day(1), "changes": {"title": "Boss", "office": None}}
    event = (await sent(api, temporal, "update", body)).event
    assert isinstance(event, Update)
    assert event.changes.given() == {"title": "Boss", "office": None}


async def test_the_sender_and_the_moment_of_entry_are_kept(api: Api, temporal: Client) -> None:
    token = await api.issuer.token("Hr.Operator", preferred_username="hr@practice.example")
    body = hire(occurred_at="2026-11-01T08:00:00Z")
    envelope = await sent(api, temporal, "new-hire", body, role=None, headers={"Authorization": f"Bearer {token}"})
    assert envelope.actor == "hr@practice.example"
    assert envelope.occurred_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    unnamed = await sent(api, temporal, "new-hire", hire(), oid="7c6b8a1e-0000-4000-8000-000000000001")
    assert unnamed.actor == "7c6b8a1e-0000-4000-8000-000000000001"
    assert abs(unnamed.occurred_at - datetime.now(UTC)) < timedelta(seconds=10)


async def test_events_of_one_person_reach_one_workflow_in_their_order(api: Api, temporal: Client) -> None:
    who = somebody()
    await sent(api, temporal, "new-hire", hire(employee_id=who, event_id="e1"))
    await sent(api, temporal, "leave", {"employee_id": who, "event_id": "e2"})
    await sent(api, temporal, "rescind", {"employee_id": who, "event_id": "e3"})
    assert [envelope.event_id for envelope in await received(temporal, who)] == ["e1", "e2", "e3"]
