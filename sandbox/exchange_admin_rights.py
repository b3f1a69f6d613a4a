"""Cmdlets on rights: full access, send as, and the rights on a folder such as the calendar; organised meetings."""

from datetime import UTC, timedelta
from typing import Any

from sandbox.exchange_admin_command import Command, Failed, address, cmdlet, mailbox, member, not_found, recipient
from sandbox.exchange_admin_settings import moment
from sandbox.graph.mail import meetings
from sandbox.graph.mail.services import write
from sandbox.store import Doc

_SELF = r"NT AUTHORITY\SELF"
_RIGHTS = ["FullAccess", "ReadPermission", "ChangeOwner", "ChangePermission", "DeleteItem", "ExternalAccount"]
_FOLDER_RIGHTS = [
    "None",
    "Owner",
    "PublishingEditor",
    "Editor",
    "PublishingAuthor",
    "Author",
    "NonEditingAuthor",
    "Reviewer",
    "Contributor",
    "AvailabilityOnly",
    "LimitedDetails",
]
_FOLDERS = ("calendar", "inbox", "contacts", "tasks", "notes", "sent items", "deleted items")


# -- mailbox and recipient permissions ---------------------------------------------------------------------------------


@cmdlet("Get-MailboxPermission", "Identity User Owner")
def get_mailbox_permission(command: Command) -> list[Doc]:
    """Who has which rights on a mailbox, its owner included."""
    owner, box = mailbox(command.store, command.text("Identity"))
    own = {"user": _SELF, "rights": ["FullAccess", "ReadPermission"]}
    entries = [own, *(box.get("rights") or [])]
    if command.has("User"):
        who = address(recipient(command.store, command.text("User")))
        entries = [entry for entry in entries if entry["user"] == who]
    return [
        {
            "Identity": owner["displayName"],
            "User": entry["user"],
            "AccessRights": entry["rights"],
            "IsInherited": False,
            "Deny": False,
            "InheritanceType": "All",
        }
        for entry in entries
    ]


@cmdlet("Add-MailboxPermission", "Identity User AccessRights AutoMapping InheritanceType Deny Owner")
def add_mailbox_permission(command: Command) -> list[Doc]:
    """Give rights on a mailbox; those that are there already are a warning."""
    _, box = mailbox(command.store, command.text("Identity"))
    who = address(recipient(command.store, command.text("User")))
    rights = [member("AccessRights", right, _RIGHTS) for right in command.many("AccessRights")]
    if not rights:
        command.text("AccessRights")
    entries = {entry["user"]: list(entry["rights"]) for entry in box.get("rights") or []}
    if set(rights) <= set(entries.get(who, [])):
        command.warnings.append(
            f'The appropriate access control entry is already present on the object "{command.text("Identity")}" for '
            f'account "{who}".'
        )
    entries[who] = list(dict.fromkeys([*entries.get(who, []), *rights]))
    _write_rights(command, box, entries)
    return [{"Identity": command.text("Identity"), "User": who, "AccessRights": rights, "IsInherited": False}]


@cmdlet("Remove-MailboxPermission", "Identity User AccessRights InheritanceType Deny")
def remove_mailbox_permission(command: Command) -> list[Doc]:
    """Take rights on a mailbox; those that are not there are a warning."""
    _, box = mailbox(command.store, command.text("Identity"))
    who = address(recipient(command.store, command.text("User")))
    rights = {member("AccessRights", right, _RIGHTS) for right in command.many("AccessRights")}
    entries = {entry["user"]: list(entry["rights"]) for entry in box.get("rights") or []}
    if not rights & set(entries.get(who, [])):
        command.warnings.append(
            f'Can\'t remove the access control entry on the object "{command.text("Identity")}" for account "{who}" '
            "because the ACE isn't present."
        )
        return []
    entries[who] = [right for right in entries[who] if right not in rights]
    _write_rights(command, box, entries)
    return []


def _write_rights(command: Command, box: Doc, entries: dict[str, list[str]]) -> None:
    kept = [{"user": who, "rights": rights} for who, rights in entries.items() if rights]
    write(command.store, "mailboxes", {**box, "rights": kept})


@cmdlet("Get-RecipientPermission", "Identity Trustee AccessRights")
def get_recipient_permission(command: Command) -> list[Doc]:
    """Who may send as a mailbox; without an identity, as which mailboxes a trustee may."""
    store = command.store
    trustee = address(recipient(store, command.text("Trustee"))) if command.has("Trustee") else None
    if command.has("Identity"):
        boxes = [mailbox(store, command.text("Identity"))[1]]
    else:
        boxes = [box for box in store.all("mailboxes") if box["state"] == "active"]
    found = []
    for box in boxes:
        owner = store.get("users", box["id"]) or {}
        for who in (_SELF, *(box.get("send_as") or [])):
            if trustee in (None, who):
                found.append(_send_as(owner, who))
    return found


def _send_as(owner: Doc, who: str) -> Doc:
    return {
        "Identity": owner.get("displayName"),
        "Trustee": who,
        "AccessControlType": "Allow",
        "AccessRights": ["SendAs"],
        "IsInherited": False,
        "InheritanceType": "None",
    }


@cmdlet("Add-RecipientPermission", "Identity Trustee AccessRights")
def add_recipient_permission(command: Command) -> list[Doc]:
    """Let somebody send as a mailbox."""
    owner, box = mailbox(command.store, command.text("Identity"))
    command.one_of("AccessRights", ("SendAs",)) if not isinstance(command.get("AccessRights"), list) else None
    who = address(recipient(command.store, command.text("Trustee")))
    held = list(box.get("send_as") or [])
    if who in held:
        command.warnings.append(
            f'The appropriate access control entry is already present on the object "{command.text("Identity")}" for '
            f'account "{who}".'
        )
    write(command.store, "mailboxes", {**box, "send_as": list(dict.fromkeys([*held, who]))})
    return [_send_as(owner, who)]


@cmdlet("Remove-RecipientPermission", "Identity Trustee AccessRights")
def remove_recipient_permission(command: Command) -> list[Doc]:
    """Let somebody send as a mailbox no more."""
    _, box = mailbox(command.store, command.text("Identity"))
    who = address(recipient(command.store, command.text("Trustee")))
    held = list(box.get("send_as") or [])
    if who not in held:
        command.warnings.append(
            f'Can\'t remove the access control entry on the object "{command.text("Identity")}" for account "{who}" '
            "because the ACE isn't present."
        )
        return []
    write(command.store, "mailboxes", {**box, "send_as": [other for other in held if other != who]})
    return []


# -- folder permissions ------------------------------------------------------------------------------------------------


def _folder(command: Command) -> tuple[Doc, str]:
    r"""``user:\Calendar`` → the mailbox and the folder."""
    identity = command.text("Identity")
    who, colon, folder = identity.partition(":")
    _, box = mailbox(command.store, who)
    name = folder.strip("\\/").lower()
    if colon and name and name not in _FOLDERS:
        raise not_found(identity)
    return box, name or "root"


def _entries(box: Doc, folder: str) -> dict[str, Doc]:
    defaults: dict[str, Doc] = {
        "Default": {"rights": ["AvailabilityOnly" if folder == "calendar" else "None"], "flags": None},
        "Anonymous": {"rights": ["None"], "flags": None},
    }
    return {**defaults, **((box.get("folders") or {}).get(folder) or {})}


def _write_entries(command: Command, box: Doc, folder: str, entries: dict[str, Doc]) -> None:
    write(command.store, "mailboxes", {**box, "folders": {**(box.get("folders") or {}), folder: entries}})


def _user(command: Command) -> str:
    who = command.text("User")
    return who.capitalize() if who.lower() in ("default", "anonymous") else address(recipient(command.store, who))


def _entry(folder: str, who: str, entry: Doc) -> Doc:
    return {
        "Identity": who,
        "FolderName": folder.capitalize(),
        "User": who,
        "AccessRights": entry["rights"],
        "SharingPermissionFlags": entry["flags"],
        "IsValid": True,
    }


def _given(command: Command, before: Any = None) -> Doc:
    rights = [member("AccessRights", right, _FOLDER_RIGHTS) for right in command.many("AccessRights")]
    if not rights:
        command.text("AccessRights")
    return {"rights": rights, "flags": command.get("SharingPermissionFlags", before)}


@cmdlet("Get-MailboxFolderPermission", "Identity User")
def get_folder_permission(command: Command) -> list[Doc]:
    """Who has which rights on a folder."""
    box, folder = _folder(command)
    entries = _entries(box, folder)
    if command.has("User"):
        who = _user(command)
        if who not in entries:
            raise _absent(who)
        entries = {who: entries[who]}
    return [_entry(folder, who, entry) for who, entry in entries.items()]


@cmdlet("Add-MailboxFolderPermission", "Identity User AccessRights SharingPermissionFlags SendNotificationToUser")
def add_folder_permission(command: Command) -> list[Doc]:
    """Give rights on a folder to somebody who has none there."""
    box, folder = _folder(command)
    who, entries = _user(command), _entries(box, folder)
    if who in entries:
        raise Failed(
            "Microsoft.Exchange.Management.StoreTasks.UserAlreadyExistsInPermissionEntryException",
            f"An existing permission entry was found for user: {who}.",
        )
    entries[who] = _given(command)
    _write_entries(command, box, folder, entries)
    return [_entry(folder, who, entries[who])]


@cmdlet("Set-MailboxFolderPermission", "Identity User AccessRights SharingPermissionFlags SendNotificationToUser")
def set_folder_permission(command: Command) -> list[Doc]:
    """Change somebody's rights on a folder."""
    box, folder = _folder(command)
    who, entries = _user(command), _entries(box, folder)
    if who not in entries:
        raise _absent(who)
    entries[who] = _given(command, entries[who]["flags"])
    _write_entries(command, box, folder, entries)
    return []


@cmdlet("Remove-MailboxFolderPermission", "Identity User ResetDelegateUserCollection SendNotificationToUser")
def remove_folder_permission(command: Command) -> list[Doc]:
    """Take somebody's rights on a folder."""
    box, folder = _folder(command)
    who, entries = _user(command), _entries(box, folder)
    if who not in entries:
        raise _absent(who)
    del entries[who]
    _write_entries(command, box, folder, entries)
    return []


def _absent(who: str) -> Failed:
    return Failed(
        "Microsoft.Exchange.Management.StoreTasks.UserNotFoundInPermissionEntryException",
        f"There is no existing permission entry found for user: {who}.",
    )


# -- meetings ----------------------------------------------------------------------------------------------------------


@cmdlet(
    "Remove-CalendarEvents",
    "Identity CancelOrganizedMeetings QueryStartDate QueryWindowInDays PreviewOnly UseCustomRouting",
)
def remove_calendar_events(command: Command) -> list[Doc]:
    """Cancel the meetings with others that somebody organises within a window of days."""
    owner, _ = mailbox(command.store, command.text("Identity"))
    days = command.text("QueryWindowInDays")
    if not days.isdecimal() or not 1 <= int(days) <= 1825:
        raise Failed("System.ArgumentException", "QueryWindowInDays must be a number from 1 to 1825.")
    start = moment(command, "QueryStartDate") if command.has("QueryStartDate") else command.store.now()
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    end = start + timedelta(days=int(days))
    for event in command.store.find("events", "_mailbox", owner["id"]):
        organised = event["isOrganizer"] and event["attendees"]
        if not organised or next(meetings.occurrences(event, start, end), None) is None:
            continue
        command.warnings.append(f'The meeting with subject "{event["subject"]}" has been queued for cancellation.')
        if command.flag("CancelOrganizedMeetings") and not command.flag("PreviewOnly"):
            meetings.cancel(command.store, owner, event)
    return []
