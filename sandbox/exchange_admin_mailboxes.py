"""Cmdlets on mailboxes: reading, conversion, holds, forwarding, hiding."""

import uuid
from collections.abc import Sequence
from typing import Any

from sandbox.exchange_admin_command import (
    Command,
    Failed,
    address,
    cmdlet,
    mailbox,
    member,
    not_found,
    recipient,
    synced,
)
from sandbox.graph.directory import DOMAINS, stamp
from sandbox.graph.lazy import Lazy
from sandbox.graph.mail.services import any_mailbox, convert_later, held, write
from sandbox.store import Doc, Store

_TYPES = {"Regular": "UserMailbox", "Room": "RoomMailbox", "Equipment": "EquipmentMailbox", "Shared": "SharedMailbox"}
_KINDS = (*_TYPES.values(), "LinkedMailbox")
_MASTERED = ("HiddenFromAddressListsEnabled", "GrantSendOnBehalfTo", "ForwardingAddress")
_STATES = {"softdeletedmailbox": "disconnected", "inactivemailboxonly": "inactive"}


# -- Get-Mailbox -------------------------------------------------------------------------------------------------------


def shown(store: Store, box: Doc) -> Doc:
    """A mailbox as Get-Mailbox gives it, as far as anybody here needs it."""
    owner = store.get("users", box["id"]) or box.get("owner") or {}
    name, mail = owner.get("mailNickname"), address(owner)
    return {
        "Identity": owner.get("displayName"),
        "Id": owner.get("displayName"),
        "Name": name,
        "Alias": name,
        "DisplayName": owner.get("displayName"),
        "UserPrincipalName": owner.get("userPrincipalName"),
        "PrimarySmtpAddress": mail,
        "WindowsEmailAddress": mail,
        "EmailAddresses": owner.get("proxyAddresses") or [f"SMTP:{mail}"],
        "ExternalDirectoryObjectId": box["id"] if store.get("users", box["id"]) else "",
        "Guid": str(uuid.uuid5(uuid.UUID(box["id"]), "recipient")),
        "ExchangeGuid": str(uuid.uuid5(uuid.UUID(box["id"]), "mailbox")),
        "DistinguishedName": f"CN={name},OU={DOMAINS[1]},OU=Microsoft Exchange Hosted Organizations,DC=PRACTICE",
        "RecipientType": "UserMailbox",
        "RecipientTypeDetails": box["type"],
        "IsShared": box["type"] == "SharedMailbox",
        "IsResource": box["type"] in ("RoomMailbox", "EquipmentMailbox"),
        "IsMailboxEnabled": box["state"] == "active",
        "IsInactiveMailbox": box["state"] == "inactive",
        "IsSoftDeletedByDisable": box["state"] == "disconnected",
        "IsDirSynced": bool(owner.get("onPremisesSyncEnabled")),
        "AccountDisabled": owner.get("accountEnabled") is False,
        "SKUAssigned": bool(owner.get("assignedLicenses")),
        "WhenCreated": box["created"],
        "WhenMailboxCreated": box["created"],
        "WhenSoftDeleted": None if box["state"] == "active" else box["since"],
        **_DEFAULTS,
        **(box.get("exchange") or {}),
        **_delayed(store, box),
    }


_DEFAULTS: Doc = {
    "LitigationHoldEnabled": False,
    "LitigationHoldDate": None,
    "LitigationHoldOwner": "",
    "LitigationHoldDuration": "Unlimited",
    "InPlaceHolds": [],
    "ComplianceTagHoldApplied": False,
    "ForwardingAddress": None,
    "ForwardingSmtpAddress": None,
    "DeliverToMailboxAndForward": False,
    "HiddenFromAddressListsEnabled": False,
    "GrantSendOnBehalfTo": [],
    "ArchiveStatus": "None",
    "ArchiveGuid": "00000000-0000-0000-0000-000000000000",
    "RetainDeletedItemsFor": "14.00:00:00",
}


def _delayed(store: Store, box: Doc) -> Doc:
    """A hold taken off goes on for 30 days ("delay hold")."""
    inner = {name: v for name, v in (box.get("exchange") or {}).items() if name == "delay_hold_since"}
    applied = bool(inner) and held(store, {"exchange": inner})
    return {"DelayHoldApplied": applied, "DelayReleaseHoldApplied": False, "delay_hold_since": None}


def _public(found: Doc) -> Doc:
    return {name: value for name, value in found.items() if name != "delay_hold_since"}


@cmdlet(
    "Get-Mailbox",
    "Identity RecipientTypeDetails SoftDeletedMailbox InactiveMailboxOnly IncludeInactiveMailbox Archive Anr Filter "
    "SortBy Properties PropertySets",
)
def get_mailbox(command: Command) -> Sequence[Doc]:
    """One mailbox by its identity, or all; soft-deleted and inactive ones only when asked for."""
    states = [state for name, state in _STATES.items() if command.flag(name)] or ["active"]
    if command.flag("IncludeInactiveMailbox"):
        states.append("inactive")
    if command.has("Identity"):
        return [_public(shown(command.store, box)) for box in _named(command, states)]
    kinds = {member("RecipientTypeDetails", kind, _KINDS) for kind in command.many("RecipientTypeDetails")}
    boxes = (any_mailbox(command.store, box["id"]) for box in command.store.all("mailboxes"))
    wanted = [box for box in boxes if box and box["state"] in states and (not kinds or box["type"] in kinds)]
    return Lazy(wanted, lambda box: _public(shown(command.store, box)))


def _named(command: Command, states: list[str]) -> list[Doc]:
    identity = command.text("Identity")
    if states == ["active"]:
        return [mailbox(command.store, identity)[1]]
    for box in command.store.all("mailboxes"):
        found = shown(command.store, box)
        names = ("ExternalDirectoryObjectId", "UserPrincipalName", "PrimarySmtpAddress", "Alias", "DisplayName",
                 "Guid", "ExchangeGuid")  # fmt: skip
        held_by = {box["id"], *(str(found[name]).lower() for name in names)}
        if box["state"] in states and identity.lower() in held_by:
            return [box]
    raise not_found(identity)


# -- Set-Mailbox -------------------------------------------------------------------------------------------------------


@cmdlet(
    "Set-Mailbox",
    "Identity Type LitigationHoldEnabled LitigationHoldDuration LitigationHoldDate LitigationHoldOwner "
    "ForwardingAddress ForwardingSmtpAddress DeliverToMailboxAndForward HiddenFromAddressListsEnabled "
    "GrantSendOnBehalfTo RemoveDelayHoldApplied InactiveMailbox",
)
def set_mailbox(command: Command) -> list[Doc]:
    """Change a mailbox; its type changes after a while."""
    inactive = command.flag("InactiveMailbox")
    box = _named(command, ["inactive"])[0] if inactive else mailbox(command.store, command.text("Identity"))[1]
    owner = command.store.get("users", box["id"]) or {}
    if owner.get("onPremisesSyncEnabled"):
        for name in _MASTERED:
            if command.has(name):
                raise synced(command.name, name, command.text("Identity"))
    kind = _TYPES[command.one_of("Type", _TYPES)] if command.has("Type") else None
    values = {**(box.get("exchange") or {}), **_plain(command), **_hold(command, box)}
    if command.flag("RemoveDelayHoldApplied"):
        values.pop("delay_hold_since", None)
    changed = write(command.store, "mailboxes", {**box, "exchange": values})
    if inactive and not held(command.store, changed):
        write(command.store, "mailboxes", {**changed, "state": "disconnected", "since": stamp(command.store.now())})
    if kind is not None and kind != box["type"]:
        convert_later(command.store, box["id"], kind)
    return []


def _plain(command: Command) -> Doc:
    values: Doc = {}
    for name in ("DeliverToMailboxAndForward", "HiddenFromAddressListsEnabled"):
        if command.has(name):
            values[name] = command.flag(name)
    if command.has("ForwardingAddress"):
        to = command.get("ForwardingAddress")
        values["ForwardingAddress"] = address(recipient(command.store, str(to))) if to else None
    if command.has("ForwardingSmtpAddress"):
        to = command.get("ForwardingSmtpAddress")
        values["ForwardingSmtpAddress"] = f"smtp:{_smtp(str(to))}" if to else None
    if command.has("GrantSendOnBehalfTo"):
        values["GrantSendOnBehalfTo"] = _multi(command, "GrantSendOnBehalfTo")
    return values


def _smtp(text: str) -> str:
    plain = text.lower().removeprefix("smtp:")
    if "@" not in plain.strip("@"):
        raise Failed("System.FormatException", f"The email address '{text}' isn't correct.")
    return plain


def _multi(command: Command, name: str) -> list[str]:
    """A list as a whole, or what a hashtable adds to it and takes from it."""
    _, box = mailbox(command.store, command.text("Identity"))
    held_now = list((box.get("exchange") or {}).get(name) or [])
    value = command.get(name)
    if not isinstance(value, dict):
        return [address(recipient(command.store, one)) for one in command.many(name) if one]
    change = {key.lower(): _listed(item) for key, item in value.items() if "@" not in key}
    add = [address(recipient(command.store, one)) for one in change.get("add", [])]
    gone = {address(recipient(command.store, one)) for one in change.get("remove", [])}
    return [one for one in dict.fromkeys([*held_now, *add]) if one not in gone]


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _hold(command: Command, box: Doc) -> Doc:
    """Litigation hold on or off; off, a delay hold begins."""
    values: Doc = {}
    if command.has("LitigationHoldDuration"):
        values["LitigationHoldDuration"] = _duration(command.text("LitigationHoldDuration"))
    if not command.has("LitigationHoldEnabled"):
        return values
    on = command.flag("LitigationHoldEnabled")
    was = bool((box.get("exchange") or {}).get("LitigationHoldEnabled"))
    now = stamp(command.store.now())
    values |= {"LitigationHoldEnabled": on, "LitigationHoldDate": now if on else None}
    values["LitigationHoldOwner"] = command.get("LitigationHoldOwner", "practice") if on else ""
    return {**values, "delay_hold_since": now} if was and not on else values


def _duration(text: str) -> str:
    if text.lower() == "unlimited":
        return "Unlimited"
    days = text.partition(".")[0]
    if not days.isdecimal():
        raise Failed("System.FormatException", f"'{text}' is no duration: give days, or Unlimited.")
    return f"{int(days)}.00:00:00"
