"""What the tenant does by itself after a while: group licences, mailboxes, provisioning.

Work is kept as documents (kind ``pending``), so it survives a restart, and is done by the next call that comes after
its moment: whoever looks finds it done, and nothing runs while nobody looks.
"""

import time
from collections.abc import Callable

from sandbox.store import Store, journal

Work = Callable[[Store, str], None]
_WORKS: dict[str, Work] = {}


def work(name: str) -> Callable[[Work], Work]:
    """Register what is done under a name; it is given the id of what it is about."""

    def register(function: Work) -> Work:
        _WORKS[name] = function
        return function

    return register


def later(store: Store, seconds: float, name: str, about: str) -> None:
    """Have work done after some seconds; the same work twice is done once, at the later moment."""
    store.put("pending", {"id": f"{name}:{about}", "due": time.time() + seconds, "name": name, "about": about})


def run_due(store: Store) -> None:
    """Do all work whose moment has come, oldest first; none of it belongs to the exchange in hand."""
    now = time.time()
    due = sorted((doc for doc in store.all("pending") if doc["due"] <= now), key=lambda doc: float(doc["due"]))
    if not due:
        return
    token = journal.set(None)
    try:
        for doc in due:
            store.remove("pending", doc["id"])
            _WORKS[doc["name"]](store, doc["about"])
    finally:
        journal.reset(token)
