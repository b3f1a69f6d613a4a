"""Mailboxes and drives come with a licence, go with it or with their user, and are kept for a while.

Exchange Online: a mailbox whose last Exchange plan goes is disconnected and can be reconnected for 30 days, unless it
was made shared before; one on hold becomes inactive and stays ("Delete or restore user mailboxes", "Inactive
mailboxes"). OneDrive: kept for the tenant's retention after the user is deleted, the manager being let in;
unlicensed, it is read-only from day 60 and archived from day 93 ("OneDrive retention and deletion").
"""

import base64
import time
import uuid
from datetime import datetime, timedelta

from sandbox.graph import background
from sandbox.graph.directory import stamp
from sandbox.graph.licences.licences import drive as drive_plan
from sandbox.graph.licences.licences import mailbox as mailbox_plan
from sandbox.store import Doc, Store

KEPT = timedelta(days=30)
READ_ONLY_AFTER, ARCHIVED_AFTER = timedelta(days=60), timedelta(days=93)
USER = "UserMailbox"


def write(store: Store, kind: str, doc: Doc) -> Doc:
    """Write what Exchange and SharePoint keep themselves: they read their own writes at once."""
    return store.put(kind, doc, time.time())


def age(store: Store, moment: str | None) -> timedelta:
    """How long ago a moment was, by the tenant's clock; nothing for none."""
    return store.now() - datetime.fromisoformat(moment) if moment else timedelta(0)


# -- mailboxes ---------------------------------------------------------------------------------------------------------


def new_mailbox(user_id: str, created: str, kind: str = USER) -> Doc:
    """A mailbox as it comes into being; what was never set is not in it."""
    return {"id": user_id, "state": "active", "since": created, "created": created, "type": kind}


def mailbox(store: Store, user: Doc) -> Doc | None:
    """The mailbox that a user's mail is in, as a reader sees it; None while it is not there (any more)."""
    _catch_up(store, user["id"])
    found = store.seen("mailboxes", user["id"])
    return found if found is not None and found["state"] == "active" else None


def any_mailbox(store: Store, user_id: str) -> Doc | None:
    """A mailbox in whatever state, as it truly is; one that was disconnected 30 days ago is gone."""
    found = store.get("mailboxes", user_id)
    if found is not None and found["state"] == "disconnected" and age(store, found["since"]) > KEPT:
        store.remove("mailboxes", user_id)
        return None
    return found


def held(store: Store, box: Doc) -> bool:
    """Does a hold keep the mailbox's content? Policies that only delete (``:1``) and exclusions do not."""
    own = box.get("exchange") or {}
    organisation = (store.get("exchange_organisation", "config") or {}).get("InPlaceHolds") or []
    policies = [*(own.get("InPlaceHolds") or []), *organisation]
    excluded = {hold[1:].partition(":")[0] for hold in policies if hold.startswith("-")}
    return (
        bool(own.get("LitigationHoldEnabled") or own.get("ComplianceTagHoldApplied"))
        or (age(store, own.get("delay_hold_since")) > timedelta(0) and age(store, own.get("delay_hold_since")) < KEPT)
        or any(not h.startswith("-") and not h.endswith(":1") and h.partition(":")[0] not in excluded for h in policies)
    )


def _wanted(store: Store, user: Doc | None, box: Doc | None) -> bool:
    if user is None:
        return False
    return mailbox_plan(store, user) or (box is not None and box["type"] != USER)


def _catch_up(store: Store, user_id: str) -> None:
    """Whatever way a licence came or went, the mailbox follows at the latest when somebody looks for it."""
    user, box = store.get("users", user_id), any_mailbox(store, user_id)
    active = box is not None and box["state"] == "active"
    if _wanted(store, user, box) == active:
        return
    if active:
        follow_mailbox(store, user_id)
    elif store.get("pending", f"mailbox:{user_id}") is None:
        background.later(store, store.settings.mailbox_delay_ms / 1000, "mailbox", user_id)


@background.work("mailbox")
def follow_mailbox(store: Store, user_id: str) -> None:
    """Bring a mailbox to where its user and their licence say: made, reconnected, disconnected or inactive."""
    user, box = store.get("users", user_id), any_mailbox(store, user_id)
    if user is not None and _wanted(store, user, box):
        _attach(store, user, box)
    elif box is not None and box["state"] == "active":
        state = "inactive" if held(store, box) else "disconnected"
        left = user or store.get("deleted_users", user_id) or {}
        known = {name: left.get(name) for name in ("displayName", "mail", "mailNickname")}
        upn = left.get("_userPrincipalName") or left.get("userPrincipalName")
        gone = {"owner": {**known, "userPrincipalName": upn}, "since": stamp(store.now())}
        write(store, "mailboxes", {**box, "state": state, **gone})


def _attach(store: Store, user: Doc, box: Doc | None) -> None:
    now = stamp(store.now())
    if box is None:
        write(store, "mailboxes", new_mailbox(user["id"], now))
    elif box["state"] != "active":
        write(store, "mailboxes", {**box, "state": "active", "since": now})
    if not user.get("mail"):
        address = user["userPrincipalName"]
        store.put("users", {**user, "mail": address, "proxyAddresses": [f"SMTP:{address}"]})


def convert_later(store: Store, user_id: str, kind: str) -> None:
    """Have a mailbox become shared, regular, a room or equipment: Exchange takes its time."""
    box = store.get("mailboxes", user_id)
    if box is not None:
        write(store, "mailboxes", {**box, "becomes": kind})
        background.later(store, store.settings.mailbox_delay_ms / 1000, "convert", user_id)


@background.work("convert")
def convert(store: Store, user_id: str) -> None:
    """The conversion is through; a mailbox disconnected meanwhile is not converted any more."""
    box = store.get("mailboxes", user_id)
    if box is None or "becomes" not in box:
        return
    left = {name: value for name, value in box.items() if name != "becomes"}
    write(store, "mailboxes", {**left, "type": box["becomes"]} if box["state"] == "active" else left)
    follow_mailbox(store, user_id)


# -- drives ------------------------------------------------------------------------------------------------------------


def drive_id(user_id: str) -> str:
    """The id of somebody's OneDrive: ``b!`` and the ids of site, web and library."""
    parts = (uuid.uuid5(uuid.UUID(user_id), name).bytes_le for name in ("site", "web", "list"))
    return "b!" + base64.urlsafe_b64encode(b"".join(parts)).decode()


def new_drive(user: Doc, created: str) -> Doc:
    """A drive as it comes into being, with what it goes on knowing of its owner when they are gone."""
    owner = {
        "email": user.get("mail") or user["userPrincipalName"],
        "id": user["id"],
        "displayName": user["displayName"],
    }
    site = "".join(c if c.isalnum() else "_" for c in user["userPrincipalName"].lower())
    return {"id": drive_id(user["id"]), "owner": owner, "site": site, "created": created, "version": 0}


def live_drive(store: Store, key: str) -> Doc | None:
    """A drive by its id, unless its retention is over."""
    found = store.get("drives", key)
    if found is not None:
        _catch_up_drive(store, found["owner"]["id"])
        found = store.get("drives", key)
    if found is not None and age(store, found.get("deleted")) > KEPT:
        return None
    return found


def drive_of(store: Store, user: Doc) -> Doc | None:
    """Somebody's drive; None while it is not there."""
    _catch_up_drive(store, user["id"])
    return live_drive(store, drive_id(user["id"]))


def _catch_up_drive(store: Store, user_id: str) -> None:
    user, found = store.get("users", user_id), store.get("drives", drive_id(user_id))
    licensed = user is not None and drive_plan(store, user)
    if found is None:
        if licensed and _signed_in(store, user_id) and store.get("pending", f"drive:{user_id}") is None:
            background.later(store, store.settings.provisioning_delay_ms / 1000, "drive", user_id)
    elif (user is None) != ("deleted" in found) or licensed == ("unlicensed" in found):
        follow_drive(store, user_id)


def _signed_in(store: Store, user_id: str) -> bool:
    """Has somebody ever signed in? Where drives wait for that, nothing else makes one."""
    held = store.get("sign_in_activities", user_id) or {}
    return not store.settings.drives_wait_for_sign_in or "lastSuccessfulSignInDateTime" in held


@background.work("drive")
def follow_drive(store: Store, user_id: str) -> None:
    """Bring a drive to where its user and their licence say; whoever managed a deleted user is let in."""
    user, found = store.get("users", user_id), store.get("drives", drive_id(user_id))
    now = stamp(store.now())
    licensed = user is not None and drive_plan(store, user)
    if found is None:
        if user is not None and licensed and _signed_in(store, user_id):
            write(store, "drives", new_drive(user, now))
        return
    marks = {} if user is not None else {"deleted": found.get("deleted", now)}
    if not licensed:
        marks["unlicensed"] = found.get("unlicensed", now)
    kept = {name: value for name, value in found.items() if name not in ("deleted", "unlicensed")}
    write(store, "drives", {**kept, **marks})
    if user is None and "deleted" not in found:
        _let_the_manager_in(store, user_id)


def _let_the_manager_in(store: Store, user_id: str) -> None:
    manager = (store.get("deleted_users", user_id) or {}).get("_manager")
    if manager is not None and (person := store.get("users", manager)) is not None:
        grant(store, drive_id(user_id), root_id(drive_id(user_id)), person, ["owner"])


def root_id(drive: str) -> str:
    """The id of a drive's root folder, which needs no document of its own."""
    return item_id(uuid.uuid5(uuid.NAMESPACE_URL, drive))


def item_id(key: uuid.UUID) -> str:
    """An item's id: ``01`` and 32 letters and digits."""
    return "01" + base64.b32encode(key.bytes + key.bytes[:4]).decode()


def grant(store: Store, drive: str, item: str, person: Doc, roles: list[str], expires: str | None = None) -> Doc:
    """Let somebody into an item; what they had there before is replaced."""
    identity = {"displayName": person["displayName"], "email": person.get("mail") or person["userPrincipalName"]}
    doc = {
        "id": base64.urlsafe_b64encode(f"i:0#.f|membership|{person['userPrincipalName']}|{item}".encode())
        .decode()
        .rstrip("="),
        "_drive": drive,
        "_item": item,
        "roles": roles,
        "user": {**identity, "id": person["id"], "loginName": f"i:0#.f|membership|{person['userPrincipalName']}"},
        "expires": expires,
    }
    return write(store, "drive_permissions", doc)


def erase(store: Store, kind: str, key: str) -> None:
    """Take something of Exchange's or SharePoint's away: seen at once, as ``write`` is."""
    store.remove(kind, key, time.time())
