"""The directory's objects: found as a reader sees them, changed as they truly are, with what follows from a change."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sandbox.graph.errors import not_found
from sandbox.graph.memberships import evaluate, evaluate_all, is_dynamic, settle, settle_all
from sandbox.graph.schema import GROUP, GROUP_LISTS, SERVICE_PRINCIPAL, USER, Resource
from sandbox.seed_catalogue import (
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    USER_ADMINISTRATOR,
)
from sandbox.store import Doc, Store

DOMAINS = ("practice.example", "practice.onmicrosoft.com")
"""The verified domains; the first is the default one."""
SYNCED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently "
    "undergoing migration."
)
"""The refusal of writes to what is mastered on premises."""
RETENTION = timedelta(days=30)
KINDS: dict[str, Resource] = {"users": USER, "groups": GROUP, "service_principals": SERVICE_PRINCIPAL}
PRIVILEGED_CALLERS = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})
"""The directory roles that may do sensitive things to somebody who holds a role."""
PASSWORD_CALLERS = PRIVILEGED_CALLERS | {USER_ADMINISTRATOR}
"""The directory roles that may reset a password without the permission for it."""


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


def live_group(store: Store, key: str) -> Doc:
    """A group that a write may work on."""
    seen_group(store, key)
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


def seen_objects(store: Store, ids: Iterable[str]) -> Iterator[tuple[Doc, Resource]]:
    """Those of the objects that are to be seen."""
    for key in ids:
        for kind, resource in KINDS.items():
            if (found := store.seen(kind, key)) is not None:
                yield found, resource
                break


def reference(url: object) -> str:
    """The object id at the end of an ``@odata.id``, on whatever host; 404 for what is none."""
    text = str(url).rstrip("/").rpartition("/")[2]
    if "('" in text:
        text = text.partition("('")[2].partition("'")[0]
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise not_found(text) from None


def security_identifier(object_id: str) -> str:
    """``S-1-12-1-`` and the id's 16 bytes (GUID byte order) as four little-endian numbers."""
    raw = uuid.UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[at : at + 4], "little")) for at in range(0, 16, 4))


def stamp(now: datetime, before: str | None = None) -> str:
    """A moment in Graph's spelling that always differs from ``before``, even within the same second."""
    text = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if before is None or text > before:
        return text
    return (datetime.fromisoformat(before) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    """Move a user into the recycle bin: the name is rewritten and free again, licences and memberships stay."""
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


def restore_user(store: Store, deleted: Doc, upn: str) -> Doc:
    """Bring a user back, with their licences and memberships."""
    store.remove("deleted_users", deleted["id"])
    doc = {k: v for k, v in deleted.items() if k not in ("_userPrincipalName", "deletedDateTime")}
    return save_user(store, {**doc, "userPrincipalName": upn})


def purge_user(store: Store, key: str) -> None:
    """Delete for good, with every reference to the user."""
    store.remove("deleted_users", key)
    store.remove("dynamic_memberships", key)
    for field in ("_members", "_owners"):
        for group in store.find("groups", field, key):
            store.put("groups", {**group, field: [member for member in group[field] if member != key]})
    for assignment in store.find("role_assignments", "principalId", key):
        store.remove("role_assignments", assignment["id"])
    for assignment in store.find("app_role_assignments", "principalId", key):
        store.remove("app_role_assignments", assignment["id"])


def expire_deleted(store: Store) -> None:
    """Purge whoever has been in the recycle bin for 30 days of the tenant's time."""
    oldest = stamp(store.now() - RETENTION)
    for doc in store.all("deleted_users"):
        if doc["deletedDateTime"] < oldest:
            purge_user(store, doc["id"])


def name_holder(store: Store, upn: str, but: str | None = None) -> Doc | None:
    """The other user who has this sign-in name or mail address, whether a reader sees them already or not."""
    for field in ("userPrincipalName", "mail"):
        for doc in store.find("users", field, upn):
            if doc["id"] != but:
                return doc
    return None


def privileged(store: Store, object_id: str) -> bool:
    """Does the user hold a directory role, or belong to a role-assignable group?"""
    if store.find("role_assignments", "principalId", object_id):
        return True
    groups = [*store.find("groups", "_members", object_id), *store.find("groups", "_owners", object_id)]
    return any(group.get("isAssignableToRole") for group in groups)


def holds_role(store: Store, principal_id: str, roles: Iterable[str]) -> bool:
    """Does the principal hold one of the directory roles (by template id)?"""
    held = {
        assignment["roleDefinitionId"] for assignment in store.find("role_assignments", "principalId", principal_id)
    }
    return not held.isdisjoint(roles)


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
