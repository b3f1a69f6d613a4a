"""What the tests of the SCIM target do over and over."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.sandbox.graph_hands import AT_ONCE
from tests.tenant import Tenant

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USERS, GROUPS = "/scim/v2/Users", "/scim/v2/Groups"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@contextmanager
def target(tenant: Tenant) -> Iterator[httpx.Client]:
    """The SCIM target with its long-lived token, everything at once."""
    tenant.control("POST", "settings", **AT_ONCE)
    headers = {"Authorization": f"Bearer {tenant.json['scim']['token']}", "Content-Type": "application/scim+json"}
    with tenant.client(headers=headers) as client:
        yield client


def person(**values: Any) -> dict[str, Any]:
    """A user as Entra's provisioning client creates one, extra schema and empty arrays included."""
    name = f"s{uuid.uuid4().hex[:10]}"
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE, "urn:example:unheard-of"],
        "userName": f"{name}@practice.example",
        "externalId": name,
        "active": True,
        "name": {"givenName": "Sue", "familyName": "Scim"},
        "displayName": "Sue Scim",
        "title": "Clerk",
        "emails": [{"type": "work", "value": f"{name}@practice.example", "primary": True}],
        "addresses": [{"type": "work", "country": "GB"}],
        "roles": [],
        "meta": {"resourceType": "User"},
        ENTERPRISE: {"department": "Sales", "employeeNumber": name},
        **values,
    }


def create(scim: httpx.Client, **values: Any) -> dict[str, Any]:
    """Create a user; the resource."""
    answer = scim.post(USERS, json=person(**values))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def group(scim: httpx.Client, *members: str, **values: Any) -> dict[str, Any]:
    """Create a group as Entra's provisioning client does, its own schema included; the resource."""
    schemas = [
        "urn:ietf:params:scim:schemas:core:2.0:Group",
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    ]
    body = {"schemas": schemas, "displayName": f"Group {uuid.uuid4()}", "meta": {"resourceType": "Group"}, **values}
    answer = scim.post(GROUPS, json={**body, "members": [{"value": one} for one in members]})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def patch(
    scim: httpx.Client, key: str, *operations: dict[str, Any], path: str = USERS, **headers: str
) -> httpx.Response:
    """Send operations."""
    body = {"schemas": [PATCH_OP], "Operations": list(operations)}
    return scim.patch(f"{path}/{key}", json=body, headers=headers)


def refused(answer: httpx.Response, status: int, kind: str | None = None) -> None:
    """Check that an answer is a SCIM error, whose status is a string."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/scim+json")
    body = answer.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (body["status"], body.get("scimType")) == (str(status), kind)


def listed(scim: httpx.Client, text: str, path: str = USERS, **query: Any) -> dict[str, Any]:
    """A filtered list."""
    answer = scim.get(path, params={"filter": text, **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
