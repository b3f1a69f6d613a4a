"""A joiner, a mover and a leaver in Azure, carried out by Microsoft's libraries alone."""

from uuid import uuid4

import pytest
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup
from msgraph.graph_service_client import GraphServiceClient

from tests.fidelity.azure_clients import READER, REGION, fresh, management
from tests.fidelity.azure_people import hired
from tests.fidelity.conftest import BlockingCredential
from tests.tenant import Tenant

CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


@pytest.mark.timeout(60)
async def test_a_career_in_azure(
    tenant: Tenant, blocking_credential: BlockingCredential, graph: GraphServiceClient
) -> None:
    tenant.control("POST", "settings", arm_operation_ms=200)
    credential, names = blocking_credential("platform"), tenant.json["azure"]
    root = f"/subscriptions/{names['subscription_id']}"
    with (
        management(AuthorizationManagementClient, tenant, credential) as authorization,
        management(ResourceManagementClient, tenant, credential) as resources,
        management(ComputeManagementClient, tenant, credential) as compute,
        management(KeyVaultManagementClient, tenant, credential) as vaults,
    ):

        def give(scope: str, role: str) -> None:
            role_id = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
            body = RoleAssignmentCreateParameters(
                role_definition_id=role_id, principal_id=person, principal_type="User"
            )
            authorization.role_assignments.create(scope, str(uuid4()), body)

        def held() -> dict[str, str]:
            found = authorization.role_assignments.list_for_subscription(filter=f"principalId eq '{person}'")
            return {str(one.scope): str(one.id) for one in found}

        # The joiner gets a workspace, a role on it, a role on the shared group, and access to a vault.
        person = await hired(graph)
        workspace = fresh("ws-")
        group = ResourceGroup(location=REGION, tags={"owner": person})
        made = resources.resource_groups.create_or_update(workspace, group)
        give(str(made.id), CONTRIBUTOR)
        shared = f"{root}/resourceGroups/{names['resource_group']}"
        give(shared, READER)
        policy = {"tenantId": tenant.json["tenant_id"], "objectId": person, "permissions": {"secrets": ["get"]}}
        given = {"properties": {"accessPolicies": [policy]}}
        vaults.vaults.update_access_policy(names["resource_group"], "kv-practice", "add", given)  # type: ignore[call-overload]
        assert set(held()) == {made.id, shared}

        # The mover takes another role and gives the old one back.
        authorization.role_assignments.delete_by_id(held()[shared])
        give(names["virtual_machine"], READER)
        assert set(held()) == {made.id, names["virtual_machine"]}

        # The leaver loses roles, access, the machine's power and the workspace, before the account goes.
        for assignment in held().values():
            assert authorization.role_assignments.delete_by_id(assignment) is not None
        vaults.vaults.update_access_policy(names["resource_group"], "kv-practice", "remove", given)  # type: ignore[call-overload]
        compute.virtual_machines.begin_deallocate(names["resource_group"], "vm-practice-01").result()
        owned = resources.resource_groups.list(filter=f"tagName eq 'owner' and tagValue eq '{person}'")
        for one in [str(one.name) for one in owned]:
            resources.resource_groups.begin_delete(one).result()
        await graph.users.by_user_id(person).delete()

        assert held() == {}
        assert not resources.resource_groups.check_existence(workspace)
        kept = vaults.vaults.get(names["resource_group"], "kv-practice").properties.access_policies or []
        assert person not in {one.object_id for one in kept}
        compute.virtual_machines.begin_start(names["resource_group"], "vm-practice-01").result()
