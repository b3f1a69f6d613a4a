"""A person's mailbox and calendar through Microsoft Graph v1.0.

A mailbox appears minutes after the licence and goes with it; every method raises ``NoMailbox`` while there is none.
An app is served four requests of one mailbox at a time, the fifth is ``Throttled``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors import readback
from connectors.collaboration_models import AutomaticReply, InboxRule, MailboxSettings, Meeting
from connectors.errors import NoMailbox
from connectors.graph_pages import pages
from connectors.http import Wire

_UTC = {"Prefer": 'outlook.timezone="UTC"'}
_MEETING = "id,subject,start,attendees,recurrence,type"


class Mailboxes:
    """Settings, inbox rules and organised meetings. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def settings(self, object_id: str) -> MailboxSettings:
        """What a mailbox is for, and its automatic reply.

        ``GET /users/{id}/mailboxSettings``; MailboxSettings.Read. Raises ``NoMailbox``. Graph,
        user-get-mailboxsettings.
        """
        body = (await self._wire.request("GET", f"{_user(object_id)}/mailboxSettings")).json()
        reply = AutomaticReply.read(body["automaticRepliesSetting"])
        return MailboxSettings(body.get("userPurpose") or "others", body.get("timeZone") or "UTC", reply)

    async def exists(self, object_id: str) -> bool:
        """Is the mailbox there? The same call as ``settings``; False instead of ``NoMailbox``."""
        try:
            await self.settings(object_id)
        except NoMailbox:
            return False
        return True

    async def wait(self, object_id: str, seconds: float) -> MailboxSettings:
        """The settings as soon as there is a mailbox; ``readback.NotSeen`` after ``seconds``.

        For commands and doctors: a workflow's step raises and comes back instead. The same call as ``settings``,
        repeated.
        """
        return await readback.until(lambda: self.settings(object_id), lambda _: True, seconds)

    async def set_reply(self, object_id: str, reply: AutomaticReply) -> None:
        """Set the automatic reply.

        ``PATCH /users/{id}/mailboxSettings`` → 200; MailboxSettings.ReadWrite. Raises ``NoMailbox``, ``Refused`` for a
        schedule that ends before it begins. Graph, user-update-mailboxsettings.
        """
        body = {"automaticRepliesSetting": reply.body()}
        await self._wire.request("PATCH", f"{_user(object_id)}/mailboxSettings", body=body)

    async def rules(self, object_id: str) -> list[InboxRule]:
        """The inbox rules.

        ``GET /users/{id}/mailFolders/inbox/messageRules``; MailboxSettings.Read. Graph, mailfolder-list-messagerules.
        """
        return [InboxRule.read(item) async for item in pages(self._wire, _rules(object_id))]

    async def add_forwarding_rule(self, object_id: str, name: str, address: str) -> InboxRule:
        """Forward everything that comes in, as an inbox rule; forwarding of the whole mailbox is Exchange's.

        ``POST /users/{id}/mailFolders/inbox/messageRules`` → 201; MailboxSettings.ReadWrite. Graph,
        mailfolder-post-messagerules.
        """
        to = [{"emailAddress": {"address": address}}]
        body = {"displayName": name, "sequence": 1, "isEnabled": True, "actions": {"forwardTo": to}}
        return InboxRule.read((await self._wire.request("POST", _rules(object_id), body=body)).json())

    async def disable_rule(self, object_id: str, rule_id: str) -> None:
        """Switch an inbox rule off. Raises ``NotFound``.

        ``PATCH /users/{id}/mailFolders/inbox/messageRules/{rule}`` → 200; MailboxSettings.ReadWrite. Graph,
        messagerule-update.
        """
        path = f"{_rules(object_id)}/{quote(rule_id, safe='')}"
        await self._wire.request("PATCH", path, body={"isEnabled": False})

    async def delete_rule(self, object_id: str, rule_id: str) -> None:
        """Delete an inbox rule; ``NotFound`` if it is gone.

        ``DELETE /users/{id}/mailFolders/inbox/messageRules/{rule}`` → 204; MailboxSettings.ReadWrite. Graph,
        messagerule-delete.
        """
        await self._wire.request("DELETE", f"{_rules(object_id)}/{quote(rule_id, safe='')}")

    async def organised_meetings(self, object_id: str, after: datetime) -> list[Meeting]:
        """The meetings with others that somebody organises and that take place after a moment, series included.

        ``GET /users/{id}/events?$filter=isOrganizer eq true``; Calendars.Read. Graph, user-list-events.
        """
        query = {"$filter": "isOrganizer eq true and isCancelled eq false", "$select": _MEETING, "$top": "100"}
        items = pages(self._wire, f"{_user(object_id)}/events", query, headers=_UTC)
        found = [Meeting.read(item) async for item in items]
        return [meeting for meeting in found if meeting.attendees and meeting.takes_place_after(after)]

    async def cancel_meeting(self, object_id: str, event_id: str, comment: str) -> None:
        """Cancel a meeting; the attendees are told. ``NotOrganiser`` for one that somebody else organises.

        ``POST /users/{id}/events/{event}/cancel`` → 202; Calendars.ReadWrite. Graph, event-cancel.
        """
        path = f"{_user(object_id)}/events/{quote(event_id, safe='')}/cancel"
        await self._wire.request("POST", path, body={"comment": comment})

    async def add_event(self, object_id: str, event: Mapping[str, Any]) -> Meeting:
        """Put an event into somebody's calendar, inviting its attendees (Graph resource type event).

        ``POST /users/{id}/events`` → 201; Calendars.ReadWrite. Graph, user-post-events.
        """
        answer = await self._wire.request("POST", f"{_user(object_id)}/events", body=event, headers=_UTC)
        return Meeting.read(answer.json())


def _user(object_id: str) -> str:
    return f"/users/{quote(object_id, safe='')}"


def _rules(object_id: str) -> str:
    return f"{_user(object_id)}/mailFolders/inbox/messageRules"
