"""Applications, principals and roles that tests make for themselves, and callers with exactly some permissions."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.tenant import Tenant


@contextmanager
def holding(tenant: Tenant, *roles: str) -> Iterator[httpx.Client]:
    """Graph as the limited application, with exactly these permissions."""
    identity, now = tenant.json["limited"], int(time.time())
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.json['tenant_id']}/",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "appid": identity["client_id"],
        "oid": identity["object_id"],
        "sub": identity["object_id"],
        "tid": tenant.json["tenant_id"],
        "idtyp": "app",
        "roles": list(roles),
        "ver": "1.0",
    }
    token = tenant.control("POST", "tokens", claims=claims)["access_token"]
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def register(graph: httpx.Client, **values: Any) -> dict[str, Any]:
    """Register an application; the answer."""
    answer = graph.post("/v1.0/applications", json={"displayName": f"App {uuid.uuid4().hex[:8]}", **values})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def app_role(value: str, *members: str) -> dict[str, Any]:
    """An app role as a body has it, for users unless told otherwise."""
    return {
        "id": str(uuid.uuid4()),
        "value": value,
        "displayName": value,
        "description": value,
        "allowedMemberTypes": list(members or ("User",)),
        "isEnabled": True,
    }


def principal(graph: httpx.Client, **values: Any) -> dict[str, Any]:
    """Register an application and make its principal; the principal."""
    answer = graph.post("/v1.0/servicePrincipals", json={"appId": register(graph, **values)["appId"]})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ids(answer: httpx.Response) -> list[str]:
    """The ids of a collection."""
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["value"]]
