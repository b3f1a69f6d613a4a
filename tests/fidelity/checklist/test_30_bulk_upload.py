"""API-driven inbound provisioning: accepted at once, done later, told in the log alone."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import switch
from tests.sandbox.graph_hands import eventually, refused
from tests.tenant import Tenant

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCIM = {"Content-Type": "application/scim+json"}
Record = dict[str, Any]


@pytest.fixture
def job(tenant: Tenant, graph: httpx.Client) -> Iterator[str]:
    """The seeded job, running; put back afterwards."""
    about = tenant.json["provisioning"]
    path = f"/v1.0/servicePrincipals/{about['service_principal_id']}/synchronization/jobs/{about['job_id']}"
    yield path
    limit(graph, path, 500)
    graph.post(f"{path}/restart", json={"criteria": {"resetScope": "Full"}})
    graph.post(f"{path}/start")


def limit(graph: httpx.Client, job: str, deletions: int) -> None:
    """Set how many may be disabled by accident."""
    setting = {"name": "QuarantineTooManyDeletesThreshold", "value": str(deletions)}
    assert graph.patch(job, json={"synchronizationJobSettings": [setting]}).status_code == 204


def record(**values: Any) -> Record:
    """A whole record of somebody new."""
    key = uuid.uuid4().hex[:12]
    common = {"schemas": [CORE, ENTERPRISE], "externalId": key, "userName": f"{key}@practice.example"}
    person = {"displayName": "Pia Record", "title": "Clerk", "active": True}
    return {**common, **person, "addresses": [{"type": "work", "country": "GB"}], **values}


def upload(graph: httpx.Client, job: str, *records: Record) -> httpx.Response:
    """Upload records; the answer."""
    operations = [
        {"method": "POST", "bulkId": str(number), "path": "/Users", "data": one} for number, one in enumerate(records)
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    return graph.post(f"{job}/bulkUpload", json={**body, "failOnErrors": None}, headers=SCIM)


def rows(graph: httpx.Client, job: str, one: Record) -> list[dict[str, Any]]:
    """What the log says of a record, newest first."""
    query = {"$filter": f"jobId eq '{job.rpartition('/')[2]}'"}
    found = graph.get("/v1.0/auditLogs/provisioning", params=query).json()["value"]
    return [row for row in found if row["sourceIdentity"]["id"] == one["externalId"]]


def outcome(graph: httpx.Client, job: str, one: Record, number: int = 1) -> tuple[str, str]:
    """Action and status of a record's nth upload, once the log has it."""
    row = eventually(lambda: rows(graph, job, one), lambda found: len(found) >= number)[0]
    return row["provisioningAction"], row["provisioningStatusInfo"]["status"]


def people(graph: httpx.Client, one: Record, *names: str) -> list[dict[str, Any]]:
    """The directory's users of a record."""
    query = {"$filter": f"employeeId eq '{one['externalId']}'", "$select": ",".join(("id", *names))}
    return list(graph.get("/v1.0/users", params=query).json()["value"])


def test_an_upload_is_accepted_empty_and_told_later(tenant: Tenant, graph: httpx.Client, job: str) -> None:
    switch(tenant, provisioning_delay_ms=300, audit_lag_ms=300)
    one = record()
    answer = upload(graph, job, one)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"].startswith(f"{tenant.base_url}/v1.0/auditLogs/provisioning/?$filter=jobid%20eq")
    assert (rows(graph, job, one), people(graph, one)) == ([], [])
    eventually(lambda: people(graph, one))
    assert outcome(graph, job, one) == ("create", "success")


def test_a_paused_job_gives_nothing(graph: httpx.Client, job: str) -> None:
    graph.post(f"{job}/pause")
    one = record()
    assert upload(graph, job, one).status_code == 202
    time.sleep(0.3)
    assert (rows(graph, job, one), people(graph, one)) == ([], [])
    assert graph.get(job).json()["status"]["code"] == "Paused"
    graph.post(f"{job}/start")
    assert outcome(graph, job, one) == ("create", "success")


def test_a_record_fails_in_the_log_alone(graph: httpx.Client, job: str) -> None:
    bad, good = record(userName="iam-admins@practice.example"), record()
    assert upload(graph, job, bad, good).status_code == 202
    assert outcome(graph, job, bad) == ("create", "failure")
    error = rows(graph, job, bad)[0]["provisioningStatusInfo"]["errorInformation"]
    assert error["errorCode"] == "AzureActiveDirectoryDuplicateUserPrincipalName"
    assert error["reason"]
    assert outcome(graph, job, good) == ("create", "success")


def test_nothing_but_failures_put_the_job_into_quarantine(graph: httpx.Client, job: str) -> None:
    for _ in range(5):
        bad = record(userName="pia@elsewhere.example")
        upload(graph, job, bad)
        outcome(graph, job, bad)
    status = eventually(lambda: graph.get(job).json()["status"], lambda found: found["code"] == "Quarantine")
    assert status["quarantine"]["reason"] == "EncounteredEscrowProportionThreshold"


def test_too_many_deletions_stop_the_job(graph: httpx.Client, job: str) -> None:
    staff = [record() for _ in range(3)]
    upload(graph, job, *staff)
    outcome(graph, job, staff[-1])
    graph.post(f"{job}/restart", json={"criteria": {"resetScope": "Full"}})
    limit(graph, job, 1)
    upload(graph, job, *({**one, "active": False} for one in staff))
    status = eventually(lambda: graph.get(job).json()["status"], lambda found: found["code"] == "Quarantine")
    assert status["quarantine"]["reason"] == "TooManyDeletes"
    assert sum(people(graph, one, "accountEnabled")[0]["accountEnabled"] for one in staff) == 2
    graph.post(f"{job}/restart", json={"criteria": {"resetScope": "ForceDeletes"}})
    assert outcome(graph, job, staff[-1], 2) == ("disable", "success")


def test_a_call_takes_fifty_records_and_five_seconds_forty_calls(tenant: Tenant, graph: httpx.Client, job: str) -> None:
    refused(upload(graph, job, *[record()] * 51), 400, "BadRequest")
    switch(tenant, throttle=True)
    graph.post(f"{job}/pause")
    one = record()
    statuses = [upload(graph, job, one).status_code]
    while statuses[-1] == 202 and len(statuses) < 80:
        statuses.append(upload(graph, job, one).status_code)
    assert (statuses.count(202) >= 40, statuses[-1]) == (True, 429)
    assert graph.post(f"{job.replace('/v1.0/', '/beta/')}/stop").status_code == 204


def test_the_media_type_must_be_scims(graph: httpx.Client, job: str) -> None:
    answer = graph.post(f"{job}/bulkUpload", json={})
    refused(answer, 400, "BadRequest", "Invalid Data Format")
