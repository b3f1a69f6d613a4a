"""Asking for Azure's operations until they have ended, in each of the three ways."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.answers import Answer
from connectors.arm import Arm
from connectors.arm_polling import Operation, started
from connectors.errors import OperationFailed, StillRunning
from tests.connectors.arm_hands import DEADLINE, opened, subscription, workspace
from tests.connectors.identities import fault
from tests.tenant import Tenant


@pytest.fixture
async def arm(tenant: Tenant) -> AsyncIterator[Arm]:
    async with opened(tenant) as client:
        yield client


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, "id")


def test_the_best_way_is_taken() -> None:
    both = answer(202, azure_asyncoperation="https://a/1", location="https://a/2", retry_after="3")
    assert started(both, "/r") == Operation("status", "https://a/1", 3.0)
    assert started(answer(202, location="https://a/2"), "/r") == Operation("location", "https://a/2")
    assert started(answer(201, {"properties": {"provisioningState": "Creating"}}), "/r") == Operation("resource", "/r")
    assert started(answer(200, {"properties": {"provisioningState": "Succeeded"}}), "/r") is None
    assert started(answer(200, {"id": "x"}, location="https://a/2"), "/r") is None


async def test_looking_once_never_waits(tenant: Tenant, arm: Arm) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    operation = await arm.machines.switch(machine, "restart")
    assert operation is not None
    progress = await arm.polling.look(operation)
    assert not progress.done
    assert progress.retry_after == 1
    assert (await arm.polling.finish(operation, DEADLINE) or {})["status"] == "Succeeded"
    assert (await arm.polling.look(operation)).done


async def test_an_operation_can_be_gone_on_with_by_provisioning_state(tenant: Tenant, arm: Arm) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    await arm.machines.switch(machine, "restart")
    by_state = Operation("resource", f"{machine}?api-version=2024-11-01", 0.1)
    result = await arm.polling.finish(by_state, DEADLINE)
    assert (result or {})["properties"]["provisioningState"] == "Succeeded"


async def test_a_failed_operation_is_an_error_with_its_code(tenant: Tenant, arm: Arm) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    await arm.polling.finish(await arm.machines.switch(machine, "deallocate"), DEADLINE)
    tenant.control("POST", "settings", arm_operations_failing=1)
    with pytest.raises(OperationFailed) as caught:
        await arm.polling.finish(await arm.machines.switch(machine, "start"), DEADLINE)
    assert caught.value.code == "AllocationFailed"
    assert "sufficient capacity" in caught.value.message
    await arm.polling.finish(await arm.machines.switch(machine, "start"), DEADLINE)


async def test_the_deadline_is_kept_and_the_address_with_it(tenant: Tenant, arm: Arm) -> None:
    tenant.control("POST", "settings", arm_operation_ms=2500)
    machine = tenant.json["azure"]["virtual_machine"]
    operation = await arm.machines.switch(machine, "restart")
    assert operation is not None
    with pytest.raises(StillRunning) as caught:
        await arm.polling.finish(Operation(operation.way, operation.address, 0.1), 0.2)
    assert caught.value.address == operation.address
    await arm.polling.finish(operation, DEADLINE)


async def test_trouble_on_the_way_is_waited_out(tenant: Tenant, arm: Arm) -> None:
    group = await workspace(arm, tenant)
    fault(tenant, "/operationresults/", status=503, retry_after=0.1, count=2)
    await arm.polling.finish_deletion(await arm.groups.delete(subscription(tenant), group.name), DEADLINE)
    assert await arm.groups.group(subscription(tenant), group.name) is None


async def test_nothing_begun_is_nothing_to_wait_for(arm: Arm) -> None:
    assert await arm.polling.finish(None, DEADLINE) is None
