"""API-driven inbound provisioning: uploads, what becomes of them, and the job that processes them."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.graph.provisioning.synchronization import waiting
from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import ABSENT, calling_as, eventually, hire, refused, user
from tests.tenant import Tenant

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCIM = {"Content-Type": "application/scim+json"}


@pytest.fixture
def job(tenant: Tenant, graph: httpx.Client) -> Iterator[str]:
    """The path of the seeded job, which runs, without throttling and with short delays; put back afterwards."""
    tenant.control("POST", "settings", throttle=False, lag_ms=0, provisioning_delay_ms=50, audit_lag_ms=0)
    about = tenant.json["provisioning"]
    path = f"/v1.0/servicePrincipals/{about['service_principal_id']}/synchronization/jobs/{about['job_id']}"
    yield path
    settings = [{"name": "QuarantineTooManyDeletesThreshold", "value": "500"}]
    graph.patch(path, json={"synchronizationJobSettings": settings})
    graph.post(f"{path}/start")


def record(**values: Any) -> dict[str, Any]:
    """A whole record of somebody new."""
    key = uuid.uuid4().hex[:12]
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": key,
        "userName": f"{key}@practice.example",
        "displayName": "Pia Record",
        "name": {"givenName": "Pia", "familyName": "Record"},
        "title": "Clerk",
        "active": True,
        "addresses": [{"type": "work", "country": "GB"}],
        ENTERPRISE: {"employeeNumber": key, "department": "Sales"},
        **values,
    }


def body(*records: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A bulk request."""
    operations = [
        {"method": "POST", "bulkId": f"{number}", "path": "/Users", "data": one} for number, one in enumerate(records)
    ]
    return {"schemas": [BULK], "Operations": operations, "failOnErrors": None, **values}


def upload(graph: httpx.Client, job: str, *records: dict[str, Any]) -> httpx.Response:
    """Upload records; the answer, which is 202."""
    answer = graph.post(f"{job}/bulkUpload", json=body(*records), headers=SCIM)
    assert answer.status_code == 202, answer.text
    return answer


def rows(graph: httpx.Client, job: str, one: dict[str, Any]) -> list[dict[str, Any]]:
    """The provisioning log's rows of a record, newest first."""
    query = {"$filter": f"jobId eq '{job.rpartition('/')[2]}'"}
    answer = graph.get("/v1.0/auditLogs/provisioning", params=query)
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["value"] if row["sourceIdentity"]["id"] == one["externalId"]]


def outcome(graph: httpx.Client, job: str, one: dict[str, Any], number: int = 1) -> dict[str, Any]:
    """What became of a record's nth upload, as soon as the log says so."""
    return eventually(lambda: rows(graph, job, one), lambda found: len(found) >= number)[0]


def told(row: dict[str, Any]) -> tuple[str, str, str | None]:
    """Action, status and error code of a row."""
    info = row["provisioningStatusInfo"]
    return row["provisioningAction"], info["status"], (info["errorInformation"] or {}).get("errorCode")


def person(graph: httpx.Client, one: dict[str, Any], *names: str) -> dict[str, Any]:
    """The directory's user of a record."""
    query = {"$filter": f"employeeId eq '{one['externalId']}'", "$select": ",".join(("id", *names))}
    found = graph.get("/v1.0/users", params=query).json()["value"]
    assert len(found) == 1
    return dict(found[0])


def test_an_upload_is_accepted_and_processed_later(tenant: Tenant, graph: httpx.Client, job: str) -> None:
    tenant.control("POST", "settings", provisioning_delay_ms=300)
    one = record()
    answer = upload(graph, job, one)
    assert (answer.content, "content-type" in answer.headers) == (b"", False)
    assert answer.headers["location"].startswith(
        f"{tenant.base_url}/v1.0/auditLogs/provisioning/?$filter=jobid%20eq%20"
    )
    assert rows(graph, job, one) == []
    row = outcome(graph, job, one)
    assert told(row) == ("create", "success", None)
    made = person(graph, one, "userPrincipalName", "jobTitle", "department", "usageLocation", "accountEnabled")
    assert (made["jobTitle"], made["department"], made["usageLocation"]) == ("Clerk", "Sales", "GB")
    assert row["targetIdentity"]["id"] == made["id"]
    followed = graph.get(answer.headers["location"]).json()["value"]
    assert one["externalId"] in {found["sourceIdentity"]["id"] for found in followed}
    steps = [step["provisioningStepType"] for step in row["provisioningSteps"]]
    assert steps == ["import", "scoping", "matching", "export"]


def test_a_record_is_matched_by_external_id_whoever_made_the_user(graph: httpx.Client, job: str) -> None:
    one = record()
    key = hire(graph, employeeId=one["externalId"], userPrincipalName=one["userName"], officeLocation="Berlin")
    upload(graph, job, one)
    assert told(outcome(graph, job, one)) == ("update", "success", None)
    changed = user(graph, key, "jobTitle", "officeLocation")
    assert (changed["jobTitle"], changed["officeLocation"]) == ("Clerk", "Berlin")
    upload(graph, job, one)
    assert told(outcome(graph, job, one, 2)) == ("other", "skipped", "RedundantExport")


def test_inactive_disables_and_active_enables_again(graph: httpx.Client, job: str) -> None:
    one = record()
    upload(graph, job, one)
    outcome(graph, job, one)
    upload(graph, job, {**one, "active": False})
    assert told(outcome(graph, job, one, 2)) == ("disable", "success", None)
    assert person(graph, one, "accountEnabled")["accountEnabled"] is False
    upload(graph, job, {**one, "active": "True"})
    assert told(outcome(graph, job, one, 3)) == ("update", "success", None)
    assert person(graph, one, "accountEnabled")["accountEnabled"] is True
    stranger = record(active=False)
    upload(graph, job, stranger)
    assert told(outcome(graph, job, stranger)) == ("other", "skipped", "RedundantSoftDelete")


def test_managers_are_named_by_external_id_in_any_order(graph: httpx.Client, job: str) -> None:
    boss = record()
    report = record(**{ENTERPRISE: {"manager": {"value": boss["externalId"]}}})
    upload(graph, job, report, boss)
    outcome(graph, job, boss)
    read = graph.get(f"/v1.0/users/{person(graph, report)['id']}/manager", params={"$select": "id"})
    assert read.json()["id"] == person(graph, boss)["id"]


def test_a_manager_who_comes_later_is_set_then(graph: httpx.Client, job: str) -> None:
    boss = record()
    report = record(**{ENTERPRISE: {"manager": {"value": boss["externalId"]}}})
    upload(graph, job, report)
    row = outcome(graph, job, report)
    assert told(row) == ("create", "warning", "UnresolvedReference")
    assert row["provisioningSteps"][-1]["provisioningStepType"] == "referenceResolution"
    upload(graph, job, boss)
    outcome(graph, job, boss)
    assert graph.get(f"/v1.0/users/{person(graph, report)['id']}/manager").status_code == 200


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"userName": "iam-admins@practice.example"}, "AzureActiveDirectoryDuplicateUserPrincipalName"),
        ({"userName": "pia@elsewhere.example"}, "AzureActiveDirectoryInvalidUserPrincipalName"),
        ({"addresses": [{"type": "work", "country": "XX"}]}, "AzureActiveDirectoryInvalidUsageLocation"),
    ],
)
def test_what_the_directory_refuses_fails_in_the_log_only(
    graph: httpx.Client, job: str, values: dict[str, Any], code: str
) -> None:
    bad, good = record(**values), record()
    upload(graph, job, bad, good)
    row = outcome(graph, job, bad)
    assert told(row) == ("create", "failure", code)
    assert row["provisioningStatusInfo"]["errorInformation"]["reason"]
    assert told(outcome(graph, job, good)) == ("create", "success", None)


def test_two_people_with_one_employee_id_are_nobody(graph: httpx.Client, job: str) -> None:
    one = record()
    for _ in range(2):
        hire(graph, employeeId=one["externalId"])
    upload(graph, job, one)
    assert told(outcome(graph, job, one)) == ("other", "failure", "DuplicateTargetEntries")


def test_what_a_record_lacks_is_cleared_only_where_that_is_switched_on(
    tenant: Tenant, graph: httpx.Client, job: str
) -> None:
    one = record()
    upload(graph, job, one)
    outcome(graph, job, one)
    partial = {**{name: one[name] for name in ("schemas", "externalId", "userName", "displayName")}, "title": "Boss"}
    upload(graph, job, {**partial, "name": {"givenName": "Pia", "familyName": None}})
    outcome(graph, job, one, 2)
    assert person(graph, one, "surname", "department")["department"] == "Sales"
    tenant.control("POST", "settings", provisioning_clears_values=True)
    upload(graph, job, {**partial, "name": {"givenName": "Pia", "familyName": None}})
    outcome(graph, job, one, 3)
    held = person(graph, one, "surname", "department", "givenName", "usageLocation")
    assert (held["surname"], held["department"], held["givenName"], held["usageLocation"]) == (None, None, "Pia", "GB")


@pytest.mark.parametrize("media", ["application/json", None])
def test_the_content_type_must_be_scims(graph: httpx.Client, job: str, media: str | None) -> None:
    content = httpx.Request("POST", "https://x", json=body(record())).content
    headers = {"Content-Type": media} if media else {}
    refused(graph.post(f"{job}/bulkUpload", content=content, headers=headers), 400, "BadRequest", "Invalid Data Format")


@pytest.mark.parametrize(
    "wrong",
    [
        b"{",
        {"schemas": [], "Operations": []},
        body(),
        body(*[record()] * 51),
        body(record(), Operations=[{"method": "PATCH", "bulkId": "1", "path": "/Users", "data": record()}]),
        body(record(), Operations=[{"method": "POST", "bulkId": "1", "path": "/Groups", "data": record()}]),
        body(record(), Operations=[{"method": "POST", "path": "/Users", "data": record()}]),
        body(record(), Operations=[{"method": "POST", "bulkId": "1", "path": "/Users"}]),
        body(record(schemas=[CORE])),
    ],
)
def test_what_violates_the_schema_is_400_as_a_whole(graph: httpx.Client, job: str, wrong: Any) -> None:
    sent: dict[str, Any] = {"content": wrong} if isinstance(wrong, bytes) else {"json": wrong}
    refused(graph.post(f"{job}/bulkUpload", headers=SCIM, **sent), 400, "BadRequest")


def test_the_job_and_its_principal_must_exist_and_the_permission_be_there(
    tenant: Tenant, graph: httpx.Client, job: str, application: Application
) -> None:
    about = tenant.json["provisioning"]
    refused(graph.post(job.replace(about["job_id"], "API2AAD.x.y") + "/bulkUpload", json=body(record()), headers=SCIM),
            404, "Request_ResourceNotFound")  # fmt: skip
    elsewhere = job.replace(about["service_principal_id"], ABSENT)
    refused(graph.get(elsewhere), 404, "Request_ResourceNotFound")
    with calling_as(tenant, application, "helpdesk") as other:
        answer = other.post(f"{job}/bulkUpload", json=body(record()), headers=SCIM)
        refused(answer, 403, "Authorization_RequestDenied")
        refused(other.get("/v1.0/auditLogs/provisioning"), 403, "Authentication_MSGraphPermissionMissing")
    assert graph.get(f"{job}/bulkUpload").status_code == 405
    tenant_id = tenant.json["tenant_id"].replace("-", "")
    assert about["job_id"].startswith(f"API2AAD.{tenant_id}.")


def test_a_paused_job_gives_nothing_until_it_is_started(graph: httpx.Client, job: str) -> None:
    assert graph.post(f"{job}/pause").status_code == 204
    status = graph.get(job).json()
    assert (status["status"]["code"], status["schedule"]["state"]) == ("Paused", "Disabled")
    one = record()
    upload(graph, job, one)
    time.sleep(0.3)
    assert rows(graph, job, one) == []
    assert graph.post(f"{job}/start").status_code == 204
    assert told(outcome(graph, job, one)) == ("create", "success", None)
    shown = graph.get(job).json()["status"]
    assert (shown["code"], shown["lastExecution"]["state"]) == ("Active", "Succeeded")


def test_too_many_disabled_put_the_job_into_quarantine(graph: httpx.Client, job: str) -> None:
    setting = {"name": "QuarantineTooManyDeletesThreshold", "value": "1"}
    people = [record() for _ in range(3)]
    upload(graph, job, *people)
    outcome(graph, job, people[-1])
    graph.post(f"{job}/restart", json={"criteria": {"resetScope": "Full"}})
    assert graph.patch(job, json={"synchronizationJobSettings": [setting]}).status_code == 204
    upload(graph, job, *({**one, "active": False} for one in people))
    status = eventually(lambda: graph.get(job).json()["status"], lambda found: found["code"] == "Quarantine")
    assert status["quarantine"]["reason"] == "TooManyDeletes"
    enabled = [person(graph, one, "accountEnabled")["accountEnabled"] for one in people]
    assert enabled == [False, True, True]
    answer = graph.post(f"{job}/restart", json={"criteria": {"resetScope": "ForceDeletes"}})
    assert answer.status_code == 204
    assert told(outcome(graph, job, people[-1], 2)) == ("disable", "success", None)
    assert not any(person(graph, one, "accountEnabled")["accountEnabled"] for one in people)


def test_nothing_but_failures_put_the_job_into_quarantine(graph: httpx.Client, job: str) -> None:
    for _ in range(5):
        bad = record(userName="pia@elsewhere.example")
        upload(graph, job, bad)
        outcome(graph, job, bad)
    status = graph.get(job).json()["status"]
    assert (status["code"], status["countSuccessiveCompleteFailures"]) == ("Quarantine", 5)
    assert status["quarantine"]["reason"] == "EncounteredEscrowProportionThreshold"


def test_a_stopped_job_forgets_what_waits(graph: httpx.Client, job: str) -> None:
    graph.post(f"{job}/pause")
    one = record()
    upload(graph, job, one)
    refused(graph.post(f"{job}/stop"), 400, "BadRequest")
    assert graph.post(f"{job.replace('/v1.0/', '/beta/')}/stop").status_code == 204
    graph.post(f"{job}/start")
    time.sleep(0.3)
    assert rows(graph, job, one) == []


def test_the_mapping_shown_is_the_one_in_force(graph: httpx.Client, job: str) -> None:
    rule = graph.get(f"{job}/schema").json()["synchronizationRules"][0]
    mappings = {one["targetAttributeName"]: one for one in rule["objectMappings"][0]["attributeMappings"]}
    assert mappings["employeeId"]["source"]["expression"] == "[externalId]"
    assert mappings["employeeId"]["matchingPriority"] == 1
    assert mappings["jobTitle"]["source"]["name"] == "title"
    assert graph.get(job.rpartition("/")[0]).json()["value"][0]["templateId"] == "API2AAD"
    refused(graph.post(f"{job}/provisionOnDemand", json={"parameters": []}), 400, "BadRequest")


def test_forty_calls_in_five_seconds_are_all(tenant: Tenant, graph: httpx.Client, job: str) -> None:
    tenant.control("POST", "settings", throttle=True)
    one = record()
    for _ in range(40):
        if (answer := graph.post(f"{job}/bulkUpload", json=body(one), headers=SCIM)).status_code == 429:
            break
    else:
        answer = graph.post(f"{job}/bulkUpload", json=body(one), headers=SCIM)
    assert refused(answer, 429, "TooManyRequests")
    assert 1 <= int(answer.headers["retry-after"]) <= 5


def test_two_thousand_calls_are_a_day() -> None:
    day = [float(second * 40) for second in range(2000)]
    assert waiting(day[:-1], day[-1] + 5) == 0
    assert waiting(day, day[-1] + 5) == 86_400 - (day[-1] + 5)
    assert waiting(day, 86_401) == 0
