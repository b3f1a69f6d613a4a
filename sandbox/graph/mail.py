"""Mail: ``sendMail`` accepts a message into the tenant's mails, where practice controls and tests can read it."""

import uuid

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError
from sandbox.graph.licences import mailbox
from sandbox.graph.permissions import MAIL_SEND
from sandbox.store import Doc

router = Router()
_NO_MAILBOX = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."


@router.add("POST", "users/{user}/sendMail", MAIL_SEND)
def send_mail(call: Call) -> Response:
    """``POST /users/{sender}/sendMail``: 202 without a body, and without an id of the message."""
    sender = seen_user(call.store, call.params["user"])
    if not mailbox(call.store, sender):
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", _NO_MAILBOX)
    body = {name.lower(): value for name, value in call.body().items()}
    message = body.get("message")
    if not isinstance(message, dict):
        raise GraphError(400, "ErrorInvalidRequest", "The request has no message.")
    recipients = [
        address for name in ("toRecipients", "ccRecipients", "bccRecipients") for address in _addresses(message, name)
    ]
    if not recipients:
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    mail = {
        "id": str(uuid.uuid4()),
        "at": call.moment(),
        "from": sender["userPrincipalName"],
        "to": recipients,
        "subject": message.get("subject") or "",
        "message": message,
        "saveToSentItems": body.get("savetosentitems", True),
    }
    call.store.put("mails", mail)
    return Response(status_code=202)


def _addresses(message: Doc, name: str) -> list[str]:
    """The addresses under one kind of recipient; an ill-formed one is refused."""
    found = []
    for recipient in message.get(name) or ():
        held = recipient.get("emailAddress") if isinstance(recipient, dict) else None
        address = held.get("address") if isinstance(held, dict) else None
        if not isinstance(address, str) or "@" not in address.strip("@"):
            raise GraphError(400, "ErrorInvalidRecipients", f"Recipient '{address}' is not resolved.")
        found.append(address)
    return found
