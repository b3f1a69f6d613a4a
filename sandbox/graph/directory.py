"""The directory's objects: found as a reader sees them, changed as they truly are, with what follows from a change."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote

from sandbox import moments
from sandbox.graph import background
from sandbox.graph.call import Call
from sandbox.graph.errors import malformed, not_found
from sandbox.graph.groups.memberships import evaluate, evaluate_all, is_dynamic, settle, settle_all
from sandbox.graph.lazy import Lazy
from sandbox.graph.roles import privileges
from sandbox.graph.schema import APPLICATION, GROUP, GROUP_LISTS, SERVICE_PRINCIPAL, USER, Resource
from sandbox.graph.schema_objects import DEVICE
from sandbox.graph.schema_roles import ADMINISTRATIVE_UNIT, DIRECTORY_ROLE
from sandbox.store import Doc, Store

DOMAINS = ("practice.example", "practice.onmicrosoft.com")
"""The verified domains; the first is the default one."""
SYNCED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently "
    "undergoing migration."
)
"""The refusal of writes to what is mastered on premises."""
RETENTION = timedelta(days=30)
KINDS: dict[str, Resource] = {
    "users": USER, "groups": GROUP, "service_principals": SERVICE_PRINCIPAL, "devices": DEVICE
}  # fmt: skip
"""What can be a member of a group and hold a role: the kinds of documents with their resource types."""


def seen_user(store: Store, key: str) -> Doc:
    """A user by id or user principal name, as a reader sees it; 404 if it is not to be seen."""
    found = store.seen("users", key.lower()) or next(iter(store.find_seen("users", "userPrincipalName", key)), None)
    if found is None:
        raise not_found(key)
    return found


def live_user(store: Store, key: str) -> Doc:
    """A user that a write may work on: to be seen already, and truly there still."""
    found = store.get("users", seen_user(store, key)["id"])
    if found is None:
        raise not_found(key)
    return found


def seen_group(store: Store, key: str) -> Doc:
    """A group by id, as a reader sees it."""
    found = store.seen("groups", key.lower())
    if found is None:
        raise not_found(key)
    return found


def writable_user(call: Call) -> Doc:
    """The user of the path for a write: members of restricted units are changed by their own administrators only."""
    found = live_user(call.store, call.params["user"])
    privileges.refuse_restricted(call, found["id"])
    return found


def live_group(store: Store, key: str) -> Doc:
    """A group that a write may work on: writes reach the primary, which knows a new group before readers do."""
    found = store.get("groups", key.lower())
    if found is None:
        raise not_found(key)
    return found


def seen_object(store: Store, key: str) -> tuple[Doc, Resource]:
    """A user, group or service principal by id."""
    for kind, resource in KINDS.items():
        if (found := store.seen(kind, key.lower())) is not None:
            return found, resource
    raise not_found(key)


def all_kinds() -> dict[str, Resource]:
    """Every kind of directory object; some cannot be members of anything."""
    return {
        **KINDS,
        "administrative_units": ADMINISTRATIVE_UNIT,
        "directory_roles": DIRECTORY_ROLE,
        "applications": APPLICATION,
    }


def seen_objects(
    store: Store, ids: Iterable[str], kinds: dict[str, Resource] | None = None
) -> Iterator[tuple[Doc, Resource]]:
    """Those of the objects that are to be seen, by default those that can be members."""
    for key in ids:
        for kind, resource in (kinds or KINDS).items():
            if (found := store.seen(kind, key)) is not None:
                yield found, resource
                break


def seen_pairs(store: Store, ids: Sequence[str]) -> Sequence[tuple[Doc, Resource]]:
    """The same as a list that looks at an object only when it is asked for it."""
    return Lazy(store.among(list(KINDS), ids), lambda key: seen_object(store, key))


def sent_reference(call: Call) -> str:
    """The address in the body of a ``$ref`` call."""
    url = call.body().get("@odata.id")
    if not url:
        raise malformed("The request body must contain an '@odata.id'.")
    return str(url)


def reference(url: object) -> str:
    """The object id at the end of an ``@odata.id``, on whatever host; 404 for what is no id."""
    text = str(url).rstrip("/").rpartition("/")[2]
    if "('" in text:
        text = text.partition("('")[2].partition("'")[0]
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise not_found(text) from None


def user_reference(store: Store, url: object) -> Doc:
    """The user that an address points at, by id or, below ``/users/``, by sign-in name."""
    text = unquote(str(url)).rstrip("/")
    name = text.rpartition("/")[2]
    return seen_user(store, name) if "/users/" in text.lower() and "@" in name else seen_user(store, reference(url))


def security_identifier(object_id: str) -> str:
    """``S-1-12-1-`` and the id's 16 bytes (GUID byte order) as four little-endian numbers."""
    raw = uuid.UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[at : at + 4], "little")) for at in range(0, 16, 4))


def stamp(now: datetime, before: str | None = None) -> str:
    """A moment in Graph's spelling that always differs from ``before``, even within the same second."""
    text = moments.seconds(now)
    if before is None or text > before:
        return text
    return moments.seconds(datetime.fromisoformat(before) + timedelta(seconds=1))


# -- users -------------------------------------------------------------------------------------------------------------


def new_user(store: Store, values: Doc, object_id: str | None = None) -> Doc:
    """Write a new cloud user; ``values`` are checked already."""
    key, now = object_id or str(uuid.uuid4()), stamp(store.now())
    doc = {
        "id": key,
        "userType": "Member",
        "createdDateTime": now,
        "lastPasswordChangeDateTime": now,
        "signInSessionsValidFromDateTime": now,
        "refreshTokensValidFromDateTime": now,
        "securityIdentifier": security_identifier(key),
        "businessPhones": [],
        "proxyAddresses": [],
        "assignedLicenses": [],
        "licenseAssignmentStates": [],
        **values,
    }
    return save_user(store, doc)


def save_user(store: Store, doc: Doc) -> Doc:
    """Write a user and have the dynamic groups look at them."""
    settle(store, store.get("users", doc["id"]))
    store.put("users", doc)
    evaluate(store, doc)
    return doc


def delete_user(store: Store, doc: Doc) -> None:
    """Move a user into the recycle bin: the name is rewritten and free again, licences and memberships stay.

    Somebody mastered on premises comes back with the next synchronisation.
    """
    key, upn = doc["id"], doc["userPrincipalName"]
    for report in store.find("users", "_manager", key):
        store.put("users", {**report, "_manager": None})
    store.remove("users", key)
    store.put(
        "deleted_users",
        {
            **doc,
            "userPrincipalName": key.replace("-", "") + upn,
            "_userPrincipalName": upn,
            "deletedDateTime": stamp(store.now()),
        },
    )
    services_due(store, key)
    if doc.get("onPremisesSyncEnabled"):
        background.later(store, store.settings.directory_sync_ms / 1000, "directory_sync", key)


@background.work("directory_sync")
def synchronise(store: Store, key: str) -> None:
    """The synchronisation finds somebody missing whom the directory on premises still has."""
    deleted = store.get("deleted_users", key)
    if deleted is not None and holder(store, deleted["_userPrincipalName"]) is None:
        restore_user(store, deleted, deleted["_userPrincipalName"])


def services_due(store: Store, user_id: str) -> None:
    """Have mailbox and drive follow a user who has gone or come back."""
    for service in ("mailbox", "drive"):
        background.later(store, 0, service, user_id)


def restore_user(store: Store, deleted: Doc, upn: str) -> Doc:
    """Bring a user back, with their licences and memberships."""
    store.remove("deleted_users", deleted["id"])
    doc = {k: v for k, v in deleted.items() if k not in ("_userPrincipalName", "deletedDateTime")}
    services_due(store, deleted["id"])
    return save_user(store, {**doc, "userPrincipalName": upn, "deletedDateTime": None})


def purge_user(store: Store, key: str) -> None:
    """Delete for good, with every reference to the user."""
    store.remove("deleted_users", key)
    store.remove("dynamic_memberships", key)
    forget(store, key)


_REFERRING = (
    ("groups", "_members"), ("groups", "_owners"), ("administrative_units", "_members"), ("applications", "_owners"),
    ("service_principals", "_owners"), ("devices", "_owners"), ("devices", "_users"),
)  # fmt: skip
_HELD = (
    ("role_assignments", "principalId"), ("role_schedules", "principalId"), ("group_schedules", "principalId"),
    ("app_role_assignments", "principalId"), ("oauth2_permission_grants", "principalId"),
    ("authentication_methods", "_user"), ("temporary_access_passes", "_user"),
)  # fmt: skip


def forget(store: Store, key: str) -> None:
    """Take away every reference to an object that is gone for good: memberships, ownership, roles, methods, grants."""
    for kind, field in _REFERRING:
        for doc in store.find(kind, field, key):
            store.put(kind, {**doc, field: [other for other in doc[field] if other != key]})
    for kind, field in _HELD:
        for doc in store.find(kind, field, key):
            store.remove(kind, doc["id"])


def name_holder(store: Store, upn: str, but: str | None = None) -> Doc | None:
    """The other object that has this sign-in name or mail address, whether a reader sees it already or not."""
    found = holder(store, upn, but)
    return found[1] if found else None


def holder(store: Store, address: str, but: str | None = None) -> tuple[str, Doc, Resource] | None:
    """Who has an address: the property it stands in, the object, and its type; users, then groups."""
    for kind, field, shown in _ADDRESSES:
        value = f"smtp:{address}" if field == "proxyAddresses" else address
        for doc in store.find(kind, field, value):
            if doc["id"] != but:
                return shown, doc, KINDS[kind]
    return None


_ADDRESSES = (
    ("users", "userPrincipalName", "userPrincipalName"),
    ("users", "mail", "proxyAddresses"),
    ("users", "proxyAddresses", "proxyAddresses"),
    ("groups", "mail", "proxyAddresses"),
    ("groups", "proxyAddresses", "proxyAddresses"),
)


# -- groups ------------------------------------------------------------------------------------------------------------


def new_group(store: Store, values: Doc, object_id: str | None = None) -> Doc:
    """Write a new group; ``values`` are checked already, ``_members`` and ``_owners`` may be among them."""
    key, now = object_id or str(uuid.uuid4()), stamp(store.now())
    doc = {
        "id": key,
        "createdDateTime": now,
        "renewedDateTime": now,
        "securityIdentifier": security_identifier(key),
        **{name: [] for name in GROUP_LISTS},
        "_members": [],
        "_owners": [],
        "_licences": [],
        **values,
    }
    if is_dynamic(doc):
        settle_all(store)
        store.put("groups", doc)
        evaluate_all(store)
        return doc
    return store.put("groups", doc)
