"""Writing the audit log and the sign-in log while the tenant works.

Rows are seen after ``audit_lag_ms``, as in real life, where it takes minutes.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sandbox import moments
from sandbox.graph.logs.audit_rows import activities
from sandbox.store import Change, Doc, Store, journal

if TYPE_CHECKING:
    from sandbox.graph.call import Call

SYNC_FABRIC = {"appId": None, "displayName": "Microsoft.Azure.SyncFabric", "servicePrincipalId": None,
               "servicePrincipalName": None}  # fmt: skip
"""Who changes the directory where provisioning does."""
KEPT = 50_000
"""How many rows each log holds."""


@contextmanager
def noted(call: "Call") -> Iterator[None]:
    """Note what a Graph call changes, once it has been carried out."""
    sent = call.sent
    if sent.method in ("GET", "HEAD"):
        yield
        return
    with noted_for(call.store, _initiator(call), sent.client_request_id or sent.request_id,
                   sent.headers.get("user-agent")):  # fmt: skip
        yield


@contextmanager
def noted_for(store: Store, initiator: Doc, correlation_id: str, agent: str | None = None) -> Iterator[None]:
    """Note all changes made inside, as the work of ``initiator``; nothing where they end in a refusal."""
    changes: list[Change] = []
    outer = journal.get()
    token = journal.set(changes)
    try:
        yield
    finally:
        journal.reset(token)
        if outer is not None:
            outer.extend(changes)
    for number, activity in enumerate(activities(store, changes)):
        _write(store, initiator, correlation_id, agent, number, activity)


def _write(store: Store, initiator: Doc, correlation_id: str, agent: str | None, number: int, activity: Any) -> None:
    now = store.now()
    keep(
        store,
        "directory_audits",
        {
            "id": f"Directory_{correlation_id}_{uuid4().hex[:5].upper()}_{number}{now.microsecond:06d}",
            "category": activity.category,
            "correlationId": correlation_id,
            "result": "success",
            "resultReason": activity.reason,
            "activityDisplayName": activity.name,
            "activityDateTime": moments.ticks(now),
            "loggedByService": activity.service,
            "operationType": activity.operation,
            "initiatedBy": initiator,
            "targetResources": activity.targets,
            "additionalDetails": [{"key": "User-Agent", "value": agent}] if agent else [],
            "_targets": [target["id"] for target in activity.targets],
            "_visible_at": visible_at(store),
        },
    )


def _initiator(call: "Call") -> Doc:
    """The signed-in person, or the application itself (Graph resource type auditActivityInitiator)."""
    held = call.caller
    if held.user:
        return {"user": _person(call.store, held.object_id), "app": None}
    principal = call.store.get("service_principals", held.object_id) or {}
    app = {
        "appId": held.app_id,
        "displayName": principal.get("displayName"),
        "servicePrincipalId": held.object_id,
        "servicePrincipalName": None,
    }
    return {"user": None, "app": app}


def _person(store: Store, key: str) -> Doc:
    user = store.get("users", key) or {}
    return {
        "id": key,
        "displayName": user.get("displayName"),
        "userPrincipalName": user.get("userPrincipalName"),
        "ipAddress": "",
        "userType": user.get("userType"),
        "homeTenantId": None,
        "homeTenantName": None,
    }


def note_sign_in(
    store: Store,
    user: Doc,
    *,
    app_id: str,
    app_name: str,
    resource_name: str = "Microsoft Graph",
    resource_id: str = "00000003-0000-0000-c000-000000000000",
    error_code: int = 0,
    failure_reason: str | None = None,
    interactive: bool = True,
    conditional_access: str = "notApplied",
    policies: tuple[Doc, ...] = (),
    correlation_id: str | None = None,
    user_agent: str | None = None,
    ip_address: str = "127.0.0.1",
) -> Doc:
    """Note one attempt of a person to sign in, with the AADSTS number of its refusal (0: it succeeded).

    ``conditional_access`` is ``notApplied``, ``success`` or ``failure``; ``policies`` are resources of type
    appliedConditionalAccessPolicy. An attempt moves the user's ``signInActivity``. Source: Graph resource types signIn
    and signInActivity.
    """
    now = moments.ticks(store.now())
    row = {
        "id": str(uuid4()),
        "createdDateTime": now,
        "userDisplayName": user.get("displayName"),
        "userPrincipalName": user.get("userPrincipalName"),
        "userId": user["id"],
        "appId": app_id,
        "appDisplayName": app_name,
        "ipAddress": ip_address,
        "clientAppUsed": "Browser" if interactive else "Mobile Apps and Desktop clients",
        "userAgent": user_agent,
        "correlationId": correlation_id or str(uuid4()),
        "conditionalAccessStatus": conditional_access,
        "isInteractive": interactive,
        "riskDetail": "none",
        "riskLevelAggregated": "none",
        "riskLevelDuringSignIn": "none",
        "riskState": "none",
        "riskEventTypes": [],
        "riskEventTypes_v2": [],
        "resourceDisplayName": resource_name,
        "resourceId": resource_id,
        "status": {"errorCode": error_code, "failureReason": failure_reason or "Other.", "additionalDetails": None},
        "deviceDetail": {
            "deviceId": "", "displayName": "", "operatingSystem": "", "browser": "", "isCompliant": False,
            "isManaged": False, "trustType": "",
        },
        "location": {"city": "", "state": "", "countryOrRegion": "", "geoCoordinates": {}},
        "appliedConditionalAccessPolicies": list(policies),
        "_visible_at": visible_at(store),
    }  # fmt: skip
    keep(store, "sign_ins", row)
    store.put("sign_in_activities", _activity(store, row))
    return row


def _activity(store: Store, row: Doc) -> Doc:
    """``signInActivity`` after an attempt: the last one of its kind, and the last that succeeded."""
    held = store.get("sign_in_activities", row["userId"]) or {"id": row["userId"]}
    kind = "lastSignIn" if row["isInteractive"] else "lastNonInteractiveSignIn"
    moved = {f"{kind}DateTime": row["createdDateTime"], f"{kind}RequestId": row["id"]}
    if row["status"]["errorCode"] == 0:
        moved |= {
            "lastSuccessfulSignInDateTime": row["createdDateTime"],
            "lastSuccessfulSignInRequestId": row["id"],
        }
    return {**held, **moved}


def keep(store: Store, log: str, row: Doc) -> None:
    """Write a row; of a log that has grown too long the oldest rows go, as retention makes them go in real life."""
    store.put(log, row)
    if store.count(log) > KEPT:
        for old in store.all(log)[: KEPT // 10]:
            store.remove(log, old["id"])


def visible_at(store: Store) -> float:
    """When what is noted now is to be seen."""
    return time.time() + store.settings.audit_lag_ms / 1000
