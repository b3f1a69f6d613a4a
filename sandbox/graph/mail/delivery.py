"""What happens to a message on its way: groups expanded, forwarding, inbox rules, automatic replies, the inbox."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sandbox.graph.directory import stamp
from sandbox.graph.groups.memberships import member_ids
from sandbox.graph.mail.mailboxes import settings_of
from sandbox.graph.mail.message_rules import FORWARDING, rules_of
from sandbox.graph.mail.outlook import change_key, moment, new_id
from sandbox.graph.mail.services import mailbox, write
from sandbox.store import Doc, Store

_HOPS = 3


def send(store: Store, sender: Doc, message: Doc, to: Iterable[str], *, keep: bool = False) -> None:
    """Deliver a message into the inboxes of those recipients that have one here; keep a copy if wanted."""
    if keep:
        _store(store, sender, sender, message, "sentitems")
    for user in _expanded(store, to):
        _arrive(store, user, sender, message, 0)


def addresses(message: Doc, *names: str) -> list[str]:
    """The addresses under kinds of recipients."""
    return [item["emailAddress"]["address"] for name in names for item in message.get(name) or ()]


def user_at(store: Store, address: str) -> Doc | None:
    """Who has this address: as sign-in name, mail or alias."""
    for field, value in (("mail", address), ("userPrincipalName", address)):
        if found := store.find("users", field, value):
            return found[0]
    return next(
        (u for prefix in ("SMTP:", "smtp:") for u in store.find("users", "proxyAddresses", prefix + address)), None
    )


def _expanded(store: Store, to: Iterable[str]) -> Iterator[Doc]:
    seen: set[str] = set()
    for address in to:
        user = user_at(store, address)
        groups = [] if user else [g for g in store.find("groups", "mail", address) if g.get("mailEnabled")]
        members = (store.get("users", key) for group in groups for key in member_ids(store, group))
        for found in (user, *members):
            if found is not None and found["id"] not in seen:
                seen.add(found["id"])
                yield found


def _arrive(store: Store, user: Doc, sender: Doc, message: Doc, hops: int) -> None:
    box = mailbox(store, user)
    if box is None or hops > _HOPS:
        return
    exchange = box.get("exchange") or {}
    onward = [address for name in ("ForwardingAddress", "ForwardingSmtpAddress") if (address := exchange.get(name))]
    if not onward or exchange.get("DeliverToMailboxAndForward"):
        _into_inbox(store, user, sender, message, hops)
    _pass_on(store, sender, message, onward, hops)
    if hops == 0:
        _reply(store, user, box, sender, message)


def _into_inbox(store: Store, user: Doc, sender: Doc, message: Doc, hops: int) -> None:
    folder = "inbox"
    for rule in rules_of(store, user["id"]):
        if not rule.get("isEnabled", True) or not _applies(rule, sender, message):
            continue
        actions = rule["actions"]
        _pass_on(store, sender, message, addresses(actions, *FORWARDING), hops)
        if actions.get("redirectTo") or actions.get("delete") or actions.get("permanentDelete"):
            folder = "deleteditems"
        if actions.get("stopProcessingRules"):
            break
    _store(store, user, sender, message, folder)


def _applies(rule: Doc, sender: Doc, message: Doc) -> bool:
    """The conditions a rule has here: words in the subject, who sent it; any other one does not hold."""
    conditions = {name: value for name, value in (rule.get("conditions") or {}).items() if value}
    subject = str(message.get("subject") or "").casefold()
    for name, value in conditions.items():
        if name == "subjectContains":
            held = any(str(word).casefold() in subject for word in value)
        elif name == "senderContains":
            held = any(str(word).casefold() in _address(sender).casefold() for word in value)
        else:
            held = name == "sentToMe"
        if not held:
            return False
    return True


def _pass_on(store: Store, sender: Doc, message: Doc, onward: list[str], hops: int) -> None:
    for user in _expanded(store, (address.removeprefix("smtp:") for address in onward)):
        _arrive(store, user, sender, message, hops + 1)


def _reply(store: Store, user: Doc, box: Doc, sender: Doc, message: Doc) -> None:
    replies = settings_of(store, box)["automaticRepliesSetting"]
    now = store.now()
    start, end = (moment(replies[f"scheduled{edge}DateTime"], edge) for edge in ("Start", "End"))
    on = replies["status"] == "alwaysEnabled" or (replies["status"] == "scheduled" and start <= now <= end)
    target = mailbox(store, sender)
    if on and target is not None and sender["id"] != user["id"]:
        subject = f"Automatic reply: {message.get('subject') or ''}"
        body = {"contentType": "html", "content": replies["internalReplyMessage"]}
        _store(store, sender, user, {"subject": subject, "body": body, "toRecipients": [recipient(sender)]}, "inbox")


def recipient(user: Doc) -> Doc:
    """Somebody as messages and meetings name them."""
    return {"emailAddress": {"name": user["displayName"], "address": _address(user)}}


def _address(user: Doc) -> str:
    return str(user.get("mail") or user["userPrincipalName"])


def _store(store: Store, user: Doc, sender: Doc, message: Doc, folder: str) -> None:
    now = stamp(store.now())
    body = {"contentType": "text", "content": "", **(message.get("body") or {})}
    doc = {
        "id": new_id(),
        "_mailbox": user["id"],
        "_folder": folder,
        "createdDateTime": now,
        "lastModifiedDateTime": now,
        "changeKey": change_key(),
        "receivedDateTime": now,
        "sentDateTime": now,
        "subject": message.get("subject") or "",
        "body": {**body, "contentType": str(body["contentType"]).lower()},
        "importance": str(message.get("importance") or "normal").lower(),
        "isRead": folder == "sentitems",
        "from": recipient(sender),
        "toRecipients": message.get("toRecipients") or [],
        "ccRecipients": message.get("ccRecipients") or [],
        "internetMessageHeaders": message.get("internetMessageHeaders") or [],
    }
    write(store, "messages", doc)


def notify(store: Store, sender: Doc, to: Iterable[str], subject: str, text: str, at: datetime | None = None) -> None:
    """A message that Exchange itself writes: an invitation or a cancellation."""
    when = f"{text}\n{at:%Y-%m-%d %H:%M} UTC" if at else text
    send(store, sender, {"subject": subject, "body": {"contentType": "text", "content": when}}, to)
