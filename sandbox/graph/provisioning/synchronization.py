"""Synchronization jobs of a service principal, and ``bulkUpload`` (API-driven inbound provisioning).

Sources: Graph, "Perform bulkUpload", resource types bulkUpload, synchronizationJob, synchronizationSchema; Microsoft
Entra, "API-driven inbound provisioning concepts" (limits), "Troubleshoot inbound provisioning API issues" (400).
"""

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError, malformed, not_found
from sandbox.graph.permissions import SYNCHRONIZATION_READ, SYNCHRONIZATION_WRITE, UPLOAD
from sandbox.graph.provisioning import provisioning_jobs
from sandbox.graph.provisioning.inbound import CORE, ENTERPRISE, MAPPING, Mapped
from sandbox.store import Doc

router = Router()
MAX_OPERATIONS = 50
WINDOWS = ((40, 5.0), (2000, 86_400.0))
"""Calls of a tenant with Entra ID P1 or P2, and the seconds within which it may make them."""
_BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_JOBS = "servicePrincipals/{principal}/synchronization/jobs"
_JOB = _JOBS + "/{job}"
_NEVER = "0001-01-01T00:00:00Z"
_SCOPES = frozenset({"None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes"})


# -- uploads -----------------------------------------------------------------------------------------------------------


@router.add("POST", _JOB + "/bulkUpload", UPLOAD)
def bulk_upload(call: Call) -> Response:
    """``POST …/jobs/{job}/bulkUpload``: 202, to be looked for in the provisioning log."""
    job = _job(call)
    operations = _operations(call)
    _charge(call)
    provisioning_jobs.stage(call.store, job, operations, call.sent.client_request_id or call.sent.request_id)
    where = quote(f"jobid eq '{job['id']}'", safe="'")
    return Response(status_code=202, headers={"Location": f"{call.root}/auditLogs/provisioning/?$filter={where}"})


def _operations(call: Call) -> list[Doc]:
    """The records of a bulk request that is as documented."""
    media = call.sent.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/scim+json":
        raise _invalid("The Content-Type of the request must be application/scim+json.")
    body = call.body()
    if _BULK not in (body.get("schemas") or ()):
        raise _invalid(f"schemas must name {_BULK}.")
    operations = body.get("Operations")
    if not isinstance(operations, list) or not operations:
        raise _invalid("Operations must be a list of at least one operation.")
    if len(operations) > MAX_OPERATIONS:
        raise _invalid(f"Operations has {len(operations)} operations; {MAX_OPERATIONS} are the most.")
    for operation in operations:
        _check(operation)
    ids = [operation["bulkId"] for operation in operations]
    if len(set(ids)) < len(ids):
        raise _invalid("Each bulkId must be unique within the request.")
    return operations


def _check(operation: Any) -> None:
    if not isinstance(operation, dict) or str(operation.get("method")).upper() != "POST":
        raise _invalid("The method of each operation must be POST.")
    if operation.get("path") != "/Users":
        raise _invalid("The path of each operation must be /Users.")
    if not isinstance(operation.get("bulkId"), str) or not operation["bulkId"]:
        raise _invalid("Each operation needs a bulkId.")
    data = operation.get("data")
    if not isinstance(data, dict):
        raise _invalid("Each operation needs data.")
    if not {CORE, ENTERPRISE} <= {str(schema) for schema in data.get("schemas") or ()}:
        raise _invalid(f"The schemas of data must name {CORE} and {ENTERPRISE}.")


def _invalid(text: str) -> GraphError:
    return malformed(f"Invalid Data Format. {text}")


def _charge(call: Call) -> None:
    """429 for a call beyond one of the tenant's windows; what was refused does not count."""
    if not call.store.settings.throttle:
        return
    now = call.store.now().timestamp()
    doc = call.store.get("upload_calls", "tenant") or {"id": "tenant", "times": []}
    times: list[float] = [at for at in doc["times"] if at > now - WINDOWS[-1][1]]
    if wait := waiting(times, now):
        raise GraphError(429, "TooManyRequests", "Too many requests.", headers={"Retry-After": str(wait)})
    call.store.put("upload_calls", {"id": "tenant", "times": [*times, now]})


def waiting(times: Sequence[float], now: float) -> int:
    """Whole seconds until the next call after those at ``times`` is admitted; 0 if now."""
    for limit, seconds in WINDOWS:
        within = [at for at in times if at > now - seconds]
        if len(within) >= limit:
            return max(1, math.ceil(within[-limit] + seconds - now))
    return 0


# -- jobs --------------------------------------------------------------------------------------------------------------


def _job(call: Call) -> Doc:
    """The job in the path, of the principal in the path."""
    principal = _principal(call)
    job = call.store.get("synchronization_jobs", call.params["job"])
    if job is None or job["_principal"] != principal["id"]:
        raise not_found(call.params["job"])
    return job


def _principal(call: Call) -> Doc:
    key = call.params["principal"]
    if key.lower().startswith("appid="):
        found = next(iter(call.store.find_seen("service_principals", "appId", key[6:].strip("'"))), None)
    else:
        found = call.store.seen("service_principals", key.lower())
    if found is None:
        raise not_found(key)
    return found


@router.add("GET", _JOBS, SYNCHRONIZATION_READ)
def jobs(call: Call) -> Response:
    """``GET /servicePrincipals/{id}/synchronization/jobs``."""
    key = _principal(call)["id"]
    found = [_shown(job) for job in call.store.all("synchronization_jobs") if job["_principal"] == key]
    return call.answer({"value": found}, f"servicePrincipals('{key}')/synchronization/jobs")


@router.add("GET", _JOB, SYNCHRONIZATION_READ)
def job(call: Call) -> Response:
    """``GET …/jobs/{job}``."""
    found = _job(call)
    return call.answer(_shown(found), f"servicePrincipals('{found['_principal']}')/synchronization/jobs/$entity")


@router.add("PATCH", _JOB, SYNCHRONIZATION_WRITE)
def change(call: Call) -> Response:
    """``PATCH …/jobs/{job}``: 204; the threshold of accidental deletions is one of ``synchronizationJobSettings``."""
    found, body = _job(call), call.body()
    settings = {one["name"]: one for one in found["synchronizationJobSettings"]}
    for one in body.get("synchronizationJobSettings") or ():
        if not isinstance(one, dict) or not str(one.get("value", "")).isdecimal():
            raise malformed("Each of synchronizationJobSettings needs a name and a value, which is a number as text.")
        settings[str(one.get("name"))] = {"name": str(one.get("name")), "value": str(one["value"])}
    call.store.put("synchronization_jobs", {**found, "synchronizationJobSettings": list(settings.values())})
    return Response(status_code=204)


@router.add("POST", _JOB + "/start", SYNCHRONIZATION_WRITE)
def start(call: Call) -> Response:
    """``POST …/start``: 204; it goes on with what is staged, and leaves quarantine."""
    provisioning_jobs.resume(call.store, _job(call))
    return Response(status_code=204)


@router.add("POST", _JOB + "/pause", SYNCHRONIZATION_WRITE)
def pause(call: Call) -> Response:
    """``POST …/pause``: 204; uploads are accepted still, and nothing comes of them."""
    call.store.put("synchronization_jobs", {**_job(call), "code": provisioning_jobs.PAUSED})
    return Response(status_code=204)


@router.add("POST", _JOB + "/stop", SYNCHRONIZATION_WRITE)
def stop(call: Call) -> Response:
    """``POST …/stop`` (beta only): 204; paused, and its state is lost."""
    if call.version != "beta":
        raise malformed("Resource not found for the segment 'stop'.")
    found = _job(call)
    provisioning_jobs.discard(call.store, found)
    fresh = provisioning_jobs.new_job(found["id"], found["_principal"])
    kept = {"synchronizationJobSettings": found["synchronizationJobSettings"], "code": provisioning_jobs.PAUSED}
    call.store.put("synchronization_jobs", {**fresh, **kept})
    return Response(status_code=204)


@router.add("POST", _JOB + "/restart", SYNCHRONIZATION_WRITE)
def restart(call: Call) -> Response:
    """``POST …/restart``: 204; ``ForceDeletes`` lets those be disabled whom the threshold has held back."""
    found = _job(call)
    scopes = {s.strip() for s in str((call.body().get("criteria") or {}).get("resetScope", "Full")).split(",")}
    if not scopes <= _SCOPES:
        raise malformed(f"Invalid resetScope: {', '.join(sorted(scopes - _SCOPES))}.")
    if "Full" in scopes:
        found = {**found, "executions": {}, "counts": {}, "managers": {}}
    provisioning_jobs.resume(call.store, {**found, "force": "ForceDeletes" in scopes})
    return Response(status_code=204)


@router.add("POST", _JOB + "/provisionOnDemand", SYNCHRONIZATION_WRITE)
def on_demand(call: Call) -> Response:
    """``POST …/provisionOnDemand``: not for a source that is driven by an API."""
    _job(call)
    raise GraphError(400, "BadRequest", "Provision on demand is not supported for API-driven provisioning.")


def _shown(job: Doc) -> Doc:
    """Graph resource type synchronizationJob."""
    paused = job["code"] == provisioning_jobs.PAUSED
    steady = (job["executions"].get("successful") or {}).get("timeEnded") or _NEVER
    status = {
        "code": job["code"],
        "countSuccessiveCompleteFailures": job["failures"],
        "escrowsPruned": False,
        "steadyStateFirstAchievedTime": steady,
        "steadyStateLastAchievedTime": steady,
        "troubleshootingUrl": None,
        "lastExecution": job["executions"].get("last"),
        "lastSuccessfulExecution": job["executions"].get("successful"),
        "lastSuccessfulExecutionWithExports": job["executions"].get("exporting"),
        "progress": [],
        "quarantine": job["quarantine"],
        "synchronizedEntryCountByType": [{"key": key, "value": number} for key, number in job["counts"].items()],
    }
    return {
        "id": job["id"],
        "templateId": job["templateId"],
        "schedule": {**job["schedule"], "state": "Disabled" if paused else "Active"},
        "status": status,
        "synchronizationJobSettings": job["synchronizationJobSettings"],
    }


# -- schema ------------------------------------------------------------------------------------------------------------


@router.add("GET", _JOB + "/schema", SYNCHRONIZATION_READ)
def schema(call: Call) -> Response:
    """``GET …/schema``: the mapping that uploads really go through."""
    found = _job(call)
    rule = {
        "id": "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8",
        "name": "API_TO_AAD",
        "editable": True,
        "priority": 1,
        "groupFilter": None,
        "containerFilter": None,
        "metadata": [],
        "sourceDirectoryName": "API",
        "targetDirectoryName": "Azure Active Directory",
        "objectMappings": [
            {
                "enabled": True,
                "flowTypes": "Add, Update, Delete",
                "name": "Provision API Users",
                "sourceObjectName": "User",
                "targetObjectName": "User",
                "scope": None,
                "metadata": [],
                "attributeMappings": [_mapping(one) for one in MAPPING],
            }
        ],
    }
    body = {"id": found["id"], "version": "Date:2024-01-08T09:00:00.0000000Z", "synchronizationRules": [rule]}
    context = f"servicePrincipals('{found['_principal']}')/synchronization/jobs('{found['id']}')/schema/$entity"
    return call.answer(body, context)


def _mapping(one: Mapped) -> Doc:
    """Graph resource type attributeMapping."""
    kind = "Attribute" if one.expression is None else "Function"
    return {
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": 1 if one.matching else 0,
        "targetAttributeName": one.target,
        "source": {
            "expression": one.expression or f"[{one.source}]",
            "name": one.source if one.expression is None else one.expression.partition("(")[0],
            "type": kind,
            "parameters": [],
        },
    }
