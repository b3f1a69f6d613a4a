"""The secrets of key vaults: set, rotated, deleted and purged, and never shown."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from connectors.errors import Forbidden, NameTaken, NotFound
from connectors.key_vault import KeyVault
from tests.connectors.arm_hands import VAULT, fresh
from tests.connectors.identities import eventually, tokens
from tests.sandbox.azure_hands import azure, make_group
from tests.tenant import Tenant


@asynccontextmanager
async def opened(tenant: Tenant, who: str = "platform", host: str | None = None) -> AsyncIterator[KeyVault]:
    tenant.control("POST", "settings", arm_operation_ms=100)
    client = KeyVault(tenant.base_url, tokens(tenant, who, scope=VAULT), ca_file=tenant.ca_file, host=host)
    yield client
    await client.aclose()


@pytest.fixture
async def vault(tenant: Tenant) -> AsyncIterator[KeyVault]:
    async with opened(tenant) as client:
        yield client


async def test_a_secret_is_set_read_and_rotated(vault: KeyVault) -> None:
    name = fresh("s")
    first = await vault.set(name, SecretStr("unmistakable-one"), {"owner": "a"})
    assert (await vault.get(name)).get_secret_value() == "unmistakable-one"
    second = await vault.rotate(name, SecretStr("unmistakable-two"))
    assert (await vault.get(name)).get_secret_value() == "unmistakable-two"
    assert await vault.versions(name) == {first: False, second: True}
    assert name in await vault.names()
    assert await vault.versions(fresh("none")) == {}
    with pytest.raises(NotFound):
        await vault.get(fresh("none"))


async def test_a_secret_is_deleted_recovered_and_purged(vault: KeyVault) -> None:
    name = fresh("s")
    await vault.set(name, SecretStr("unmistakable-one"))
    await vault.delete(name)
    await eventually(lambda: vault.is_deleted(name))
    with pytest.raises(NameTaken):
        await vault.set(name, SecretStr("unmistakable-two"))
    await vault.recover(name)

    async def back() -> bool:
        return name in await vault.names()

    await eventually(back)
    await vault.delete(name)
    with pytest.raises(NotFound):
        await vault.purge(name)
    await eventually(lambda: vault.is_deleted(name))
    await vault.purge(name)
    assert await vault.set(name, SecretStr("unmistakable-three"))


async def test_a_vault_behind_another_address_is_named_by_its_host(tenant: Tenant) -> None:
    name = fresh("kv")
    policy = {"tenantId": tenant.json["tenant_id"], "objectId": tenant.json["platform"]["object_id"],
              "permissions": {"secrets": ["get", "list", "set"]}}  # fmt: skip
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": tenant.json["tenant_id"],
                  "accessPolicies": [policy]}  # fmt: skip
    with azure(tenant, version="2023-07-01") as arm:
        path = f"{make_group(arm, tenant)}/providers/Microsoft.KeyVault/vaults/{name}"
        assert arm.put(path, json={"location": "westeurope", "properties": properties}).status_code == 201
    async with opened(tenant, host=f"{name}.vault.azure.net") as vault:
        for number in range(27):
            await vault.set(f"s{number}", SecretStr("unmistakable-v"))
        assert sorted(await vault.names()) == sorted(f"s{number}" for number in range(27))
        with pytest.raises(Forbidden):
            await vault.delete("s1")


async def test_whoever_has_no_policy_is_forbidden(tenant: Tenant) -> None:
    async with opened(tenant, "limited") as limited:
        with pytest.raises(Forbidden):
            await limited.names()


async def test_values_are_never_logged(vault: KeyVault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = fresh("unmistakable-")
    await vault.set(fresh("s"), SecretStr(secret))
    assert secret not in caplog.text
    assert all(secret not in str(vars(record)) for record in caplog.records)
