"""The tenant's state: documents in memory, written through to SQLite, seen by readers only after a lag.

A document is a dict with an ``id``; its fields have Graph's names, and a field that begins with an underscore is the
tenant's own (``_password``, ``_manager`` …) and is never answered. Documents are values: to change one, ``put`` a new.

Kinds: ``users`` and ``deleted_users`` (``_manager`` the manager's id, ``licenseAssignmentStates`` the truth that
``assignedLicenses`` follows), ``groups`` (``_members`` and ``_owners`` as lists of ids, ``_licences`` as a list of
``{skuId, disabledPlans}``), ``skus``, ``role_definitions``, ``role_assignments``, ``applications``,
``service_principals``, ``app_role_assignments``, ``mails``; and the tenant's own ``keys``, ``codes``,
``refresh_tokens``, ``identity``, ``settings``.
"""

import json
import sqlite3
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

from sandbox.settings import Settings

Doc = dict[str, Any]
Version = tuple[float, Doc | None]

INDEXED: dict[str, tuple[str, ...]] = {
    "users": ("userPrincipalName", "employeeId", "mail", "_manager"),
    "deleted_users": ("_userPrincipalName",),
    "groups": ("displayName", "_members", "_owners"),
    "skus": ("skuId", "skuPartNumber"),
    "role_definitions": ("displayName",),
    "role_assignments": ("principalId", "roleDefinitionId"),
    "applications": ("appId",),
    "service_principals": ("appId", "displayName"),
    "app_role_assignments": ("principalId", "resourceId"),
    "refresh_tokens": ("_user",),
}
SEEN_AT_ONCE = frozenset({"keys", "codes", "refresh_tokens", "sessions", "identity", "settings", "mails"})
KEPT_ON_RESET = frozenset({"keys", "identity", "settings"})

staleness: ContextVar[float] = ContextVar("staleness", default=0.0)
"""Seconds by which the exchange in hand reads even older state than the lag makes it (a fault's ``stale_ms``)."""

journal: ContextVar["list[Change] | None"] = ContextVar("journal", default=None)
"""Where the exchange in hand notes its changes, so that a fault's ``effect`` can take them back."""

Change = tuple[str, str, Doc | None, tuple[Version, ...]]
"""Kind, id, the document before and the versions before."""


class Store:
    """All state of one tenant. Not for threads: everything runs on the event loop."""

    keep_s: float = 5.0
    """How long versions are kept beyond the lag, so that a stale read can still find them."""

    def __init__(self, path: Path) -> None:
        self._db = _open(path)
        self._live: dict[str, dict[str, Doc]] = defaultdict(dict)
        self._versions: dict[str, dict[str, list[Version]]] = defaultdict(dict)
        self._fading: deque[tuple[float, str, str]] = deque()
        self._index: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._dirty: dict[tuple[str, str], Doc | None] = {}
        self._new_requests: list[Doc] = []
        self._new_secrets: list[tuple[str, str]] = []
        for kind, body in self._db.execute("SELECT kind, body FROM docs ORDER BY rowid"):
            doc = json.loads(body)
            self._live[kind][doc["id"]] = doc
            self._note(kind, doc)
        self._last_request: int = self._db.execute("SELECT coalesce(max(n), 0) FROM requests").fetchone()[0]
        self.settings = Settings().changed({k: v for k, v in (self.get("settings", "now") or {}).items() if k != "id"})

    def now(self) -> datetime:
        """The tenant's time: real time and the set offset, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.settings.clock_offset_s)

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Doc | None:
        """The truth now."""
        return self._live[kind].get(key)

    def seen(self, kind: str, key: str) -> Doc | None:
        """What a reader sees: the version before, until the lag of a write has passed; None if just created."""
        versions = self._versions[kind].get(key)
        return _at(versions, time.time() - staleness.get()) if versions else self._live[kind].get(key)

    def all(self, kind: str) -> list[Doc]:
        """Every document as it truly is, oldest first."""
        return list(self._live[kind].values())

    def seen_all(self, kind: str) -> list[Doc]:
        """Every document as a reader sees it, those just deleted included."""
        self._fade()
        versions = self._versions[kind]
        if not versions:
            return list(self._live[kind].values())
        keys = [*self._live[kind], *(key for key in versions if key not in self._live[kind])]
        return [doc for doc in (self.seen(kind, key) for key in keys) if doc is not None]

    def find(self, kind: str, field: str, value: str) -> list[Doc]:
        """The documents whose indexed field is, or contains, ``value`` (case-insensitively), as they truly are."""
        found = (self.get(kind, key) for key in self._candidates(kind, field, value))
        return [doc for doc in found if _has(doc, field, value)]

    def find_seen(self, kind: str, field: str, value: str) -> list[Doc]:
        """The same as a reader sees it."""
        found = (self.seen(kind, key) for key in self._candidates(kind, field, value))
        return [doc for doc in found if _has(doc, field, value)]

    def _candidates(self, kind: str, field: str, value: str) -> list[str]:
        if field not in INDEXED.get(kind, ()):
            raise KeyError(f"{kind}.{field} has no index")
        ids = self._index[kind, field].get(value.casefold(), set())
        gone = {key for key in ids if key not in self._live[kind] and key not in self._versions[kind]}
        ids -= gone
        return sorted(ids)

    # -- writing ---------------------------------------------------------------------------------------------------

    def put(self, kind: str, doc: Doc, visible_at: float | None = None) -> Doc:
        """Write a document; readers see it after the lag, or from ``visible_at`` (seconds as ``time.time()``) on."""
        self._change(kind, doc["id"], doc, visible_at)
        self._note(kind, doc)
        return doc

    def change(self, kind: str, key: str, **values: Any) -> Doc:
        """Write a document with some fields changed; one that is not there is a KeyError."""
        return self.put(kind, {**self._live[kind][key], **values})

    def remove(self, kind: str, key: str, visible_at: float | None = None) -> None:
        """Take a document away; readers see it until the lag has passed. Absent ones are no error."""
        if key in self._live[kind]:
            self._change(kind, key, None, visible_at)

    def _change(self, kind: str, key: str, doc: Doc | None, visible_at: float | None) -> None:
        before = self._live[kind].get(key)
        versions = self._versions[kind].get(key, [])
        changes = journal.get()
        if changes is not None:
            changes.append((kind, key, before, tuple(versions)))
        if kind not in SEEN_AT_ONCE:
            self._add_version(kind, key, versions or [(0.0, before)], doc, visible_at)
        self._set(kind, key, doc)

    def _add_version(
        self, kind: str, key: str, versions: list[Version], doc: Doc | None, visible_at: float | None
    ) -> None:
        """Versions are only noted while they matter: with a lag, a stale read or a moment of their own."""
        at = visible_at if visible_at is not None else time.time() + self.settings.lag_ms / 1000
        old = time.time() - self.keep_s
        while len(versions) > 1 and versions[1][0] <= old:
            versions = versions[1:]
        self._versions[kind][key] = [*versions, (at, doc)]
        self._fading.append((at + self.keep_s, kind, key))
        self._fade()

    def _set(self, kind: str, key: str, doc: Doc | None) -> None:
        if doc is None:
            self._live[kind].pop(key, None)
        else:
            self._live[kind][key] = doc
        self._dirty[kind, key] = doc

    def undo(self, changes: list[Change]) -> None:
        """Take changes back as if they had never been."""
        for kind, key, before, versions in reversed(changes):
            self._set(kind, key, before)
            if versions:
                self._versions[kind][key] = list(versions)
            else:
                self._versions[kind].pop(key, None)

    def revert(self, changes: list[Change]) -> None:
        """Write back what was before the changes, as another write."""
        first = {(kind, key): before for kind, key, before, _ in reversed(changes)}
        for (kind, key), before in first.items():
            if before is None:
                self.remove(kind, key)
            else:
                self.put(kind, before)

    def set_settings(self, settings: Settings) -> None:
        """Change the tenant's behaviour; it survives a restart."""
        self.settings = settings
        self.put("settings", {"id": "now", **settings.document()})

    def seats(self, sku: Doc) -> int:
        """How many seats of a SKU there are: the set number, else the seeded one."""
        return int(self.settings.seats.get(sku["skuPartNumber"], sku["prepaidUnits"]["enabled"]))

    def clear(self) -> None:
        """Forget the company: everything but keys, identities, settings and the request record."""
        for kind in [kind for kind in self._live if kind not in KEPT_ON_RESET]:
            for key in list(self._live[kind]):
                self._set(kind, key, None)
        self._versions.clear()
        self._fading.clear()

    def _note(self, kind: str, doc: Doc) -> None:
        for field in INDEXED.get(kind, ()):
            for value in _values(doc.get(field)):
                self._index[kind, field][value].add(doc["id"])

    def _fade(self) -> None:
        """Forget versions that nobody can read any more."""
        now = time.time()
        while self._fading and self._fading[0][0] <= now:
            _, kind, key = self._fading.popleft()
            versions = self._versions[kind].get(key)
            if versions and max(at for at, _ in versions) + self.keep_s <= now:
                del self._versions[kind][key]

    # -- the record ------------------------------------------------------------------------------------------------

    def record(self, row: Doc) -> int:
        """Add a row to the request record; its number."""
        self._last_request += 1
        self._new_requests.append({"n": self._last_request, **row})
        return self._last_request

    def requests(self, since: int, limit: int) -> list[Doc]:
        """Rows of the request record after ``since``, oldest first."""
        self.flush()
        rows = self._db.execute("SELECT body FROM requests WHERE n > ? ORDER BY n LIMIT ?", (since, limit))
        return [json.loads(body) for (body,) in rows]

    def secret(self, kind: str, value: str) -> str:
        """Note a secret that was issued or given, for ``GET /_sandbox/secrets``."""
        self._new_secrets.append((kind, value))
        return value

    def secrets(self) -> Iterator[Doc]:
        """Every secret ever noted."""
        self.flush()
        for kind, value in self._db.execute("SELECT kind, value FROM secrets ORDER BY rowid"):
            yield {"kind": kind, "value": value}

    # -- the disk --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what has changed since the last time; the pipeline does it before every answer."""
        if not (self._dirty or self._new_requests or self._new_secrets):
            return
        dirty, self._dirty = self._dirty, {}
        requests, self._new_requests = self._new_requests, []
        secrets, self._new_secrets = self._new_secrets, []
        put = [(kind, key, json.dumps(doc)) for (kind, key), doc in dirty.items() if doc is not None]
        removed = [pair for pair, doc in dirty.items() if doc is None]
        with self._db:
            self._db.executemany(
                "INSERT INTO docs (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                put,
            )
            self._db.executemany("DELETE FROM docs WHERE kind = ? AND id = ?", removed)
            self._db.executemany(
                "INSERT INTO requests (n, body) VALUES (?, ?)", [(r["n"], json.dumps(r)) for r in requests]
            )
            self._db.executemany("INSERT OR IGNORE INTO secrets (kind, value) VALUES (?, ?)", secrets)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self.flush()
        self._db.close()


def _open(path: Path) -> sqlite3.Connection:
    Path(path).touch(mode=0o600)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(
        "CREATE TABLE IF NOT EXISTS docs (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id));"
        "CREATE TABLE IF NOT EXISTS requests (n INTEGER PRIMARY KEY, body TEXT NOT NULL);"
        "CREATE TABLE IF NOT EXISTS secrets (kind TEXT, value TEXT, PRIMARY KEY (kind, value));"
    )
    return db


def _at(versions: list[Version], moment: float) -> Doc | None:
    """The newest version that is visible at a moment."""
    for at, doc in reversed(versions):
        if at <= moment:
            return doc
    return versions[0][1]


def _values(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v).casefold() for v in (value if isinstance(value, list) else [value])]


def _has(doc: Doc | None, field: str, value: str) -> TypeGuard[Doc]:
    if doc is None:
        return False
    held = doc.get(field)
    return value in held if isinstance(held, list) else str(held).casefold() == value.casefold()
