"""What the tests of Graph and SCIM do over and over: people and groups of their own, refusals, waiting."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from tests.sandbox.conftest import GRAPH, Application
from tests.tenant import Tenant

T = TypeVar("T")
AT_ONCE = {
    "lag_ms": 0,
    "dynamic_lag_ms": 0,
    "group_licence_lag_ms": 0,
    "provisioning_delay_ms": 0,
    "mailbox_delay_ms": 0,
}
ABSENT = "00000000-0000-4000-8000-000000000000"
SPE_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"
ENTERPRISEPACK = "6fd2c87f-b296-42f0-b197-1e91e994b900"
AAD_PREMIUM_P2 = "84a661c4-e949-4bd2-a560-ed7766fcaf2b"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"


def somebody(**values: Any) -> dict[str, Any]:
    """The body that creates a person nobody else is."""
    name = f"t{uuid.uuid4().hex[:12]}"
    return {
        "accountEnabled": True,
        "displayName": f"Test {name}",
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": "Quite-l0ng-enough", "forceChangePasswordNextSignIn": True},
        "usageLocation": "GB",
        **values,
    }


def hire(graph: httpx.Client, **values: Any) -> str:
    """Create a person; their id."""
    answer = graph.post("/v1.0/users", json=somebody(**values))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def form_group(graph: httpx.Client, **values: Any) -> str:
    """Create a security group; its id."""
    name = f"g{uuid.uuid4().hex[:12]}"
    body = {"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True, **values}
    answer = graph.post("/v1.0/groups", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def group_named(graph: httpx.Client, name: str) -> str:
    """The id of a seeded group."""
    found = graph.get("/v1.0/groups", params={"$filter": f"displayName eq '{name}'", "$select": "id"}).json()["value"]
    return str(found[0]["id"])


def reference(object_id: str) -> dict[str, str]:
    """The body that points at an object."""
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"}


def user(graph: httpx.Client, key: str, *names: str) -> dict[str, Any]:
    """Some properties of a user."""
    answer = graph.get(f"/v1.0/users/{key}", params={"$select": ",".join(("id", *names))})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def member_names(graph: httpx.Client, key: str) -> set[str]:
    """The names of the groups that somebody is in."""
    answer = graph.get(f"/v1.0/users/{key}/memberOf/microsoft.graph.group", params={"$select": "displayName"})
    return {group["displayName"] for group in answer.json()["value"]}


def refused(answer: httpx.Response, status: int, code: str, text: str = "") -> dict[str, Any]:
    """Check that an answer is this refusal; its error."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert text in error["message"]
    assert list(error["innerError"]) == ["date", "request-id", "client-request-id"]
    return error


def eventually(read: Callable[[], T], wanted: Callable[[T], bool] = bool, seconds: float = 5) -> T:
    """Read until it is as wanted."""
    deadline = time.monotonic() + seconds
    while not wanted(found := read()):
        assert time.monotonic() < deadline, f"it stayed {found!r}"
        time.sleep(0.03)
    return found


@contextmanager
def calling_as(tenant: Tenant, application: Application, who: str) -> Iterator[httpx.Client]:
    """Graph with the permissions of an identity of sandbox.json, by a token that MSAL got."""
    token = application(who).acquire_token_for_client([GRAPH])["access_token"]
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        yield client
