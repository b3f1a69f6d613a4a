"""What is read from mailboxes, drives and teams, with the names and types of the platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

ReplyStatus = Literal["disabled", "alwaysEnabled", "scheduled"]
Audience = Literal["none", "contactsOnly", "all"]
MailboxType = Literal["Regular", "Shared", "Room", "Equipment"]


@dataclass(frozen=True)
class AutomaticReply:
    """An automatic reply; between ``start`` and ``end`` if scheduled. Source: Graph, automaticRepliesSetting."""

    status: ReplyStatus
    internal: str = ""
    external: str = ""
    audience: Audience = "all"
    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "AutomaticReply":
        """The reply of a Graph answer."""
        return cls(
            status=body["status"],
            internal=body.get("internalReplyMessage") or "",
            external=body.get("externalReplyMessage") or "",
            audience=body.get("externalAudience") or "all",
            start=moment(body.get("scheduledStartDateTime")),
            end=moment(body.get("scheduledEndDateTime")),
        )

    def body(self) -> dict[str, Any]:
        """As Graph takes it."""
        times = {"scheduledStartDateTime": self.start, "scheduledEndDateTime": self.end}
        return {
            "status": self.status,
            "internalReplyMessage": self.internal,
            "externalReplyMessage": self.external,
            "externalAudience": self.audience,
            **{name: zoned(at) for name, at in times.items() if at is not None},
        }


@dataclass(frozen=True)
class MailboxSettings:
    """A mailbox's purpose (``user shared room equipment linked others``) and automatic reply."""

    purpose: str
    time_zone: str
    reply: AutomaticReply

    @property
    def shared(self) -> bool:
        """Has it become a shared mailbox?"""
        return self.purpose == "shared"


@dataclass(frozen=True)
class InboxRule:
    """An inbox rule; ``forwards_to`` are the addresses it forwards or redirects to."""

    id: str
    name: str
    enabled: bool
    forwards_to: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "InboxRule":
        """The rule of a Graph answer."""
        actions = body.get("actions") or {}
        names = ("forwardTo", "forwardAsAttachmentTo", "redirectTo")
        to = [_address(item) for name in names for item in actions.get(name) or ()]
        return cls(body["id"], body.get("displayName") or "", bool(body.get("isEnabled")), tuple(to))


@dataclass(frozen=True)
class Meeting:
    """A meeting that the mailbox's owner organises; a series counts once, with its first time."""

    id: str
    subject: str
    start: datetime
    attendees: tuple[str, ...]
    series: bool
    series_ends: datetime | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Meeting":
        """The meeting of a Graph answer."""
        recurrence = body.get("recurrence") or {}
        ends = (recurrence.get("range") or {}).get("endDate") or ""
        bounded = bool(ends) and not str(ends).startswith("0001")
        return cls(
            id=body["id"],
            subject=body.get("subject") or "",
            start=moment(body["start"]) or datetime.min.replace(tzinfo=UTC),
            attendees=tuple(_address(item) for item in body.get("attendees") or ()),
            series=bool(recurrence),
            series_ends=datetime.fromisoformat(str(ends)[:10]).replace(tzinfo=UTC) if bounded else None,
        )

    def takes_place_after(self, at: datetime) -> bool:
        """Does it, or any of its series, take place after a moment?"""
        if not self.series:
            return self.start > at
        return self.series_ends is None or self.series_ends > at


@dataclass(frozen=True)
class Drive:
    """A person's OneDrive."""

    id: str
    web_url: str
    used: int


@dataclass(frozen=True)
class ItemPermission:
    """Who may do what with an item; ``inherited`` ones are changed where they come from."""

    id: str
    roles: tuple[str, ...]
    object_id: str | None
    email: str | None
    inherited: bool
    expires: datetime | None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "ItemPermission":
        """The permission of a Graph answer."""
        user = ((body.get("grantedToV2") or body.get("grantedTo") or {}).get("user")) or {}
        expires = body.get("expirationDateTime")
        return cls(
            id=body["id"],
            roles=tuple(body.get("roles") or ()),
            object_id=user.get("id"),
            email=user.get("email"),
            inherited=bool(body.get("inheritedFrom")),
            expires=datetime.fromisoformat(expires) if expires else None,
        )


@dataclass(frozen=True)
class Team:
    """A team; its id is its group's."""

    id: str
    name: str


@dataclass(frozen=True)
class TeamMember:
    """Somebody in a team; ``id`` is the membership's, not the person's."""

    id: str
    object_id: str
    owner: bool

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "TeamMember":
        """The member of a Graph answer."""
        return cls(body["id"], body.get("userId") or "", "owner" in (body.get("roles") or ()))


@dataclass(frozen=True)
class Mailbox:
    """A mailbox as Exchange administers it."""

    object_id: str
    address: str
    type: str
    litigation_hold: bool
    holds: tuple[str, ...]
    delay_hold: bool
    forwards_to: str | None
    keeps_copy: bool
    hidden: bool
    send_on_behalf: tuple[str, ...]
    inactive: bool

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Mailbox":
        """The mailbox of a Get-Mailbox answer."""
        forward = body.get("ForwardingSmtpAddress") or body.get("ForwardingAddress")
        return cls(
            object_id=body.get("ExternalDirectoryObjectId") or "",
            address=body.get("PrimarySmtpAddress") or "",
            type=body.get("RecipientTypeDetails") or "",
            litigation_hold=bool(body.get("LitigationHoldEnabled")),
            holds=_texts(body.get("InPlaceHolds")),
            delay_hold=bool(body.get("DelayHoldApplied") or body.get("DelayReleaseHoldApplied")),
            forwards_to=str(forward).removeprefix("smtp:") if forward else None,
            keeps_copy=bool(body.get("DeliverToMailboxAndForward")),
            hidden=bool(body.get("HiddenFromAddressListsEnabled")),
            send_on_behalf=_texts(body.get("GrantSendOnBehalfTo")),
            inactive=bool(body.get("IsInactiveMailbox")),
        )

    @property
    def shared(self) -> bool:
        """Is it a shared mailbox, which needs no licence?"""
        return self.type == "SharedMailbox"

    @property
    def held(self) -> bool:
        """Does a hold of its own keep what is in it? Policies that only delete (``:1``) and exclusions do not."""
        keeping = [hold for hold in self.holds if not hold.startswith("-") and not hold.endswith(":1")]
        return self.litigation_hold or self.delay_hold or bool(keeping)


@dataclass(frozen=True)
class Right:
    """Somebody's rights on a mailbox or folder."""

    user: str
    rights: tuple[str, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any], who: str = "User") -> "Right":
        """The right of a permission cmdlet's answer."""
        return cls(str(body.get(who) or ""), _texts(body.get("AccessRights")))


@dataclass(frozen=True)
class MobileDevice:
    """A phone or tablet that synchronises a mailbox."""

    id: str
    name: str
    wipe_status: str


def moment(zoned_time: Mapping[str, Any] | None) -> datetime | None:
    """``{dateTime, timeZone: UTC}`` as a moment."""
    if not zoned_time or not zoned_time.get("dateTime"):
        return None
    return datetime.fromisoformat(str(zoned_time["dateTime"])[:19]).replace(tzinfo=UTC)


def zoned(at: datetime) -> dict[str, str]:
    """A moment as Exchange takes it."""
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _address(item: Mapping[str, Any]) -> str:
    return str((item.get("emailAddress") or {}).get("address") or "")


def _texts(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if not value:
        return ()
    return tuple(value.split(",")) if isinstance(value, str) else tuple(str(item) for item in value)
