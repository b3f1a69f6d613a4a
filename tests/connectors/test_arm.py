"""The Azure client against the practice tenant: every call it has."""

from collections.abc import AsyncIterator

import pytest

from connectors.arm import Arm
from connectors.arm_reads import address
from connectors.arm_roles import assignment_name
from connectors.errors import (
    AlreadyAssigned,
    Conflict,
    Forbidden,
    LastOwner,
    Locked,
    NotFound,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from connectors.graph import GraphClient
from tests.connectors.arm_hands import DEADLINE, READER, fresh, opened, subscription, workspace
from tests.connectors.identities import fault, hired, last_request, tokens, writes
from tests.sandbox.azure_hands import assign, azure
from tests.tenant import Tenant

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def arm(tenant: Tenant) -> AsyncIterator[Arm]:
    async with opened(tenant) as client:
        yield client


# -- subscriptions, groups, tags ---------------------------------------------------------------------------------------


async def test_subscriptions_are_those_with_a_role(tenant: Tenant, arm: Arm) -> None:
    assert subscription(tenant) in {one.id for one in await arm.subscriptions.all()}
    async with opened(tenant, "limited") as limited:
        assert await limited.subscriptions.all() == []


async def test_a_workspace_is_made_tagged_found_and_deleted(tenant: Tenant, arm: Arm) -> None:
    owner = fresh("owner-")
    group = await workspace(arm, tenant, owner=owner)
    key = subscription(tenant)
    assert await arm.groups.group(key, group.name.upper()) == group
    assert [one.id for one in await arm.groups.tagged_groups(key, "Owner", owner)] == [group.id]
    assert await arm.groups.tag(group.id, {"stage": "leaving"}) == {"owner": owner, "stage": "leaving"}
    assert await arm.groups.tag(group.id, {"stage": "leaving"}, "Delete") == {"owner": owner}
    await arm.polling.finish_deletion(await arm.groups.delete(key, group.name), DEADLINE)
    assert await arm.groups.group(key, group.name) is None
    assert await arm.groups.delete(key, group.name) is None


async def test_making_a_workspace_again_sets_its_tags(tenant: Tenant, arm: Arm) -> None:
    group = await workspace(arm, tenant, a="b")
    again = await arm.groups.create(subscription(tenant), group.name, group.location, {"c": "d"})
    assert (again.id, again.tags) == (group.id, {"c": "d"})
    with pytest.raises(Conflict):
        await arm.groups.create(subscription(tenant), group.name, "uksouth", {})


async def test_a_lock_is_a_refusal_and_no_retry(tenant: Tenant, arm: Arm) -> None:
    group = await workspace(arm, tenant)
    with azure(tenant) as client:
        lock = f"{group.id}/providers/Microsoft.Authorization/locks/l"
        client.put(lock, json={"properties": {"level": "CanNotDelete"}})
        with pytest.raises(Locked) as caught:
            await arm.groups.delete(subscription(tenant), group.name)
        client.delete(lock)
    assert caught.value.code == "ScopeLocked"
    assert not caught.value.retryable


async def test_resources_are_found_by_tag(tenant: Tenant, arm: Arm) -> None:
    machine = await arm.machines.machine(tenant.json["azure"]["virtual_machine"])
    found = await arm.groups.tagged_resources(subscription(tenant), "owner", machine.tags["owner"])
    assert machine.id in {one.id for one in found}


# -- roles -------------------------------------------------------------------------------------------------------------


async def test_a_role_is_found_by_its_name(tenant: Tenant, arm: Arm) -> None:
    role = await arm.roles.role(f"/subscriptions/{subscription(tenant)}", "reader")
    assert role is not None
    assert (role.id, role.name) == (READER, "Reader")
    assert await arm.roles.role(f"/subscriptions/{subscription(tenant)}", "No such role") is None


async def test_a_role_is_given_once_and_taken_once(tenant: Tenant, arm: Arm, graph: GraphClient) -> None:
    person, group = await hired(graph), await workspace(arm, tenant)
    made = await arm.roles.assign(group.id, READER, person.id)
    assert made.id.endswith(assignment_name(group.id, READER, person.id))
    assert (made.scope, made.role_id, made.principal_type) == (group.id, READER, "User")
    assert await arm.roles.assign(group.id.lower() + "/", READER, person.id) == made
    assert await arm.roles.of(group.id, person.id) == [made]
    assert await arm.roles.remove(made.id) is True
    assert await arm.roles.remove(made.id) is False


async def test_the_same_role_under_a_foreign_name_is_already_assigned(
    tenant: Tenant, arm: Arm, graph: GraphClient
) -> None:
    person, group = await hired(graph), await workspace(arm, tenant)
    with azure(tenant) as client:
        assert assign(client, group.id, person.id).status_code == 201
    with pytest.raises(AlreadyAssigned):
        await arm.roles.assign(group.id, READER, person.id)


async def test_a_new_person_gets_a_role_before_the_directory_has_seen_them(
    tenant: Tenant, arm: Arm, graph: GraphClient
) -> None:
    group = await workspace(arm, tenant)
    tenant.control("POST", "settings", lag_ms=60_000)
    person = await graph.create_user(
        {"accountEnabled": True, "displayName": "New", "mailNickname": fresh("n"),
         "userPrincipalName": f"{fresh('n')}@practice.example", "passwordProfile": {"password": "Correct-Horse-7!"}}
    )  # fmt: skip
    assert (await arm.roles.assign(group.id, READER, person.id)).principal_id == person.id


async def test_a_leavers_roles_are_found_at_every_scope(tenant: Tenant, arm: Arm, graph: GraphClient) -> None:
    person, group = await hired(graph), await workspace(arm, tenant)
    scopes = {f"/subscriptions/{subscription(tenant)}", group.id, tenant.json["azure"]["virtual_machine"]}
    for scope in scopes:
        await arm.roles.assign(scope, READER, person.id)
    held = await arm.assignments(person.id)
    assert {one.scope for one in held} == scopes
    for one in held:
        assert await arm.roles.remove(one.id)
    assert await arm.assignments(person.id) == []


async def test_roles_through_groups_are_told_apart(tenant: Tenant, arm: Arm) -> None:
    with azure(tenant, scope="https://graph.microsoft.com/.default") as client:
        group = client.get("/v1.0/groups?$filter=displayName eq 'Engineering'").json()["value"][0]["id"]
        member = client.get(f"/v1.0/groups/{group}/members?$select=id").json()["value"][-1]["id"]
    direct = {one.id for one in await arm.assignments(member)}
    through = await arm.assignments(member, through_groups=True)
    assert {one.id for one in through} > direct
    assert group in {one.principal_id for one in through}


async def test_eligibilities_are_found_and_taken(tenant: Tenant, arm: Arm, graph: GraphClient) -> None:
    person, group = await hired(graph), await workspace(arm, tenant)
    path = f"{group.id}/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/{ABSENT}"
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    given = {"principalId": person.id, "roleDefinitionId": role, "requestType": "AdminAssign"}
    with azure(tenant, version="2020-10-01") as client:
        assert client.put(path, json={"properties": given}).status_code == 201
    held = await arm.eligibilities(person.id)
    assert [(one.scope, one.role_id) for one in held] == [(group.id, READER)]
    await arm.roles.remove_eligibility(held[0], "has left")
    assert await arm.eligibilities(person.id) == []
    with pytest.raises(Refused):
        await arm.roles.remove_eligibility(held[0], "has left")


async def test_the_last_owner_cannot_be_taken_away(tenant: Tenant, arm: Arm) -> None:
    scope = f"/subscriptions/{subscription(tenant)}"
    held = await arm.roles.of(scope, tenant.json["platform"]["object_id"])
    own = next(one for one in held if one.scope == scope)
    with pytest.raises(LastOwner):
        await arm.roles.remove(own.id)


async def test_whoever_may_not_is_forbidden(tenant: Tenant) -> None:
    async with opened(tenant, "limited") as limited:
        with pytest.raises(Forbidden) as caught:
            await limited.roles.assign(f"/subscriptions/{subscription(tenant)}", READER, ABSENT)
    assert caught.value.code == "AuthorizationFailed"
    assert caught.value.request_id


# -- machines, storage, networks, vaults -------------------------------------------------------------------------------


async def test_a_machine_is_found_by_owner_and_switched(tenant: Tenant, arm: Arm) -> None:
    machine = await arm.machines.machine(tenant.json["azure"]["virtual_machine"])
    owner = machine.tags["owner"]
    found = await arm.machines.tagged(subscription(tenant), "Owner", owner.upper())
    assert [one.id for one in found] == [machine.id]
    await arm.polling.finish(await arm.machines.switch(machine.id, "deallocate"), DEADLINE)
    assert await arm.machines.power(machine.id) == "deallocated"
    await arm.polling.finish(await arm.machines.switch(machine.id, "start"), DEADLINE)
    assert (await arm.machines.machine(machine.id)).power == "running"
    with pytest.raises(NotFound):
        await arm.machines.switch(machine.id + "x", "start")


async def test_two_operations_at_once_are_a_conflict(tenant: Tenant, arm: Arm) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    operation = await arm.machines.switch(machine, "deallocate")
    with pytest.raises(Conflict):
        await arm.machines.switch(machine, "start")
    await arm.polling.finish(operation, DEADLINE)
    await arm.polling.finish(await arm.machines.switch(machine, "start"), DEADLINE)


async def test_keys_are_renewed_one_at_a_time_and_never_shown(tenant: Tenant, arm: Arm) -> None:
    account = tenant.json["azure"]["storage_account"]
    before = {key.name: key for key in await arm.storage.keys(account)}
    renewed = await arm.storage.regenerate(account, "key2")
    after = {key.name: key for key in await arm.storage.keys(account)}
    assert after == {"key1": before["key1"], "key2": renewed}
    assert renewed.value != before["key2"].value
    assert renewed.value.get_secret_value() not in repr(renewed)


async def test_containers_are_made_and_deleted(tenant: Tenant, arm: Arm) -> None:
    account, name = tenant.json["azure"]["storage_account"], fresh("c-")
    assert account in {one.id for one in await arm.storage.all(subscription(tenant))}
    assert await arm.storage.create_container(account, name) is True
    assert await arm.storage.create_container(account, name) is False
    assert name in await arm.storage.containers(account)
    assert await arm.storage.delete_container(account, name) is True
    assert await arm.storage.delete_container(account, name) is False
    with pytest.raises(Refused):
        await arm.storage.create_container(account, "Not a name")


async def test_networks_are_shown(tenant: Tenant, arm: Arm) -> None:
    network = tenant.json["azure"]["virtual_network"]
    assert network in {one.id for one in await arm.networks.virtual_networks(subscription(tenant))}
    assert await arm.networks.subnets(network) == ["default"]
    assert any(one.name == "nic-practice-01" for one in await arm.networks.interfaces(subscription(tenant)))


async def test_access_policies_are_given_and_taken(tenant: Tenant, arm: Arm, graph: GraphClient) -> None:
    person = await hired(graph)
    vault = await arm.vaults.vault(tenant.json["azure"]["key_vault"])
    assert not vault.rbac
    assert await arm.vaults.remove_policy(vault, person.id) is False
    await arm.vaults.change_policy(vault, person.id, {"secrets": ["get", "list"]})
    held = await arm.vaults.with_policy(subscription(tenant), person.id)
    assert [one.id for one in held] == [vault.id]
    assert await arm.vaults.remove_policy(held[0], person.id) is True
    assert await arm.vaults.with_policy(subscription(tenant), person.id) == []


# -- the wire ----------------------------------------------------------------------------------------------------------


async def test_pages_are_turned_even_if_empty(tenant: Tenant, arm: Arm) -> None:
    tenant.control("POST", "settings", empty_pages=True)
    assert len(await arm.subscriptions.all()) == 2


async def test_a_reader_writes_nothing(tenant: Tenant) -> None:
    async with opened(tenant, read_only=True) as reading:
        since = last_request(tenant)
        with pytest.raises(PermissionError):
            await reading.roles.remove(f"/subscriptions/{subscription(tenant)}")
        assert writes(tenant, since, accepted=False) == []


async def test_trouble_is_typed(tenant: Tenant, arm: Arm) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    fault(tenant, "/instanceView", status=429, retry_after=7, count=1)
    with pytest.raises(Throttled) as caught:
        await arm.machines.power(machine)
    assert caught.value.retry_after == 7
    async with opened(tenant) as other:
        fault(tenant, "/instanceView", drop=True, count=1)
        with pytest.raises(Unavailable):
            await other.machines.power(machine)
        fault(tenant, "/instanceView", status=503, count=1)
        with pytest.raises(Unavailable):
            await other.machines.power(machine)


async def test_writes_carry_an_id_that_the_tenant_records(tenant: Tenant, arm: Arm) -> None:
    since = last_request(tenant)
    await workspace(arm, tenant)
    assert [row["method"] for row in writes(tenant, since)] == ["PUT"]
    assert all(row["client_request_id"] for row in writes(tenant, since))


async def test_a_graph_token_is_of_no_use(tenant: Tenant) -> None:
    client = Arm(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    with pytest.raises(Unauthorized):
        await client.subscriptions.all()
    await client.aclose()


def test_what_is_no_id_is_not_sent() -> None:
    with pytest.raises(ValueError, match="no resource id"):
        address("https://elsewhere.example/x")
    assert address("/subscriptions/a b?x") == "/subscriptions/a%20b%3Fx"
