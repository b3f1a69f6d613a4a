"""API-driven inbound provisioning: whole records uploaded to a job of the tenant, and what became of each.

An upload is accepted (202) and processed later; nothing but the provisioning log tells how it went.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from connectors import matcher
from connectors.errors import Refused
from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import literal, written

LARGEST_UPLOAD = 50
"""Records that one call may carry; a tenant has 40 calls in 5 seconds, and 2,000 a day (Entra ID P1 or P2)."""
_BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_MEDIA = "application/scim+json"


@dataclass(frozen=True)
class Record:
    """A whole person as the HR system has them; what is None is sent as null, so that it can be cleared.

    ``external_id`` is matched with the directory's ``employeeId``; ``manager`` is the manager's external id.
    """

    external_id: str
    user_name: str
    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    title: str | None = None
    department: str | None = None
    company: str | None = None
    country: str | None = None
    employee_type: str | None = None
    manager: str | None = None
    phone: str | None = None
    active: bool = True

    def operation(self) -> dict[str, Any]:
        """The operation that carries it; its ``bulkId`` is the external id."""
        data = {
            "schemas": [_CORE, _ENTERPRISE],
            "externalId": self.external_id,
            "userName": self.user_name,
            "displayName": self.display_name,
            "name": {"givenName": self.given_name, "familyName": self.family_name},
            "title": self.title,
            "userType": self.employee_type,
            "active": self.active,
            "addresses": [{"type": "work", "country": self.country}],
            "phoneNumbers": [{"type": "work", "value": self.phone}],
            _ENTERPRISE: {
                "employeeNumber": self.external_id,
                "department": self.department,
                "organization": self.company,
                "manager": {"value": self.manager} if self.manager else None,
            },
        }
        return {"method": "POST", "bulkId": self.external_id, "path": "/Users", "data": data}


@dataclass(frozen=True)
class Upload:
    """One accepted call: which records it carried, and the ids that find it again."""

    external_ids: tuple[str, ...]
    log: str | None
    request_id: str | None
    client_request_id: str


@dataclass(frozen=True)
class Job:
    """A job's state. ``code`` is NotConfigured, NotRun, Active, Paused or Quarantine."""

    id: str
    code: str
    quarantine_reason: str | None = None
    last_execution: str | None = None
    failures_in_a_row: int = 0

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """From Graph's resource type synchronizationJob."""
        status = body.get("status") or {}
        return cls(
            id=str(body["id"]),
            code=str(status.get("code")),
            quarantine_reason=(status.get("quarantine") or {}).get("reason"),
            last_execution=(status.get("lastExecution") or {}).get("state"),
            failures_in_a_row=int(status.get("countSuccessiveCompleteFailures") or 0),
        )

    @property
    def runs(self) -> bool:
        """False where uploads are accepted and nothing comes of them."""
        return self.code == "Active"


@dataclass(frozen=True)
class Result:
    """What became of one record: ``status`` is success, failure, skipped or warning."""

    external_id: str
    at: datetime
    action: str
    status: str
    object_id: str | None
    code: str | None
    reason: str | None

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """From Graph's resource type provisioningObjectSummary."""
        told = item.get("provisioningStatusInfo") or {}
        error = told.get("errorInformation") or {}
        return cls(
            external_id=str((item.get("sourceIdentity") or {}).get("id")),
            at=datetime.fromisoformat(item["activityDateTime"]),
            action=str(item.get("provisioningAction")),
            status=str(told.get("status")),
            object_id=(item.get("targetIdentity") or {}).get("id") or None,
            code=error.get("errorCode"),
            reason=error.get("reason"),
        )

    def error(self) -> Refused | None:
        """The failure as a type of ``connectors.errors``; None if it did not fail."""
        if self.status != "failure":
            return None
        kind = matcher.provisioning_failure(self.code)
        return kind(f"{self.external_id}: {self.reason or self.code or 'not provisioned'}", code=self.code)


def chunks(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The records in uploads of the largest size."""
    for start in range(0, len(records), LARGEST_UPLOAD):
        yield records[start : start + LARGEST_UPLOAD]


class Provisioning:
    """The tenant's API-driven provisioning. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def upload(self, service_principal_id: str, job_id: str, records: Sequence[Record]) -> Upload:
        """Hand over at most 50 whole records; uploading one again is harmless, it is matched by its external id.

        ``POST /servicePrincipals/{id}/synchronization/jobs/{job}/bulkUpload`` → 202; SynchronizationData-User.Upload.
        Raises ``Refused`` for what violates the schema, ``NotFound`` for an unknown job, ``Throttled``. Graph,
        synchronization-synchronizationjob-post-bulkupload.
        """
        if not 1 <= len(records) <= LARGEST_UPLOAD:
            raise ValueError(f"{len(records)} records: an upload carries 1 to {LARGEST_UPLOAD}, see chunks()")
        body = {"schemas": [_BULK], "Operations": [one.operation() for one in records], "failOnErrors": None}
        path = f"{_job(service_principal_id, job_id)}/bulkUpload"
        answer = await self._wire.request("POST", path, body=body, headers={"Content-Type": _MEDIA})
        ids = tuple(one.external_id for one in records)
        return Upload(ids, answer.headers.get("location"), answer.request_id, answer.client_request_id)

    async def upload_all(
        self, service_principal_id: str, job_id: str, records: Sequence[Record]
    ) -> AsyncIterator[Upload]:
        """Hand over any number of records, a call for each fifty; what was accepted before a failure stays accepted.

        The same call, permission and errors as ``upload``.
        """
        for chunk in chunks(records):
            yield await self.upload(service_principal_id, job_id, chunk)

    async def job(self, service_principal_id: str, job_id: str) -> Job:
        """The job's state. Raises ``NotFound``.

        ``GET /servicePrincipals/{id}/synchronization/jobs/{job}``; Synchronization.Read.All. Graph,
        synchronization-synchronizationjob-get.
        """
        return Job.read((await self._wire.request("GET", _job(service_principal_id, job_id))).json())

    async def start(self, service_principal_id: str, job_id: str) -> None:
        """Let the job go on, out of quarantine too. Raises ``NotFound``.

        ``POST /servicePrincipals/{id}/synchronization/jobs/{job}/start`` → 204; Synchronization.ReadWrite.All. Graph,
        synchronization-synchronizationjob-start.
        """
        await self._wire.request("POST", f"{_job(service_principal_id, job_id)}/start")

    async def pause(self, service_principal_id: str, job_id: str) -> None:
        """Have uploads wait. Raises ``NotFound``.

        ``POST /servicePrincipals/{id}/synchronization/jobs/{job}/pause`` → 204; Synchronization.ReadWrite.All. Graph,
        synchronization-synchronizationjob-pause.
        """
        await self._wire.request("POST", f"{_job(service_principal_id, job_id)}/pause")

    async def restart(self, service_principal_id: str, job_id: str, *, allow_deletes: bool = False) -> None:
        """Begin anew; ``allow_deletes`` lets those go whom the accidental-deletion threshold has held back.

        ``POST /servicePrincipals/{id}/synchronization/jobs/{job}/restart`` → 204; Synchronization.ReadWrite.All. Graph,
        synchronization-synchronizationjob-restart.
        """
        body = {"criteria": {"resetScope": "ForceDeletes" if allow_deletes else "Full"}}
        await self._wire.request("POST", f"{_job(service_principal_id, job_id)}/restart", body=body)

    async def results(self, job_id: str, since: datetime) -> list[Result]:
        """What became of records after a moment, newest first; rows come minutes after the upload.

        ``GET /auditLogs/provisioning?$filter=jobId eq '…' and activityDateTime gt …``; ProvisioningLog.Read.All (or
        AuditLog.Read.All); five requests in ten seconds, then ``Throttled``. Graph, provisioningobjectsummary-list.
        """
        query = {"$filter": f"jobId eq {literal(job_id)} and activityDateTime gt {written(since)}"}
        items = pages(self._wire, "/auditLogs/provisioning", query)
        return [Result.read(item) async for item in items]


def _job(service_principal_id: str, job_id: str) -> str:
    principal, job = quote(service_principal_id, safe=""), quote(job_id, safe="")
    return f"/servicePrincipals/{principal}/synchronization/jobs/{job}"
