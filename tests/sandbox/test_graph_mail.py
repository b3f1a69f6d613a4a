"""Mailboxes: when they come and go, what can be set in them, and what happens to mail and meetings."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    AT_ONCE,
    SPE_E3,
    calling_as,
    eventually,
    form_group,
    hire,
    reference,
    refused,
    user,
)
from tests.sandbox.mailbox_hands import Exchange, address, administering, licence, licensed, to
from tests.tenant import Tenant

EXCHANGE_PLAN = "efb87545-963c-4e0d-99df-69c6916d9eb0"
NOT_THERE = "MailboxNotEnabledForRESTAPI"
MONTH_S = 31 * 86_400


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


@pytest.fixture
def exchange(tenant: Tenant) -> Iterator[Exchange]:
    with administering(tenant) as exchange:
        yield exchange


def settings(graph: httpx.Client, key: str) -> httpx.Response:
    return graph.get(f"/v1.0/users/{key}/mailboxSettings")


def status(graph: httpx.Client, key: str) -> int:
    return settings(graph, key).status_code


def open_mailboxes(graph: httpx.Client, *keys: str) -> None:
    eventually(lambda: all(status(graph, key) == 200 for key in keys))


def purpose(graph: httpx.Client, key: str) -> str:
    return str(graph.get(f"/v1.0/users/{key}/mailboxSettings/userPurpose").json()["value"])


def inbox(graph: httpx.Client, key: str) -> list[dict[str, Any]]:
    return list(graph.get(f"/v1.0/users/{key}/mailFolders/inbox/messages").json()["value"])


def send(graph: httpx.Client, sender: str, subject: str, *recipients: str, **rest: Any) -> httpx.Response:
    body = {"contentType": "HTML", "content": "<p>Hello</p>"}
    message = {"subject": subject, "body": body, "toRecipients": to(*recipients)}
    return graph.post(f"/v1.0/users/{sender}/sendMail", json={"message": message, **rest})


# -- coming and going --------------------------------------------------------------------------------------------------


def test_a_mailbox_comes_a_while_after_the_licence(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    tenant.control("POST", "settings", mailbox_delay_ms=400)
    licence(graph, key)
    refused(settings(graph, key), 404, NOT_THERE, "inactive, soft-deleted")
    assert user(graph, key, "mail")["mail"] is None
    eventually(lambda: status(graph, key) == 200)
    found = user(graph, key, "mail", "proxyAddresses", "userPrincipalName")
    assert found["mail"] == found["userPrincipalName"]
    assert found["proxyAddresses"] == [f"SMTP:{found['mail']}"]
    assert purpose(graph, key) == "user"


def test_a_licence_without_its_exchange_plan_gives_no_mailbox(graph: httpx.Client) -> None:
    key = hire(graph)
    licence(graph, key, without=(EXCHANGE_PLAN,))
    refused(settings(graph, key), 404, NOT_THERE)


def test_a_licence_by_group_gives_a_mailbox_and_leaving_takes_it(graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)
    body = {"addLicenses": [{"skuId": SPE_E3, "disabledPlans": []}], "removeLicenses": []}
    assert graph.post(f"/v1.0/groups/{group}/assignLicense", json=body).status_code == 202
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    eventually(lambda: status(graph, key) == 200)
    graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref")
    eventually(lambda: status(graph, key) == 404)


def test_without_its_licence_a_mailbox_is_kept_for_thirty_days(tenant: Tenant, graph: httpx.Client) -> None:
    key = licensed(graph)
    graph.patch(f"/v1.0/users/{key}/mailboxSettings", json={"timeZone": "W. Europe Standard Time"})
    licence(graph, key, remove=True)
    refused(settings(graph, key), 404, NOT_THERE)
    licence(graph, key)
    assert eventually(lambda: settings(graph, key).json().get("timeZone")) == "W. Europe Standard Time"
    licence(graph, key, remove=True)
    refused(settings(graph, key), 404, NOT_THERE)
    tenant.control("POST", "settings", clock_offset_s=MONTH_S)
    graph.headers["Authorization"] = f"Bearer {tenant.token()}"
    licence(graph, key)
    assert eventually(lambda: settings(graph, key).json().get("timeZone")) == "UTC"


def test_a_mailbox_made_shared_before_outlives_the_licence(
    tenant: Tenant, graph: httpx.Client, exchange: Exchange
) -> None:
    key = licensed(graph)
    open_mailboxes(graph, key)
    tenant.control("POST", "settings", mailbox_delay_ms=300)
    exchange.run("Set-Mailbox", Identity=key, Type="Shared")
    assert purpose(graph, key) == "user"
    eventually(lambda: purpose(graph, key) == "shared")
    licence(graph, key, remove=True)
    assert purpose(graph, key) == "shared"
    assert exchange.run("Get-Mailbox", Identity=key)[0]["RecipientTypeDetails"] == "SharedMailbox"


def test_a_licence_taken_before_the_conversion_is_through_takes_the_mailbox(
    tenant: Tenant, graph: httpx.Client, exchange: Exchange
) -> None:
    key = licensed(graph)
    open_mailboxes(graph, key)
    tenant.control("POST", "settings", mailbox_delay_ms=300)
    exchange.run("Set-Mailbox", Identity=key, Type="Shared")
    licence(graph, key, remove=True)
    refused(settings(graph, key), 404, NOT_THERE)
    exchange.fails(404, "ManagementObjectNotFoundException", "Get-Mailbox", Identity=key)


def test_a_deleted_users_mailbox_comes_back_with_them(graph: httpx.Client, exchange: Exchange) -> None:
    key = licensed(graph)
    eventually(lambda: status(graph, key) == 200)
    graph.delete(f"/v1.0/users/{key}")
    refused(settings(graph, key), 404, "Request_ResourceNotFound")
    gone = exchange.run("Get-Mailbox", Identity=key, SoftDeletedMailbox=True)[0]
    assert (gone["IsSoftDeletedByDisable"], gone["IsInactiveMailbox"]) == (True, False)
    graph.post(f"/v1.0/directory/deletedItems/{key}/restore")
    eventually(lambda: status(graph, key) == 200)


def test_a_user_deleted_on_hold_leaves_an_inactive_mailbox(
    tenant: Tenant, graph: httpx.Client, exchange: Exchange
) -> None:
    key = licensed(graph)
    eventually(lambda: status(graph, key) == 200)
    exchange.run("Set-Mailbox", Identity=key, LitigationHoldEnabled=True)
    graph.delete(f"/v1.0/users/{key}")
    refused(settings(graph, key), 404, "Request_ResourceNotFound")
    found = exchange.run("Get-Mailbox", Identity=key, InactiveMailboxOnly=True)[0]
    assert (found["IsInactiveMailbox"], found["LitigationHoldEnabled"]) == (True, True)


# -- settings and rules ------------------------------------------------------------------------------------------------


def test_seeded_mailboxes_of_every_purpose(graph: httpx.Client) -> None:
    assert purpose(graph, "reception@practice.example") == "shared"
    assert purpose(graph, "room.london@practice.example") == "room"
    assert graph.get("/v1.0/users('iam-notices@practice.example')/mailboxSettings").json()["userPurpose"] == "user"


def test_an_automatic_reply_is_set_and_answers(graph: httpx.Client) -> None:
    leaver, colleague = licensed(graph), licensed(graph)
    open_mailboxes(graph, leaver, colleague)
    reply = {"status": "alwaysEnabled", "externalAudience": "all", "internalReplyMessage": "I have left."}
    answer = graph.patch(f"/v1.0/users('{leaver}')/mailboxSettings", json={"automaticRepliesSetting": reply})
    assert answer.status_code == 200
    assert answer.json()["automaticRepliesSetting"]["status"] == "alwaysEnabled"
    assert settings(graph, leaver).json()["automaticRepliesSetting"]["internalReplyMessage"] == "I have left."
    assert send(graph, colleague, "Lunch?", address(graph, leaver)).status_code == 202
    assert [message["subject"] for message in inbox(graph, leaver)] == ["Lunch?"]
    assert [message["subject"] for message in inbox(graph, colleague)] == ["Automatic reply: Lunch?"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"status": "sometimes"}, "RequestBodyRead"),
        ({"externalAudience": "friends"}, "RequestBodyRead"),
        ({"loudness": 1}, "RequestBodyRead"),
        (
            {
                "status": "scheduled",
                "scheduledStartDateTime": {"dateTime": "2026-03-02T00:00:00", "timeZone": "UTC"},
                "scheduledEndDateTime": {"dateTime": "2026-03-01T00:00:00", "timeZone": "UTC"},
            },
            "ErrorInvalidScheduledOofDuration",
        ),
    ],
)
def test_an_automatic_reply_that_cannot_be_is_refused(graph: httpx.Client, reply: dict[str, Any], code: str) -> None:
    path = "/v1.0/users/iam-admins@practice.example/mailboxSettings"
    refused(graph.patch(path, json={"automaticRepliesSetting": reply}), 400, code)


def test_rules_are_made_listed_changed_and_deleted_and_forward(graph: httpx.Client) -> None:
    key, other = licensed(graph), licensed(graph)
    open_mailboxes(graph, key, other)
    path = f"/v1.0/users/{key}/mailFolders/inbox/messageRules"
    refused(graph.post(path, json={"displayName": "No action"}), 400, "ErrorInvalidRequest")
    rule = {"displayName": "On", "sequence": 2, "isEnabled": True, "actions": {"forwardTo": to(address(graph, other))}}
    made = graph.post(path, json=rule)
    assert (made.status_code, made.json()["hasError"]) == (201, False)
    one = f"/v1.0/users/{key}/mailFolders('inbox')/messageRules('{made.json()['id']}')"
    assert [found["displayName"] for found in graph.get(path).json()["value"]] == ["On"]
    send(graph, "iam-notices@practice.example", "For both", address(graph, key))
    assert [m["subject"] for m in inbox(graph, other)] == ["For both"]
    assert graph.patch(one, json={"isEnabled": False}).json()["isEnabled"] is False
    assert graph.delete(one).status_code == 204
    refused(graph.get(one), 404, "ErrorItemNotFound")


def test_one_application_has_four_calls_of_a_mailbox_at_a_time(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", latency_ms=200)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: settings(graph, "iam-admins@practice.example"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 4
    crowded = next(answer for answer in answers if answer.status_code == 429)
    refused(crowded, 429, "ApplicationThrottled", "MailboxConcurrency")
    assert crowded.headers["retry-after"].isdecimal()
    parts = [{"id": str(n), "method": "GET", "url": "/users/iam-admins@practice.example/messages"} for n in range(8)]
    answer = graph.post("/v1.0/$batch", json={"requests": parts})
    assert {part["status"] for part in answer.json()["responses"]} == {200}


# -- mail --------------------------------------------------------------------------------------------------------------


def test_mail_reaches_people_and_lists_and_only_then_sent_items(graph: httpx.Client) -> None:
    sender, receiver = licensed(graph), licensed(graph)
    open_mailboxes(graph, sender, receiver)
    assert send(graph, sender, "Kept", address(graph, receiver)).content == b""
    assert send(graph, sender, "Not kept", address(graph, receiver), saveToSentItems=False).status_code == 202
    sent = graph.get(f"/v1.0/users/{sender}/mailFolders/sentitems/messages", params={"$select": "subject"}).json()
    assert [message["subject"] for message in sent["value"]] == ["Kept"]
    query = {"$filter": "subject eq 'Kept'", "$select": "subject,isRead,from"}
    found = graph.get(f"/v1.0/users/{receiver}/messages", params=query).json()["value"]
    assert [(m["subject"], m["isRead"]) for m in found] == [("Kept", False)]
    assert found[0]["from"]["emailAddress"]["address"] == address(graph, sender)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"subject": "x", "toRecipients": []}, "ErrorInvalidRecipients"),
        ({"subject": "x", "toRecipients": to("nobody")}, "ErrorInvalidRecipients"),
        ({"toRecipients": to("a@b.example"), "body": {"contentType": "pdf", "content": ""}}, "RequestBodyRead"),
        (
            {"toRecipients": to("a@b.example"), "internetMessageHeaders": [{"name": "Subject", "value": "x"}]},
            "InvalidInternetMessageHeader",
        ),
    ],
)
def test_mail_that_cannot_be_sent_is_refused(graph: httpx.Client, message: dict[str, Any], code: str) -> None:
    path = "/v1.0/users/iam-notices@practice.example/sendMail"
    refused(graph.post(path, json={"message": message}), 400, code)


def test_nobody_and_the_unlicensed_send_nothing(tenant: Tenant, graph: httpx.Client, application: Application) -> None:
    refused(send(graph, hire(graph), "x", "a@b.example"), 404, NOT_THERE)
    refused(send(graph, "nobody@practice.example", "x", "a@b.example"), 404, "ErrorInvalidUser")
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        text = "Access is denied. Check credentials and try again."
        refused(settings(helpdesk, "iam-admins@practice.example"), 403, "ErrorAccessDenied", text)


def test_a_mailbox_forwards_with_and_without_a_copy(graph: httpx.Client, exchange: Exchange) -> None:
    leaver, manager = licensed(graph), licensed(graph)
    open_mailboxes(graph, leaver, manager)
    target = address(graph, manager)
    exchange.run("Set-Mailbox", Identity=leaver, ForwardingSmtpAddress=target, DeliverToMailboxAndForward=True)
    send(graph, "iam-notices@practice.example", "One", address(graph, leaver))
    exchange.run("Set-Mailbox", Identity=leaver, DeliverToMailboxAndForward=False)
    send(graph, "iam-notices@practice.example", "Two", address(graph, leaver))
    assert [m["subject"] for m in inbox(graph, leaver)] == ["One"]
    assert [m["subject"] for m in inbox(graph, manager)] == ["Two", "One"]


# -- meetings ----------------------------------------------------------------------------------------------------------


def at(days: int) -> dict[str, str]:
    moment = datetime.now(UTC) + timedelta(days=days)
    return {"dateTime": moment.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def test_an_organised_meeting_is_in_both_calendars_until_it_is_cancelled(graph: httpx.Client) -> None:
    organiser, attendee = licensed(graph), licensed(graph)
    open_mailboxes(graph, organiser, attendee)
    body = {"subject": "Review", "start": at(3), "end": at(4), "attendees": to(address(graph, attendee))}
    made = graph.post(f"/v1.0/users/{organiser}/calendar/events", json=body)
    assert (made.status_code, made.json()["isOrganizer"]) == (201, True)
    copy = graph.get(f"/v1.0/users/{attendee}/events").json()["value"][0]
    assert (copy["isOrganizer"], copy["iCalUId"]) == (False, made.json()["iCalUId"])
    refused(graph.post(f"/v1.0/users/{attendee}/events/{copy['id']}/cancel"), 400, "ErrorInvalidRequest", "organizer")
    path = f"/v1.0/users/{organiser}/events/{made.json()['id']}"
    assert graph.patch(path, json={"subject": "Big review"}).json()["subject"] == "Big review"
    query = {"$filter": "isOrganizer eq true", "$select": "subject"}
    assert len(graph.get(f"/v1.0/users/{organiser}/events", params=query).json()["value"]) == 1
    assert graph.post(path + "/cancel", json={"Comment": "I am leaving."}).status_code == 202
    refused(graph.get(path), 404, "ErrorItemNotFound")
    copy = graph.get(f"/v1.0/users/{attendee}/events/{copy['id']}").json()
    assert (copy["isCancelled"], copy["subject"]) == (True, "Canceled: Big review")


def test_a_series_is_seen_each_time_in_the_view(graph: httpx.Client) -> None:
    key = licensed(graph)
    eventually(lambda: status(graph, key) == 200)
    series = {"pattern": {"type": "daily", "interval": 2}, "range": {"type": "numbered", "numberOfOccurrences": 3}}
    body = {"subject": "Stand-up", "start": at(1), "end": at(1), "recurrence": series}
    body["end"] = {**at(1), "dateTime": body["start"]["dateTime"][:11] + "23:59:59"}  # type: ignore[index]
    assert graph.post(f"/v1.0/users/{key}/events", json=body).json()["type"] == "seriesMaster"
    path = f"/v1.0/users/{key}/calendarView"
    window = {"startDateTime": at(0)["dateTime"], "endDateTime": at(30)["dateTime"]}
    found = graph.get(path, params=window).json()["value"]
    assert [event["type"] for event in found] == ["occurrence"] * 3
    refused(graph.get(path), 400, "ErrorInvalidParameter", "time window")
    decade = {"startDateTime": at(0)["dateTime"], "endDateTime": at(3650)["dateTime"]}
    refused(graph.get(path, params=decade), 400, "ErrorInvalidRequest", "1825")


def test_a_series_without_end_is_seen_years_later(graph: httpx.Client) -> None:
    key = licensed(graph)
    eventually(lambda: status(graph, key) == 200)
    pattern = {"pattern": {"type": "daily", "interval": 2}, "range": {"type": "noEnd"}}
    body = {"subject": "Stand-up", "start": at(0), "end": at(0), "recurrence": pattern}
    body["end"] = {**at(0), "dateTime": body["start"]["dateTime"][:11] + "23:59:59"}  # type: ignore[index]
    assert graph.post(f"/v1.0/users/{key}/events", json=body).status_code == 201
    window = {"startDateTime": at(4000)["dateTime"], "endDateTime": at(4005)["dateTime"]}
    found = graph.get(f"/v1.0/users/{key}/calendarView", params=window).json()["value"]
    assert [event["start"]["dateTime"][:10] for event in found] == [
        at(day)["dateTime"][:10] for day in (4000, 4002, 4004)
    ]


def test_items_are_paged_by_skipping(graph: httpx.Client) -> None:
    key = licensed(graph)
    eventually(lambda: status(graph, key) == 200)
    for number in range(5):
        graph.post(f"/v1.0/users/{key}/events", json={"subject": str(number), "start": at(1), "end": at(2)})
    page = graph.get(f"/v1.0/users/{key}/events", params={"$top": 3, "$count": "true"}).json()
    assert (len(page["value"]), page["@odata.count"]) == (3, 5)
    assert len(graph.get(page["@odata.nextLink"]).json()["value"]) == 2
