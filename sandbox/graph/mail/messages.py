"""Messages: what was delivered into practice mailboxes (Microsoft Graph v1.0, resource type message)."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.mail.mailboxes import folder_id, folder_name
from sandbox.graph.mail.outlook import check_names, chosen, item_not_found, listed, opened
from sandbox.graph.mail.services import erase, write
from sandbox.graph.permissions import MAIL_READ, MAIL_WRITE
from sandbox.store import Doc

router = Router()


def _shown(message: Doc) -> Doc:
    text = str(message["body"]["content"])
    public = {name: value for name, value in message.items() if not name.startswith("_")}
    return {
        "@odata.etag": f'W/"{message["changeKey"]}"',
        **public,
        "bodyPreview": text[:255],
        "sender": message["from"],
        "bccRecipients": [],
        "replyTo": [],
        "categories": [],
        "hasAttachments": False,
        "isDraft": False,
        "parentFolderId": folder_id(message["_folder"]),
        "internetMessageId": f"<{message['id'][5:29]}@practice.example>",
        "conversationId": message["id"],
        "inferenceClassification": "focused",
        "flag": {"flagStatus": "notFlagged"},
        "webLink": f"https://outlook.office365.com/owa/?ItemID={message['id']}&viewmodel=ReadMessageItem",
    }


def _newest_first(call: Call, user: Doc, folder: str | None) -> list[Doc]:
    held = call.store.find_seen("messages", "_mailbox", user["id"])
    return [_shown(message) for message in reversed(held) if folder in (None, message["_folder"])]


def _one(call: Call) -> tuple[Doc, Doc]:
    user, _ = opened(call)
    found = call.store.seen("messages", call.params["message"])
    if found is None or found["_mailbox"] != user["id"]:
        raise item_not_found()
    return user, found


@router.add("GET", "users/{user}/messages", MAIL_READ)
def messages(call: Call) -> Response:
    """``GET /users/{u}/messages``: of all folders, the newest first."""
    user, _ = opened(call)
    return listed(call, _newest_first(call, user, None), "message", f"users('{user['id']}')/messages")


@router.add("GET", "users/{user}/mailFolders/{folder}/messages", MAIL_READ)
def messages_of_folder(call: Call) -> Response:
    """``GET /users/{u}/mailFolders/inbox/messages``."""
    user, _ = opened(call)
    name = folder_name(call.params["folder"])
    context = f"users('{user['id']}')/mailFolders('{call.params['folder']}')/messages"
    return listed(call, _newest_first(call, user, name), "message", context)


@router.add("GET", "users/{user}/messages/{message}", MAIL_READ)
def message(call: Call) -> Response:
    """``GET /users/{u}/messages/{id}``."""
    user, found = _one(call)
    return call.answer(chosen(call, _shown(found)), f"users('{user['id']}')/messages/$entity")


@router.add("PATCH", "users/{user}/messages/{message}", MAIL_WRITE)
def mark(call: Call) -> Response:
    """``PATCH /users/{u}/messages/{id} {"isRead"}``: 200 with the message."""
    user, found = _one(call)
    values = check_names(call.body(), ("isRead", "importance"), "message")
    changed = write(call.store, "messages", {**found, **values})
    return call.answer(_shown(changed), f"users('{user['id']}')/messages/$entity")


@router.add("DELETE", "users/{user}/messages/{message}", MAIL_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /users/{u}/messages/{id}``: 204."""
    _, found = _one(call)
    erase(call.store, "messages", found["id"])
    return Response(status_code=204)
