"""Inbox rules (Microsoft Graph v1.0, resource type messageRule): kept, and followed for what they forward."""

from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.mail.mailboxes import folder_name
from sandbox.graph.mail.outlook import check_names, chosen, invalid, item_not_found, listed, new_id, opened
from sandbox.graph.mail.services import erase, write
from sandbox.graph.permissions import MAILBOX_SETTINGS_READ, MAILBOX_SETTINGS_WRITE
from sandbox.store import Doc, Store

router = Router()
_PATH = "users/{user}/mailFolders/{folder}/messageRules"
_NAMES = ["id", "displayName", "sequence", "isEnabled", "hasError", "isReadOnly", "conditions", "actions", "exceptions"]
_ACTIONS = [
    "assignCategories",
    "copyToFolder",
    "delete",
    "forwardAsAttachmentTo",
    "forwardTo",
    "markAsRead",
    "markImportance",
    "moveToFolder",
    "permanentDelete",
    "redirectTo",
    "stopProcessingRules",
]
FORWARDING = ("forwardTo", "forwardAsAttachmentTo", "redirectTo")


def rules_of(store: Store, user_id: str) -> list[Doc]:
    """Somebody's inbox rules in their order."""
    return sorted(store.find_seen("message_rules", "_mailbox", user_id), key=lambda rule: int(rule["sequence"]))


def _shown(rule: Doc) -> Doc:
    return {name: rule[name] for name in _NAMES if rule.get(name) is not None}


def _context(user: Doc) -> str:
    return f"users('{user['id']}')/mailFolders('inbox')/messageRules"


def _inbox(call: Call) -> Doc:
    user, _ = opened(call)
    if folder_name(call.params["folder"]) != "inbox":
        raise invalid("ErrorInvalidOperation", "Message rules can only be applied to the Inbox folder.")
    return user


def _rule(call: Call) -> tuple[Doc, Doc]:
    user = _inbox(call)
    found = call.store.seen("message_rules", call.params["rule"])
    if found is None or found["_mailbox"] != user["id"]:
        raise item_not_found()
    return user, found


@router.add("GET", _PATH, MAILBOX_SETTINGS_READ)
def rules(call: Call) -> Response:
    """``GET /users/{u}/mailFolders/inbox/messageRules``."""
    user = _inbox(call)
    found = [_shown(rule) for rule in rules_of(call.store, user["id"])]
    return listed(call, found, "messageRule", _context(user), page=1000)


@router.add("POST", _PATH, MAILBOX_SETTINGS_WRITE)
def create(call: Call) -> Response:
    """``POST …/messageRules``: 201; a name and an action are needed."""
    user = _inbox(call)
    values = _checked(call.body())
    if not values.get("displayName") or not values.get("actions"):
        raise invalid("ErrorInvalidRequest", "A message rule needs a displayName and at least one action.")
    last = max((rule["sequence"] for rule in rules_of(call.store, user["id"])), default=0)
    defaults = {"sequence": last + 1, "isEnabled": True, "hasError": False, "isReadOnly": False}
    doc = {"id": new_id(), "_mailbox": user["id"], **defaults, **values}
    write(call.store, "message_rules", doc)
    return call.answer(_shown(doc), _context(user) + "/$entity", 201)


@router.add("GET", _PATH + "/{rule}", MAILBOX_SETTINGS_READ)
def rule(call: Call) -> Response:
    """``GET …/messageRules/{id}``."""
    user, found = _rule(call)
    return call.answer(chosen(call, _shown(found)), _context(user) + "/$entity")


@router.add("PATCH", _PATH + "/{rule}", MAILBOX_SETTINGS_WRITE)
def change(call: Call) -> Response:
    """``PATCH …/messageRules/{id}``: 200 with the rule."""
    user, found = _rule(call)
    changed = write(call.store, "message_rules", {**found, **_checked(call.body())})
    return call.answer(_shown(changed), _context(user) + "/$entity")


@router.add("DELETE", _PATH + "/{rule}", MAILBOX_SETTINGS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE …/messageRules/{id}``: 204."""
    _, found = _rule(call)
    erase(call.store, "message_rules", found["id"])
    return Response(status_code=204)


def _checked(body: Doc) -> Doc:
    values = check_names(body, _NAMES, "messageRule")
    for name in ("id", "hasError", "isReadOnly"):
        values.pop(name, None)
    if not isinstance(values.get("sequence", 1), int) or values.get("sequence", 1) < 1:
        raise invalid("ErrorInvalidArgument", "The sequence of a message rule must be 1 or more.")
    if values.get("actions") is not None:
        values["actions"] = check_names(_object(values["actions"]), _ACTIONS, "messageRuleActions")
    return values


def _object(value: Any) -> Doc:
    if not isinstance(value, dict):
        raise invalid("RequestBodyRead", "The actions of a message rule must be an object.")
    return value
