"""Sending change notifications: at least once, in no order, retried for four hours, then given up and told as missed.

Source: Microsoft Graph, "Receive change notifications through webhooks" and "Reduce missing change notifications".
Kind ``notifications``: what waits to be sent, so that it survives a restart.
"""

import asyncio
import random
import time
import uuid
from contextvars import Context
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sandbox import webhooks
from sandbox.entra_resources import GRAPH_APP_ID, Resource, granted_roles, service_principal
from sandbox.graph.changes.changes import log_of
from sandbox.graph.directory import stamp
from sandbox.graph.permissions import GROUPS_READ, USERS_READ
from sandbox.store import Doc, Store

RETRIED = timedelta(hours=4)
DISORDER_S = 1.0
"""How far notifications stray from their order where that is switched on."""
_LOOK_S = 0.1
_LONGEST_WAIT_S = 60.0
_TITLES = {"users": ("Users", "User"), "groups": ("Groups", "Group")}
_READ = {"users": USERS_READ, "groups": GROUPS_READ}
_GRAPH = Resource("graph", "https://graph.microsoft.com", GRAPH_APP_ID)

_running: WeakKeyDictionary[Store, asyncio.Task[None]] = WeakKeyDictionary()


def start(store: Store, tenant_id: str) -> None:
    """See to it that somebody sends, as long as there is a subscription or something to send."""
    if not (store.count("subscriptions") or store.count("notifications")):
        return
    task = _running.get(store)
    if task is None or task.done():
        # A context of its own: nothing it writes belongs to the exchange in hand.
        work = _work(store, tenant_id)
        _running[store] = asyncio.get_running_loop().create_task(work, context=Context())


async def _work(store: Store, tenant_id: str) -> None:
    sending: dict[str, asyncio.Task[None]] = {}
    while store.count("subscriptions") or store.count("notifications"):
        expire(store)
        for subscription in store.all("subscriptions"):
            _look_after(store, subscription, tenant_id)
        sending = {key: task for key, task in sending.items() if not task.done()}
        for waiting in store.all("notifications"):
            if waiting["due"] <= time.time() and waiting["id"] not in sending:
                sending[waiting["id"]] = asyncio.create_task(_send(store, waiting, tenant_id))
        await asyncio.sleep(_LOOK_S)


def expire(store: Store) -> None:
    """Subscriptions whose end has come are deleted without a word."""
    now = store.now()
    for subscription in store.all("subscriptions"):
        if datetime.fromisoformat(subscription["expirationDateTime"]) <= now:
            store.remove("subscriptions", subscription["id"])


def _look_after(store: Store, subscription: Doc, tenant_id: str) -> None:
    """Tell what has changed since the last time, and what the subscription itself needs."""
    if not _permitted(store, subscription):
        store.remove("subscriptions", subscription["id"])
        _lifecycle(store, subscription, "subscriptionRemoved", tenant_id)
        return
    left = datetime.fromisoformat(subscription["expirationDateTime"]) - store.now()
    if not subscription["_warned"] and left.total_seconds() < subscription["_life"] / 4:
        subscription = store.change("subscriptions", subscription["id"], _warned=True)
        _lifecycle(store, subscription, "reauthorizationRequired", tenant_id)
    log = log_of(store)
    if log.last > subscription["_after"]:
        reached = log.settled(subscription["_kind"])
        value = _changes(store, subscription, reached, tenant_id)
        store.change("subscriptions", subscription["id"], _after=max(reached, subscription["_after"]))
        for part in _parted(store, value):
            _wait(store, subscription, subscription["notificationUrl"], part)


def _parted(store: Store, value: list[Doc]) -> list[list[Doc]]:
    """What is sent together: all of it, or, where order does not count, each by itself; less what gets lost."""
    gaps = store.settings.notification_gaps
    kept = [one for one in value if not gaps or random.random() >= gaps]  # noqa: S311 - no secret
    if store.settings.notification_disorder:
        return [[one] for one in kept]
    return [kept] if kept else []


def _permitted(store: Store, subscription: Doc) -> bool:
    """Is the application still there, enabled, and allowed to read what it subscribed to?"""
    principal = service_principal(store, subscription["applicationId"])
    if principal is None or not principal["accountEnabled"]:
        return False
    if principal["id"] != subscription["creatorId"]:
        return True
    return not _READ[subscription["_kind"]].isdisjoint(granted_roles(store, principal["id"], _GRAPH))


def _changes(store: Store, subscription: Doc, up_to: int, tenant_id: str) -> list[Doc]:
    found = []
    for changed in log_of(store).between(subscription["_kind"], subscription["_after"], up_to):
        if subscription["_object"] not in (None, changed.id):
            continue
        kind = "deleted" if store.seen(subscription["_kind"], changed.id) is None else "updated"
        if kind in subscription["changeType"].split(","):
            found.append(_notification(subscription, changed.id, kind, tenant_id))
    return found


def _notification(subscription: Doc, object_id: str, change: str, tenant_id: str) -> Doc:
    collection, title = _TITLES[subscription["_kind"]]
    return {
        "id": str(uuid.uuid4()),
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "clientState": subscription["clientState"],
        "changeType": change,
        "resource": f"{collection}/{object_id}",
        "tenantId": tenant_id,
        "resourceData": {
            "@odata.type": f"#Microsoft.Graph.{title}",
            "@odata.id": f"{collection}/{object_id}",
            "id": object_id,
            "organizationId": tenant_id,
        },
    }


def _lifecycle(store: Store, subscription: Doc, event: str, tenant_id: str) -> None:
    """``reauthorizationRequired``, ``subscriptionRemoved`` or ``missed``, to whom an address for it was given."""
    url = subscription["lifecycleNotificationUrl"]
    if url is None:
        return
    told = {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "tenantId": tenant_id,
        "clientState": subscription["clientState"],
        "lifecycleEvent": event,
    }
    _wait(store, subscription, url, [told])


def _wait(store: Store, subscription: Doc, url: str, value: list[Doc]) -> None:
    doc = {
        "id": str(uuid.uuid4()),
        "url": url,
        "value": value,
        "subscription": subscription,
        "since": stamp(store.now()),
        "due": time.time() + (random.random() * DISORDER_S if store.settings.notification_disorder else 0),  # noqa: S311
        "attempts": 0,
        "again": store.settings.notification_duplicates,
    }
    store.put("notifications", doc)


async def _send(store: Store, waiting: Doc, tenant_id: str) -> None:
    taken = await webhooks.deliver(waiting["url"], {"value": waiting["value"]})
    if store.get("notifications", waiting["id"]) is None:
        return
    if taken and waiting["again"]:
        store.put("notifications", {**waiting, "again": False})
    elif taken:
        store.remove("notifications", waiting["id"])
    elif store.now() - datetime.fromisoformat(waiting["since"]) > RETRIED:
        store.remove("notifications", waiting["id"])
        if waiting["url"] == waiting["subscription"]["notificationUrl"]:
            _lifecycle(store, waiting["subscription"], "missed", tenant_id)
    else:
        wait = min(2.0 ** waiting["attempts"] / 2, _LONGEST_WAIT_S)
        store.put("notifications", {**waiting, "attempts": waiting["attempts"] + 1, "due": time.time() + wait})
