"""Cmdlets on a mailbox's protocols and automatic replies, and on the organisation."""

from datetime import UTC, datetime

from sandbox import moments
from sandbox.exchange_admin_command import Command, Failed, address, cmdlet, mailbox
from sandbox.graph.directory import DOMAINS
from sandbox.graph.mail.mailboxes import settings_of
from sandbox.graph.mail.outlook import zoned
from sandbox.graph.mail.services import write
from sandbox.seed_catalogue import TENANT_ID
from sandbox.store import Doc

_PROTOCOLS = (
    "OWAEnabled ActiveSyncEnabled ImapEnabled PopEnabled MAPIEnabled EwsEnabled OWAforDevicesEnabled "
    "UniversalOutlookEnabled OutlookMobileEnabled MacOutlookEnabled OneWinNativeOutlookEnabled "
    "SmtpClientAuthenticationDisabled"
)


@cmdlet("Get-CASMailbox", "Identity")
def get_cas_mailbox(command: Command) -> list[Doc]:
    """Which protocols a mailbox takes."""
    owner, box = mailbox(command.store, command.text("Identity"))
    defaults = {name: name != "SmtpClientAuthenticationDisabled" for name in _PROTOCOLS.split()}
    named = {"Identity": owner["displayName"], "Name": owner["mailNickname"], "PrimarySmtpAddress": address(owner)}
    return [{**named, "ExternalDirectoryObjectId": owner["id"], **defaults, **(box.get("cas") or {})}]


@cmdlet("Set-CASMailbox", f"Identity {_PROTOCOLS}")
def set_cas_mailbox(command: Command) -> list[Doc]:
    """Switch protocols on or off."""
    _, box = mailbox(command.store, command.text("Identity"))
    given = {name: command.flag(name) for name in _PROTOCOLS.split() if command.has(name)}
    write(command.store, "mailboxes", {**box, "cas": {**(box.get("cas") or {}), **given}})
    return []


_REPLY_STATES = {"Disabled": "disabled", "Enabled": "alwaysEnabled", "Scheduled": "scheduled"}
_AUDIENCES = {"None": "none", "Known": "contactsOnly", "All": "all"}


@cmdlet("Get-MailboxAutoReplyConfiguration", "Identity")
def get_auto_reply(command: Command) -> list[Doc]:
    """Automatic replies, as PowerShell names them."""
    owner, box = mailbox(command.store, command.text("Identity"))
    replies = settings_of(command.store, box)["automaticRepliesSetting"]
    return [
        {
            "Identity": owner["displayName"],
            "MailboxOwnerId": owner["displayName"],
            "AutoReplyState": next(k for k, v in _REPLY_STATES.items() if v == replies["status"]),
            "ExternalAudience": next(k for k, v in _AUDIENCES.items() if v == replies["externalAudience"]),
            "InternalMessage": replies["internalReplyMessage"],
            "ExternalMessage": replies["externalReplyMessage"],
            "StartTime": replies["scheduledStartDateTime"]["dateTime"][:19],
            "EndTime": replies["scheduledEndDateTime"]["dateTime"][:19],
        }
    ]


@cmdlet(
    "Set-MailboxAutoReplyConfiguration",
    "Identity AutoReplyState InternalMessage ExternalMessage ExternalAudience StartTime EndTime",
)
def set_auto_reply(command: Command) -> list[Doc]:
    """Change automatic replies; Graph shows the same."""
    _, box = mailbox(command.store, command.text("Identity"))
    replies = settings_of(command.store, box)["automaticRepliesSetting"]
    if command.has("AutoReplyState"):
        replies["status"] = _REPLY_STATES[command.one_of("AutoReplyState", _REPLY_STATES)]
    if command.has("ExternalAudience"):
        replies["externalAudience"] = _AUDIENCES[command.one_of("ExternalAudience", _AUDIENCES)]
    for name, key in (("InternalMessage", "internalReplyMessage"), ("ExternalMessage", "externalReplyMessage")):
        if command.has(name):
            replies[key] = str(command.get(name) or "")
    for name, key in (("StartTime", "scheduledStartDateTime"), ("EndTime", "scheduledEndDateTime")):
        if command.has(name):
            replies[key] = zoned(moment(command, name))
    settings = {**(box.get("settings") or {}), "automaticRepliesSetting": replies}
    write(command.store, "mailboxes", {**box, "settings": settings})
    return []


def moment(command: Command, name: str) -> datetime:
    """A date and time given to a cmdlet."""
    text = command.text(name)
    try:
        return moments.read(text).astimezone(UTC)
    except ValueError as error:
        raise Failed(
            "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
            f"Cannot process argument transformation on parameter '{name}'. Cannot convert value \"{text}\" to type "
            '"System.DateTime".',
            text="Invalid Operation",
        ) from error


@cmdlet("Get-OrganizationConfig", "")
def get_organization_config(command: Command) -> list[Doc]:
    """The organisation, with the holds that are on everybody."""
    kept = command.store.get("exchange_organisation", "config") or {}
    return [
        {
            "Identity": DOMAINS[1],
            "Name": DOMAINS[1],
            "DisplayName": "Practice",
            "ExternalDirectoryOrganizationId": TENANT_ID,
            "IsDehydrated": False,
            "AutoExpandingArchiveEnabled": False,
            "InPlaceHolds": kept.get("InPlaceHolds") or [],
        }
    ]


@cmdlet("Get-AcceptedDomain", "Identity")
def get_accepted_domain(command: Command) -> list[Doc]:
    """The domains that take mail."""
    return [
        {"Name": name, "DomainName": name, "DomainType": "Authoritative", "Default": name == DOMAINS[0]}
        for name in DOMAINS
    ]
