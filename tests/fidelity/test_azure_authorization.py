"""azure-mgmt-authorization against the practice tenant."""

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.models import (
    RoleEligibilityScheduleRequest,
    RoleEligibilityScheduleRequestPropertiesScheduleInfo,
)
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from msgraph.graph_service_client import GraphServiceClient

from tests.fidelity.azure_clients import READER, management
from tests.fidelity.azure_people import hired
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant

ROLE = f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"


@pytest.fixture
def authorization(tenant: Tenant, blocking_credential: BlockingCredential) -> Iterator[AuthorizationManagementClient]:
    with management(AuthorizationManagementClient, tenant, blocking_credential("platform")) as client:
        yield client


@pytest.fixture
def scope(tenant: Tenant) -> str:
    names = tenant.json["azure"]
    return f"/subscriptions/{names['subscription_id']}/resourceGroups/{names['resource_group']}"


def wanted(principal: str) -> RoleAssignmentCreateParameters:
    return RoleAssignmentCreateParameters(role_definition_id=ROLE, principal_id=principal, principal_type="User")


def test_roles_are_found_by_name(authorization: AuthorizationManagementClient, scope: str) -> None:
    found = list(authorization.role_definitions.list(scope, filter="roleName eq 'Storage Blob Data Contributor'"))
    assert [one.name for one in found] == ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"]
    assert found[0].permissions[0].data_actions
    assert authorization.role_definitions.get(scope, READER).role_name == "Reader"


async def test_an_assignment_is_made_listed_and_deleted(
    authorization: AuthorizationManagementClient, scope: str, graph: GraphServiceClient
) -> None:
    person, name = await hired(graph), str(uuid4())
    made = authorization.role_assignments.create(scope, name, wanted(person))
    assert made.created_by is None
    assert isinstance(made.created_on, datetime)
    again = authorization.role_assignments.create(scope, name, wanted(person))
    assert again.id == made.id
    assert again.created_by == again.updated_by
    for asked in (f"principalId eq '{person}'", f"assignedTo('{person}')"):
        assert [one.id for one in authorization.role_assignments.list_for_subscription(filter=asked)] == [made.id]
    at_scope = authorization.role_assignments.list_for_scope(scope, filter="atScope()")
    assert made.id in {one.id for one in at_scope}
    deleted = authorization.role_assignments.delete(scope, name)
    assert deleted is not None
    assert deleted.id == made.id
    assert authorization.role_assignments.delete(scope, name) is None


async def test_a_double_is_the_librarys_conflict(
    authorization: AuthorizationManagementClient, scope: str, graph: GraphServiceClient
) -> None:
    person = await hired(graph)
    authorization.role_assignments.create(scope, str(uuid4()), wanted(person))
    with pytest.raises(ResourceExistsError) as caught:
        authorization.role_assignments.create(scope, str(uuid4()), wanted(person))
    assert caught.value.error is not None
    assert caught.value.error.code == "RoleAssignmentExists"


def test_an_unknown_principal_is_refused(authorization: AuthorizationManagementClient, scope: str) -> None:
    body = wanted(str(uuid4()))
    body.principal_type = None  # type: ignore[assignment]
    with pytest.raises(HttpResponseError) as caught:
        authorization.role_assignments.create(scope, str(uuid4()), body)
    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.code == "PrincipalNotFound"


async def test_eligibility_is_requested_shown_and_removed(
    authorization: AuthorizationManagementClient, scope: str, graph: GraphServiceClient
) -> None:
    person = await hired(graph)

    def ask(kind: str) -> RoleEligibilityScheduleRequest:
        schedule = RoleEligibilityScheduleRequestPropertiesScheduleInfo()
        body = RoleEligibilityScheduleRequest(
            principal_id=person, role_definition_id=ROLE, request_type=kind, schedule_info=schedule
        )
        made: RoleEligibilityScheduleRequest = authorization.role_eligibility_schedule_requests.create(
            scope, str(uuid4()), body
        )
        return made

    assert ask("AdminAssign").status == "Provisioned"
    asked = f"principalId eq '{person}'"
    held = list(authorization.role_eligibility_schedule_instances.list_for_scope(scope, filter=asked))
    assert [one.principal_id for one in held] == [person]
    assert ask("AdminRemove").status == "Revoked"
    assert not list(authorization.role_eligibility_schedule_instances.list_for_scope(scope, filter=asked))


async def test_pim_shows_active_assignments(
    authorization: AuthorizationManagementClient, scope: str, graph: GraphServiceClient
) -> None:
    person = await hired(graph)
    made = authorization.role_assignments.create(scope, str(uuid4()), wanted(person))
    found = authorization.role_assignment_schedule_instances.list_for_scope(scope, filter=f"principalId eq '{person}'")
    assert [one.origin_role_assignment_id for one in found] == [made.id]
