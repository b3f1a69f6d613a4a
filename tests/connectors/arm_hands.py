"""The platform's Azure clients against the practice tenant, and groups of their own there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from connectors.arm import Arm
from connectors.arm_models import Resource
from tests.connectors.identities import tokens
from tests.tenant import Tenant

ARM = "https://management.azure.com/.default"
VAULT = "https://vault.azure.net/.default"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
DEADLINE = 10.0


@asynccontextmanager
async def opened(tenant: Tenant, who: str = "platform", **options: Any) -> AsyncIterator[Arm]:
    """Somebody's client; operations are quick, and reads see what was written."""
    tenant.control("POST", "settings", arm_operation_ms=100, rbac_lag_ms=0, lag_ms=0)
    client = Arm(tenant.base_url, tokens(tenant, who, scope=ARM), ca_file=tenant.ca_file, **options)
    yield client
    await client.aclose()


def fresh(prefix: str) -> str:
    """A name that nobody used before."""
    return f"{prefix}{uuid4().hex[:12]}"


async def workspace(arm: Arm, tenant: Tenant, **tags: str) -> Resource:
    """A resource group of one's own."""
    return await arm.groups.create(subscription(tenant), fresh("ws-"), "westeurope", tags)


def subscription(tenant: Tenant) -> str:
    """The seeded subscription's id."""
    return str(tenant.json["azure"]["subscription_id"])
