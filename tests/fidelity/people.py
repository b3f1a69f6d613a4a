"""One person's things at Microsoft, as the Graph SDK makes and reads them."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.app_role import AppRole
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.device import Device
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.request_schedule import RequestSchedule
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.unified_role_assignment import UnifiedRoleAssignment
from msgraph.generated.models.unified_role_eligibility_schedule_request import UnifiedRoleEligibilityScheduleRequest
from msgraph.generated.models.unified_role_schedule_request_actions import UnifiedRoleScheduleRequestActions
from msgraph.generated.models.user import User
from msgraph.generated.role_management.directory.role_assignments.role_assignments_request_builder import (
    RoleAssignmentsRequestBuilder,
)
from msgraph.generated.role_management.directory.role_eligibility_schedule_instances.role_eligibility_schedule_instances_request_builder import (  # noqa: E501
    RoleEligibilityScheduleInstancesRequestBuilder,
)
from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from tests.sandbox.graph_hands import HELPDESK_ADMINISTRATOR

T = TypeVar("T")
READER = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
"""The directory role Directory Readers."""
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
Query = RequestConfiguration[Any]


async def seen(read: Callable[[], Awaitable[T | None]], wanted: Callable[[T], object] = bool) -> T:
    """What a read answers as soon as it is as wanted; a 404 is a replica that has not seen it yet."""
    for _ in range(200):
        try:
            found = await read()
            if found is not None and wanted(found):
                return found
        except ODataError as error:
            if error.response_status_code != 404:
                raise
        await asyncio.sleep(0.04)
    raise AssertionError("it was never seen")


def select(*names: str) -> Query:
    """The option that reads these properties of a user."""
    return RequestConfiguration(
        query_parameters=UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=list(names))
    )


def address(object_id: str) -> str:
    """What points at an object."""
    return f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"


async def hired(graph: GraphServiceClient, **values: Any) -> str:
    """Create somebody nobody else is, and wait until they are seen; their id."""
    name = f"j{uuid.uuid4().hex[:12]}"
    body = User(
        account_enabled=True,
        display_name=f"Jo {name}",
        mail_nickname=name,
        user_principal_name=f"{name}@practice.example",
        password_profile=PasswordProfile(password="Quite-l0ng-enough", force_change_password_next_sign_in=True),
        usage_location="GB",
        **values,
    )
    made = await graph.users.post(body)
    assert made is not None
    key = str(made.id)
    await seen(lambda: graph.users.by_user_id(key).get())
    return key


async def team(graph: GraphServiceClient) -> str:
    """Create a group and wait until it is seen; its id."""
    name = f"g{uuid.uuid4().hex[:12]}"
    made = await graph.groups.post(
        Group(display_name=name, mail_nickname=name, mail_enabled=False, security_enabled=True)
    )
    assert made is not None
    key = str(made.id)
    await seen(lambda: graph.groups.by_group_id(key).get())
    return key


async def memberships(graph: GraphServiceClient, key: str) -> set[str]:
    """The groups somebody is in."""
    page = await graph.users.by_user_id(key).member_of.graph_group.get()
    assert page is not None
    return {str(group.id) for group in page.value or []}


async def products(graph: GraphServiceClient, key: str) -> set[str]:
    """The products somebody has."""
    found = await graph.users.by_user_id(key).get(select("assignedLicenses"))
    assert found is not None
    return {str(one.sku_id) for one in found.assigned_licenses or []}


async def product(graph: GraphServiceClient, name: str) -> uuid.UUID:
    """A product of the tenant by its name."""
    page = await graph.subscribed_skus.get()
    assert page is not None
    return next(sku.sku_id for sku in page.value or [] if sku.sku_part_number == name and sku.sku_id)


async def change_licences(graph: GraphServiceClient, key: str, add: list[uuid.UUID], remove: list[uuid.UUID]) -> None:
    """Assign and remove licences."""
    body = AssignLicensePostRequestBody(
        add_licenses=[AssignedLicense(sku_id=sku, disabled_plans=[]) for sku in add], remove_licenses=remove
    )
    assert await graph.users.by_user_id(key).assign_license.post(body)


async def role_assignments(graph: GraphServiceClient, key: str) -> list[UnifiedRoleAssignment]:
    """The directory roles somebody holds."""
    query: Any = RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters(
        filter=f"principalId eq '{key}'", expand=["roleDefinition"]
    )
    page = await graph.role_management.directory.role_assignments.get(RequestConfiguration(query_parameters=query))
    assert page is not None
    return page.value or []


async def equip(graph: GraphServiceClient, key: str) -> dict[str, str]:
    """Give somebody one of everything; the ids of it."""
    group, sku = await team(graph), await product(graph, "SPE_E3")
    await graph.groups.by_group_id(group).members.ref.post(ReferenceCreate(odata_id=address(key)))
    await change_licences(graph, key, [sku], [])
    role = await graph.role_management.directory.role_assignments.post(
        UnifiedRoleAssignment(principal_id=key, role_definition_id=READER, directory_scope_id="/")
    )
    eligible = await graph.role_management.directory.role_eligibility_schedule_requests.post(
        eligibility(key, UnifiedRoleScheduleRequestActions.AdminAssign)
    )
    assert role is not None
    assert eligible is not None
    principal = await application(graph)
    found = await graph.service_principals.by_service_principal_id(principal).get()
    assert found is not None
    app_role = next(one.id for one in found.app_roles or [] if one.id)
    assignment = await graph.users.by_user_id(key).app_role_assignments.post(
        AppRoleAssignment(principal_id=uuid.UUID(key), resource_id=uuid.UUID(principal), app_role_id=app_role)
    )
    consent = await graph.oauth2_permission_grants.post(
        OAuth2PermissionGrant(
            client_id=principal,
            consent_type="Principal",
            principal_id=key,
            resource_id=await graph_principal(graph),
            scope="User.Read",
        )
    )
    device = await graph.devices.post(
        Device(
            account_enabled=True,
            device_id=str(uuid.uuid4()),
            display_name="Laptop",
            operating_system="Windows",
            operating_system_version="10",
            alternative_security_ids=[],
        )
    )
    assert assignment is not None
    assert consent is not None
    assert device is not None
    await seen(lambda: graph.devices.by_device_id(str(device.id)).get())
    owners = graph.devices.by_device_id(str(device.id)).registered_owners
    await owners.ref.post(ReferenceCreate(odata_id=address(key)))
    return {
        "group": group,
        "sku": str(sku),
        "role": str(role.id),
        "app_role": str(assignment.id),
        "consent": str(consent.id),
        "device": str(device.id),
    }


def eligibility(key: str, action: UnifiedRoleScheduleRequestActions) -> UnifiedRoleEligibilityScheduleRequest:
    """The request that makes somebody eligible for a role, or no longer."""
    assigning = action is UnifiedRoleScheduleRequestActions.AdminAssign
    return UnifiedRoleEligibilityScheduleRequest(
        action=action,
        principal_id=key,
        role_definition_id=HELPDESK_ADMINISTRATOR,
        directory_scope_id="/",
        justification="the practice of it",
        schedule_info=RequestSchedule(start_date_time=datetime.now(UTC) + timedelta(seconds=-5)) if assigning else None,
    )


async def application(graph: GraphServiceClient) -> str:
    """An application with a role for users; its principal."""
    role = AppRole(
        id=uuid.uuid4(), allowed_member_types=["User"], display_name="Clerk", description="Clerks", value="Clerk",
        is_enabled=True,
    )  # fmt: skip
    app = await graph.applications.post(Application(display_name=f"App {uuid.uuid4().hex[:8]}", app_roles=[role]))
    assert app is not None
    await seen(lambda: graph.applications.by_application_id(str(app.id)).get())
    principal = await graph.service_principals.post(ServicePrincipal(app_id=app.app_id))
    assert principal is not None
    await seen(lambda: graph.service_principals.by_service_principal_id(str(principal.id)).get())
    return str(principal.id)


async def graph_principal(graph: GraphServiceClient) -> str:
    """Microsoft Graph's own service principal."""
    query: Any = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
        filter=f"appId eq '{GRAPH_APP_ID}'"
    )
    page = await graph.service_principals.get(RequestConfiguration(query_parameters=query))
    assert page is not None
    assert page.value
    return str(page.value[0].id)


async def count(found: Awaitable[list[Any]]) -> str:
    """How many there are, as text, so that none is an answer too."""
    return str(len(await found))


async def eligibilities(graph: GraphServiceClient, key: str) -> list[Any]:
    """The directory roles somebody may activate."""
    builder = RoleEligibilityScheduleInstancesRequestBuilder
    query: Any = builder.RoleEligibilityScheduleInstancesRequestBuilderGetQueryParameters(
        filter=f"principalId eq '{key}'"
    )
    page = await graph.role_management.directory.role_eligibility_schedule_instances.get(
        RequestConfiguration(query_parameters=query)
    )
    assert page is not None
    return page.value or []
