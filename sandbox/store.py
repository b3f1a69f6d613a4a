"""The tenant's state: documents in memory, written through to SQLite, seen by readers only after a lag.

A document is a dict with an ``id``; its fields have Graph's names, and a field that begins with an underscore is the
tenant's own (``_password``, ``_manager`` …) and is never answered. Documents are values: to change one, ``put`` a new.

Kinds: ``users`` and ``deleted_users`` (``_manager`` the manager's id, ``licenseAssignmentStates`` the truth that
``assignedLicenses`` follows), ``groups`` (``_members`` and ``_owners`` as lists of ids, ``_licences`` as a list of
``{skuId, disabledPlans}``), ``skus``, ``role_definitions``, ``role_assignments``, ``applications``,
``service_principals``, ``app_role_assignments``, ``mails``; and the tenant's own ``keys``, ``codes``,
``refresh_tokens``, ``identity``, ``settings``.
"""

import heapq
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.disk import Disk
from sandbox.index import Index
from sandbox.lag import READ, Doc, Version, newest, staleness, view
from sandbox.lookups import DERIVED, LOOKED_UP, has, reader
from sandbox.settings import Settings

__all__ = ["Change", "Doc", "Store", "Watcher", "journal", "staleness", "watchers"]

INDEXED: dict[str, tuple[str, ...]] = {
    "users": ("userPrincipalName", "employeeId", "mail", "_manager", "proxyAddresses", "onPremisesImmutableId"),
    "deleted_users": ("_userPrincipalName",),
    "groups": ("displayName", "_members", "_owners", "mail", "mailNickname", "proxyAddresses"),
    "administrative_units": ("displayName", "_members"),
    "directory_roles": ("roleTemplateId",),
    "role_schedules": ("principalId", "_timed"),
    "group_schedules": ("principalId", "groupId", "_timed"),
    "skus": ("skuId", "skuPartNumber"),
    "role_definitions": ("displayName",),
    "role_assignments": ("principalId", "roleDefinitionId", "directoryScopeId", "_schedule"),
    "applications": ("appId", "_owners"),
    "service_principals": ("appId", "displayName", "_owners"),
    "devices": ("deviceId", "_owners", "_users"),
    "managed_devices": ("userId", "azureADDeviceId"),
    "oauth2_permission_grants": ("principalId", "clientId", "resourceId"),
    "authentication_methods": ("_user",),
    "temporary_access_passes": ("_user",),
    "federated_credentials": ("_application",),
    "app_role_assignments": ("principalId", "resourceId"),
    "refresh_tokens": ("_user",),
    "foreign_applications": ("appId",),
    "scim_users": ("userName", "externalId", "_manager"),
    "scim_groups": ("displayName", "_members"),
    "directory_audits": ("_targets",),
    "sign_ins": ("userId",),
    "provisioning_logs": ("jobId",),
    "messages": ("_mailbox",),
    "message_rules": ("_mailbox",),
    "events": ("_mailbox", "iCalUId"),
    "mobile_devices": ("_mailbox",),
    "drive_items": ("_drive", "_parent"),
    "drive_permissions": ("_drive", "_item"),
    "teams": ("_members",),
    "dynamic_memberships": ("groups",),
    "azure_assignments": ("principalId", "_scope", "name"),
    "azure_resources": ("_type", "_group"),
    "azure_secrets": ("_vault",),
    "azure_blobs": ("_container",),
}
SEEN_AT_ONCE = frozenset({"keys", "codes", "refresh_tokens", "sessions", "grants", "flows", "device_codes", "issuers",
                          "conditional_access_policies", "identity", "settings", "mails",
                          "changes", "change_log", "subscriptions", "notifications", "scim_users", "scim_groups",
                          "directory_audits", "sign_ins", "sign_in_activities", "provisioning_logs",
                          "synchronization_jobs", "uploads", "upload_calls"})  # fmt: skip
KEPT_ON_RESET = frozenset({"keys", "identity", "settings"})

journal: ContextVar["list[Change] | None"] = ContextVar("journal", default=None)
"""Where the exchange in hand notes its changes, so that a fault's ``effect`` can take them back."""

Change = tuple[str, str, Doc | None, tuple[Version, ...]]
"""Kind, id, the document before and the versions before."""


Watcher = Callable[["Store", str, Doc | None, Doc | None, float], None]
watchers: list[Watcher] = []
"""Called after each write with the store, the kind, the document before and after, and when all readers see it."""


class Store:
    """All state of one tenant. Not for threads: everything runs on the event loop."""

    keep_s: float = 5.0
    """How long versions are kept beyond the lag, so that a stale read can still find them."""

    def __init__(self, path: Path) -> None:
        self._disk = Disk(path)
        self._live: dict[str, dict[str, Doc]] = defaultdict(dict)
        self._versions: dict[str, dict[str, list[Version]]] = defaultdict(dict)
        self._fading: list[tuple[float, str, str]] = []
        self._indexes: dict[str, dict[str, Index]] = defaultdict(dict)
        for kind, fields in INDEXED.items():
            self._indexes[kind].update({field: Index() for field in fields})
        for kind, name in DERIVED:
            self._indexes[kind][name] = Index()
        self._dirty: dict[tuple[str, str], Doc | None] = {}
        self._new_requests: list[Doc] = []
        self._new_secrets: list[tuple[str, str]] = []
        for kind, doc in self._disk.documents():
            self._live[kind][doc["id"]] = doc
            self._note(kind, doc["id"], None, doc, 0)
        self._last_request = self._disk.last_request()
        self.settings = Settings().changed({k: v for k, v in (self.get("settings", "now") or {}).items() if k != "id"})

    def now(self) -> datetime:
        """The tenant's time: real time and the set offset, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.settings.clock_offset_s)

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Doc | None:
        """The truth now."""
        return self._live[kind].get(key)

    def seen(self, kind: str, key: str) -> Doc | None:
        """What a reader sees: the version before, until the lag of a write has passed; None if just created.

        By id no call waits for a list or an index, whatever else it looks at.
        """
        versions = self._versions[kind].get(key)
        return self._visible(versions, READ) if versions else self._live[kind].get(key)

    def _visible(self, versions: list[Version], way: str | None = None) -> Doc | None:
        look = view.get()
        factor = self.settings.lag.get(way or look.way, 1.0)
        return newest(versions, time.time() - staleness.get(), look.replica, factor)

    def all(self, kind: str) -> list[Doc]:
        """Every document as it truly is, oldest first."""
        return list(self._live[kind].values())

    def count(self, kind: str) -> int:
        """How many there truly are."""
        return len(self._live[kind])

    def seen_all(self, kind: str) -> list[Doc]:
        """Every document as a reader sees it, those just deleted included."""
        self._fade()
        versions = self._versions[kind]
        if not versions:
            return list(self._live[kind].values())
        docs = self._live[kind].copy()
        for key, history in versions.items():
            if (doc := self._visible(history)) is None:
                docs.pop(key, None)
            else:
                docs[key] = doc
        return list(docs.values())

    def find(self, kind: str, field: str, value: str) -> list[Doc]:
        """The documents whose indexed field is, or contains, ``value`` (case-insensitively), as they truly are."""
        live = self._live[kind]
        return [live[key] for key in self._index(kind, field).live(value)]

    def find_seen(self, kind: str, field: str, value: str | bool) -> list[Doc]:
        """The same as a reader sees it."""
        live, versions = self._live[kind], self._versions[kind]
        if not versions:
            return [live[key] for key in self._index(kind, field).live(value)]
        seen = (
            self._visible(versions[key]) if key in versions else live[key] for key in self.keys_seen(kind, field, value)
        )
        return [doc for doc in seen if doc is not None]

    def keys_seen(self, kind: str, field: str, value: str | bool) -> list[str]:
        """The keys of what ``find_seen`` finds, without a look at each of them."""
        versions, index = self._versions[kind], self._index(kind, field)
        keys = index.live(value)
        if not versions:
            return keys
        keys += [key for key in index.past(value) if key in versions]
        read = reader(kind, field)
        doubtful = [key for key in keys if key in versions] if len(keys) <= len(versions) else versions
        hidden = {key for key in doubtful if not has(self.seen(kind, key), read, value)}
        return [key for key in keys if key not in hidden] if hidden else keys

    def among(self, kinds: Sequence[str], keys: Iterable[str]) -> list[str]:
        """Those keys of which a reader sees a document of one of the kinds; the first kind is the usual one."""
        first, *others = kinds
        live, versions = self._live[first], self._versions[first]
        keys = list(keys)
        if not versions and all(map(live.__contains__, keys)):
            return keys
        return [
            key
            for key in keys
            if (self.seen(first, key) is not None if key in versions else key in live)
            or any(self.seen(kind, key) is not None for kind in others)
        ]

    def count_of(self, kind: str, field: str, value: str) -> int:
        """How many ``find`` would find."""
        return self._index(kind, field).count(value)

    def narrowed(self, kind: str, leads: Sequence[tuple[str, str, Any]]) -> list[Doc] | None:
        """What lookups (``eq``, ``startswith``, ``ge`` …, field, value) find together; None if one has no index."""
        known = {"id", *INDEXED.get(kind, ()), *LOOKED_UP.get(kind, ())}
        known |= {name for one, name in DERIVED if one == kind}
        if not leads or not all(field in known and isinstance(value, str | bool) for _, field, value in leads):
            return None
        if len(leads) == 1 and leads[0][0] == "eq" and leads[0][1] != "id":
            return self.find_seen(kind, leads[0][1], leads[0][2])
        found: dict[str, Doc] = {}
        for verb, field, value in leads:
            found.update((doc["id"], doc) for doc in self._led_to(kind, verb, field, value))
        return list(found.values())

    def _led_to(self, kind: str, verb: str, field: str, value: str | bool) -> Iterator[Doc]:
        if field == "id" and verb == "eq":
            yield from (doc for doc in (self.seen(kind, str(value)),) if doc is not None)
            return
        for one in [value] if verb == "eq" else self._index(kind, field).values(verb, str(value)):
            yield from self.find_seen(kind, field, one)

    def _index(self, kind: str, field: str) -> Index:
        """The index of a field, made now if it is the first to ask; one that nothing is known of is a KeyError."""
        index = self._indexes[kind].get(field)
        if index is None:
            if field not in LOOKED_UP.get(kind, ()):
                raise KeyError(f"{kind}.{field} has no index")
            index = self._indexes[kind][field] = Index()
            for key, doc in self._live[kind].items():
                index.change(key, None, doc.get(field), 0)
        return index

    # -- writing ---------------------------------------------------------------------------------------------------

    def put(self, kind: str, doc: Doc, visible_at: float | None = None) -> Doc:
        """Write a document; readers see it after the lag, or from ``visible_at`` (seconds as ``time.time()``) on."""
        self._change(kind, doc["id"], doc, visible_at)
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
        until = 0.0
        if kind not in SEEN_AT_ONCE:
            until = self._add_version(kind, key, versions or [Version(0, 0, (1.0,), before)], doc, visible_at)
        self._set(kind, key, doc, until)
        for watch in watchers:
            watch(self, kind, before, doc, until - self.keep_s)

    def _add_version(
        self, kind: str, key: str, versions: list[Version], doc: Doc | None, visible_at: float | None
    ) -> float:
        """Note a version, as long as anybody can see what was before it: until the moment that is returned.

        What is visible from 0 on has always been so: there is nothing before it.
        """
        if visible_at == 0:
            self._versions[kind].pop(key, None)
            return self.keep_s
        at, settings = visible_at, self.settings
        lag = 0.0 if at is not None else settings.lag_ms / 1000 * settings.lag.get(kind, 1.0)
        if at is None:
            at = time.time()
        old = time.time() - self.keep_s
        while len(versions) > 1 and versions[1].at + versions[1].lag * settings.longest <= old:
            versions = versions[1:]
        self._versions[kind][key] = [*versions, Version(at, lag, settings.shares(random), doc)]
        until = at + lag * settings.longest + self.keep_s
        heapq.heappush(self._fading, (until, kind, key))
        self._fade()
        return until

    def _set(self, kind: str, key: str, doc: Doc | None, until: float = 0.0) -> None:
        live = self._live[kind]
        self._note(kind, key, live.get(key), doc, until)
        if doc is None:
            live.pop(key, None)
        else:
            live[key] = doc
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

    def _note(self, kind: str, key: str, before: Doc | None, doc: Doc | None, until: float) -> None:
        """Keep the indexes right; what was ``before`` can be found until nobody sees it any more."""
        for field, index in self._indexes[kind].items():
            read = reader(kind, field)
            was, now = before and read(before), doc and read(doc)
            if was != now:
                index.change(key, was, now, until)

    def _fade(self) -> None:
        """Forget versions that nobody can read any more."""
        now, longest = time.time(), self.settings.longest
        while self._fading and self._fading[0][0] <= now:
            _, kind, key = heapq.heappop(self._fading)
            versions = self._versions[kind].get(key)
            if versions and max(v.at + v.lag * longest for v in versions) + self.keep_s <= now:
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
        return self._disk.requests(since, limit)

    def secret(self, kind: str, value: str) -> str:
        """Note a secret that was issued or given, for ``GET /_sandbox/secrets``."""
        self._new_secrets.append((kind, value))
        return value

    def secrets(self) -> Iterator[Doc]:
        """Every secret ever noted."""
        self.flush()
        yield from self._disk.secrets()

    # -- the disk --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what has changed since the last time; the pipeline does it before every answer."""
        if not (self._dirty or self._new_requests or self._new_secrets):
            return
        dirty, self._dirty = self._dirty, {}
        requests, self._new_requests = self._new_requests, []
        secrets, self._new_secrets = self._new_secrets, []
        self._disk.write(dirty, requests, secrets)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self.flush()
        self._disk.close()
