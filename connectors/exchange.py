"""Exchange administration over REST: what Microsoft Graph cannot do to a mailbox, one method for each command.

It is the call that Exchange's own PowerShell module makes. Needs the application permission Exchange.ManageAsApp and
the directory role Exchange Administrator; without either every method raises ``Forbidden``.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from connectors.collaboration_models import Mailbox, MailboxType, MobileDevice, Right
from connectors.errors import Unavailable
from connectors.exchange_port import Done
from connectors.http import TokenSource, Wire

_PAGE = 1000
_ANCHOR = "UPN:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{}"
_PROTOCOLS = ("OWAEnabled", "ActiveSyncEnabled", "ImapEnabled", "PopEnabled", "MAPIEnabled", "EwsEnabled")
_SELF = "NT AUTHORITY\\SELF"


class ExchangeRest:
    """``ExchangePort`` by ``POST /adminapi/beta/{tenant}/InvokeCommand``; Microsoft may change it without notice.

    Every command needs Exchange.ManageAsApp and a role in Exchange. As each is a POST, ``read_only`` refuses them all.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        *,
        tenant_id: str,
        domain: str,
        ca_file: Path | None = None,
        read_only: bool = False,
    ) -> None:
        self._wire = Wire(base_url, tokens, ca_file=ca_file, read_only=read_only)
        self._path = f"/adminapi/beta/{quote(tenant_id, safe='')}/InvokeCommand"
        self._headers = {"X-AnchorMailbox": _ANCHOR.format(domain), "Prefer": f"odata.maxpagesize={_PAGE}"}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def mailbox(self, identity: str) -> Mailbox:
        """One mailbox in use. ``Get-Mailbox``."""
        return Mailbox.read(await self._one("Get-Mailbox", Identity=identity))

    async def inactive_mailbox(self, identity: str) -> Mailbox:
        """A mailbox that a hold keeps after its user has gone. ``Get-Mailbox -InactiveMailboxOnly``."""
        return Mailbox.read(await self._one("Get-Mailbox", Identity=identity, InactiveMailboxOnly=True))

    async def convert(self, identity: str, to: MailboxType) -> None:
        """Make a mailbox shared or regular. ``Set-Mailbox -Type``."""
        await self._run("Set-Mailbox", Identity=identity, Type=to)

    async def set_hold(self, identity: str, on: bool, days: int | None = None) -> None:
        """Litigation hold on or off. ``Set-Mailbox -LitigationHoldEnabled``."""
        duration = {"LitigationHoldDuration": str(days) if days else "Unlimited"} if on else {}
        await self._run("Set-Mailbox", Identity=identity, LitigationHoldEnabled=on, **duration)

    async def forward(self, identity: str, address: str | None, *, keep_copy: bool = True) -> None:
        """Forward all mail, or no more. ``Set-Mailbox -ForwardingSmtpAddress``."""
        keep = keep_copy if address else False
        await self._run(
            "Set-Mailbox", Identity=identity, ForwardingSmtpAddress=address, DeliverToMailboxAndForward=keep
        )

    async def hide(self, identity: str, hidden: bool = True) -> None:
        """Leave a mailbox out of address lists. ``Set-Mailbox -HiddenFromAddressListsEnabled``."""
        await self._run("Set-Mailbox", Identity=identity, HiddenFromAddressListsEnabled=hidden)

    async def mailbox_rights(self, identity: str) -> list[Right]:
        """Who has rights on a mailbox beside its owner. ``Get-MailboxPermission``."""
        found = [Right.read(item) async for item in self._objects("Get-MailboxPermission", Identity=identity)]
        return [right for right in found if right.user != _SELF]

    async def grant_full_access(self, identity: str, user: str) -> Done:
        """Let somebody into a mailbox. ``Add-MailboxPermission``."""
        return await self._run(
            "Add-MailboxPermission", Identity=identity, User=user, AccessRights=["FullAccess"], AutoMapping=False
        )

    async def revoke_full_access(self, identity: str, user: str) -> Done:
        """Let somebody into a mailbox no more. ``Remove-MailboxPermission``."""
        return await self._run(
            "Remove-MailboxPermission", Identity=identity, User=user, AccessRights=["FullAccess"], Confirm=False
        )

    async def send_as_rights(self, trustee: str) -> list[str]:
        """The mailboxes that somebody may send as. ``Get-RecipientPermission -Trustee``."""
        return [str(item["Identity"]) async for item in self._objects("Get-RecipientPermission", Trustee=trustee)]

    async def grant_send_as(self, identity: str, trustee: str) -> Done:
        """Let somebody send as a mailbox. ``Add-RecipientPermission``."""
        return await self._run(
            "Add-RecipientPermission", Identity=identity, Trustee=trustee, AccessRights=["SendAs"], Confirm=False
        )

    async def revoke_send_as(self, identity: str, trustee: str) -> Done:
        """Let somebody send as a mailbox no more. ``Remove-RecipientPermission``."""
        return await self._run(
            "Remove-RecipientPermission", Identity=identity, Trustee=trustee, AccessRights=["SendAs"], Confirm=False
        )

    async def set_send_on_behalf(self, identity: str, users: Sequence[str]) -> None:
        """Who may send on behalf of a mailbox. ``Set-Mailbox -GrantSendOnBehalfTo``."""
        await self._run("Set-Mailbox", Identity=identity, GrantSendOnBehalfTo=list(users))

    async def calendar_rights(self, identity: str) -> list[Right]:
        """Who has rights on a calendar. ``Get-MailboxFolderPermission``."""
        items = self._objects("Get-MailboxFolderPermission", Identity=_calendar(identity))
        return [Right.read(item) async for item in items]

    async def grant_calendar(self, identity: str, user: str, right: str) -> None:
        """Give rights on a calendar. ``Add-MailboxFolderPermission``."""
        await self._run("Add-MailboxFolderPermission", Identity=_calendar(identity), User=user, AccessRights=[right])

    async def revoke_calendar(self, identity: str, user: str) -> None:
        """Take rights on a calendar. ``Remove-MailboxFolderPermission``."""
        await self._run("Remove-MailboxFolderPermission", Identity=_calendar(identity), User=user, Confirm=False)

    async def protocols(self, identity: str) -> dict[str, bool]:
        """Which protocols a mailbox takes. ``Get-CASMailbox``."""
        found = await self._one("Get-CASMailbox", Identity=identity)
        return {name: bool(found.get(name)) for name in _PROTOCOLS}

    async def protocols_off(self, identity: str) -> None:
        """Let no client reach a mailbox. ``Set-CASMailbox``."""
        await self._run("Set-CASMailbox", Identity=identity, **dict.fromkeys(_PROTOCOLS, False))

    async def group_members(self, group: str) -> list[str]:
        """The object ids of a mail-enabled group's members. ``Get-DistributionGroupMember``."""
        items = self._objects("Get-DistributionGroupMember", Identity=group, ResultSize="Unlimited")
        return [str(item["ExternalDirectoryObjectId"]) async for item in items]

    async def add_to_group(self, group: str, member: str) -> None:
        """Add to a mail-enabled group. ``Add-DistributionGroupMember``."""
        await self._run(
            "Add-DistributionGroupMember", Identity=group, Member=member, BypassSecurityGroupManagerCheck=True
        )

    async def remove_from_group(self, group: str, member: str) -> None:
        """Take out of a mail-enabled group. ``Remove-DistributionGroupMember``."""
        await self._run(
            "Remove-DistributionGroupMember",
            Identity=group,
            Member=member,
            BypassSecurityGroupManagerCheck=True,
            Confirm=False,
        )

    async def cancel_meetings(self, identity: str, days: int) -> None:
        """Cancel all meetings somebody organises in the coming days. ``Remove-CalendarEvents``."""
        await self._run(
            "Remove-CalendarEvents",
            Identity=identity,
            CancelOrganizedMeetings=True,
            QueryWindowInDays=days,
            Confirm=False,
        )

    async def organisation_holds(self) -> list[str]:
        """The retention policies that are on everybody. ``Get-OrganizationConfig``."""
        return [str(hold) for hold in (await self._one("Get-OrganizationConfig")).get("InPlaceHolds") or ()]

    async def mobile_devices(self, identity: str) -> list[MobileDevice]:
        """The devices that synchronise a mailbox. ``Get-MobileDevice -Mailbox``."""
        items = self._objects("Get-MobileDevice", Mailbox=identity)
        return [
            MobileDevice(item["Guid"], item.get("FriendlyName") or "", item.get("DeviceWipeStatus") or "")
            async for item in items
        ]

    async def wipe_account(self, device_id: str) -> None:
        """Remove the account's data from a device. ``Clear-MobileDevice -AccountOnly``."""
        await self._run("Clear-MobileDevice", Identity=device_id, AccountOnly=True, Confirm=False)

    async def remove_device(self, device_id: str) -> None:
        """End a device's partnership. ``Remove-MobileDevice``."""
        await self._run("Remove-MobileDevice", Identity=device_id, Confirm=False)

    # -- the call ------------------------------------------------------------------------------------------------------

    async def _run(self, cmdlet: str, **parameters: Any) -> Done:
        body = await self._invoke(self._path, cmdlet, parameters)
        return Done(tuple(str(warning) for warning in body.get("@adminapi.warnings") or ()))

    async def _one(self, cmdlet: str, **parameters: Any) -> dict[str, Any]:
        found = [item async for item in self._objects(cmdlet, **parameters)]
        if not found:
            raise Unavailable(f"{cmdlet} answered without an object.")
        return found[0]

    async def _objects(self, cmdlet: str, **parameters: Any) -> AsyncIterator[dict[str, Any]]:
        """All objects; a following page is the same command sent to the link."""
        body = await self._invoke(self._path, cmdlet, parameters)
        while True:
            for item in body.get("value", []):
                yield item
            following = body.get("@odata.nextLink")
            if not following:
                return
            body = await self._invoke(following, cmdlet, parameters)

    async def _invoke(self, path: str, cmdlet: str, parameters: dict[str, Any]) -> dict[str, Any]:
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        headers = {**self._headers, "X-CmdletName": cmdlet}
        return (await self._wire.request("POST", path, body=body, headers=headers, writes=0)).json()


def _calendar(identity: str) -> str:
    return f"{identity}:\\Calendar"
