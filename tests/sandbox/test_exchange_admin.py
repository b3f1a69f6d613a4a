"""Exchange administration: who may, what each cmdlet does, and how it fails."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.sandbox.graph_hands import AT_ONCE, eventually, group_named, hire, refused
from tests.sandbox.mailbox_hands import OUTLOOK, Exchange, address, administering, licensed, to
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


@pytest.fixture
def exchange(tenant: Tenant) -> Iterator[Exchange]:
    with administering(tenant) as exchange:
        yield exchange


@pytest.fixture
def people(graph: httpx.Client) -> tuple[str, str]:
    """Two people with mailboxes; their addresses."""
    keys = licensed(graph), licensed(graph)
    eventually(lambda: all(graph.get(f"/v1.0/users/{key}/mailboxSettings").status_code == 200 for key in keys))
    return address(graph, keys[0]), address(graph, keys[1])


# -- the call ----------------------------------------------------------------------------------------------------------


def test_permission_and_role_are_both_needed(tenant: Tenant, graph: httpx.Client) -> None:
    path = f"/adminapi/beta/{tenant.json['tenant_id']}/InvokeCommand"
    body = {"CmdletInput": {"CmdletName": "Get-OrganizationConfig", "Parameters": {}}}
    with tenant.client() as stranger:
        answer = stranger.post(path, json=body)
        assert (answer.status_code, answer.content) == (401, b"")
        assert "00000002-0000-0ff1-ce00-000000000000" in answer.headers["www-authenticate"]
    assert graph.post(path, json=body).status_code == 401
    with administering(tenant, "helpdesk") as helpdesk:
        assert helpdesk.send("Get-OrganizationConfig").status_code == 403


def test_only_what_changes_something_counts_as_a_write(
    tenant: Tenant, exchange: Exchange, people: tuple[str, str]
) -> None:
    since = tenant.mark()
    exchange.run("Get-Mailbox", Identity=people[0])
    exchange.run("Set-Mailbox", Identity=people[0], HiddenFromAddressListsEnabled=True)
    rows = [(row["mutating"], row["status"]) for row in tenant.requests(since)]
    assert rows == [(False, 200), (True, 200)]


def test_failures_are_the_cmdlets_exceptions(exchange: Exchange, people: tuple[str, str]) -> None:
    nobody = exchange.fails(404, "ManagementObjectNotFoundException", "Get-Mailbox", Identity="nobody")
    assert "couldn't be found" in nobody
    exchange.fails(400, "CommandNotFoundException", "Get-Everything")
    assert "Colour" in exchange.fails(400, "AmbiguousParameterSetException", "Get-Mailbox", Colour="red")
    text = exchange.fails(400, "ParameterTransformationException", "Set-Mailbox", Identity=people[0], Type="Pink")
    assert "Regular, Room, Equipment, Shared" in text
    exchange.fails(400, "ParameterBindingException", "Get-CASMailbox")
    answer = exchange.client.post(f"/adminapi/beta/{OUTLOOK[8:15]}/InvokeCommand", json={})
    assert answer.status_code == 403


def test_names_of_parameters_have_no_case(exchange: Exchange, people: tuple[str, str]) -> None:
    assert exchange.run("get-mailbox", identity=people[0])[0]["PrimarySmtpAddress"] == people[0]


def test_objects_come_in_pages(exchange: Exchange) -> None:
    answer = exchange.send("Get-Mailbox", {"Prefer": "odata.maxpagesize=5"}).json()
    assert len(answer["value"]) == 5
    body = {"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {}}}
    following = exchange.client.post(answer["@odata.nextLink"], json=body).json()["value"]
    assert following[0]["Guid"] not in {found["Guid"] for found in answer["value"]}
    assert len(exchange.run("Get-Mailbox", ResultSize=3)) == 3


def test_the_public_endpoints_take_their_own_cmdlets_only(
    tenant: Tenant, exchange: Exchange, people: tuple[str, str]
) -> None:
    path = f"/adminapi/v2.0/{tenant.json['tenant_id']}"

    def send(endpoint: str, cmdlet: str, **parameters: object) -> int:
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        return exchange.client.post(f"{path}/{endpoint}", json=body).status_code

    assert send("Mailbox", "Get-Mailbox", Identity=people[0]) == 200
    assert send("Mailbox", "Set-Mailbox", Identity=people[0], GrantSendOnBehalfTo=[people[1]]) == 200
    assert send("Mailbox", "Set-Mailbox", Identity=people[0], Type="Shared") == 400
    assert send("OrganizationConfig", "Get-Mailbox") == 400
    assert send("CASMailbox", "Get-CASMailbox", Identity=people[0]) == 404


# -- mailboxes ---------------------------------------------------------------------------------------------------------


def test_holds_come_with_a_term_and_go_with_a_delay(exchange: Exchange, people: tuple[str, str]) -> None:
    exchange.run("Set-Mailbox", Identity=people[0], LitigationHoldEnabled=True, LitigationHoldDuration="365")
    found = exchange.run("Get-Mailbox", Identity=people[0])[0]
    assert (found["LitigationHoldEnabled"], found["LitigationHoldDuration"]) == (True, "365.00:00:00")
    exchange.run("Set-Mailbox", Identity=people[0], LitigationHoldEnabled="$false")
    found = exchange.run("Get-Mailbox", Identity=people[0])[0]
    assert (found["LitigationHoldEnabled"], found["DelayHoldApplied"]) == (False, True)
    exchange.run("Set-Mailbox", Identity=people[0], RemoveDelayHoldApplied=True)
    assert exchange.run("Get-Mailbox", Identity=people[0])[0]["DelayHoldApplied"] is False


def test_sending_on_behalf_is_added_to_and_taken_from(exchange: Exchange, people: tuple[str, str]) -> None:
    mailbox, other = people
    change = {"@odata.type": "#Exchange.GenericHashTable", "add": [other]}
    exchange.run("Set-Mailbox", Identity=mailbox, GrantSendOnBehalfTo=change)
    assert exchange.run("Get-Mailbox", Identity=mailbox)[0]["GrantSendOnBehalfTo"] == [other]
    exchange.run("Set-Mailbox", Identity=mailbox, GrantSendOnBehalfTo={"remove": other})
    assert exchange.run("Get-Mailbox", Identity=mailbox)[0]["GrantSendOnBehalfTo"] == []


def test_protocols_are_switched_off(exchange: Exchange, people: tuple[str, str]) -> None:
    assert exchange.run("Get-CASMailbox", Identity=people[0])[0]["OWAEnabled"] is True
    exchange.run("Set-CASMailbox", Identity=people[0], OWAEnabled=False, ActiveSyncEnabled=False)
    found = exchange.run("Get-CASMailbox", Identity=people[0])[0]
    assert (found["OWAEnabled"], found["ActiveSyncEnabled"], found["ImapEnabled"]) == (False, False, True)


def test_automatic_replies_are_those_of_graph(graph: httpx.Client, exchange: Exchange, people: tuple[str, str]) -> None:
    exchange.run(
        "Set-MailboxAutoReplyConfiguration",
        Identity=people[0], AutoReplyState="Enabled", InternalMessage="Gone.", ExternalAudience="Known",
    )  # fmt: skip
    reply = graph.get(f"/v1.0/users/{people[0]}/mailboxSettings").json()["automaticRepliesSetting"]
    assert (reply["status"], reply["externalAudience"]) == ("alwaysEnabled", "contactsOnly")
    found = exchange.run("Get-MailboxAutoReplyConfiguration", Identity=people[0])[0]
    assert (found["AutoReplyState"], found["InternalMessage"]) == ("Enabled", "Gone.")


def test_a_synced_mailbox_is_hidden_on_premises(graph: httpx.Client, exchange: Exchange) -> None:
    query = {"$filter": "onPremisesSyncEnabled eq true", "$select": "id"}
    key = graph.get("/v1.0/users", params=query).json()["value"][0]["id"]
    text = exchange.fails(
        400, "InvalidOperationException", "Set-Mailbox", Identity=key, HiddenFromAddressListsEnabled=True
    )
    assert "synchronized from your on-premises organization" in text


# -- rights ------------------------------------------------------------------------------------------------------------


def test_full_access_is_given_once_and_taken_once(exchange: Exchange, people: tuple[str, str]) -> None:
    mailbox, other = people
    right = {"Identity": mailbox, "User": other, "AccessRights": ["FullAccess"]}
    assert exchange.warnings("Add-MailboxPermission", **right) == []
    assert "already present" in exchange.warnings("Add-MailboxPermission", **right)[0]
    held = {one["User"]: one["AccessRights"] for one in exchange.run("Get-MailboxPermission", Identity=mailbox)}
    assert held == {r"NT AUTHORITY\SELF": ["FullAccess", "ReadPermission"], other: ["FullAccess"]}
    assert exchange.warnings("Remove-MailboxPermission", **right) == []
    assert "ACE isn't present" in exchange.warnings("Remove-MailboxPermission", **right)[0]


def test_sending_as_is_found_by_trustee(exchange: Exchange, people: tuple[str, str]) -> None:
    right = {"Identity": people[0], "Trustee": people[1], "AccessRights": ["SendAs"]}
    exchange.run("Add-RecipientPermission", **right)
    assert len(exchange.run("Get-RecipientPermission", Trustee=people[1])) == 1
    exchange.run("Remove-RecipientPermission", **right)
    assert exchange.run("Get-RecipientPermission", Trustee=people[1]) == []


def test_calendar_rights_are_given_changed_and_taken(exchange: Exchange, people: tuple[str, str]) -> None:
    folder = {"Identity": f"{people[0]}:\\Calendar", "User": people[1]}
    exchange.fails(400, "UserNotFoundInPermissionEntryException", "Remove-MailboxFolderPermission", **folder)
    exchange.run("Add-MailboxFolderPermission", **folder, AccessRights=["Reviewer"])
    exchange.fails(
        400,
        "UserAlreadyExistsInPermissionEntryException",
        "Add-MailboxFolderPermission",
        **folder,
        AccessRights="Editor",
    )
    exchange.run("Set-MailboxFolderPermission", **folder, AccessRights="Editor")
    found = exchange.run("Get-MailboxFolderPermission", Identity=folder["Identity"])
    assert {one["User"]: one["AccessRights"] for one in found} == {
        "Default": ["AvailabilityOnly"],
        "Anonymous": ["None"],
        people[1]: ["Editor"],
    }
    exchange.run("Remove-MailboxFolderPermission", **folder)


def test_the_seeded_company_has_rights_holds_and_devices(graph: httpx.Client, exchange: Exchange) -> None:
    helper = exchange.run("Get-MailboxPermission", Identity="reception@practice.example")[1]["User"]
    assert len(exchange.run("Get-RecipientPermission", Trustee=helper)) == 1
    assert any(box["LitigationHoldEnabled"] for box in exchange.run("Get-Mailbox"))
    assert exchange.run("Get-OrganizationConfig")[0]["InPlaceHolds"][0].endswith(":1")
    assert len(exchange.run("Get-MobileDevice")) >= 1


# -- groups, meetings, devices -----------------------------------------------------------------------------------------


def test_a_mail_enabled_groups_members_are_written_here_only(
    graph: httpx.Client, exchange: Exchange, people: tuple[str, str]
) -> None:
    group, key = group_named(graph, "All offices"), graph.get(f"/v1.0/users/{people[0]}").json()["id"]
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{key}"}
    refused(graph.post(f"/v1.0/groups/{group}/members/$ref", json=body), 400, "Request_BadRequest", "mail-enabled")
    member = {"Identity": "all-offices@practice.example", "Member": people[0]}
    exchange.run("Add-DistributionGroupMember", **member)
    exchange.fails(400, "MemberAlreadyExistsException", "Add-DistributionGroupMember", **member)
    listed = exchange.run("Get-DistributionGroupMember", Identity=group)
    assert key in {one["ExternalDirectoryObjectId"] for one in listed}
    assert key in {one["id"] for one in graph.get(f"/v1.0/groups/{group}/members").json()["value"]}
    exchange.run("Remove-DistributionGroupMember", **member)
    exchange.fails(400, "MemberNotFoundException", "Remove-DistributionGroupMember", **member)


def test_synced_and_unified_groups_are_no_business_of_these_cmdlets(
    exchange: Exchange, people: tuple[str, str]
) -> None:
    text = exchange.fails(
        400, "InvalidOperationException", "Add-DistributionGroupMember", Identity="Works council", Member=people[0]
    )
    assert "on-premises" in text
    exchange.fails(404, "ManagementObjectNotFoundException", "Get-DistributionGroup", Identity="Company news")


def test_organised_meetings_within_the_window_are_cancelled(
    graph: httpx.Client, exchange: Exchange, people: tuple[str, str]
) -> None:
    for days in (5, 50):
        start = {"dateTime": (datetime.now(UTC) + timedelta(days=days)).isoformat()[:19], "timeZone": "UTC"}
        body = {"subject": f"In {days}", "start": start, "end": start, "attendees": to(people[1])}
        assert graph.post(f"/v1.0/users/{people[0]}/events", json=body).status_code == 201
    window = {"Identity": people[0], "QueryWindowInDays": 30, "CancelOrganizedMeetings": True}
    assert len(exchange.warnings("Remove-CalendarEvents", **window, PreviewOnly=True)) == 1
    exchange.run("Remove-CalendarEvents", **window)
    assert [e["subject"] for e in graph.get(f"/v1.0/users/{people[0]}/events").json()["value"]] == ["In 50"]
    found = graph.get(f"/v1.0/users/{people[1]}/events").json()["value"]
    assert {event["subject"]: event["isCancelled"] for event in found} == {"Canceled: In 5": True, "In 50": False}


def test_a_device_is_wiped_and_forgotten(tenant: Tenant, exchange: Exchange) -> None:
    device = exchange.run("Get-MobileDevice")[0]
    exchange.run("Clear-MobileDevice", Identity=device["Identity"], AccountOnly=True)
    found = exchange.run("Get-MobileDevice", Identity=device["Guid"])[0]
    assert found["DeviceWipeStatus"] == "AccountOnlyDeviceWipePending"
    exchange.run("Clear-MobileDevice", Identity=device["Guid"], Cancel=True)


def test_the_unlicensed_have_no_mailbox_to_administer(graph: httpx.Client, exchange: Exchange) -> None:
    exchange.fails(404, "ManagementObjectNotFoundException", "Set-Mailbox", Identity=hire(graph), Type="Shared")
