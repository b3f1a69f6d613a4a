"""Microsoft's Graph SDK finds mailboxes, calendars, drives and teams as it does at Microsoft's."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from msgraph.generated.drives.item.items.item.invite.invite_post_request_body import InvitePostRequestBody
from msgraph.generated.models.aad_user_conversation_member import AadUserConversationMember
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.attendee import Attendee
from msgraph.generated.models.automatic_replies_setting import AutomaticRepliesSetting
from msgraph.generated.models.automatic_replies_status import AutomaticRepliesStatus
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.drive_item import DriveItem
from msgraph.generated.models.drive_recipient import DriveRecipient
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.event import Event
from msgraph.generated.models.folder import Folder
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.mailbox_settings import MailboxSettings
from msgraph.generated.models.message import Message
from msgraph.generated.models.message_rule import MessageRule
from msgraph.generated.models.message_rule_actions import MessageRuleActions
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.user import User
from msgraph.generated.models.user_purpose import UserPurpose
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.item.events.item.cancel.cancel_post_request_body import CancelPostRequestBody
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody
from msgraph.graph_service_client import GraphServiceClient

T = TypeVar("T")
SPE_E3 = uuid.UUID("05e9a617-0261-4cee-bb44-138d3ef5d965")


async def eventually(read: Callable[[], Awaitable[T | None]], seconds: float = 8) -> T:
    """What ``read`` answers once it is there; 404 is not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := await read():
                return found
        except ODataError as error:
            if error.response_status_code != 404:
                raise
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def licensed(graph: GraphServiceClient) -> User:
    """Somebody new with a mailbox and a drive."""
    name = f"t{uuid.uuid4().hex[:12]}"
    profile = PasswordProfile(password="Quite-l0ng-enough", force_change_password_next_sign_in=True)
    body = User(
        account_enabled=True,
        display_name=name,
        mail_nickname=name,
        user_principal_name=f"{name}@practice.example",
        usage_location="GB",
        password_profile=profile,
    )
    user = await graph.users.post(body)
    assert user
    assert user.id
    of_user = graph.users.by_user_id(user.id)
    licence = AssignLicensePostRequestBody(
        add_licenses=[AssignedLicense(sku_id=SPE_E3, disabled_plans=[])], remove_licenses=[]
    )
    await eventually(of_user.get)
    await of_user.assign_license.post(licence)
    await eventually(of_user.mailbox_settings.get)
    await eventually(of_user.drive.get)
    return user


def person(address: str | None) -> EmailAddress:
    return EmailAddress(address=address)


async def test_settings_and_rules(graph: GraphServiceClient) -> None:
    user = graph.users.by_user_id(str((await licensed(graph)).id))
    reply = AutomaticRepliesSetting(status=AutomaticRepliesStatus.AlwaysEnabled, internal_reply_message="Gone.")
    changed = await user.mailbox_settings.patch(MailboxSettings(automatic_replies_setting=reply))
    assert changed
    found = await user.mailbox_settings.get()
    assert found
    assert found.user_purpose == UserPurpose.User
    assert found.automatic_replies_setting
    assert found.automatic_replies_setting.status == AutomaticRepliesStatus.AlwaysEnabled
    rules = user.mail_folders.by_mail_folder_id("inbox").message_rules
    actions = MessageRuleActions(forward_to=[Recipient(email_address=person("a@else.example"))])
    made = await rules.post(MessageRule(display_name="Forward", sequence=1, is_enabled=True, actions=actions))
    assert made
    assert made.id
    listed = await rules.get()
    assert listed
    assert [rule.display_name for rule in listed.value or []] == ["Forward"]
    await rules.by_message_rule_id(made.id).delete()


async def test_mail_and_meetings(graph: GraphServiceClient) -> None:
    organiser, attendee = await licensed(graph), await licensed(graph)
    mine, theirs = graph.users.by_user_id(str(organiser.id)), graph.users.by_user_id(str(attendee.id))
    message = Message(
        subject="Hello",
        body=ItemBody(content_type=BodyType.Html, content="<p>Hello</p>"),
        to_recipients=[Recipient(email_address=person(attendee.user_principal_name))],
    )
    await mine.send_mail.post(SendMailPostRequestBody(message=message, save_to_sent_items=False))
    received = await theirs.mail_folders.by_mail_folder_id("inbox").messages.get()
    assert received
    assert [m.subject for m in received.value or []] == ["Hello"]
    start = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S")
    moment = DateTimeTimeZone(date_time=start, time_zone="UTC")
    people = [Attendee(email_address=person(attendee.user_principal_name))]
    made = await mine.events.post(Event(subject="Review", start=moment, end=moment, attendees=people))
    assert made
    assert made.id
    assert made.is_organizer
    await mine.events.by_event_id(made.id).cancel.post(CancelPostRequestBody(comment="Leaving."))
    copies = await theirs.calendar.events.get()
    assert copies
    assert [event.is_cancelled for event in copies.value or []] == [True]


async def test_a_drive_is_filled_shared_and_revoked(graph: GraphServiceClient) -> None:
    user, manager = await licensed(graph), await licensed(graph)
    drive = await graph.users.by_user_id(str(user.id)).drive.get()
    assert drive
    assert drive.id
    items = graph.drives.by_drive_id(drive.id).items
    folder = await items.by_drive_item_id("root").children.post(DriveItem(name="Handover", folder=Folder()))
    assert folder
    assert folder.id
    file = await items.by_drive_item_id("root:/Handover/notes.txt:").content.put(b"all I know")
    assert file
    assert file.size == 10
    assert await items.by_drive_item_id(str(file.id)).content.get() == b"all I know"
    body = InvitePostRequestBody(
        recipients=[DriveRecipient(email=manager.user_principal_name)],
        require_sign_in=True,
        send_invitation=False,
        roles=["write"],
    )
    invited = await items.by_drive_item_id("root").invite.post(body)
    assert invited
    [permission] = invited.value or []
    assert permission.granted_to_v2
    assert permission.granted_to_v2.user
    assert permission.granted_to_v2.user.id == manager.id
    permissions = items.by_drive_item_id("root").permissions
    await permissions.by_permission_id(str(permission.id)).delete()
    left = await permissions.get()
    assert left
    assert [one.roles for one in left.value or []] == [["owner"]]
    changes = await items.by_drive_item_id("root").delta.get()
    assert changes
    assert changes.odata_delta_link
    assert {item.name for item in changes.value or []} == {"root", "Handover", "notes.txt"}


async def test_a_team_gets_a_member(graph: GraphServiceClient) -> None:
    user = await licensed(graph)
    groups = await graph.groups.get()
    assert groups
    team_id = next(str(group.id) for group in groups.value or [] if group.display_name == "Company news")
    members = graph.teams.by_team_id(team_id).members
    bound = {"user@odata.bind": f"https://graph.microsoft.com/v1.0/users('{user.id}')"}
    added = await members.post(AadUserConversationMember(roles=[], additional_data=bound))
    assert isinstance(added, AadUserConversationMember)
    assert added.user_id == user.id
    joined = await graph.users.by_user_id(str(user.id)).joined_teams.get()
    assert joined
    assert [team.display_name for team in joined.value or []] == ["Company news"]
    await members.by_conversation_member_id(str(added.id)).delete()


async def test_what_is_not_there_is_their_exception(graph: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as caught:
        await graph.users.by_user_id("break.glass.one@practice.example").mailbox_settings.get()
    assert caught.value.error
    assert (caught.value.response_status_code, caught.value.error.code) == (404, "MailboxNotEnabledForRESTAPI")
    with pytest.raises(ODataError) as caught:
        await graph.users.by_user_id("break.glass.one@practice.example").drive.get()
    assert caught.value.error
    assert caught.value.error.message == "User's mysite not found."
