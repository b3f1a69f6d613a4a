"""Microsoft's Graph SDK alone carries one person through their time with the company: joiner, mover, leaver."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.directory.deleted_items.item.directory_object_item_request_builder import (
    DirectoryObjectItemRequestBuilder,
)
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.models.automatic_replies_setting import AutomaticRepliesSetting
from msgraph.generated.models.automatic_replies_status import AutomaticRepliesStatus
from msgraph.generated.models.device import Device
from msgraph.generated.models.mailbox_settings import MailboxSettings
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)
from msgraph.generated.models.unified_role_assignment import UnifiedRoleAssignment
from msgraph.generated.models.unified_role_schedule_request_actions import UnifiedRoleScheduleRequestActions
from msgraph.generated.models.user import User
from msgraph.graph_service_client import GraphServiceClient

from tests.fidelity.people import (
    READER,
    address,
    change_licences,
    count,
    eligibilities,
    eligibility,
    equip,
    hired,
    memberships,
    product,
    products,
    role_assignments,
    seen,
    select,
    team,
)
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _quick(tenant: Tenant, undisturbed: None) -> None:
    """What happens late happens soon; nothing is seen at once, as in a real directory."""
    tenant.control("POST", "settings", lag_ms=50, mailbox_delay_ms=100, provisioning_delay_ms=100, dynamic_lag_ms=50)


async def test_a_joiner_gets_all_they_need(graph: GraphServiceClient) -> None:
    chief, group = await hired(graph), await team(graph)
    key = await hired(
        graph, given_name="Jo", surname="Iner", department="Finance", job_title="Clerk", employee_id="J-1",
        employee_type="employee", employee_hire_date=datetime(2026, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    person = graph.users.by_user_id(key)

    await person.manager.ref.put(ReferenceUpdate(odata_id=address(chief)))
    manager = await seen(lambda: person.manager.get())
    assert manager.id == chief
    reports = await seen(lambda: graph.users.by_user_id(chief).direct_reports.get(), lambda page: page.value)
    assert [report.id for report in reports.value or []] == [key]

    await graph.groups.by_group_id(group).members.ref.post(ReferenceCreate(odata_id=address(key)))
    await seen(lambda: memberships(graph, key), lambda held: group in held)
    with pytest.raises(ODataError) as caught:
        await graph.groups.by_group_id(group).members.ref.post(ReferenceCreate(odata_id=address(key)))
    assert caught.value.response_status_code == 400

    sku = await product(graph, "SPE_E3")
    await change_licences(graph, key, [sku], [])
    await seen(lambda: products(graph, key), lambda held: str(sku) in held)

    await graph.role_management.directory.role_assignments.post(
        UnifiedRoleAssignment(principal_id=key, role_definition_id=READER, directory_scope_id="/")
    )
    held = await seen(lambda: role_assignments(graph, key))
    assert held[0].role_definition is not None
    assert held[0].role_definition.display_name == "Directory Readers"

    made = await person.authentication.temporary_access_pass_methods.post(
        TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60, is_usable_once=True)
    )
    assert made is not None
    assert made.temporary_access_pass
    passes = await seen(lambda: person.authentication.temporary_access_pass_methods.get(), lambda page: page.value)
    assert [one.temporary_access_pass for one in passes.value or []] == [None]

    await seen(lambda: person.mailbox_settings.get())
    await person.mailbox_settings.patch(MailboxSettings(time_zone="GMT Standard Time"))
    settings = await person.mailbox_settings.get()
    assert settings is not None
    assert settings.time_zone == "GMT Standard Time"


async def test_a_mover_changes_place(graph: GraphServiceClient) -> None:
    old, new = await hired(graph), await hired(graph)
    left, joined = await team(graph), await team(graph)
    key = await hired(graph, department="Sales", job_title="Seller")
    person = graph.users.by_user_id(key)
    first, second = await product(graph, "ENTERPRISEPACK"), await product(graph, "SPE_E3")
    await person.manager.ref.put(ReferenceUpdate(odata_id=address(old)))
    await graph.groups.by_group_id(left).members.ref.post(ReferenceCreate(odata_id=address(key)))
    await change_licences(graph, key, [first], [])
    await seen(lambda: memberships(graph, key), lambda held: left in held)

    await person.patch(User(department="Finance", job_title="Analyst", office_location="London"))
    await person.manager.ref.put(ReferenceUpdate(odata_id=address(new)))
    await graph.groups.by_group_id(joined).members.ref.post(ReferenceCreate(odata_id=address(key)))
    await graph.groups.by_group_id(left).members.by_directory_object_id(key).ref.delete()
    await change_licences(graph, key, [second], [first])

    moved = await seen(
        lambda: person.get(select("department", "jobTitle")), lambda found: found.department == "Finance"
    )
    assert moved.job_title == "Analyst"
    await seen(lambda: person.manager.get(), lambda manager: manager.id == new)
    await seen(lambda: memberships(graph, key), lambda held: joined in held and left not in held)
    await seen(lambda: products(graph, key), lambda held: held == {str(second)})


async def test_a_leaver_loses_everything_and_can_come_back(graph: GraphServiceClient) -> None:
    key = await hired(graph)
    person, given = graph.users.by_user_id(key), await equip(graph, key)
    await seen(lambda: memberships(graph, key), lambda held: given["group"] in held)
    before = await person.get(select("signInSessionsValidFromDateTime"))
    await asyncio.sleep(1)

    await _contain(graph, key, before)
    await _strip(graph, key, given)

    reply = AutomaticRepliesSetting(status=AutomaticRepliesStatus.AlwaysEnabled, external_reply_message="Has left.")
    await seen(lambda: person.mailbox_settings.get())
    await person.mailbox_settings.patch(MailboxSettings(automatic_replies_setting=reply))
    await change_licences(graph, key, [], [uuid.UUID(given["sku"])])
    await seen(lambda: person.get(select("assignedLicenses")), lambda found: not found.assigned_licenses)

    await person.delete()
    deleted = graph.directory.deleted_items.by_directory_object_id(key)
    query: Any = DirectoryObjectItemRequestBuilder.DirectoryObjectItemRequestBuilderGetQueryParameters(
        select=["id", "deletedDateTime"]
    )
    gone = await seen(lambda: deleted.get(RequestConfiguration(query_parameters=query)))
    assert gone.deleted_date_time is not None
    restored = await deleted.restore.post()
    assert restored is not None
    back = await seen(lambda: person.get(select("accountEnabled", "userPrincipalName")))
    assert back.account_enabled is False
    await person.delete()
    await seen(lambda: deleted.get())
    await deleted.delete()
    with pytest.raises(ODataError) as caught:
        await person.get()
    assert caught.value.response_status_code == 404


async def _contain(graph: GraphServiceClient, key: str, before: User | None) -> None:
    """Disable, revoke, and a password that nobody knows: seen in the directory's own stamps."""
    person = graph.users.by_user_id(key)
    await person.patch(User(account_enabled=False))
    revoked = await person.revoke_sign_in_sessions.post()
    assert revoked is not None
    assert revoked.value is True
    await person.patch(User(password_profile=PasswordProfile(password=uuid.uuid4().hex + "Aa1!")))
    assert before is not None
    await seen(
        lambda: person.get(select("accountEnabled", "signInSessionsValidFromDateTime")),
        lambda found: (
            found.account_enabled is False
            and found.sign_in_sessions_valid_from_date_time != before.sign_in_sessions_valid_from_date_time
        ),
    )


async def _strip(graph: GraphServiceClient, key: str, given: dict[str, str]) -> None:
    """Take away what the directory says somebody has."""
    person = graph.users.by_user_id(key)
    for assignment in await role_assignments(graph, key):
        roles = graph.role_management.directory.role_assignments
        await roles.by_unified_role_assignment_id(str(assignment.id)).delete()
    await graph.role_management.directory.role_eligibility_schedule_requests.post(
        eligibility(key, UnifiedRoleScheduleRequestActions.AdminRemove)
    )
    await graph.groups.by_group_id(given["group"]).members.by_directory_object_id(key).ref.delete()
    for role in (await seen(lambda: person.app_role_assignments.get(), lambda page: page.value)).value or []:
        await person.app_role_assignments.by_app_role_assignment_id(str(role.id)).delete()
    for grant in (await seen(lambda: person.oauth2_permission_grants.get(), lambda page: page.value)).value or []:
        await graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(str(grant.id)).delete()
    owned = await seen(lambda: person.owned_devices.get(), lambda page: page.value)
    assert [device.id for device in owned.value or []] == [given["device"]]
    await graph.devices.by_device_id(given["device"]).patch(Device(account_enabled=False))
    await graph.devices.by_device_id(given["device"]).delete()

    await seen(lambda: memberships(graph, key), lambda held: given["group"] not in held)
    await seen(lambda: count(role_assignments(graph, key)), lambda number: number == "0")
    await seen(lambda: count(eligibilities(graph, key)), lambda number: number == "0")
    await seen(lambda: person.app_role_assignments.get(), lambda page: not page.value)
    await seen(lambda: person.oauth2_permission_grants.get(), lambda page: not page.value)
    await seen(lambda: person.owned_devices.get(), lambda page: not page.value)


async def test_people_and_groups_are_found_before_they_are_touched(graph: GraphServiceClient) -> None:
    query: Any = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(filter="displayName eq 'Finance'")
    page = await graph.groups.get(RequestConfiguration(query_parameters=query))
    assert page is not None
    assert [group.display_name for group in page.value or []] == ["Finance"]
