"""Mailboxes and calendars through the Graph client."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.collaboration_models import AutomaticReply, Meeting
from connectors.errors import Forbidden, NoMailbox, NotFound, NotOrganiser, Refused, Throttled
from connectors.graph import GraphClient
from connectors.readback import NotSeen
from tests.connectors.collaboration import SPE_E3, licensed
from tests.connectors.identities import eventually, fault, hired, tokens
from tests.tenant import Tenant


async def test_a_mailbox_is_waited_for(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    assert await graph.mailboxes.exists(user.id) is False
    with pytest.raises(NotSeen) as caught:
        await graph.mailboxes.wait(user.id, 0.2)
    assert isinstance(caught.value.__cause__, NoMailbox)
    await graph.assign_licence(user.id, SPE_E3)
    found = await graph.mailboxes.wait(user.id, 8)
    assert (found.purpose, found.shared, found.reply.status) == ("user", False, "disabled")


async def test_the_automatic_reply_is_set_and_read_back(graph: GraphClient) -> None:
    user = await licensed(graph)
    start = datetime(2027, 3, 1, 8, tzinfo=UTC)
    reply = AutomaticReply("scheduled", "Gone.", "No longer here.", "contactsOnly", start, start + timedelta(days=30))
    await graph.mailboxes.set_reply(user.id, reply)
    assert (await graph.mailboxes.settings(user.id)).reply == reply
    with pytest.raises(Refused):
        await graph.mailboxes.set_reply(user.id, AutomaticReply("scheduled", start=start, end=start))


async def test_rules_are_added_switched_off_and_deleted(graph: GraphClient) -> None:
    user = await licensed(graph)
    made = await graph.mailboxes.add_forwarding_rule(user.id, "Forward", "elsewhere@else.example")
    assert made.forwards_to == ("elsewhere@else.example",)
    await graph.mailboxes.disable_rule(user.id, made.id)
    assert [(rule.name, rule.enabled) for rule in await graph.mailboxes.rules(user.id)] == [("Forward", False)]
    await graph.mailboxes.delete_rule(user.id, made.id)
    with pytest.raises(NotFound):
        await graph.mailboxes.delete_rule(user.id, made.id)


async def test_meetings_to_come_are_found_and_cancelled_by_their_organiser(graph: GraphClient) -> None:
    user, other = await licensed(graph), await licensed(graph)
    now = datetime.now(UTC)
    invited = [{"emailAddress": {"address": other.user_principal_name}}]

    async def meet(subject: str, days: int, **rest: object) -> Meeting:
        start = {"dateTime": (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}
        event = {"subject": subject, "start": start, "end": start, "attendees": invited, **rest}
        return await graph.mailboxes.add_event(user.id, event)

    weekly = {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}, "range": {"type": "noEnd"}}
    await meet("past", -3)
    coming, alone, series = (
        await meet("coming", 3),
        await meet("alone", 3, attendees=[]),
        await meet("series", -9, recurrence=weekly),
    )
    found = {meeting.id for meeting in await graph.mailboxes.organised_meetings(user.id, now)}
    assert found == {coming.id, series.id}
    assert alone.id not in found
    await graph.mailboxes.cancel_meeting(user.id, coming.id, "Leaving.")
    assert [m.id for m in await graph.mailboxes.organised_meetings(user.id, now)] == [series.id]
    query = await graph._wire.request("GET", f"/users/{other.id}/events")
    copy = next(item for item in query.json()["value"] if item["subject"] == "series")
    with pytest.raises(NotOrganiser):
        await graph.mailboxes.cancel_meeting(other.id, copy["id"], "Not mine.")


async def test_a_crowded_mailbox_is_throttled(graph: GraphClient, tenant: Tenant) -> None:
    fault(tenant, "/mailboxSettings$", status=429, retry_after=1, code="ApplicationThrottled", count=1)
    with pytest.raises(Throttled) as caught:
        await graph.mailboxes.settings("iam-admins@practice.example")
    assert (caught.value.code, caught.value.retry_after) == ("ApplicationThrottled", 1)


async def test_a_mailbox_is_closed_to_whoever_lacks_the_permission(tenant: Tenant) -> None:
    limited = GraphClient(tenant.base_url, tokens(tenant, "limited"), ca_file=tenant.ca_file)
    with pytest.raises(Forbidden):
        await limited.mailboxes.settings("iam-admins@practice.example")
    await limited.aclose()


async def test_a_mailbox_goes_with_its_licence(graph: GraphClient) -> None:
    user = await licensed(graph)
    await graph.remove_licences(user.id, [SPE_E3])

    async def gone() -> bool:
        return not await graph.mailboxes.exists(user.id)

    assert await eventually(gone)
