"""Key vaults: made, changed, soft-deleted with their name kept; and the secrets in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.sandbox.azure_hands import VAULT, azure, fresh, make_group, refused, subscription
from tests.sandbox.graph_hands import eventually
from tests.tenant import Tenant

KIND = "Microsoft.KeyVault/vaults"
V, W = "unmistakable-value-v", "unmistakable-value-w"
EVERYTHING = ["get", "list", "set", "delete", "recover", "purge"]


@pytest.fixture
def arm(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant, version="2021-10-01") as client:
        yield client


def body(tenant: Tenant, *permissions: str, **more: Any) -> dict[str, Any]:
    """What makes a vault with an access policy for the platform."""
    policy = {
        "tenantId": tenant.json["tenant_id"],
        "objectId": tenant.json["platform"]["object_id"],
        "permissions": {"secrets": list(permissions)},
    }
    properties = {"sku": {"family": "A", "name": "standard"}, "tenantId": tenant.json["tenant_id"]}
    given = {**properties, "accessPolicies": [policy] if permissions else [], **more}
    return {"location": "westeurope", "properties": given}


def make(arm: httpx.Client, tenant: Tenant, *permissions: str, **more: Any) -> str:
    """A vault of one's own; its id."""
    path = f"{make_group(arm, tenant)}/providers/{KIND}/{fresh('kv')}"
    answer = arm.put(path, json=body(tenant, *(permissions or EVERYTHING), **more))
    assert answer.status_code == 201, answer.text
    return path


@contextmanager
def opened(tenant: Tenant, vault: str, who: str = "platform") -> Iterator[httpx.Client]:
    """The secrets of a vault, by its host name."""
    with azure(tenant, who, VAULT, "7.4") as client:
        client.headers["Host"] = f"{vault.rpartition('/')[2]}.vault.azure.net"
        yield client


@pytest.fixture
def vault(tenant: Tenant, arm: httpx.Client) -> Iterator[httpx.Client]:
    with opened(tenant, make(arm, tenant, softDeleteRetentionInDays=7)) as client:
        yield client


# -- vaults ------------------------------------------------------------------------------------------------------------


def test_a_vault_has_the_recorded_shape(tenant: Tenant, arm: httpx.Client) -> None:
    path = make(arm, tenant, softDeleteRetentionInDays=7)
    made = arm.get(path).json()
    assert set(made["systemData"]) == {
        "createdBy", "createdByType", "createdAt", "lastModifiedBy", "lastModifiedByType", "lastModifiedAt",
    }  # fmt: skip
    properties = made["properties"]
    assert properties["vaultUri"] == f"https://{path.rpartition('/')[2]}.vault.azure.net/"
    assert properties["softDeleteRetentionInDays"] == 7
    assert (properties["enableSoftDelete"], properties["enabledForDeployment"]) == (True, False)
    assert (properties["provisioningState"], properties["publicNetworkAccess"]) == ("Succeeded", "Enabled")
    assert arm.get(tenant.json["azure"]["key_vault"]).json()["properties"]["vaultUri"] == f"{tenant.base_url}/"
    assert arm.patch(path, json={"tags": {"a": "b"}}).json()["tags"] == {"a": "b"}
    ids = {one["id"] for one in arm.get(f"{subscription(tenant)}/providers/{KIND}").json()["value"]}
    assert {path, tenant.json["azure"]["key_vault"]} <= ids


def test_newer_versions_make_vaults_with_rbac(tenant: Tenant, arm: httpx.Client) -> None:
    given = body(tenant)
    del given["properties"]["accessPolicies"]
    path = f"{make_group(arm, tenant)}/providers/{KIND}/{fresh('kv')}"
    refused(arm.put(path, json=given), 400, "BadRequest", "accessPolicies")
    made = arm.put(f"{path}?api-version=2026-02-01", json=given).json()
    assert made["properties"]["enableRbacAuthorization"] is True
    switched = arm.patch(path, json={"properties": {"enableRbacAuthorization": False}}).json()
    assert switched["properties"]["enableRbacAuthorization"] is False


def test_access_policies_are_added_replaced_and_removed(tenant: Tenant, arm: httpx.Client) -> None:
    path, key = make(arm, tenant, "get"), "0D0E0A1F-0000-4000-8000-00000000ABCD"

    def change(how: str, **permissions: list[str]) -> tuple[int, dict[str, Any]]:
        policy = {"tenantId": tenant.json["tenant_id"], "objectId": key, "permissions": permissions}
        answer = arm.put(f"{path}/accessPolicies/{how}", json={"properties": {"accessPolicies": [policy]}})
        held = {one["objectId"]: one["permissions"] for one in arm.get(path).json()["properties"]["accessPolicies"]}
        return answer.status_code, held.get(key.lower(), {})

    assert change("add", secrets=["get", "list"]) == (201, {"secrets": ["get", "list"]})
    assert change("add", secrets=["List", "set"], keys=["get"]) == (
        200, {"secrets": ["get", "list", "set"], "keys": ["get"]},
    )  # fmt: skip
    assert change("replace", secrets=["get"]) == (200, {"secrets": ["get"]})
    assert change("remove", secrets=["get"]) == (200, {})
    assert len(arm.get(path).json()["properties"]["accessPolicies"]) == 1
    refused(arm.put(f"{path}/accessPolicies/mix", json={"properties": {}}), 400, "BadRequest")


def test_a_deleted_vault_keeps_its_name_until_it_is_purged(tenant: Tenant, arm: httpx.Client) -> None:
    path = make(arm, tenant)
    name, root = path.rpartition("/")[2], f"{subscription(tenant)}/providers/Microsoft.KeyVault"
    with opened(tenant, path) as secrets:
        secrets.put("/secrets/kept", json={"value": V})
        assert arm.delete(path).status_code == 200
        assert arm.delete(path).status_code == 204
        assert secrets.get("/secrets/kept").json()["error"]["code"] == "VaultNotFound"
        refused(arm.put(path, json=body(tenant, "get")), 409, "ConflictError", "already exists in deleted state")
        assert name in {one["name"] for one in arm.get(f"{root}/deletedVaults").json()["value"]}
        gone = arm.get(f"{root}/locations/westeurope/deletedVaults/{name}").json()
        assert (gone["properties"]["vaultId"], gone["properties"]["location"]) == (path, "westeurope")
        taken = arm.post(f"{root}/checkNameAvailability", json={"name": name, "type": KIND}).json()
        assert taken["nameAvailable"] is False
        recover = {"location": "westeurope", "properties": {"createMode": "recover"}}
        assert arm.put(path, json=recover).json()["id"] == path
        assert secrets.get("/secrets/kept").json()["value"] == V
        arm.delete(path)
        assert arm.post(f"{root}/locations/westeurope/deletedVaults/{name}/purge").status_code == 200
        refused(arm.get(f"{root}/locations/westeurope/deletedVaults/{name}"), 404, "DeletedVaultNotFound")
        assert arm.put(path, json=body(tenant, *EVERYTHING)).status_code == 201
        assert secrets.get("/secrets/kept").status_code == 404


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_the_first_call_is_challenged_with_an_empty_body(tenant: Tenant) -> None:
    with tenant.client() as client:
        answer = client.put("/secrets/x?api-version=7.4")
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "code": "Unauthorized",
        "message": "AKV10000: Request is missing a Bearer or PoP token.",
    }
    authority = f"https://login.windows.net/{tenant.json['tenant_id']}"
    challenge = f'Bearer authorization="{authority}", resource="https://vault.azure.net"'
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["x-ms-keyvault-region"]
    assert answer.headers["x-ms-keyvault-service-version"]


def test_another_services_token_is_challenged_too(tenant: Tenant) -> None:
    with azure(tenant) as client:
        answer = client.get("/secrets?api-version=7.4")
    assert answer.status_code == 401
    assert "AKV10022: Invalid audience." in answer.json()["error"]["message"]


def test_the_tenants_own_name_is_the_seeded_vault(tenant: Tenant) -> None:
    with azure(tenant, scope=VAULT, version="7.4") as client:
        name = fresh("s")
        made = client.put(f"/secrets/{name}", json={"value": V}).json()
        assert made["id"].startswith(f"{tenant.base_url}/secrets/{name}/")
        by_name = client.get(f"/secrets/{name}", headers={"Host": "kv-practice.vault.azure.net"}).json()
        assert by_name["id"].startswith("https://kv-practice.vault.azure.net/secrets/")
        assert by_name["value"] == V


def test_each_value_is_a_version_and_shows_once(tenant: Tenant, vault: httpx.Client) -> None:
    secret = fresh("value-")
    first = vault.put("/secrets/pass", json={"value": secret, "tags": {"a": "b"}, "contentType": "text/plain"}).json()
    assert set(first) == {"value", "id", "attributes", "tags", "contentType"}
    assert set(first["attributes"]) == {"enabled", "created", "updated", "recoveryLevel", "recoverableDays"}
    assert first["attributes"]["recoveryLevel"] == "CustomizedRecoverable+Purgeable"
    second = vault.put("/secrets/PASS", json={"value": W}).json()
    assert "tags" not in second
    assert vault.get("/secrets/pass/").json()["value"] == W
    version = first["id"].rpartition("/")[2]
    assert len(version) == 32
    assert vault.get(f"/secrets/pass/{version}").json()["value"] == secret
    versions = vault.get("/secrets/pass/versions").json()["value"]
    assert {one["id"].rpartition("/")[2] for one in versions} == {version, second["id"].rpartition("/")[2]}
    assert all("value" not in one for one in versions)
    assert secret in {one["value"] for one in tenant.control("GET", "secrets")["items"]}
    assert vault.get("/secrets/pass/00000000000000000000000000000000").status_code == 404


def test_the_list_has_neither_values_nor_versions_and_leads_on(vault: httpx.Client) -> None:
    for name in ("a", "b", "c"):
        vault.put(f"/secrets/{name}", json={"value": V})
    first = vault.get("/secrets?maxresults=2").json()
    assert [one["id"].rpartition("/secrets/")[2] for one in first["value"]] == ["a", "b"]
    assert set(first["value"][0]) == {"id", "attributes"}
    link = httpx.URL(first["nextLink"])
    assert link.params["maxresults"] == "2"
    second = vault.get(link.raw_path.decode()).json()
    assert [one["id"].rpartition("/")[2] for one in second["value"]] == ["c"]
    assert second["nextLink"] is None
    refused(vault.get("/secrets?maxresults=26"), 400, "BadParameter")


def test_a_disabled_secret_is_403(vault: httpx.Client) -> None:
    made = vault.put("/secrets/off", json={"value": V}).json()
    version = made["id"].rpartition("/")[2]
    changed = vault.patch(f"/secrets/off/{version}", json={"attributes": {"enabled": False}}).json()
    assert (changed["attributes"]["enabled"], "value" in changed) == (False, False)
    answer = vault.get("/secrets/off")
    refused(answer, 403, "Forbidden", "Operation get is not allowed on a disabled secret.")
    assert answer.json()["error"]["innererror"] == {"code": "SecretDisabled"}
    vault.delete("/secrets/off")
    eventually(lambda: vault.get("/deletedsecrets/off").status_code, lambda status: status != 404)
    answer = vault.get("/deletedsecrets/off")
    refused(answer, 403, "Forbidden", "Operation get is not permitted on this object.")
    assert answer.json()["error"]["innererror"] == {"code": "AccessDenied"}


def test_a_secret_out_of_its_dates_is_403(vault: httpx.Client) -> None:
    vault.put("/secrets/old", json={"value": V, "attributes": {"exp": 1_000_000_000}})
    refused(vault.get("/secrets/old"), 403, "Forbidden", "expired")
    vault.put("/secrets/new", json={"value": V, "attributes": {"nbf": 4_000_000_000}})
    refused(vault.get("/secrets/new"), 403, "Forbidden", "not yet valid")


def test_a_deleted_secret_is_recovered_or_purged_and_keeps_its_name(vault: httpx.Client) -> None:
    made = vault.put("/secrets/gone", json={"value": V}).json()
    deleted = vault.delete("/secrets/gone").json()
    assert deleted["recoveryId"].endswith("/deletedsecrets/gone")
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 7 * 86_400
    assert "value" not in deleted
    refused(vault.get("/deletedsecrets/gone"), 404, "SecretNotFound", "Deleted Secret not found: gone")
    busy = vault.put("/secrets/gone", json={"value": W})
    assert (busy.status_code, busy.json()["error"]["innererror"]["code"]) == (409, "ObjectIsBeingDeleted")
    eventually(lambda: vault.get("/deletedsecrets/gone").status_code, lambda status: status == 200)
    refused(vault.get("/secrets/gone"), 404, "SecretNotFound", "A secret with (name/id) gone was not found")
    kept = vault.put("/secrets/gone", json={"value": W})
    refused(kept, 409, "Conflict")
    assert kept.json()["error"]["innererror"] == {"code": "ObjectIsDeletedButRecoverable"}
    assert [one["id"].rpartition("/")[2] for one in vault.get("/deletedsecrets").json()["value"]] == ["gone"]
    assert vault.post("/deletedsecrets/gone/recover").json()["id"] == made["id"]
    eventually(lambda: vault.get("/secrets/gone").status_code, lambda status: status == 200)
    assert vault.get("/secrets/gone").json()["value"] == V
    vault.delete("/secrets/gone")
    eventually(lambda: vault.delete("/deletedsecrets/gone").status_code, lambda status: status == 204)
    assert vault.put("/secrets/gone", json={"value": W}).status_code == 200


def test_access_is_by_policy_where_the_vault_says_so(tenant: Tenant, arm: httpx.Client) -> None:
    path = make(arm, tenant, "list")
    with opened(tenant, path) as client:
        assert client.get("/secrets").status_code == 200
        answer = client.put("/secrets/x", json={"value": V})
        refused(answer, 403, "Forbidden", "does not have secrets set permission on key vault")
        assert answer.json()["error"]["innererror"] == {"code": "ForbiddenByPolicy"}
        arm.patch(path, json={"properties": {"publicNetworkAccess": "Disabled"}})
        assert client.get("/secrets").json()["error"]["innererror"] == {"code": "ForbiddenByConnection"}
        acls = {"publicNetworkAccess": "Enabled", "networkAcls": {"defaultAction": "Deny"}}
        arm.patch(path, json={"properties": acls})
        assert client.get("/secrets").json()["error"]["innererror"] == {"code": "ForbiddenByFirewall"}


def test_what_does_not_fit_is_400(vault: httpx.Client) -> None:
    refused(vault.put("/secrets/under_score", json={"value": V}), 400, "BadParameter", "invalid name")
    refused(vault.put("/secrets/x", json={"value": V * 25_601}), 400, "BadParameter", "too long")
    refused(vault.put("/secrets/x", json={}), 400, "BadParameter", "'value'")


def test_purge_protection_keeps_secrets_and_vaults(tenant: Tenant, arm: httpx.Client) -> None:
    path = make(arm, tenant, enablePurgeProtection=True)
    with opened(tenant, path) as client:
        made = client.put("/secrets/s", json={"value": V}).json()
        assert made["attributes"]["recoveryLevel"] == "Recoverable"
        client.delete("/secrets/s")
        eventually(lambda: client.get("/deletedsecrets/s").status_code, lambda status: status == 200)
        refused(client.delete("/deletedsecrets/s"), 403, "Forbidden", "purge protection is enabled")
    arm.delete(path)
    root = f"{subscription(tenant)}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults"
    refused(arm.post(f"{root}/{path.rpartition('/')[2]}/purge"), 400, "MethodNotAllowed")
