"""A role that was just given is not known to the data plane yet."""

import time
from typing import Any

import httpx

from tests.fidelity.checklist.hands import switch
from tests.sandbox.azure_hands import STORAGE, VAULT, assign, azure, fresh, make_group
from tests.sandbox.graph_hands import eventually
from tests.tenant import Tenant

SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def make_vault(arm: httpx.Client, tenant: Tenant, **properties: Any) -> str:
    """A vault of one's own that asks for Azure roles; its id."""
    vault = f"{make_group(arm, tenant)}/providers/Microsoft.KeyVault/vaults/{fresh('kv')}"
    common = {"sku": {"family": "A", "name": "standard"}, "tenantId": tenant.json["tenant_id"]}
    body = {"location": "westeurope", "properties": {**common, "enableRbacAuthorization": True, **properties}}
    assert arm.put(f"{vault}?api-version=2023-07-01", json=body).status_code == 201
    return vault


def test_key_vault_says_forbidden_by_rbac_at_first(tenant: Tenant, graph: httpx.Client) -> None:
    with azure(tenant, version="2022-04-01") as arm, azure(tenant, scope=VAULT, version="7.4") as secrets:
        vault = make_vault(arm, tenant)
        secrets.headers["Host"] = f"{vault.rpartition('/')[2]}.vault.azure.net"
        switch(tenant, rbac_lag_ms=600)
        caller = tenant.json["platform"]["object_id"]
        assert assign(arm, vault, caller, SECRETS_OFFICER, principalType="ServicePrincipal").status_code == 201
        answer, given = secrets.get("/secrets/x"), time.monotonic()
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (403, "Forbidden")
        assert error["innererror"] == {"code": "ForbiddenByRbac"}
        assert "Caller is not authorized to perform action on resource." in error["message"]
        eventually(lambda: secrets.get("/secrets/x").status_code == 404)
        assert time.monotonic() - given > 0.3


def test_blobs_learn_of_it_late_too(tenant: Tenant, graph: httpx.Client) -> None:
    caller, account = tenant.json["limited"]["object_id"], tenant.json["azure"]["storage_account"]
    place = f"/{account.rpartition('/')[2]}/{fresh('c')}?restype=container&comp=list"
    with azure(tenant, version="2022-04-01") as arm, azure(tenant, "limited", STORAGE) as blobs:
        switch(tenant, rbac_lag_ms=600)
        made = assign(arm, account, caller, BLOB_READER, principalType="ServicePrincipal")
        assert made.status_code == 201
        refusal = blobs.get(place)
        assert (refusal.status_code, refusal.headers["x-ms-error-code"]) == (403, "AuthorizationPermissionMismatch")
        eventually(lambda: blobs.get(place).headers["x-ms-error-code"] == "ContainerNotFound")
        arm.delete(made.json()["id"])
