"""A write that was done and then answered 503 or 504, and what clients make of it."""

import uuid

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient
from msgraph.generated.models.group import Group

from tests.fidelity.checklist.hands import ids, switch
from tests.fidelity.conftest import BlockingCredential, GraphAs
from tests.sandbox.azure_hands import azure, ended
from tests.sandbox.graph_hands import refused, somebody
from tests.tenant import Tenant

ARM = "https://management.azure.com/.default"


def named(graph: httpx.Client, name: str) -> list[str]:
    """The groups of a name."""
    return ids(graph.get("/v1.0/groups", params={"$filter": f"displayName eq '{name}'"}))


@pytest.mark.parametrize("status", [503, 504])
def test_the_answer_fails_and_the_write_stands(tenant: Tenant, graph: httpx.Client, status: int) -> None:
    tenant.control("POST", "faults", path="/users$", method="POST", status=status, when="after", count=1)
    body = somebody()
    assert graph.post("/v1.0/users", json=body).status_code == status
    assert graph.get(f"/v1.0/users/{body['userPrincipalName']}").status_code == 200
    refused(graph.post("/v1.0/users", json=body), 400, "Request_BadRequest", "already exists")


def test_bad_luck_strikes_a_part_of_the_writes(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, writes_failing_late=0.5)
    statuses = set()
    for _ in range(20):
        body = somebody()
        statuses.add(graph.post("/v1.0/users", json=body).status_code)
        assert graph.get(f"/v1.0/users/{body['userPrincipalName']}").status_code == 200
    assert statuses == {201, 503, 504}


async def test_the_graph_sdk_sends_the_post_again_by_itself_and_makes_a_double(
    tenant: Tenant, graph: httpx.Client, graph_as: GraphAs
) -> None:
    fault = {"path": "/groups$", "method": "POST", "status": 503, "retry_after": 1, "when": "after", "count": 1}
    tenant.control("POST", "faults", **fault)
    name, since = f"double {uuid.uuid4()}", tenant.mark()
    body = Group(display_name=name, mail_nickname="double", mail_enabled=False, security_enabled=True)
    made = await graph_as("platform").groups.post(body)
    assert made is not None
    assert len(named(graph, name)) == 2
    sent = [
        row["status"] for row in tenant.requests(since) if row["path"] == "/v1.0/groups" and row["method"] == "POST"
    ]
    assert sent == [503, 201]


@pytest.fixture
def machines(tenant: Tenant, blocking_credential: BlockingCredential) -> ComputeManagementClient:
    """Azure's own library, unmodified."""
    return ComputeManagementClient(
        blocking_credential("platform"), tenant.json["azure"]["subscription_id"], base_url=tenant.base_url,
        credential_scopes=[ARM], connection_verify=str(tenant.ca_file),
    )  # fmt: skip


@pytest.mark.parametrize(("status", "sent"), [(502, [502]), (503, [503, 202]), (504, [504, 202])])
def test_azures_sdk_sends_a_post_again_after_503_and_504_and_after_nothing_else(
    tenant: Tenant, machines: ComputeManagementClient, status: int, sent: list[int]
) -> None:
    about = tenant.json["azure"]
    group, machine = about["resource_group"].rpartition("/")[2], about["virtual_machine"].rpartition("/")[2]
    with azure(tenant) as arm:
        tenant.control("POST", "faults", path="/deallocate$", method="POST", status=status, when="after", count=1)
        since, path = tenant.mark(), about["virtual_machine"]
        if status == 502:
            with pytest.raises(HttpResponseError):
                machines.virtual_machines.begin_deallocate(group, machine)
        else:
            machines.virtual_machines.begin_deallocate(group, machine, polling_interval=0).result()
        assert [row["status"] for row in tenant.requests(since) if row["path"].endswith("/deallocate")] == sent
        ended(arm, arm.post(f"{path}/deallocate"))
        states = [one["code"] for one in arm.get(f"{path}/instanceView").json()["statuses"]]
        assert states[1] == "PowerState/deallocated"
        ended(arm, arm.post(f"{path}/start"))
