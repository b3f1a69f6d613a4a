"""Azure Resource Manager: operations that take their time, locks, assignments, ids without case, pages."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from tests.fidelity.checklist.hands import switch
from tests.sandbox.azure_hands import (
    CONTRIBUTOR,
    arrived,
    assign,
    azure,
    ended,
    fresh,
    make_group,
    refused,
    subscription,
)
from tests.sandbox.graph_hands import hire
from tests.tenant import Tenant


@pytest.fixture
def arm(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """Azure Resource Manager as the platform."""
    with azure(tenant) as client:
        yield client


def machine(arm: httpx.Client, tenant: Tenant) -> str:
    """A running machine of one's own; its id."""
    path = f"{make_group(arm, tenant)}/providers/Microsoft.Compute/virtualMachines/{fresh('vm')}"
    network = {"networkInterfaces": [{"id": "/subscriptions/x/nic"}]}
    properties = {"hardwareProfile": {"vmSize": "Standard_B1s"}, "networkProfile": network}
    answer = arm.put(path, json={"location": "westeurope", "properties": properties})
    assert ended(arm, answer)["status"] == "Succeeded"
    return path


def test_a_long_operation_answers_202_with_both_addresses(tenant: Tenant, arm: httpx.Client) -> None:
    answer = arm.post(f"{machine(arm, tenant)}/deallocate")
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"] == f"{answer.headers['azure-asyncoperation']}&monitor=true"
    assert answer.headers["azure-asyncoperation"].startswith(tenant.base_url)
    assert int(answer.headers["retry-after"]) >= 1
    running = arm.get(answer.headers["azure-asyncoperation"])
    assert (running.status_code, running.json()["status"]) == (200, "InProgress")
    assert arm.get(answer.headers["location"]).status_code == 202
    done = ended(arm, answer)
    assert done.keys() == {"startTime", "endTime", "status", "name"}
    last = arm.get(answer.headers["location"])
    assert (last.status_code, last.content) == (200, b"")


def test_a_resource_group_goes_by_location_alone(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    answer = arm.delete(group)
    assert (answer.status_code, answer.content, "azure-asyncoperation" in answer.headers) == (202, b"", False)
    assert "/operationresults/" in answer.headers["location"]
    last = arrived(arm, answer)
    assert (last.status_code, last.content, "content-type" in last.headers) == (200, b"", False)
    gone = arm.head(group)
    assert (gone.status_code, gone.content, gone.headers["x-ms-failure-cause"]) == (404, b"", "gateway")
    assert int(gone.headers["content-length"]) > 0


def test_a_failure_is_a_200_that_says_failed(tenant: Tenant, arm: httpx.Client) -> None:
    path = machine(arm, tenant)
    ended(arm, arm.post(f"{path}/deallocate"))
    switch(tenant, arm_operations_failing=1)
    answer = arm.post(f"{path}/start")
    assert answer.status_code == 202
    told = ended(arm, answer)
    assert (told["status"], told["error"]["code"]) == ("Failed", "AllocationFailed")
    assert told["error"]["message"]
    assert ended(arm, arm.post(f"{path}/start"))["status"] == "Succeeded"


def test_another_operation_in_progress_is_409(tenant: Tenant, arm: httpx.Client) -> None:
    path = machine(arm, tenant)
    first = arm.post(f"{path}/deallocate")
    refused(arm.post(f"{path}/start"), 409, "AnotherOperationInProgress")
    ended(arm, first)
    assert ended(arm, arm.post(f"{path}/start"))["status"] == "Succeeded"


def test_a_lock_keeps_what_is_in_its_scope(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    lock = f"{group}/providers/Microsoft.Authorization/locks/keep"
    assert arm.put(lock, json={"properties": {"level": "CanNotDelete"}}).status_code == 201
    refused(arm.delete(group), 409, "ScopeLocked", f"following scope(s) are locked: '{group}'.")
    assert arm.patch(group, json={"tags": {"a": "b"}}).status_code == 200
    arm.put(lock, json={"properties": {"level": "ReadOnly"}})
    refused(arm.patch(group, json={"tags": {}}), 409, "ScopeLocked")
    assert arm.delete(lock).status_code == 200
    assert arm.delete(group).status_code == 202


def test_an_assignment_s_name_stands_for_one_thing_for_ever(tenant: Tenant, arm: httpx.Client) -> None:
    with azure(tenant, scope="https://graph.microsoft.com/.default") as graph:
        key = hire(graph)
    group, name = make_group(arm, tenant), str(uuid.uuid4())
    assert assign(arm, group, key, name=name).status_code == 201
    assert assign(arm, group, key, name=name).status_code == 200
    frozen = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
    refused(assign(arm, group, key, CONTRIBUTOR, name), 400, "RoleAssignmentUpdateNotPermitted", frozen)
    text = f"The ID of the existing role assignment is {name.replace('-', '')}."
    refused(assign(arm, group, key), 409, "RoleAssignmentExists", text)


def test_deleting_twice_is_204(tenant: Tenant, arm: httpx.Client) -> None:
    with azure(tenant, scope="https://graph.microsoft.com/.default") as graph:
        key = hire(graph)
    made = assign(arm, make_group(arm, tenant), key).json()["id"]
    first, second = arm.delete(made), arm.delete(made)
    assert (first.status_code, first.json()["id"]) == (200, made)
    assert (second.status_code, second.content) == (204, b"")
    path = machine(arm, tenant)
    assert arrived(arm, arm.delete(path)).status_code == 200
    assert arm.delete(path).status_code == 204


def test_ids_have_no_case(tenant: Tenant, arm: httpx.Client) -> None:
    path = machine(arm, tenant)
    for spelled in (path.lower(), path.upper(), path.replace("resourceGroups", "resourcegroups")):
        answer = arm.get(spelled)
        assert (answer.status_code, answer.json()["id"]) == (200, path)
    moved = arm.put(path.upper(), json={"location": "uksouth"})
    refused(moved, 409, "PropertyChangeNotAllowed", "'location'")


def test_lists_lead_on_by_absolute_links_that_are_called_as_they_are(tenant: Tenant, arm: httpx.Client) -> None:
    made = {make_group(arm, tenant) for _ in range(3)}
    link, pages, found = f"{subscription(tenant)}/resourcegroups?$top=2", 0, set[str]()
    while link:
        page = arm.get(link).json()
        pages, found = pages + 1, found | {one["id"] for one in page["value"]}
        link = page.get("nextLink", "")
        assert not link or link.startswith(tenant.base_url)
    assert pages > 1
    assert made <= found


def test_the_api_version_is_asked_for_and_any_is_taken(tenant: Tenant, arm: httpx.Client) -> None:
    with tenant.client(headers={"Authorization": arm.headers["Authorization"]}) as plain:
        refused(plain.get("/subscriptions"), 400, "MissingApiVersionParameter")
        refused(plain.get("/subscriptions?api-version=soon"), 400, "InvalidApiVersionParameter")
        for version in ("2016-06-01", "2026-04-01", "2022-05-01-preview"):
            assert plain.get(f"/subscriptions?api-version={version}").status_code == 200
