"""scim2-client, unmodified, drives a joiner, a mover and a leaver at the tenant's SCIM target, blocking and not."""

import ssl
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import AsyncSCIMClient, SyncSCIMClient
from scim2_models import (
    BulkOperation,
    BulkRequest,
    EnterpriseUser,
    InvalidFilterException,
    MutabilityException,
    NotFoundException,
    PatchOp,
    PatchOperation,
    PreconditionFailedException,
    SearchRequest,
    UniquenessException,
)

from tests.sandbox.graph_hands import eventually
from tests.tenant import Tenant

ENTERPRISE = str(EnterpriseUser.__schema__)


def options(tenant: Tenant) -> dict[str, Any]:
    """How httpx2 reaches the target: base address, CA and bearer."""
    return {
        "base_url": f"{tenant.base_url}/scim/v2",
        "headers": {"Authorization": f"Bearer {tenant.json['scim']['token']}"},
        "verify": ssl.create_default_context(cafile=str(tenant.ca_file)),
        "trust_env": False,
    }


@pytest.fixture
def client(tenant: Tenant) -> Iterator[SyncSCIMClient]:
    """The blocking client, which learns everything by discovery."""
    with httpx2.Client(**options(tenant)) as http:
        client = SyncSCIMClient(http)
        client.discover()
        yield client


@pytest.fixture
async def waiting_client(tenant: Tenant) -> AsyncIterator[AsyncSCIMClient]:
    """The asynchronous client."""
    async with httpx2.AsyncClient(**options(tenant)) as http:
        client = AsyncSCIMClient(http)
        await client.discover()
        yield client


def newcomer(model: Any, **values: Any) -> Any:
    """A person nobody else is, as the discovered model has them."""
    name = f"f{uuid.uuid4().hex[:10]}"
    person = model(user_name=f"{name}@practice.example", external_id=name, display_name="Fay Client", active=True)
    for key, value in values.items():
        setattr(person, key, value)
    person[ENTERPRISE] = {"employeeNumber": name, "department": "Sales"}
    return person


def accounts(tenant: Tenant, employee_id: str) -> list[dict[str, Any]]:
    """The directory's users with an employee id."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        query = {"$filter": f"employeeId eq '{employee_id}'", "$select": "id,jobTitle,department,accountEnabled"}
        return list(graph.get("/v1.0/users", params=query).json()["value"])


def test_a_joiner_a_mover_and_a_leaver(client: SyncSCIMClient, tenant: Tenant) -> None:
    model: Any = client.get_resource_model("User")
    team_model: Any = client.get_resource_model("Group")
    joiner = client.create(newcomer(model, title="Clerk"))
    employee_id = joiner.external_id
    assert eventually(lambda: accounts(tenant, employee_id))[0]["accountEnabled"] is True

    team = client.create(team_model(display_name=f"Team {employee_id}"))
    adding = PatchOp[team_model](operations=[PatchOperation(op="add", path="members", value=[{"value": joiner.id}])])
    client.modify(team_model, team.id, adding)
    assert [one.value for one in client.query(model, joiner.id).groups] == [team.id]

    mover = client.query(model, joiner.id)
    mover.title = "Boss"
    mover[ENTERPRISE].department = "IT"
    assert client.replace(mover).meta.version == 'W/"2"'
    moved = eventually(lambda: accounts(tenant, employee_id), lambda found: found[0]["department"] == "IT")
    assert moved[0]["jobTitle"] == "Boss"

    stopping = PatchOp[model](operations=[PatchOperation(op="replace", path="active", value=False)])
    stopped: Any = client.modify(model, mover.id, stopping)
    assert stopped.active is False
    eventually(lambda: accounts(tenant, employee_id), lambda found: found[0]["accountEnabled"] is False)
    client.delete(model, mover.id)
    eventually(lambda: accounts(tenant, employee_id) == [])
    with pytest.raises(NotFoundException):
        client.query(model, mover.id)


def test_refusals_are_its_own_exceptions(client: SyncSCIMClient) -> None:
    model: Any = client.get_resource_model("User")
    made = client.create(newcomer(model))
    with pytest.raises(UniquenessException):
        client.create(newcomer(model, user_name=made.user_name.upper()))
    stale = client.query(model, made.id)
    made.title = "First"
    client.replace(made)
    stale.title = "Second"
    with pytest.raises(PreconditionFailedException):
        client.replace(stale)
    with pytest.raises(MutabilityException):
        client.modify(
            model,
            made.id,
            {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
             "Operations": [{"op": "replace", "path": "id", "value": "1"}]},
            check_request_payload=False,
        )  # fmt: skip
    with pytest.raises(InvalidFilterException):
        client.query(model, query_parameters={"filter": 'unheardOf eq "x"'}, check_request_payload=False)
    client.delete(model, made.id)


def test_it_searches_sorts_and_pages(client: SyncSCIMClient) -> None:
    model: Any = client.get_resource_model("User")
    title = str(uuid.uuid4())
    names = [client.create(newcomer(model, title=title)).user_name for _ in range(3)]
    asked = SearchRequest[model](filter=f'title eq "{title}"', sort_by="userName", count=2)
    found = client.query(model, query_parameters=asked)
    assert (found.total_results, [one.user_name for one in found.resources]) == (3, sorted(names)[:2])
    everywhere: Any = client.search(SearchRequest(filter=f'title eq "{title}"'))
    assert {one.user_name for one in everywhere.resources} == set(names)


def test_a_bulk_job_makes_a_team_and_its_members(client: SyncSCIMClient) -> None:
    person: Any = client.get_resource_model("User")
    team: Any = client.get_resource_model("Group")
    # Subscripted by call: mypy takes an index for a type, and these models are known only since discovery.
    operation, request = BulkOperation.__class_getitem__, BulkRequest.__class_getitem__(person | team)
    data = team(display_name="Bulk", members=[{"value": "bulkId:one"}])
    operations = [
        operation(team)(method="POST", bulk_id="team", path="/Groups", data=data),
        operation(person)(method="POST", bulk_id="one", path="/Users", data=newcomer(person)),
    ]
    answer: Any = client.bulk(request(operations=operations))
    assert [one.status for one in answer.operations] == [201, 201]
    made: Any = client.query(team, answer.operations[0].location.rpartition("/")[2])
    assert made.members[0].value == answer.operations[1].location.rpartition("/")[2]


async def test_the_asynchronous_client_does_the_same(waiting_client: AsyncSCIMClient, tenant: Tenant) -> None:
    model: Any = waiting_client.get_resource_model("User")
    joiner: Any = await waiting_client.create(newcomer(model))
    joiner.title = "Boss"
    mover: Any = await waiting_client.replace(joiner)
    assert (mover.title, mover.meta.version) == ("Boss", 'W/"2"')
    stopping = PatchOp[model](operations=[PatchOperation(op="replace", path="active", value=False)])
    stopped: Any = await waiting_client.modify(model, mover.id, stopping)
    assert stopped.active is False
    await waiting_client.delete(model, mover.id)
    with pytest.raises(NotFoundException):
        await waiting_client.query(model, mover.id)
