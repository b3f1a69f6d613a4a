"""What the tests of Azure do over and over: calls with a token, groups of their own, waiting for operations."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.tenant import Tenant

ARM = "https://management.azure.com/.default"
VAULT = "https://vault.azure.net/.default"
STORAGE = "https://storage.azure.com/.default"
VERSION = "2024-11-01"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
QUICK_MS = 150


@contextmanager
def azure(tenant: Tenant, who: str = "platform", scope: str = ARM, version: str = VERSION) -> Iterator[httpx.Client]:
    """A client with somebody's token that names an api-version; operations are quick, and all is put back."""

    def name_version(request: httpx.Request) -> None:
        if "api-version" not in request.url.params:
            request.url = request.url.copy_merge_params({"api-version": version})

    tenant.control("POST", "settings", arm_operation_ms=QUICK_MS, rbac_lag_ms=0, lag_ms=0)
    headers = {"Authorization": f"Bearer {tenant.token(who, scope)}"}
    with tenant.client(headers=headers, event_hooks={"request": [name_version]}) as client:
        yield client
    tenant.control("POST", "faults", clear=True)
    tenant.control("POST", "settings", reset=True)


def fresh(prefix: str) -> str:
    """A name that nobody used before."""
    return f"{prefix}{uuid.uuid4().hex[:12]}"


def subscription(tenant: Tenant) -> str:
    """The id of the seeded subscription."""
    return f"/subscriptions/{tenant.json['azure']['subscription_id']}"


def make_group(arm: httpx.Client, tenant: Tenant, **body: Any) -> str:
    """Create a resource group; its id."""
    path = f"{subscription(tenant)}/resourceGroups/{fresh('rg-')}"
    answer = arm.put(path, json={"location": "westeurope", **body})
    assert answer.status_code == 201, answer.text
    return path


def refused(answer: httpx.Response, status: int, code: str, text: str = "") -> None:
    """Check that an answer is this refusal."""
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    assert text in answer.json()["error"]["message"]


def ended(arm: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """Ask for an operation by ``Azure-AsyncOperation`` until it has ended; its body."""
    deadline = time.monotonic() + 5
    while True:
        told: dict[str, Any] = arm.get(answer.headers["azure-asyncoperation"]).json()
        if told["status"] != "InProgress":
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.03)


def arrived(arm: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Ask for ``Location`` until it is no longer 202; the last answer."""
    deadline = time.monotonic() + 5
    last = arm.get(answer.headers["location"])
    while last.status_code == 202:
        assert time.monotonic() < deadline, last.headers
        time.sleep(0.03)
        last = arm.get(last.headers["location"])
    return last


def role_id(role: str) -> str:
    """A role definition's id."""
    return f"/providers/Microsoft.Authorization/roleDefinitions/{role}"


def assign(
    arm: httpx.Client, scope: str, principal: str, role: str = READER, name: str | None = None, **more: Any
) -> httpx.Response:
    """Give a role; the answer."""
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name or uuid.uuid4()}"
    properties = {"roleDefinitionId": role_id(role), "principalId": principal, **more}
    return arm.put(path, json={"properties": properties})
