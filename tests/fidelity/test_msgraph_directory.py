"""The Graph SDK drives users, groups, licences, roles, privileged identity management, units and the recycle bin."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.directory.administrative_units.item.members.members_request_builder import (
    MembersRequestBuilder as UnitMembers,
)
from msgraph.generated.groups.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody as GroupLicences,
)
from msgraph.generated.models.administrative_unit import AdministrativeUnit
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.expiration_pattern import ExpirationPattern
from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.privileged_access_group_assignment_schedule_request import (
    PrivilegedAccessGroupAssignmentScheduleRequest,
)
from msgraph.generated.models.privileged_access_group_relationships import PrivilegedAccessGroupRelationships
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.request_schedule import RequestSchedule
from msgraph.generated.models.schedule_request_actions import ScheduleRequestActions
from msgraph.generated.models.unified_role_assignment import UnifiedRoleAssignment
from msgraph.generated.models.unified_role_assignment_schedule_request import UnifiedRoleAssignmentScheduleRequest
from msgraph.generated.models.unified_role_eligibility_schedule_request import UnifiedRoleEligibilityScheduleRequest
from msgraph.generated.models.unified_role_schedule_request_actions import UnifiedRoleScheduleRequestActions
from msgraph.generated.models.user import User
from msgraph.generated.role_management.directory.role_assignment_schedule_instances.role_assignment_schedule_instances_request_builder import (  # noqa: E501
    RoleAssignmentScheduleInstancesRequestBuilder as Instances,
)
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.item.get_member_groups.get_member_groups_post_request_body import (
    GetMemberGroupsPostRequestBody,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from tests.fidelity.conftest import GraphAs
from tests.tenant import Tenant

T = TypeVar("T")
SPE_E3 = uuid.UUID("05e9a617-0261-4cee-bb44-138d3ef5d965")
AAD_PREMIUM_P2 = uuid.UUID("84a661c4-e949-4bd2-a560-ed7766fcaf2b")
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
ADDRESS = "https://graph.microsoft.com/v1.0/directoryObjects/{}"


@pytest.fixture(autouse=True)
def _soon(tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=20, dynamic_lag_ms=0, group_licence_lag_ms=50)


async def _eventually(read: Callable[[], Awaitable[T | None]]) -> T:
    """What is read as soon as it is there: the directory is seen late."""
    for _ in range(100):
        try:
            if found := await read():
                return found
        except ODataError as error:
            if error.response_status_code != 404:
                raise
        await asyncio.sleep(0.05)
    raise AssertionError("not seen in time")


async def _hired(graph: GraphServiceClient, **values: object) -> User:
    name = f"f{uuid.uuid4().hex[:12]}"
    body = User(
        account_enabled=True,
        display_name=f"Fidelity {name}",
        mail_nickname=name,
        user_principal_name=f"{name}@practice.example",
        usage_location="GB",
        password_profile=PasswordProfile(password="Quite-l0ng-enough", force_change_password_next_sign_in=True),
        **values,  # type: ignore[arg-type]
    )
    made = await graph.users.post(body)
    assert made is not None
    return await _eventually(lambda: graph.users.by_user_id(str(made.id)).get())


async def _formed(graph: GraphServiceClient, **values: object) -> str:
    name = f"g{uuid.uuid4().hex[:12]}"
    body = Group(
        display_name=name, mail_nickname=name, mail_enabled=False, security_enabled=True, **values  # type: ignore[arg-type]
    )  # fmt: skip
    made = await graph.groups.post(body)
    assert made is not None
    await _eventually(lambda: graph.groups.by_group_id(str(made.id)).get())
    return str(made.id)


def _selecting(*names: str) -> RequestConfiguration[UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters]:
    query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=list(names))
    return RequestConfiguration(query_parameters=query)


async def test_a_user_lives_from_hire_to_purge(graph: GraphServiceClient) -> None:
    boss, user = await _hired(graph), await _hired(graph, job_title="Clerk", employee_id="F-1")
    one = graph.users.by_user_id(str(user.id))
    assert user.account_enabled is None
    await one.patch(User(department="Sales", job_title="Analyst"))

    async def changed() -> bool:
        found = await one.get(_selecting("department", "jobTitle", "employeeId"))
        assert found is not None
        return (found.department, found.job_title, found.employee_id) == ("Sales", "Analyst", "F-1")

    assert await _eventually(changed)
    await one.manager.ref.put(ReferenceUpdate(odata_id=ADDRESS.format(boss.id)))
    manager = await _eventually(one.manager.get)
    assert (manager.id, type(manager).__name__) == (boss.id, "User")
    revoked = await one.revoke_sign_in_sessions.post()
    assert revoked is not None
    assert revoked.value is True
    await one.delete()
    deleted = graph.directory.deleted_items.by_directory_object_id(str(user.id))
    assert isinstance(await _eventually(deleted.get), User)
    restored = await deleted.restore.post()
    assert isinstance(restored, User)
    await _eventually(one.get)
    await one.delete()
    await _eventually(deleted.get)
    await deleted.delete()


async def test_a_taken_name_is_the_sdks_own_error(graph: GraphServiceClient) -> None:
    user = await _hired(graph)
    again = User(
        account_enabled=True,
        display_name="Twin",
        mail_nickname="twin",
        user_principal_name=user.user_principal_name,
        password_profile=PasswordProfile(password="Quite-l0ng-enough"),
    )
    with pytest.raises(ODataError) as caught:
        await graph.users.post(again)
    error = caught.value.error
    assert error is not None
    assert (caught.value.response_status_code, error.code) == (400, "Request_BadRequest")
    assert [(detail.code, detail.target) for detail in error.details or []] == [
        ("ObjectConflict", "userPrincipalName"),
        ("ConflictingObjects", f"User_{user.id}"),
    ]


async def test_members_come_and_go(graph: GraphServiceClient) -> None:
    user, key = await _hired(graph), await _formed(graph)
    group = graph.groups.by_group_id(key)
    await group.members.ref.post(ReferenceCreate(odata_id=ADDRESS.format(user.id)))
    with pytest.raises(ODataError, match="already exist"):
        await group.members.ref.post(ReferenceCreate(odata_id=ADDRESS.format(user.id)))

    async def listed() -> bool:
        page = await group.members.graph_user.get()
        return page is not None and [member.id for member in page.value or []] == [user.id]

    async def held() -> bool:
        body = GetMemberGroupsPostRequestBody(security_enabled_only=False)
        answer = await graph.users.by_user_id(str(user.id)).get_member_groups.post(body)
        return answer is not None and key in (answer.value or [])

    assert await _eventually(listed)
    assert await _eventually(held)
    await group.members.by_directory_object_id(str(user.id)).ref.delete()
    with pytest.raises(ODataError) as caught:
        await group.members.by_directory_object_id(str(user.id)).ref.delete()
    assert caught.value.response_status_code == 404


async def test_members_are_bound_at_creation_and_by_patch(graph: GraphServiceClient) -> None:
    first, second = await _hired(graph), await _hired(graph)
    key = await _formed(graph, additional_data={"members@odata.bind": [ADDRESS.format(first.id)]})
    body = Group(additional_data={"members@odata.bind": [ADDRESS.format(second.id)]})
    await graph.groups.by_group_id(key).patch(body)

    async def both() -> bool:
        page = await graph.groups.by_group_id(key).members.get()
        assert page is not None
        return {member.id for member in page.value or []} == {first.id, second.id}

    assert await _eventually(both)


async def test_licences_come_directly_and_by_a_group(graph: GraphServiceClient) -> None:
    user, key = await _hired(graph), await _formed(graph)
    one = graph.users.by_user_id(str(user.id))
    licence = AssignedLicense(sku_id=SPE_E3, disabled_plans=[])
    answer = await one.assign_license.post(AssignLicensePostRequestBody(add_licenses=[licence], remove_licenses=[]))
    assert answer is not None
    assert answer.id == user.id
    by_group = AssignedLicense(sku_id=AAD_PREMIUM_P2, disabled_plans=[])
    group = graph.groups.by_group_id(key)
    accepted = await group.assign_license.post(GroupLicences(add_licenses=[by_group], remove_licenses=[]))
    assert accepted is not None
    assert accepted.id == key
    await group.members.ref.post(ReferenceCreate(odata_id=ADDRESS.format(user.id)))

    async def states() -> dict[str, str | None] | None:
        found = await one.get(_selecting("licenseAssignmentStates"))
        assert found is not None
        held = {str(state.sku_id): state.assigned_by_group for state in found.license_assignment_states or []}
        return held if len(held) == 2 else None

    assert await _eventually(states) == {str(SPE_E3): None, str(AAD_PREMIUM_P2): key}
    skus = await graph.subscribed_skus.get()
    assert skus is not None
    assert "SPE_E3" in {sku.sku_part_number for sku in skus.value or []}
    with pytest.raises(ODataError, match="inherited from a group membership"):
        await one.assign_license.post(AssignLicensePostRequestBody(add_licenses=[], remove_licenses=[AAD_PREMIUM_P2]))


async def test_the_privileged_are_protected_until_their_role_goes(graph: GraphServiceClient, graph_as: GraphAs) -> None:
    user, helpdesk = await _hired(graph), graph_as("helpdesk")
    assignments = graph.role_management.directory.role_assignments
    made = await assignments.post(
        UnifiedRoleAssignment(principal_id=user.id, role_definition_id=HELPDESK_ADMINISTRATOR, directory_scope_id="/")
    )
    assert made is not None
    with pytest.raises(ODataError) as caught:
        await helpdesk.users.by_user_id(str(user.id)).patch(User(account_enabled=False))
    assert caught.value.response_status_code == 403
    one = assignments.by_unified_role_assignment_id(str(made.id))
    await _eventually(one.get)
    await one.delete()
    await helpdesk.users.by_user_id(str(user.id)).patch(User(account_enabled=False))


def _forever() -> RequestSchedule:
    return RequestSchedule(expiration=ExpirationPattern(type=ExpirationPatternType.NoExpiration))


async def test_eligibility_and_active_assignment_are_asked_for(graph: GraphServiceClient) -> None:
    user, directory = await _hired(graph), graph.role_management.directory
    asked = UnifiedRoleEligibilityScheduleRequest(
        action=UnifiedRoleScheduleRequestActions.AdminAssign,
        principal_id=user.id,
        role_definition_id=GROUPS_ADMINISTRATOR,
        directory_scope_id="/",
        justification="Stands in",
        schedule_info=_forever(),
    )
    made = await directory.role_eligibility_schedule_requests.post(asked)
    assert made is not None
    assert (made.status, made.created_date_time is not None) == ("Provisioned", True)
    with pytest.raises(ODataError) as caught:
        await directory.role_eligibility_schedule_requests.post(asked)
    assert caught.value.error is not None
    assert caught.value.error.code == "RoleAssignmentExists"
    active = UnifiedRoleAssignmentScheduleRequest(
        action=UnifiedRoleScheduleRequestActions.AdminAssign,
        principal_id=user.id,
        role_definition_id=GROUPS_ADMINISTRATOR,
        directory_scope_id="/",
        justification="Now",
        schedule_info=_forever(),
    )
    await directory.role_assignment_schedule_requests.post(active)
    query = Instances.RoleAssignmentScheduleInstancesRequestBuilderGetQueryParameters(
        filter=f"principalId eq '{user.id}'", expand=["roleDefinition"]
    )
    asking = RequestConfiguration(query_parameters=query)

    async def held() -> list[tuple[str | None, str | None]] | None:
        page = await directory.role_assignment_schedule_instances.get(asking)
        assert page is not None
        rows = [(one.assignment_type, one.role_definition) for one in page.value or []]
        return [(kind, role.display_name if role else None) for kind, role in rows]

    assert await _eventually(held) == [("Assigned", "Groups Administrator")]
    gone = await directory.role_assignment_schedule_requests.post(
        UnifiedRoleAssignmentScheduleRequest(
            action=UnifiedRoleScheduleRequestActions.AdminRemove,
            principal_id=user.id,
            role_definition_id=GROUPS_ADMINISTRATOR,
            directory_scope_id="/",
        )
    )
    assert gone is not None
    assert gone.status == "Revoked"


async def test_a_membership_for_a_time_is_asked_for(graph: GraphServiceClient) -> None:
    user, key = await _hired(graph), await _formed(graph)
    made = await graph.identity_governance.privileged_access.group.assignment_schedule_requests.post(
        PrivilegedAccessGroupAssignmentScheduleRequest(
            access_id=PrivilegedAccessGroupRelationships.Member,
            principal_id=user.id,
            group_id=key,
            action=ScheduleRequestActions.AdminAssign,
            justification="Project",
            schedule_info=_forever(),
        )
    )
    assert made is not None
    assert (made.status, made.access_id) == ("Provisioned", PrivilegedAccessGroupRelationships.Member)

    async def member() -> bool:
        page = await graph.groups.by_group_id(key).members.get()
        assert page is not None
        return [one.id for one in page.value or []] == [user.id]

    assert await _eventually(member)


async def test_units_hold_members_and_come_back(graph: GraphServiceClient) -> None:
    user = await _hired(graph)
    made = await graph.directory.administrative_units.post(AdministrativeUnit(display_name="Fidelity"))
    assert made is not None
    unit = graph.directory.administrative_units.by_administrative_unit_id(str(made.id))
    await _eventually(unit.get)
    await unit.members.ref.post(ReferenceCreate(odata_id=ADDRESS.format(user.id)))
    asking = RequestConfiguration(query_parameters=UnitMembers.MembersRequestBuilderGetQueryParameters(select=["id"]))

    async def members() -> list[str | None] | None:
        page = await unit.members.get(asking)
        assert page is not None
        return [member.id for member in page.value or []]

    assert await _eventually(members) == [user.id]
    held = await graph.users.by_user_id(str(user.id)).member_of.get()
    assert held is not None
    assert AdministrativeUnit in {type(one) for one in held.value or []}
    await unit.delete()
    deleted = graph.directory.deleted_items.by_directory_object_id(str(made.id))
    await _eventually(deleted.get)
    assert isinstance(await deleted.restore.post(), AdministrativeUnit)
