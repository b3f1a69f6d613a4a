"""Subscriptions to changes of users and groups (Microsoft Graph, resource type subscription).

``notifications``, beside this, sends what a subscription asked for. Kind ``subscriptions``: ``_after`` is the number of
the log up to which changes were told, ``_life`` the seconds that were granted, ``_warned`` whether the end was told.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from sandbox import webhooks
from sandbox.graph.call import Call, Router
from sandbox.graph.changes import notifications
from sandbox.graph.changes.changes import log_of
from sandbox.graph.errors import GraphError
from sandbox.graph.permissions import APPLICATIONS_READ, GROUPS_READ, USERS_READ
from sandbox.graph.query import shape
from sandbox.store import Doc

router = Router()
MAX_LIFE, MIN_LIFE = timedelta(minutes=41760), timedelta(minutes=45)
_PROPERTIES = (
    "id resource applicationId changeType clientState notificationUrl notificationQueryOptions "
    "lifecycleNotificationUrl expirationDateTime creatorId includeResourceData latestSupportedTlsVersion "
    "encryptionCertificate encryptionCertificateId notificationUrlAppId"
)
_SHOWN = _PROPERTIES.split()
_RESOURCE = re.compile(
    r"/?(?:v1\.0/)?(?P<kind>\w+)(?:/(?P<id>[0-9a-f-]{36})|\('(?P<key>[0-9a-f-]{36})'\))?/?", re.IGNORECASE
)
_ANY = USERS_READ | GROUPS_READ


@dataclass(frozen=True)
class _Kind:
    """What can be subscribed to, the permission to read it, and the changes that are told."""

    kind: str
    allowed: frozenset[str]
    changes: frozenset[str]


_KINDS = {
    "users": _Kind("users", USERS_READ, frozenset({"updated", "deleted"})),
    "groups": _Kind("groups", GROUPS_READ, frozenset({"updated", "deleted"})),
}


def _invalid(message: str) -> GraphError:
    return GraphError(400, "ValidationError", message)


@router.add("POST", "subscriptions", _ANY)
async def create(call: Call) -> Response:
    """``POST /subscriptions``: 201 once every address given has answered its validation; 400 otherwise."""
    body = call.body()
    for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise _invalid(f"{name} is a required property for subscription creation.")
    doc = _checked(call, body)
    for name in ("notificationUrl", "lifecycleNotificationUrl"):
        await _validate(call, doc.get(name))
    call.store.put("subscriptions", doc)
    notifications.start(call.store, call.sent.pipeline.tenant_id)
    return _answer(call, doc, 201)


def _checked(call: Call, body: Doc) -> Doc:
    kind, object_id = _resource(call, body["resource"])
    wanted = [change.strip() for change in body["changeType"].split(",")]
    if unknown := [change for change in wanted if change not in kind.changes]:
        raise _invalid(f"Invalid 'changeType' attribute: '{unknown[0]}'.")
    if len(str(body.get("clientState") or "")) > 128:
        raise _invalid("The value of 'clientState' must not be longer than 128 characters.")
    until = _expiry(call, body["expirationDateTime"])
    return {
        **{name: body[name] for name in ("resource", "changeType", "notificationUrl")},
        "id": str(uuid.uuid4()),
        "clientState": body.get("clientState"),
        "lifecycleNotificationUrl": body.get("lifecycleNotificationUrl"),
        "latestSupportedTlsVersion": body.get("latestSupportedTlsVersion") or "v1_2",
        "applicationId": call.caller.app_id,
        "creatorId": call.caller.object_id,
        **until,
        "_kind": kind.kind,
        "_object": object_id,
        "_after": log_of(call.store).last,
    }


def _resource(call: Call, text: str) -> tuple[_Kind, str | None]:
    """``users``, ``/groups`` or one of them by id; the caller must be allowed to read it."""
    match = _RESOURCE.fullmatch(text)
    kind = _KINDS.get(match["kind"].lower()) if match else None
    if match is None or kind is None:
        raise _invalid(f"Unsupported resource '{text}': subscriptions are for users and groups.")
    call.require(kind.allowed)
    key = match["id"] or match["key"]
    if key and call.store.seen(kind.kind, key.lower()) is None:
        raise GraphError(404, "ResourceNotFound", f"Resource '{text}' does not exist.")
    return kind, key.lower() if key else None


def _expiry(call: Call, text: str) -> Doc:
    """The end of a subscription: at most 41,760 minutes away, and never less than 45."""
    now = call.store.now()
    try:
        until = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError as error:
        raise _invalid(f"Invalid 'expirationDateTime' attribute: '{text}'.") from error
    until = until.replace(tzinfo=until.tzinfo or UTC)
    if until <= now:
        raise _invalid("Subscription expiration must be in the future.")
    if until > now + MAX_LIFE:
        minutes = MAX_LIFE // timedelta(minutes=1)
        raise _invalid(f"Subscription expiration can only be {minutes} minutes in the future.")
    until = max(until, now + MIN_LIFE)
    moment = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"expirationDateTime": moment, "_life": (until - now).total_seconds(), "_warned": False}


async def _validate(call: Call, url: str | None) -> None:
    if url is None:
        return
    if not webhooks.allowed(url):
        raise _invalid(f"Invalid notification URL '{url}': it must make use of the HTTPS protocol.")
    token = f"Validation: Testing client application reachability for subscription Request-Id: {call.sent.request_id}"
    if (wrong := await webhooks.validate(url, token)) is not None:
        raise _invalid(wrong)


def _answer(call: Call, doc: Doc, status: int = 200) -> Response:
    return call.answer(shape(doc, _SHOWN), "subscriptions/$entity", status)


def _mine(call: Call) -> Doc:
    """A subscription of the calling application; those of others are not to be found."""
    notifications.expire(call.store)
    doc = call.store.get("subscriptions", call.params["subscription"].lower())
    if doc is None or doc["applicationId"] != call.caller.app_id:
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    return doc


@router.add("GET", "subscriptions", _ANY | APPLICATIONS_READ)
def many(call: Call) -> Response:
    """``GET /subscriptions``: those of the calling application."""
    notifications.expire(call.store)
    mine = [doc for doc in call.store.all("subscriptions") if doc["applicationId"] == call.caller.app_id]
    return call.answer({"value": [shape(doc, _SHOWN) for doc in mine]}, "subscriptions")


@router.add("GET", "subscriptions/{subscription}", _ANY | APPLICATIONS_READ)
def one(call: Call) -> Response:
    """``GET /subscriptions/{id}``."""
    return _answer(call, _mine(call))


@router.add("PATCH", "subscriptions/{subscription}", _ANY)
async def renew(call: Call) -> Response:
    """``PATCH /subscriptions/{id}``: 200; another end, or another address, which is validated first."""
    doc, body = _mine(call), call.body()
    changes: Doc = _expiry(call, body["expirationDateTime"]) if "expirationDateTime" in body else {"_warned": False}
    if unknown := body.keys() - {"expirationDateTime", "notificationUrl", "id"} - {n for n in body if "@odata." in n}:
        raise _invalid(f"Property '{sorted(unknown)[0]}' cannot be updated.")
    if "notificationUrl" in body:
        await _validate(call, body["notificationUrl"])
        changes["notificationUrl"] = body["notificationUrl"]
    return _answer(call, call.store.change("subscriptions", doc["id"], **changes))


@router.add("POST", "subscriptions/{subscription}/reauthorize", _ANY)
def reauthorize(call: Call) -> Response:
    """``POST /subscriptions/{id}/reauthorize``: 204; it goes on until the end it has."""
    call.store.change("subscriptions", _mine(call)["id"], _warned=False)
    return Response(status_code=204)


@router.add("DELETE", "subscriptions/{subscription}", _ANY | APPLICATIONS_READ)
def remove(call: Call) -> Response:
    """``DELETE /subscriptions/{id}``: 204."""
    call.store.remove("subscriptions", _mine(call)["id"])
    return Response(status_code=204)
