"""Mail: ``sendMail`` delivers between practice mailboxes, and notes every message where controls and tests read it."""

import uuid
from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.mail import delivery
from sandbox.graph.mail.outlook import invalid, one_of, opened
from sandbox.graph.permissions import MAIL_SEND
from sandbox.store import Doc

router = Router()
_TO = ("toRecipients", "ccRecipients", "bccRecipients")
MAX_RECIPIENTS = 500


@router.add("POST", "users/{user}/sendMail", MAIL_SEND)
def send_mail(call: Call) -> Response:
    """``POST /users/{sender}/sendMail``: 202 without a body, and without an id of the message."""
    sender, _ = opened(call)
    body = {name.lower(): value for name, value in call.body().items()}
    message = body.get("message")
    if not isinstance(message, dict):
        raise invalid("ErrorInvalidRequest", "The request has no message.")
    message = _spelled(message)
    recipients = [address for name in _TO for address in _addresses(message, name)]
    if not recipients:
        raise invalid("ErrorInvalidRecipients", "At least one recipient is not valid.")
    if len(recipients) > MAX_RECIPIENTS:
        text = f"The message exceeds the maximum of {MAX_RECIPIENTS} recipients."
        raise invalid("ErrorExceededMaxRecipientLimit", text)
    keep = body.get("savetosentitems", True) is not False
    mail = {
        "id": str(uuid.uuid4()),
        "at": call.moment(),
        "from": sender["userPrincipalName"],
        "to": recipients,
        "subject": message.get("subject") or "",
        "message": message,
        "saveToSentItems": keep,
    }
    call.store.put("mails", mail)
    delivery.send(call.store, sender, message, recipients, keep=keep)
    return Response(status_code=202)


_NAMES = {name.lower(): name for name in (*_TO, "subject", "body", "importance", "internetMessageHeaders")}


def _spelled(message: Doc) -> Doc:
    """The message with the names this tenant reads in their documented spelling, its body's kind checked."""
    found = {_NAMES.get(name.lower(), name): value for name, value in message.items()}
    body = found.get("body")
    if body is not None:
        if not isinstance(body, dict):
            raise invalid("RequestBodyRead", "The body of a message must be an object.")
        one_of(body.get("contentType", "text"), ("text", "html"))
    for header in found.get("internetMessageHeaders") or ():
        if not str(header.get("name", "")).lower().startswith("x-"):
            text = f"The internet message header name '{header.get('name')}' should start with 'x-' or 'X-'."
            raise invalid("InvalidInternetMessageHeader", text)
    return found


def _addresses(message: Doc, name: str) -> list[str]:
    """The addresses under one kind of recipient; an ill-formed one is refused."""
    return [_address(recipient) for recipient in message.get(name) or ()]


def _address(recipient: Any) -> str:
    held = recipient.get("emailAddress") if isinstance(recipient, dict) else None
    address = held.get("address") if isinstance(held, dict) else None
    if not isinstance(address, str) or "@" not in address.strip("@"):
        raise invalid("ErrorInvalidRecipients", f"Recipient '{address}' is not resolved.")
    return address
