"""Virtual machines and the asynchronous operations that make, switch and delete them."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.azure_hands import arrived, azure, ended, fresh, make_group, refused, subscription
from tests.tenant import Tenant

GUID = r"[0-9a-f-]{36}"
SEVEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00"


@pytest.fixture
def arm(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant) as client:
        yield client


def body(**more: Any) -> dict[str, Any]:
    network = {"networkInterfaces": [{"id": "/subscriptions/x/nic"}]}
    properties = {"hardwareProfile": {"vmSize": "Standard_B1s"}, "networkProfile": network}
    return {"location": "westeurope", "properties": {**properties, **more}, "tags": {"owner": "a@practice.example"}}


def make(arm: httpx.Client, tenant: Tenant) -> str:
    """A running machine of one's own; its id."""
    path = f"{make_group(arm, tenant)}/providers/Microsoft.Compute/virtualMachines/{fresh('vm')}"
    assert ended(arm, arm.put(path, json=body()))["status"] == "Succeeded"
    return path


def power(arm: httpx.Client, machine: str) -> list[str]:
    return [status["code"] for status in arm.get(f"{machine}/instanceView").json()["statuses"]]


def test_a_machine_is_made_as_recorded(tenant: Tenant, arm: httpx.Client) -> None:
    path = f"{make_group(arm, tenant)}/providers/Microsoft.Compute/virtualMachines/{fresh('vm')}"
    password = {"osProfile": {"computerName": "x", "adminUsername": "u", "adminPassword": "Secret-Value-1"}}
    answer = arm.put(path, json=body(**password))
    assert (answer.status_code, answer.headers["azure-asyncnotification"]) == (201, "Enabled")
    assert "location" not in answer.headers
    made = answer.json()
    assert made["properties"]["provisioningState"] == "Creating"
    assert re.fullmatch(GUID, made["properties"]["vmId"])
    assert re.fullmatch(SEVEN, made["properties"]["timeCreated"])
    assert "adminPassword" not in made["properties"]["osProfile"]
    assert "Secret-Value-1" in {one["value"] for one in tenant.control("GET", "secrets")["items"]}
    refused(arm.put(path, json=body()), 409, "AnotherOperationInProgress")
    assert ended(arm, answer)["status"] == "Succeeded"
    assert arm.get(path).json()["properties"]["provisioningState"] == "Succeeded"
    assert power(arm, path) == ["ProvisioningState/succeeded", "PowerState/running"]
    again = arm.put(path, json=body())
    assert (again.status_code, again.json()["properties"]["provisioningState"]) == (200, "Updating")
    assert again.json()["properties"]["vmId"] == made["properties"]["vmId"]
    refused(arm.put(f"{path}2", json={"location": "westeurope"}), 400, "InvalidParameter")


def test_deallocating_is_an_operation_with_two_addresses(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    answer = arm.post(f"{machine}/deallocate")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (202, b"", "0")
    root = f"{tenant.base_url}{subscription(tenant)}/providers/Microsoft.Compute/locations/westeurope/operations"
    asked = answer.headers["azure-asyncoperation"]
    assert re.fullmatch(rf"{re.escape(root)}/({GUID})\?p=\1&api-version=2024-11-01", asked)
    assert answer.headers["location"] == f"{asked}&monitor=true"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-ms-ratelimit-remaining-resource"].startswith("Microsoft.Compute/UpdateVM3Min;")
    running = arm.get(asked)
    assert running.status_code == 200
    assert set(running.json()) == {"startTime", "status", "name"}
    assert running.json()["status"] == "InProgress"
    assert running.headers["retry-after"] == "1"
    assert arm.get(answer.headers["location"]).status_code == 202
    assert power(arm, machine) == ["ProvisioningState/updating", "PowerState/deallocating"]
    done = ended(arm, answer)
    assert set(done) == {"startTime", "endTime", "status", "name"}
    assert re.fullmatch(SEVEN, done["startTime"])
    assert re.fullmatch(SEVEN, done["endTime"])
    last = arm.get(answer.headers["location"])
    assert (last.status_code, last.content) == (200, b"")
    assert power(arm, machine) == ["ProvisioningState/succeeded", "PowerState/deallocated"]


def test_every_power_action_leads_to_its_state_and_can_be_repeated(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    for action, state in (
        ("powerOff", "stopped"), ("deallocate", "deallocated"), ("deallocate", "deallocated"), ("start", "running"),
        ("restart", "running"), ("start", "running"),
    ):  # fmt: skip
        answer = arm.post(f"{machine}/{action}")
        assert answer.status_code == 202
        assert ended(arm, answer)["status"] == "Succeeded"
        assert power(arm, machine)[1] == f"PowerState/{state}"


def test_one_operation_at_a_time(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    first = arm.post(f"{machine}/deallocate")
    refused(arm.post(f"{machine}/start"), 409, "AnotherOperationInProgress", machine)
    refused(arm.patch(machine, json={"tags": {}}), 409, "AnotherOperationInProgress")
    assert arm.post(f"{machine}/deallocate").status_code == 202
    ended(arm, first)


def test_a_failed_operation_answers_200_and_says_so(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    ended(arm, arm.post(f"{machine}/deallocate"))
    tenant.control("POST", "settings", arm_operations_failing=1)
    answer = arm.post(f"{machine}/start")
    told = ended(arm, answer)
    assert told["status"] == "Failed"
    assert told["error"]["code"] == "AllocationFailed"
    assert arm.get(answer.headers["location"]).status_code == 409
    assert power(arm, machine) == ["ProvisioningState/failed", "PowerState/deallocated"]
    assert ended(arm, arm.post(f"{machine}/start"))["status"] == "Succeeded"


def test_acknowledged_but_ignored(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    tenant.control("POST", "faults", path=f"{machine}/deallocate", effect="ignored", count=1)
    assert ended(arm, arm.post(f"{machine}/deallocate"))["status"] == "Succeeded"
    assert power(arm, machine) == ["ProvisioningState/succeeded", "PowerState/running"]


def test_machines_are_listed_with_their_power_where_asked(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    group = machine.partition("/providers/")[0]
    for scope in (subscription(tenant), group):
        url = f"{scope}/providers/Microsoft.Compute/virtualMachines"
        plain = next(one for one in arm.get(url).json()["value"] if one["id"] == machine)
        assert "instanceView" not in plain["properties"]
        for asked in ("statusOnly=true", "$expand=instanceView"):
            one = next(one for one in arm.get(f"{url}?{asked}").json()["value"] if one["id"] == machine)
            assert one["properties"]["instanceView"]["statuses"][1]["code"] == "PowerState/running"
    assert "instanceView" in arm.get(f"{machine}?$expand=instanceView").json()["properties"]


def test_tags_are_patched_and_a_machine_goes(tenant: Tenant, arm: httpx.Client) -> None:
    machine = make(arm, tenant)
    assert arm.patch(machine, json={"tags": {"a": "b"}}).json()["tags"] == {"a": "b"}
    answer = arm.delete(machine)
    assert answer.status_code == 202
    assert arrived(arm, answer).status_code == 200
    refused(arm.get(machine), 404, "ResourceNotFound")
    assert arm.delete(machine).status_code == 204
    refused(arm.post(f"{machine}/start"), 404, "ResourceNotFound")


def test_an_operation_nobody_began_is_404(tenant: Tenant, arm: httpx.Client) -> None:
    root = f"{subscription(tenant)}/providers/Microsoft.Compute/locations/westeurope/operations"
    refused(arm.get(f"{root}/00000000-0000-4000-8000-000000000000"), 404, "NotFound")
    refused(arm.get(f"{subscription(tenant)}/operationresults/eyJ9"), 404, "NotFound")
