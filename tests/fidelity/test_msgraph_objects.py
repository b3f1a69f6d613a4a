"""Microsoft's Graph SDK with what belongs to an identity: methods, devices, applications, app roles, consents."""

import uuid

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.device_management.managed_devices.item.wipe.wipe_post_request_body import WipePostRequestBody
from msgraph.generated.device_management.managed_devices.managed_devices_request_builder import (
    ManagedDevicesRequestBuilder,
)
from msgraph.generated.directory_objects.get_by_ids.get_by_ids_post_request_body import GetByIdsPostRequestBody
from msgraph.generated.models.app_role import AppRole
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.application import Application
from msgraph.generated.models.authentication_phone_type import AuthenticationPhoneType
from msgraph.generated.models.device import Device
from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
from msgraph.generated.models.managed_device import ManagedDevice
from msgraph.generated.models.management_state import ManagementState
from msgraph.generated.models.o_auth2_permission_grant import OAuth2PermissionGrant
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_authentication_method import PasswordAuthenticationMethod
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.phone_authentication_method import PhoneAuthenticationMethod
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.service_principal import ServicePrincipal
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)
from msgraph.generated.models.temporary_access_pass_authentication_method_configuration import (
    TemporaryAccessPassAuthenticationMethodConfiguration,
)
from msgraph.generated.models.user import User
from msgraph.generated.oauth2_permission_grants.oauth2_permission_grants_request_builder import (
    Oauth2PermissionGrantsRequestBuilder,
)
from msgraph.generated.users.item.app_role_assignments.app_role_assignments_request_builder import (
    AppRoleAssignmentsRequestBuilder,
)
from msgraph.graph_service_client import GraphServiceClient

from tests.tenant import Tenant

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant) -> None:
    tenant.control("POST", "settings", lag_ms=0, provisioning_delay_ms=0)


async def _person(graph: GraphServiceClient) -> str:
    name = f"o{uuid.uuid4().hex[:12]}"
    body = User(
        account_enabled=True,
        display_name=f"Test {name}",
        mail_nickname=name,
        user_principal_name=f"{name}@practice.example",
        password_profile=PasswordProfile(password="Quite-l0ng-enough"),
    )
    made = await graph.users.post(body)
    assert made is not None
    return str(made.id)


def _pointing_at(object_id: str) -> ReferenceCreate:
    return ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}")


async def _application(graph: GraphServiceClient, *roles: AppRole) -> tuple[str, str]:
    """An application and its principal: their object ids."""
    app = await graph.applications.post(
        Application(display_name=f"App {uuid.uuid4().hex[:8]}", app_roles=list(roles) or None)
    )
    assert app is not None
    principal = await graph.service_principals.post(ServicePrincipal(app_id=app.app_id))
    assert principal is not None
    return str(app.id), str(principal.id)


# -- methods -----------------------------------------------------------------------------------------------------------


async def test_methods_are_parsed_by_their_type(graph: GraphServiceClient) -> None:
    methods = graph.users.by_user_id(await _person(graph)).authentication
    phone = PhoneAuthenticationMethod(phone_number="+1 2065555555", phone_type=AuthenticationPhoneType.Mobile)
    made = await methods.phone_methods.post(phone)
    assert made is not None
    assert (made.id, made.phone_type) == ("3179e48a-750b-4051-897c-87b9720928f7", AuthenticationPhoneType.Mobile)
    listed = await methods.methods.get()
    assert listed is not None
    assert {type(one) for one in listed.value or []} == {PasswordAuthenticationMethod, PhoneAuthenticationMethod}
    with pytest.raises(ODataError) as caught:
        await methods.phone_methods.post(phone)
    assert caught.value.response_status_code == 400
    await methods.phone_methods.by_phone_authentication_method_id(str(made.id)).delete()
    left = await methods.phone_methods.get()
    assert left is not None
    assert left.value == []


async def test_a_pass_is_made_and_its_value_read_once(graph: GraphServiceClient) -> None:
    passes = graph.users.by_user_id(await _person(graph)).authentication.temporary_access_pass_methods
    made = await passes.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60, is_usable_once=True))
    assert made is not None
    assert made.temporary_access_pass
    assert (made.is_usable, made.method_usability_reason) == (True, "EnabledByPolicy")
    listed = await passes.get()
    assert listed is not None
    assert [(one.id, one.temporary_access_pass) for one in listed.value or []] == [(made.id, None)]
    await passes.by_temporary_access_pass_authentication_method_id(str(made.id)).delete()
    with pytest.raises(ODataError) as caught:
        await passes.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=9))
    assert caught.value.error is not None
    assert caught.value.error.code == "badRequest"


async def test_the_policy_of_passes_is_parsed_as_what_it_is(graph: GraphServiceClient) -> None:
    policy = graph.policies.authentication_methods_policy
    one = policy.authentication_method_configurations.by_authentication_method_configuration_id("TemporaryAccessPass")
    found = await one.get()
    assert isinstance(found, TemporaryAccessPassAuthenticationMethodConfiguration)
    assert (found.minimum_lifetime_in_minutes, found.maximum_lifetime_in_minutes) == (10, 43200)
    whole = await policy.get()
    assert whole is not None
    assert any(
        isinstance(item, TemporaryAccessPassAuthenticationMethodConfiguration)
        for item in whole.authentication_method_configurations or []
    )


# -- devices -----------------------------------------------------------------------------------------------------------


async def test_a_device_is_registered_owned_disabled_and_deleted(graph: GraphServiceClient) -> None:
    person = await _person(graph)
    body = Device(
        account_enabled=True,
        device_id=str(uuid.uuid4()),
        display_name="Laptop",
        operating_system="Windows",
        operating_system_version="10.0",
    )
    made = await graph.devices.post(body)
    assert made is not None
    device = graph.devices.by_device_id(str(made.id))
    await device.registered_owners.ref.post(_pointing_at(person))
    await device.registered_users.ref.post(_pointing_at(person))
    owned = await graph.users.by_user_id(person).owned_devices.graph_device.get()
    assert owned is not None
    assert [one.display_name for one in owned.value or []] == ["Laptop"]
    registered = await graph.users.by_user_id(person).registered_devices.get()
    assert registered is not None
    assert [type(one) for one in registered.value or []] == [Device]
    await device.patch(Device(account_enabled=False))
    read = await device.get()
    assert read is not None
    assert read.account_enabled is False
    await device.registered_owners.by_directory_object_id(person).ref.delete()
    await device.delete()
    with pytest.raises(ODataError) as caught:
        await device.get()
    assert caught.value.response_status_code == 404


async def test_intune_lists_and_wipes_a_device(graph: GraphServiceClient) -> None:
    devices = graph.device_management.managed_devices
    everything = await devices.get()
    assert everything is not None
    one: ManagedDevice = (everything.value or [])[-1]
    query = ManagedDevicesRequestBuilder.ManagedDevicesRequestBuilderGetQueryParameters(
        filter=f"userId eq '{one.user_id}'"
    )
    found = await devices.get(request_configuration=RequestConfiguration(query_parameters=query))
    assert found is not None
    assert one.id in {item.id for item in found.value or []}
    assert one.management_state is ManagementState.Managed
    device = devices.by_managed_device_id(str(one.id))
    await device.sync_device.post()
    await device.wipe.post(WipePostRequestBody(keep_enrollment_data=False, keep_user_data=False))
    with pytest.raises(ODataError) as caught:
        await device.get()
    assert caught.value.response_status_code == 404
    of_person = await graph.users.by_user_id(str(one.user_id)).managed_devices.get()
    assert of_person is not None
    assert one.id not in {item.id for item in of_person.value or []}


# -- applications ------------------------------------------------------------------------------------------------------


async def test_an_application_lives_from_registration_to_purge(graph: GraphServiceClient) -> None:
    app_id, principal_id = await _application(graph)
    app, owner = graph.applications.by_application_id(app_id), await _person(graph)
    body = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="server"))
    secret = await app.add_password.post(body)
    assert secret is not None
    assert secret.secret_text
    await app.remove_password.post(RemovePasswordPostRequestBody(key_id=secret.key_id))
    await app.owners.ref.post(_pointing_at(owner))
    owned = await graph.users.by_user_id(owner).owned_objects.get()
    assert owned is not None
    assert [type(one) for one in owned.value or []] == [Application]
    await app.owners.by_directory_object_id(owner).ref.delete()
    await graph.service_principals.by_service_principal_id(principal_id).patch(ServicePrincipal(account_enabled=False))
    await app.delete()
    deleted = await graph.directory.deleted_items.graph_application.get()
    assert deleted is not None
    assert app_id in {one.id for one in deleted.value or []}
    restored = await graph.directory.deleted_items.by_directory_object_id(app_id).restore.post()
    assert isinstance(restored, Application)
    await app.delete()
    await graph.directory.deleted_items.by_directory_object_id(app_id).delete()
    with pytest.raises(ODataError) as caught:
        await graph.directory.deleted_items.by_directory_object_id(app_id).get()
    assert caught.value.response_status_code == 404


async def test_a_federated_credential_is_kept(graph: GraphServiceClient) -> None:
    app_id, _ = await _application(graph)
    credentials = graph.applications.by_application_id(app_id).federated_identity_credentials
    body = FederatedIdentityCredential(
        name="pipeline", issuer="https://issuer.example", subject="job", audiences=["api://AzureADTokenExchange"]
    )
    made = await credentials.post(body)
    assert made is not None
    await credentials.by_federated_identity_credential_id(str(made.id)).patch(
        FederatedIdentityCredential(subject="other")
    )
    listed = await credentials.get()
    assert listed is not None
    assert [(one.name, one.subject) for one in listed.value or []] == [("pipeline", "other")]


async def test_an_app_role_is_assigned_found_by_its_resource_and_removed(graph: GraphServiceClient) -> None:
    role = AppRole(
        id=uuid.uuid4(),
        allowed_member_types=["User"],
        description="Reads",
        display_name="Reader",
        is_enabled=True,
        value="Reader",
    )
    _, principal_id = await _application(graph, role)
    person = await _person(graph)
    body = AppRoleAssignment(
        principal_id=uuid.UUID(person), resource_id=uuid.UUID(principal_id), app_role_id=role.id
    )  # fmt: skip
    assigned = graph.service_principals.by_service_principal_id(principal_id).app_role_assigned_to
    made = await assigned.post(body)
    assert made is not None
    with pytest.raises(ODataError) as caught:
        await assigned.post(body)
    assert caught.value.error is not None
    assert caught.value.error.message == "Permission being assigned already exists on the object"
    query = AppRoleAssignmentsRequestBuilder.AppRoleAssignmentsRequestBuilderGetQueryParameters(
        filter=f"resourceId eq {principal_id}"
    )
    roles = graph.users.by_user_id(person).app_role_assignments
    found = await roles.get(request_configuration=RequestConfiguration(query_parameters=query))
    assert found is not None
    assert [one.id for one in found.value or []] == [made.id]
    await roles.by_app_role_assignment_id(str(made.id)).delete()
    left = await assigned.get()
    assert left is not None
    assert left.value == []


async def test_a_consent_is_given_and_taken_back(graph: GraphServiceClient) -> None:
    _, client_id = await _application(graph)
    person = await _person(graph)
    resource = await graph.service_principals_with_app_id(GRAPH_APP_ID).get()
    assert resource is not None
    body = OAuth2PermissionGrant(
        client_id=client_id,
        consent_type="Principal",
        principal_id=person,
        resource_id=resource.id,
        scope="User.Read",
    )
    made = await graph.oauth2_permission_grants.post(body)
    assert made is not None
    with pytest.raises(ODataError) as caught:
        await graph.oauth2_permission_grants.post(body)
    assert caught.value.response_status_code == 409
    query = Oauth2PermissionGrantsRequestBuilder.Oauth2PermissionGrantsRequestBuilderGetQueryParameters(
        filter=f"principalId eq '{person}'"
    )
    found = await graph.oauth2_permission_grants.get(request_configuration=RequestConfiguration(query_parameters=query))
    assert found is not None
    assert [one.id for one in found.value or []] == [made.id]
    await graph.oauth2_permission_grants.by_o_auth2_permission_grant_id(str(made.id)).delete()
    theirs = await graph.users.by_user_id(person).oauth2_permission_grants.get()
    assert theirs is not None
    assert theirs.value == []


async def test_sponsors_come_and_go(graph: GraphServiceClient) -> None:
    person, sponsor = await _person(graph), await _person(graph)
    sponsors = graph.users.by_user_id(person).sponsors
    await sponsors.ref.post(_pointing_at(sponsor))
    found = await sponsors.get()
    assert found is not None
    assert [(one.id, type(one)) for one in found.value or []] == [(sponsor, User)]
    await sponsors.by_directory_object_id(sponsor).ref.delete()
    with pytest.raises(ODataError):
        await sponsors.by_directory_object_id(sponsor).ref.delete()


async def test_ids_of_every_kind_are_looked_up_at_once(graph: GraphServiceClient) -> None:
    app_id, principal_id = await _application(graph)
    person = await _person(graph)
    devices = await graph.devices.get()
    assert devices is not None
    device_id = str((devices.value or [])[0].id)
    found = await graph.directory_objects.get_by_ids.post(
        GetByIdsPostRequestBody(ids=[app_id, principal_id, person, device_id])
    )
    assert found is not None
    assert {one.id: type(one) for one in found.value or []} == {
        app_id: Application,
        principal_id: ServicePrincipal,
        person: User,
        device_id: Device,
    }
