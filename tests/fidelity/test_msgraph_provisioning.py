"""The Graph SDK, unmodified, at inbound provisioning and the logs: its own models read what the tenant answers."""

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.audit_logs.directory_audits.directory_audits_request_builder import DirectoryAuditsRequestBuilder
from msgraph.generated.audit_logs.provisioning.provisioning_request_builder import ProvisioningRequestBuilder
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.provisioning_action import ProvisioningAction
from msgraph.generated.models.provisioning_object_summary import ProvisioningObjectSummary
from msgraph.generated.models.provisioning_result import ProvisioningResult
from msgraph.generated.models.synchronization_job_restart_criteria import SynchronizationJobRestartCriteria
from msgraph.generated.models.synchronization_status_code import SynchronizationStatusCode
from msgraph.generated.models.user import User
from msgraph.generated.service_principals.item.synchronization.jobs.item.restart.restart_post_request_body import (
    RestartPostRequestBody,
)
from msgraph.graph_service_client import GraphServiceClient

from tests.fidelity.conftest import GraphAs
from tests.tenant import Tenant

T = TypeVar("T")
LogQuery = ProvisioningRequestBuilder.ProvisioningRequestBuilderGetQueryParameters
AuditQuery = DirectoryAuditsRequestBuilder.DirectoryAuditsRequestBuilderGetQueryParameters
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def provisioning(tenant: Tenant) -> dict[str, str]:
    """Principal and id of the seeded job; everything at once, nothing throttled."""
    tenant.control("POST", "settings", throttle=False, lag_ms=0, provisioning_delay_ms=0, audit_lag_ms=0)
    about: dict[str, str] = tenant.json["provisioning"]
    return about


def job_of(graph: GraphServiceClient, about: dict[str, str]) -> Any:
    """The SDK's builder for the job."""
    principal = graph.service_principals.by_service_principal_id(about["service_principal_id"])
    return principal.synchronization.jobs.by_synchronization_job_id(about["job_id"])


def upload(about: dict[str, str], *records: dict[str, Any]) -> RequestInformation:
    """The documented call, which the SDK has no method for, as its own request adapter sends it."""
    operations = [{"method": "POST", "bulkId": one["externalId"], "path": "/Users", "data": one} for one in records]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    request = RequestInformation(
        Method.POST,
        "{+baseurl}/servicePrincipals/{principal}/synchronization/jobs/{job}/bulkUpload",
        {"principal": about["service_principal_id"], "job": about["job_id"]},
    )
    request.set_stream_content(json.dumps(body).encode(), "application/scim+json")
    return request


async def eventually(read: Callable[[], Awaitable[T | None]]) -> T:
    """What is read, as soon as there is something."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if found := await read():
            return found
    raise AssertionError("it never came")


async def test_an_upload_is_followed_to_its_result(graph: GraphServiceClient, provisioning: dict[str, str]) -> None:
    key = uuid.uuid4().hex[:12]
    one = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": key,
        "userName": f"{key}@practice.example",
        "displayName": "Ida",
    }
    errors: dict[str, Any] = {"XXX": ODataError}
    await graph.request_adapter.send_no_response_content_async(upload(provisioning, one), errors)
    asked = RequestConfiguration(query_parameters=LogQuery(filter=f"jobId eq '{provisioning['job_id']}'"))

    async def row() -> ProvisioningObjectSummary | None:
        found = await graph.audit_logs.provisioning.get(asked)
        rows = (found.value if found else None) or []
        return next((one for one in rows if one.source_identity and one.source_identity.id == key), None)

    told = await eventually(row)
    assert told.provisioning_action == ProvisioningAction.Create
    assert told.provisioning_status_info
    assert told.provisioning_status_info.status == ProvisioningResult.Success
    assert isinstance(told.activity_date_time, datetime)
    assert told.target_identity
    assert told.target_identity.id
    made = await graph.users.by_user_id(told.target_identity.id).get()
    assert made
    assert made.display_name == "Ida"
    with pytest.raises(ODataError) as refused:
        await graph.request_adapter.send_no_response_content_async(upload(provisioning), errors)
    assert refused.value.response_status_code == 400


async def test_the_job_is_read_and_driven(graph: GraphServiceClient, provisioning: dict[str, str]) -> None:
    job = job_of(graph, provisioning)
    await job.pause.post()
    paused = await job.get()
    assert paused.status.code == SynchronizationStatusCode.Paused
    assert {one.name for one in paused.synchronization_job_settings} == {"QuarantineTooManyDeletesThreshold"}
    await job.restart.post(RestartPostRequestBody(criteria=SynchronizationJobRestartCriteria()))
    await job.start.post()
    assert (await job.get()).status.code == SynchronizationStatusCode.Active
    schema = await job.schema.get()
    mappings = schema.synchronization_rules[0].object_mappings[0].attribute_mappings
    assert {"employeeId", "userPrincipalName"} <= {one.target_attribute_name for one in mappings}


async def test_changes_are_in_the_audit_log(
    graph: GraphServiceClient, graph_as: GraphAs, tenant: Tenant, provisioning: dict[str, str]
) -> None:
    name = f"a{uuid.uuid4().hex[:10]}"
    began = datetime.now(UTC)
    made = await graph.users.post(
        User(
            account_enabled=True, display_name="Ada", mail_nickname=name,
            user_principal_name=f"{name}@practice.example",
            password_profile=PasswordProfile(password="Quite-l0ng-enough"),
        )
    )  # fmt: skip
    assert made
    assert made.id
    await graph_as("helpdesk").users.by_user_id(made.id).patch(User(job_title="Boss"))
    text = f"activityDateTime ge {began:%Y-%m-%dT%H:%M:%SZ} and targetResources/any(t: t/id eq '{made.id}')"
    found = await graph.audit_logs.directory_audits.get(RequestConfiguration(query_parameters=AuditQuery(filter=text)))
    assert found
    assert found.value
    changed, added = found.value
    assert (added.activity_display_name, changed.activity_display_name) == ("Add user", "Update user")
    assert isinstance(changed.activity_date_time, datetime)
    assert changed.initiated_by
    assert changed.initiated_by.app
    assert changed.initiated_by.app.service_principal_id == tenant.json["helpdesk"]["object_id"]
    properties = (changed.target_resources or [])[0].modified_properties or []
    assert (properties[0].display_name, properties[0].new_value) == ("JobTitle", '["Boss"]')
    with pytest.raises(ODataError) as refused:
        await graph_as("helpdesk").audit_logs.directory_audits.get()
    assert refused.value.error
    assert refused.value.error.code == "Authentication_MSGraphPermissionMissing"
