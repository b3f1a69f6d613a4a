"""The job of API-driven inbound provisioning: its state, and what it does with the records that were uploaded.

Records are staged by ``bulkUpload`` (``synchronization``) and processed after ``provisioning_delay_ms``;
a paused job leaves them staged. What became of each stands in the provisioning log and nowhere else.

Sources: Microsoft Entra, "API-driven inbound provisioning concepts" and its FAQ, "Enable accidental deletions
prevention"; Graph resource types synchronizationJob, synchronizationStatus, synchronizationQuarantine.
"""

import uuid
from datetime import timedelta

from sandbox import moments
from sandbox.graph import background
from sandbox.graph.logs.audit_notes import SYNC_FABRIC, keep, noted_for, visible_at
from sandbox.graph.provisioning.provisioning_records import Outcome, Processing, set_manager
from sandbox.store import Doc, Store

ACTIVE, PAUSED, QUARANTINE = "Active", "Paused", "Quarantine"
THRESHOLD = "QuarantineTooManyDeletesThreshold"
FAILURES = 5
"""After so many uploads in a row of which every record failed, the job is put into quarantine."""
CYCLE = timedelta(minutes=40)
"""The window in which disabled people are counted against the threshold."""


def new_job(job_id: str, principal_id: str) -> Doc:
    """A job that runs, without anything done yet."""
    return {
        "id": job_id,
        "_principal": principal_id,
        "templateId": job_id.partition(".")[0],
        "schedule": {"expiration": None, "interval": "PT40M", "state": "Active"},
        "synchronizationJobSettings": [{"name": THRESHOLD, "value": "500"}],
        "code": ACTIVE,
        "quarantine": None,
        "failures": 0,
        "executions": {},
        "counts": {},
        "disabled": [],
        "managers": {},
        "force": False,
    }


def stage(store: Store, job: Doc, operations: list[Doc], correlation_id: str) -> None:
    """Keep uploaded records until their moment."""
    upload = {
        "id": str(uuid.uuid4()),
        "job": job["id"],
        "operations": operations,
        "correlation_id": correlation_id,
    }
    store.put("uploads", upload)
    background.later(store, store.settings.provisioning_delay_ms / 1000, "upload", upload["id"])


def resume(store: Store, job: Doc) -> None:
    """Have the job go on with what is staged, out of any quarantine."""
    store.put("synchronization_jobs", {**job, "code": ACTIVE, "quarantine": None, "failures": 0, "disabled": []})
    for upload in store.all("uploads"):
        if upload["job"] == job["id"]:
            background.later(store, store.settings.provisioning_delay_ms / 1000, "upload", upload["id"])


def discard(store: Store, job: Doc) -> None:
    """Forget what is staged."""
    for upload in store.all("uploads"):
        if upload["job"] == job["id"]:
            store.remove("uploads", upload["id"])


@background.work("upload")
def carry_out(store: Store, key: str) -> None:
    """Process the records of one upload now, unless the job stands still."""
    upload = store.get("uploads", key)
    job = store.get("synchronization_jobs", upload["job"]) if upload else None
    if upload is None or job is None or job["code"] != ACTIVE:
        return
    began = store.now()
    outcomes: list[Outcome] = []
    with noted_for(store, {"user": None, "app": SYNC_FABRIC}, upload["correlation_id"]):
        for number, operation in enumerate(upload["operations"]):
            processing = Processing(store, operation["data"])
            if processing.disables and (job := _counted(store, job))["code"] == QUARANTINE:
                left = {**upload, "operations": upload["operations"][number:]}
                store.put("uploads", left)
                break
            outcomes.append(processing.carried_out())
        else:
            store.remove("uploads", key)
        job = _resolved(store, job, outcomes)
    for outcome in outcomes:
        _log(store, job, upload, outcome)
    _finish(store, job, outcomes, moments.seconds(began))


def _counted(store: Store, job: Doc) -> Doc:
    """Count one more disabled person; beyond the threshold the job is quarantined instead."""
    now = store.now().timestamp()
    recent = [at for at in job["disabled"] if at > now - CYCLE.total_seconds()]
    limit = next((int(s["value"]) for s in job["synchronizationJobSettings"] if s["name"] == THRESHOLD), None)
    if limit is not None and len(recent) >= limit and not job["force"]:
        return store.put("synchronization_jobs", quarantined(store, job, "TooManyDeletes"))
    return store.put("synchronization_jobs", {**job, "disabled": [*recent, now]})


def quarantined(store: Store, job: Doc, reason: str) -> Doc:
    """The job in quarantine, which is tried again a day later."""
    now = store.now()
    began = moments.seconds(now)
    return {
        **job,
        "code": QUARANTINE,
        "quarantine": {
            "currentBegan": began,
            "nextAttempt": moments.seconds(now + timedelta(days=1)),
            "reason": reason,
            "seriesBegan": began,
            "seriesCount": 1,
            "error": None,
        },
    }


def _resolved(store: Store, job: Doc, outcomes: list[Outcome]) -> Doc:
    """Set managers once all records are there; who is not found yet is looked for again with every upload."""
    waiting = dict(job["managers"])
    for outcome in outcomes:
        if outcome.object_id and outcome.manager:
            waiting[outcome.object_id] = outcome.manager
    left = {}
    for object_id, manager in waiting.items():
        resolved, changed = set_manager(store, object_id, manager)
        if not resolved:
            left[object_id] = manager
        for outcome in outcomes:
            if outcome.object_id == object_id and outcome.manager:
                outcome.note_manager(resolved, changed)
    return store.put("synchronization_jobs", {**job, "managers": left})


def _log(store: Store, job: Doc, upload: Doc, outcome: Outcome) -> None:
    """One row of the provisioning log (Graph resource type provisioningObjectSummary)."""
    principal = store.get("service_principals", job["_principal"]) or {"id": job["_principal"]}
    named = {"id": principal["id"], "displayName": principal.get("displayName")}
    now = moments.seconds(store.now())
    target = {
        "ApplicationId": principal.get("appId"),
        "ServicePrincipalId": principal["id"],
        "ServicePrincipalDisplayName": principal.get("displayName"),
    }
    row: Doc = {
        "id": str(uuid.uuid4()),
        "activityDateTime": now,
        "tenantId": principal.get("appOwnerOrganizationId"),
        "jobId": job["id"],
        "cycleId": upload["id"],
        "changeId": str(uuid.uuid4()),
        "durationInMilliseconds": 120,
        "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
        "servicePrincipal": named,
        "sourceSystem": {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, job["id"])), "displayName": "API", "details": {}},
        "targetSystem": {"id": principal.get("appOwnerOrganizationId"), "displayName": "Microsoft Entra ID",
                         "details": target},
        "_visible_at": visible_at(store),
        **outcome.document(),
    }  # fmt: skip
    keep(store, "provisioning_logs", row)


def _finish(store: Store, job: Doc, outcomes: list[Outcome], began: str) -> None:
    """Note the execution, and put a job into quarantine that does nothing but fail."""
    if not outcomes:
        return
    failed = sum(outcome.status == "failure" for outcome in outcomes)
    state = "Failed" if failed == len(outcomes) else ("EntryLevelErrors" if failed else "Succeeded")
    execution = {
        "activityIdentifier": str(uuid.uuid4()),
        "countEntitled": len(outcomes),
        "countEntitledForProvisioning": len(outcomes),
        "countEscrowed": failed,
        "countEscrowedRaw": failed,
        "countExported": sum(outcome.exported for outcome in outcomes),
        "countExports": sum(outcome.exported for outcome in outcomes),
        "countImported": len(outcomes),
        "countImportedDeltas": len(outcomes),
        "countImportedReferenceDeltas": 0,
        "error": None,
        "state": state,
        "timeBegan": began,
        "timeEnded": moments.seconds(store.now()),
    }
    executions = {**job["executions"], "last": execution}
    if state != "Failed":
        executions["successful"] = execution
        if execution["countExports"]:
            executions["exporting"] = execution
    failures = job["failures"] + 1 if state == "Failed" else 0
    total = job["counts"].get("User", 0) + sum(outcome.action == "create" for outcome in outcomes)
    backlog = any(upload["job"] == job["id"] for upload in store.all("uploads"))
    job = {**job, "executions": executions, "failures": failures, "counts": {"User": total}}
    job["force"] = job["force"] and backlog
    if failures >= FAILURES and job["code"] == ACTIVE:
        job = quarantined(store, job, "EncounteredEscrowProportionThreshold")
    store.put("synchronization_jobs", job)
