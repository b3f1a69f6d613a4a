"""The log of what changed in the directory, for delta queries and change notifications.

One small document per write of a tracked object (kind ``changes``), with a number that only grows: the time in
milliseconds, or one more than the last. It begins with the first call of Graph, so seeding is no change.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from weakref import WeakKeyDictionary

from sandbox.index import difference
from sandbox.store import Doc, Store, watchers

KEPT = 50_000
"""How many changes are kept; a token from before them must start anew."""
PRUNED_AT_ONCE = 5_000
_KINDS = {
    "users": "users",
    "deleted_users": "users",
    "groups": "groups",
    "deleted_groups": "groups",
    "applications": "applications",
    "deleted_applications": "applications",
    "service_principals": "service_principals",
    "deleted_service_principals": "service_principals",
    "administrative_units": "administrative_units",
    "deleted_administrative_units": "administrative_units",
    "devices": "devices",
    "oauth2_permission_grants": "oauth2_permission_grants",
}
_RELATIONS = {"_manager": "manager", "_members": "members", "_owners": "owners"}


@dataclass(frozen=True)
class Moved:
    """Who came to a relation and who went."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass
class Changed:
    """All that happened to one object between two numbers; ``names`` are Graph's names of its properties."""

    id: str
    names: set[str] = field(default_factory=set)
    moved: dict[str, dict[str, bool]] = field(default_factory=dict)
    whole: bool = False
    """Created, deleted or restored: every property counts as changed."""

    def add(self, entry: Doc) -> None:
        """Take a further entry of the log into account; of a relation the last word holds."""
        self.names.update(entry["names"])
        self.whole = self.whole or entry["whole"]
        for relation, (added, removed) in entry["moved"].items():
            told = self.moved.setdefault(relation, {})
            told.update(dict.fromkeys(removed, False) | dict.fromkeys(added, True))


class Log:
    """The changes of one tenant, oldest first, kept in memory beside the documents that make them last."""

    def __init__(self, store: Store, start: int) -> None:
        self._store, self.start = store, start
        self._entries = deque(sorted(store.all("changes"), key=lambda entry: int(entry["n"])))
        self.last = int(self._entries[-1]["n"]) if self._entries else start

    def add(
        self, kind: str, about: str, seen_at: float, names: list[str], moved: dict[str, Moved], whole: bool
    ) -> None:
        """Note one change."""
        self.last = max(self.last + 1, _now())
        entry = {
            "id": str(self.last),
            "n": self.last,
            "kind": kind,
            "about": about,
            "seen_at": seen_at,
            "names": names,
            "moved": {relation: [one.added, one.removed] for relation, one in moved.items()},
            "whole": whole,
        }
        self._entries.append(self._store.put("changes", entry))
        if len(self._entries) > KEPT:
            self._prune()

    def _prune(self) -> None:
        for _ in range(PRUNED_AT_ONCE):
            oldest = self._entries.popleft()
            self._store.remove("changes", oldest["id"])
            self.start = oldest["n"]
        self._store.put("change_log", {"id": "log", "start": self.start})

    def settled(self, kind: str) -> int:
        """The number up to which readers see everything of one kind; what comes after it is told again."""
        now = time.time()
        waiting = [entry["n"] for entry in self._recent() if entry["kind"] == kind and entry["seen_at"] > now]
        return waiting[-1] - 1 if waiting else self.last

    def _recent(self) -> Iterator[Doc]:
        """Newest first, as far back as a write may still be unseen."""
        far = _now() - 600_000
        return takewhile(lambda entry: entry["n"] > far, reversed(self._entries))

    def between(self, kind: str, after: int, up_to: int) -> list[Changed]:
        """What readers can see of the changes after one number and up to another, an object at a time."""
        now, found = time.time(), dict[str, Changed]()
        entries = list(takewhile(lambda entry: entry["n"] > after, reversed(self._entries)))
        for entry in reversed(entries):
            if entry["kind"] == kind and entry["n"] <= up_to and entry["seen_at"] <= now:
                found.setdefault(entry["about"], Changed(entry["about"])).add(entry)
        return list(found.values())


_logs: WeakKeyDictionary[Store, Log] = WeakKeyDictionary()


def log_of(store: Store) -> Log:
    """The tenant's log, begun now if there is none (a new company after a reset included)."""
    known = store.get("change_log", "log")
    found = _logs.get(store)
    if known is None:
        start = _now() if found is None else max(_now(), found.last + 1)
        known, found = store.put("change_log", {"id": "log", "start": start}), None
    if found is None:
        found = _logs[store] = Log(store, known["start"])
    return found


def _now() -> int:
    return int(time.time() * 1000)


def _note(store: Store, kind: str, before: Doc | None, after: Doc | None, seen_at: float) -> None:
    """The store's watcher."""
    if kind == "dynamic_memberships":
        _note_rules(store, before, after, seen_at)
    elif kind in _KINDS and store.get("change_log", "log") is not None:
        _note_object(store, kind, before, after, seen_at)


def _note_object(store: Store, kind: str, before: Doc | None, after: Doc | None, seen_at: float) -> None:
    one = after or before
    if one is None:
        return
    whole = before is None or after is None
    names = [] if whole else _changed(before or {}, after or {})
    moved = _moved(before or {}, after) if after and kind == _KINDS[kind] else {}
    if whole or names or moved:
        log_of(store).add(_KINDS[kind], one["id"], seen_at, names, moved, whole)


def _changed(before: Doc, after: Doc) -> list[str]:
    names = before.keys() | after.keys()
    return sorted(name for name in names if name[0] != "_" and before.get(name) != after.get(name))


def _moved(before: Doc, after: Doc) -> dict[str, Moved]:
    found = {}
    for key, relation in _RELATIONS.items():
        old, new = _ids(before.get(key)), _ids(after.get(key))
        if old != new:
            found[relation] = _difference(old, new)
    return found


def _ids(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _difference(old: list[str], new: list[str]) -> Moved:
    gone, come = difference(old, new)
    return Moved(come, gone)


def _note_rules(store: Store, before: Doc | None, after: Doc | None, seen_at: float) -> None:
    """Memberships decided by rules change the groups; ``seen_at`` 0 only writes down what was so before."""
    one = after or before
    if one is None or seen_at == 0 or store.get("change_log", "log") is None:
        return
    moved = _difference(list((before or {}).get("groups", [])), list((after or {}).get("groups", [])))
    for groups, change in ((moved.added, Moved([one["id"]])), (moved.removed, Moved([], [one["id"]]))):
        for group in groups:
            log_of(store).add("groups", group, seen_at, [], {"members": change}, False)


watchers.append(_note)
