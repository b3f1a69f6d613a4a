"""Mailbox settings and folders (Microsoft Graph v1.0, resource types mailboxSettings and mailFolder)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.mail.outlook import (
    check_names,
    chosen,
    invalid,
    item_not_found,
    listed,
    moment,
    one_of,
    opened,
    zoned,
)
from sandbox.graph.mail.services import write
from sandbox.graph.permissions import MAIL_READ, MAILBOX_SETTINGS_READ, MAILBOX_SETTINGS_WRITE
from sandbox.store import Doc, Store

router = Router()
PURPOSES = {
    "UserMailbox": "user",
    "SharedMailbox": "shared",
    "RoomMailbox": "room",
    "EquipmentMailbox": "equipment",
    "LinkedMailbox": "linked",
}
FOLDERS = {"inbox": "Inbox", "sentitems": "Sent Items", "deleteditems": "Deleted Items", "drafts": "Drafts",
           "archive": "Archive", "junkemail": "Junk Email", "outbox": "Outbox"}  # fmt: skip
STATUSES = ("disabled", "alwaysEnabled", "scheduled")
AUDIENCES = ("none", "contactsOnly", "all")
_DELIVERIES = ("sendToDelegateAndInformationToPrincipal", "sendToDelegateAndPrincipal", "sendToDelegateOnly")
_REPLY_NAMES = [
    "status",
    "externalAudience",
    "internalReplyMessage",
    "externalReplyMessage",
    "scheduledStartDateTime",
    "scheduledEndDateTime",
]


# -- settings ----------------------------------------------------------------------------------------------------------


def settings_of(store: Store, box: Doc) -> Doc:
    """All settings of a mailbox, the default ones where nothing was set."""
    today = store.now().replace(hour=0, minute=0, second=0, microsecond=0)
    replies = {
        "status": "disabled",
        "externalAudience": "all",
        "internalReplyMessage": "",
        "externalReplyMessage": "",
        "scheduledStartDateTime": zoned(today),
        "scheduledEndDateTime": zoned(today + timedelta(days=1)),
    }
    held = box.get("settings") or {}
    return {
        "archiveFolder": None,
        "timeZone": "UTC",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "M/d/yyyy",
        "timeFormat": "h:mm tt",
        "language": {"locale": "en-US", "displayName": "English (United States)"},
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": "UTC"},
        },
        **held,
        "userPurpose": PURPOSES[box["type"]],
        "automaticRepliesSetting": {**replies, **(held.get("automaticRepliesSetting") or {})},
    }


@router.add("GET", "users/{user}/mailboxSettings", MAILBOX_SETTINGS_READ)
def settings(call: Call) -> Response:
    """``GET /users/{u}/mailboxSettings``; 404 ``MailboxNotEnabledForRESTAPI`` without a mailbox."""
    user, box = opened(call)
    body = settings_of(call.store, box)
    wanted = [name.strip().lower() for name in call.query.get("select", "").split(",") if name.strip()]
    if wanted:
        body = {name: value for name, value in body.items() if name.lower() in wanted}
    return call.answer(body, f"users('{user['id']}')/mailboxSettings")


@router.add("GET", "users/{user}/mailboxSettings/{name}", MAILBOX_SETTINGS_READ)
def setting(call: Call) -> Response:
    """``GET /users/{u}/mailboxSettings/userPurpose`` and the like: one setting; a plain value stands in ``value``."""
    user, box = opened(call)
    found = {name.lower(): (name, value) for name, value in settings_of(call.store, box).items()}
    if call.params["name"].lower() not in found:
        raise invalid("BadRequest", f"Resource not found for the segment '{call.params['name']}'.")
    name, value = found[call.params["name"].lower()]
    context = f"users('{user['id']}')/mailboxSettings/{name}"
    return call.answer(value if isinstance(value, dict) else {"value": value}, context)


@router.add("PATCH", "users/{user}/mailboxSettings", MAILBOX_SETTINGS_WRITE)
def change_settings(call: Call) -> Response:
    """``PATCH /users/{u}/mailboxSettings``: 200 with what was changed, not 204."""
    user, box = opened(call)
    values = check_names(call.body(), settings_of(call.store, box), "mailboxSettings")
    if "userPurpose" in values or "archiveFolder" in values:
        raise invalid("ErrorInvalidRequest", "The property 'userPurpose' is read-only and cannot be set.")
    checked = {name: _CHECKS.get(name, _as_it_is)(value) for name, value in values.items()}
    if "automaticRepliesSetting" in checked:
        held = settings_of(call.store, box)["automaticRepliesSetting"]
        checked["automaticRepliesSetting"] = checked_replies({**held, **checked["automaticRepliesSetting"]})
    write(call.store, "mailboxes", {**box, "settings": {**(box.get("settings") or {}), **checked}})
    return call.answer(checked, f"users('{user['id']}')/mailboxSettings")


def _replies(value: Any) -> Doc:
    if not isinstance(value, dict):
        raise invalid("RequestBodyRead", "'automaticRepliesSetting' must be an object.")
    found = check_names(value, _REPLY_NAMES, "automaticRepliesSetting")
    for name, allowed in (("status", STATUSES), ("externalAudience", AUDIENCES)):
        if name in found:
            found[name] = one_of(found[name], allowed)
    for name in ("internalReplyMessage", "externalReplyMessage"):
        if not isinstance(found.get(name) or "", str):
            raise invalid("RequestBodyRead", f"'{name}' must be a string.")
    for name in ("scheduledStartDateTime", "scheduledEndDateTime"):
        if name in found:
            found[name] = zoned(moment(found[name], name))
    return found


def checked_replies(replies: Doc) -> Doc:
    """Automatic replies as a whole: a schedule must end after it begins (EWS, ErrorInvalidScheduledOofDuration)."""
    start, end = (moment(replies[f"scheduled{edge}DateTime"], edge) for edge in ("Start", "End"))
    if replies["status"] == "scheduled" and start >= end:
        text = "The duration of the scheduled automatic replies is not valid: the end must be later than the start."
        raise invalid("ErrorInvalidScheduledOofDuration", text)
    return replies


def _as_it_is(value: Any) -> Any:
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "automaticRepliesSetting": _replies,
    "delegateMeetingMessageDeliveryOptions": lambda value: one_of(value, _DELIVERIES),
}


# -- folders -----------------------------------------------------------------------------------------------------------


def folder_name(key: str) -> str:
    """A folder by its well-known name or by its id, which in this tenant is derived from the name."""
    lowered = key.lower()
    if lowered in FOLDERS:
        return lowered
    found = next((name for name in FOLDERS if folder_id(name) == key), None)
    if found is None:
        raise item_not_found()
    return found


def folder_id(name: str) -> str:
    """The id of a well-known folder."""
    return f"AAMkAFolder{name.capitalize()}AAA="


def _folder(call: Call, user: Doc, name: str) -> Doc:
    held = [m for m in call.store.find_seen("messages", "_mailbox", user["id"]) if m["_folder"] == name]
    return {
        "id": folder_id(name),
        "displayName": FOLDERS[name],
        "parentFolderId": "AAMkAFolderRootAAA=",
        "childFolderCount": 0,
        "unreadItemCount": sum(not message["isRead"] for message in held),
        "totalItemCount": len(held),
        "sizeInBytes": 0,
        "isHidden": False,
    }


@router.add("GET", "users/{user}/mailFolders", MAIL_READ)
def folders(call: Call) -> Response:
    """``GET /users/{u}/mailFolders``."""
    user, _ = opened(call)
    found = [_folder(call, user, name) for name in FOLDERS]
    return listed(call, found, "mailFolder", f"users('{user['id']}')/mailFolders")


@router.add("GET", "users/{user}/mailFolders/{folder}", MAIL_READ)
def folder(call: Call) -> Response:
    """``GET /users/{u}/mailFolders/inbox``, by well-known name or id."""
    user, _ = opened(call)
    found = _folder(call, user, folder_name(call.params["folder"]))
    return call.answer(chosen(call, found), f"users('{user['id']}')/mailFolders/$entity")
