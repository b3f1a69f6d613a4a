"""Azure's Python libraries, unmodified but for base address and CA."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

from tests.tenant import Tenant

C = TypeVar("C")
SCOPES = ["https://management.azure.com/.default"]
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
REGION = "westeurope"


def management(kind: Callable[..., C], tenant: Tenant, credential: Any, *, subscribed: bool = True) -> C:
    """A management client of the seeded subscription."""
    names = (tenant.json["azure"]["subscription_id"],) if subscribed else ()
    return kind(
        credential,
        *names,
        base_url=tenant.base_url,
        credential_scopes=SCOPES,
        connection_verify=str(tenant.ca_file),
    )


def fresh(prefix: str) -> str:
    """A name that nobody used before."""
    return f"{prefix}{uuid4().hex[:12]}"
