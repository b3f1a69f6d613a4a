"""Key Vault: the challenge, names kept after deletion, purging that takes a moment, the kinds of 403."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import switch
from tests.sandbox.azure_hands import VAULT, azure, fresh, make_group, refused
from tests.sandbox.graph_hands import eventually
from tests.tenant import Tenant

EVERYTHING = ("get", "list", "set", "delete", "recover", "purge")


@pytest.fixture
def arm(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """Azure Resource Manager as the platform."""
    with azure(tenant, version="2021-10-01") as client:
        yield client


def make(arm: httpx.Client, tenant: Tenant, *permissions: str, **more: Any) -> str:
    """A vault with an access policy for the platform; its id."""
    path = f"{make_group(arm, tenant)}/providers/Microsoft.KeyVault/vaults/{fresh('kv')}"
    who = {"tenantId": tenant.json["tenant_id"], "objectId": tenant.json["platform"]["object_id"]}
    properties = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": tenant.json["tenant_id"],
        "accessPolicies": [{**who, "permissions": {"secrets": list(permissions)}}],
    }
    answer = arm.put(path, json={"location": "westeurope", "properties": {**properties, **more}})
    assert answer.status_code == 201, answer.text
    return path


@contextmanager
def opened(tenant: Tenant, vault: str) -> Iterator[httpx.Client]:
    """The secrets of a vault, by its host name."""
    with azure(tenant, scope=VAULT, version="7.4") as client:
        client.headers["Host"] = f"{vault.rpartition('/')[2]}.vault.azure.net"
        yield client


def test_the_first_call_is_challenged(tenant: Tenant) -> None:
    with tenant.client() as client:
        for answer in (client.get("/secrets?api-version=7.4"), client.put("/secrets/x?api-version=7.4")):
            refused(answer, 401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
            authority = f"https://login.windows.net/{tenant.json['tenant_id']}"
            wanted = f'Bearer authorization="{authority}", resource="https://vault.azure.net"'
            assert answer.headers["www-authenticate"] == wanted


def test_a_deleted_secret_keeps_its_name(tenant: Tenant, arm: httpx.Client) -> None:
    with opened(tenant, make(arm, tenant, *EVERYTHING)) as vault:
        name = fresh("s")
        vault.put(f"/secrets/{name}", json={"value": fresh("v")})
        vault.delete(f"/secrets/{name}")
        eventually(lambda: vault.get(f"/deletedsecrets/{name}").status_code == 200)
        again = vault.put(f"/secrets/{name}", json={"value": fresh("v")})
        refused(again, 409, "Conflict")
        assert again.json()["error"]["innererror"] == {"code": "ObjectIsDeletedButRecoverable"}
        assert vault.delete(f"/deletedsecrets/{name}").status_code == 204
        eventually(lambda: vault.put(f"/secrets/{name}", json={"value": fresh("v")}).status_code == 200)


def test_deletion_and_purge_take_a_moment(tenant: Tenant, arm: httpx.Client) -> None:
    with opened(tenant, make(arm, tenant, *EVERYTHING)) as vault:
        switch(tenant, arm_operation_ms=500)
        name = fresh("s")
        vault.put(f"/secrets/{name}", json={"value": fresh("v")})
        assert vault.delete(f"/secrets/{name}").status_code == 200
        refused(vault.get(f"/deletedsecrets/{name}"), 404, "SecretNotFound", f"Deleted Secret not found: {name}")
        eventually(lambda: vault.get(f"/deletedsecrets/{name}").status_code == 200)
        assert vault.delete(f"/deletedsecrets/{name}").status_code == 204
        refused(vault.get(f"/deletedsecrets/{name}"), 404, "SecretNotFound")


def test_there_are_several_kinds_of_403(tenant: Tenant, arm: httpx.Client) -> None:
    def kind(answer: httpx.Response) -> str:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Forbidden")
        return str(answer.json()["error"]["innererror"]["code"])

    path, name = make(arm, tenant, "get", "set"), fresh("s")
    with opened(tenant, path) as vault:
        made = vault.put(f"/secrets/{name}", json={"value": fresh("v"), "attributes": {"enabled": False}})
        assert made.status_code == 200
        assert kind(vault.get(f"/secrets/{name}")) == "SecretDisabled"
        assert kind(vault.get("/secrets")) == "ForbiddenByPolicy"
        arm.patch(path, json={"properties": {"networkAcls": {"defaultAction": "Deny"}}})
        assert kind(vault.get(f"/secrets/{name}")) == "ForbiddenByFirewall"
        open_again = {"networkAcls": {"defaultAction": "Allow"}, "enableRbacAuthorization": True}
        arm.patch(path, json={"properties": open_again})
        assert kind(vault.get(f"/secrets/{name}")) == "ForbiddenByRbac"
