"""What the platform asks of Exchange administration, whoever carries it out: the REST call, or a PowerShell runner.

``identity`` is an object id, address or alias; an unknown one is ``NotFound``. Source: Exchange Online PowerShell
reference, cmdlet by cmdlet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors import matcher
from connectors.collaboration_models import Mailbox, MailboxType, MobileDevice, Right


@dataclass(frozen=True)
class Done:
    """What a command left to say: Exchange answers with a warning where there was nothing to change."""

    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """False where it was so already."""
        return not matcher.already_so(self.warnings)


class ExchangePort(Protocol):
    """The commands on mailboxes and mail-enabled groups. Raises the types of ``connectors.errors``."""

    async def mailbox(self, identity: str) -> Mailbox:
        """One mailbox in use (Get-Mailbox)."""

    async def inactive_mailbox(self, identity: str) -> Mailbox:
        """A mailbox that a hold keeps after its user has gone (Get-Mailbox -InactiveMailboxOnly)."""

    async def convert(self, identity: str, to: MailboxType) -> None:
        """Make a mailbox shared or regular (Set-Mailbox -Type); it takes a while, ``mailbox`` shows when."""

    async def set_hold(self, identity: str, on: bool, days: int | None = None) -> None:
        """Litigation hold on or off, for a number of days or without end (Set-Mailbox -LitigationHoldEnabled)."""

    async def forward(self, identity: str, address: str | None, *, keep_copy: bool = True) -> None:
        """Forward all mail to an address, None for no more (Set-Mailbox -ForwardingSmtpAddress)."""

    async def hide(self, identity: str, hidden: bool = True) -> None:
        """Leave a mailbox out of address lists; ``ReadOnlyObject`` for a synced user."""

    async def mailbox_rights(self, identity: str) -> list[Right]:
        """Who has rights on a mailbox beside its owner (Get-MailboxPermission)."""

    async def grant_full_access(self, identity: str, user: str) -> Done:
        """Let somebody into a mailbox (Add-MailboxPermission)."""

    async def revoke_full_access(self, identity: str, user: str) -> Done:
        """Let somebody into a mailbox no more (Remove-MailboxPermission)."""

    async def send_as_rights(self, trustee: str) -> list[str]:
        """The mailboxes that somebody may send as (Get-RecipientPermission -Trustee)."""

    async def grant_send_as(self, identity: str, trustee: str) -> Done:
        """Let somebody send as a mailbox (Add-RecipientPermission)."""

    async def revoke_send_as(self, identity: str, trustee: str) -> Done:
        """Let somebody send as a mailbox no more (Remove-RecipientPermission)."""

    async def set_send_on_behalf(self, identity: str, users: Sequence[str]) -> None:
        """Who may send on behalf of a mailbox, all of them (Set-Mailbox -GrantSendOnBehalfTo)."""

    async def calendar_rights(self, identity: str) -> list[Right]:
        """Who has rights on a calendar, default and anonymous included (Get-MailboxFolderPermission)."""

    async def grant_calendar(self, identity: str, user: str, right: str) -> None:
        """Give rights on a calendar; ``AlreadyGranted`` for who has some (Add-MailboxFolderPermission)."""

    async def revoke_calendar(self, identity: str, user: str) -> None:
        """Take rights on a calendar; ``NotGranted`` for who has none (Remove-MailboxFolderPermission)."""

    async def protocols(self, identity: str) -> dict[str, bool]:
        """Which protocols a mailbox takes (Get-CASMailbox)."""

    async def protocols_off(self, identity: str) -> None:
        """Let no client reach a mailbox: web, ActiveSync, IMAP, POP, MAPI, EWS (Set-CASMailbox)."""

    async def group_members(self, group: str) -> list[str]:
        """The object ids of a mail-enabled group's members (Get-DistributionGroupMember)."""

    async def add_to_group(self, group: str, member: str) -> None:
        """Add to a mail-enabled group; ``AlreadyMember``, ``ReadOnlyObject`` (Add-DistributionGroupMember)."""

    async def remove_from_group(self, group: str, member: str) -> None:
        """Take out of a mail-enabled group; ``NoMember``, ``ReadOnlyObject`` (Remove-DistributionGroupMember)."""

    async def cancel_meetings(self, identity: str, days: int) -> None:
        """Cancel all meetings somebody organises in the coming days (Remove-CalendarEvents)."""

    async def organisation_holds(self) -> list[str]:
        """The retention policies that are on everybody (Get-OrganizationConfig, InPlaceHolds)."""

    async def mobile_devices(self, identity: str) -> list[MobileDevice]:
        """The devices that synchronise a mailbox (Get-MobileDevice)."""

    async def wipe_account(self, device_id: str) -> None:
        """Remove the account's data from a device (Clear-MobileDevice -AccountOnly)."""

    async def remove_device(self, device_id: str) -> None:
        """End a device's partnership (Remove-MobileDevice)."""
