"""The recycle bin's applications and service principals; restoring an application does not restore its principal."""

from sandbox.graph.apps.app_objects import PERMISSION_OF_ALL
from sandbox.graph.call import Call
from sandbox.graph.deleted import Bin, bin_of
from sandbox.graph.errors import GraphError, forbidden
from sandbox.graph.permissions import APPLICATIONS_READ, APPLICATIONS_WRITE, SERVICE_PRINCIPALS_WRITE
from sandbox.graph.schema import APPLICATION, SERVICE_PRINCIPAL
from sandbox.store import Doc, Store

IN_USE = (
    "The service principal cannot be created, updated, or restored because the service principal name {} is already "
    "in use."
)
_GOING_ALONG = (
    ("app_role_assignments", ("principalId", "resourceId")),
    ("oauth2_permission_grants", ("clientId", "resourceId")),
    ("federated_credentials", ("_application",)),
)


def _may(call: Call, doc: Doc) -> None:
    """With ``Application.ReadWrite.OwnedBy`` alone only what the caller owns."""
    if not call.caller.roles & PERMISSION_OF_ALL and call.caller.object_id not in (doc.get("_owners") or ()):
        raise forbidden()


def _restore_application(call: Call, doc: Doc) -> Doc:
    call.store.remove("deleted_applications", doc["id"])
    return call.store.put("applications", {**doc, "deletedDateTime": None})


def _restore_principal(call: Call, doc: Doc) -> Doc:
    """409 where the application has another principal meanwhile."""
    if call.store.find("service_principals", "appId", doc["appId"]):
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", IN_USE.format(doc["appId"]))
    call.store.remove("deleted_service_principals", doc["id"])
    return call.store.put("service_principals", {**doc, "deletedDateTime": None})


def _purge_application(store: Store, key: str) -> None:
    _purge(store, "deleted_applications", key)


def _purge_principal(store: Store, key: str) -> None:
    _purge(store, "deleted_service_principals", key)


def _purge(store: Store, kind: str, key: str) -> None:
    """For good: what the object had, and what others had of it, goes along."""
    store.remove(kind, key)
    for held, fields in _GOING_ALONG:
        for doc in [doc for field in fields for doc in store.find(held, field, key)]:
            store.remove(held, doc["id"])


bin_of(
    Bin(
        "deleted_applications",
        APPLICATION,
        "applications",
        APPLICATIONS_READ,
        APPLICATIONS_WRITE,
        _may,
        _restore_application,
        _purge_application,
    )
)
bin_of(
    Bin(
        "deleted_service_principals",
        SERVICE_PRINCIPAL,
        "servicePrincipals",
        APPLICATIONS_READ,
        SERVICE_PRINCIPALS_WRITE,
        _may,
        _restore_principal,
        _purge_principal,
    )
)
