"""Entra's documents: metadata of one tenant and of all, instance discovery, keys that roll."""

import base64
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from tests.tenant import Tenant

KEYS = (
    "token_endpoint token_endpoint_auth_methods_supported jwks_uri response_modes_supported subject_types_supported "
    "id_token_signing_alg_values_supported response_types_supported scopes_supported issuer "
    "request_uri_parameter_supported userinfo_endpoint authorization_endpoint device_authorization_endpoint "
    "http_logout_supported frontchannel_logout_supported end_session_endpoint claims_supported kerberos_endpoint "
    "tenant_region_scope cloud_instance_name cloud_graph_host_name msgraph_host rbac_url"
)


def metadata(tenant: Tenant, name: str) -> dict[str, Any]:
    """The OpenID metadata of a tenant's name."""
    with tenant.client() as client:
        found: dict[str, Any] = client.get(f"/{name}/v2.0/.well-known/openid-configuration").json()
    return found


def published(tenant: Tenant) -> list[dict[str, Any]]:
    """The key set."""
    with tenant.client() as client:
        found: list[dict[str, Any]] = client.get(f"/{tenant.json['tenant_id']}/discovery/v2.0/keys").json()["keys"]
    return found


def kid(token: str) -> str:
    """The key that signed a token."""
    return str(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"])


def test_the_metadata_has_every_key(tenant: Tenant) -> None:
    document = metadata(tenant, tenant.json["tenant_id"])
    assert list(document) == KEYS.split()
    assert document["issuer"] == tenant.issuer
    assert document["token_endpoint_auth_methods_supported"] == [
        "client_secret_post",
        "private_key_jwt",
        "client_secret_basic",
    ]


@pytest.mark.parametrize("name", ["common", "organizations"])
def test_an_address_of_all_tenants_leaves_the_issuers_tenant_open(tenant: Tenant, name: str) -> None:
    document = metadata(tenant, name)
    assert document["issuer"] == f"{tenant.base_url}/{{tenantid}}/v2.0"
    assert document["token_endpoint"] == f"{tenant.base_url}/{name}/oauth2/v2.0/token"


def test_a_domain_is_a_name_of_the_tenant(tenant: Tenant) -> None:
    assert metadata(tenant, "practice.example")["issuer"] == tenant.issuer


def test_instance_discovery_knows_its_own_host_and_microsofts(tenant: Tenant) -> None:
    def ask(endpoint: str) -> httpx.Response:
        query = {"api-version": "1.1", "authorization_endpoint": endpoint}
        with tenant.client() as client:
            return client.get("/common/discovery/instance", params=query)

    own = ask(f"{tenant.base_url}/{tenant.json['tenant_id']}/oauth2/v2.0/authorize").json()
    assert own["tenant_discovery_endpoint"] == f"{tenant.issuer}/.well-known/openid-configuration"
    assert any("login.windows.net" in entry["aliases"] for entry in own["metadata"])
    assert ask("https://login.microsoftonline.com/common/oauth2/v2.0/authorize").status_code == 200
    stranger = ask("https://login.evil.example/common/oauth2/v2.0/authorize")
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_instance")


def test_several_keys_are_published_with_their_certificates(tenant: Tenant) -> None:
    tenant.control("POST", "keys", roll=True)
    keys = published(tenant)
    assert len(keys) >= 2
    for key in keys:
        assert {"kty", "use", "kid", "x5t", "n", "e", "x5c", "issuer"} <= set(key)
        assert key["issuer"] == tenant.issuer


def test_a_new_key_signs_and_the_old_ones_hold_until_they_are_withdrawn(tenant: Tenant) -> None:
    old, before = tenant.token(), KeySet.import_key_set({"keys": published(tenant)})
    ring = tenant.control("POST", "keys", roll=True)
    new = tenant.token()
    assert (kid(new), kid(old)) == (ring["current"], ring["published"][-2])
    with pytest.raises((InvalidKeyIdError, ValueError)):
        jwt.decode(new, before, algorithms=["RS256"])
    jwt.decode(new, KeySet.import_key_set({"keys": published(tenant)}), algorithms=["RS256"])
    assert users(tenant, old) == 200
    tenant.control("POST", "keys", withdraw=kid(old))
    assert users(tenant, old) == 401
    assert users(tenant, new) == 200
    assert kid(old) not in {key["kid"] for key in published(tenant)}


def users(tenant: Tenant, token: str) -> int:
    """The status that Graph answers a token with."""
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        return client.get("/v1.0/users?$top=1").status_code


def test_the_key_that_signs_cannot_be_withdrawn(tenant: Tenant) -> None:
    with tenant.client() as client:
        current = client.post("/_sandbox/keys", json={}).json()["current"]
        answer = client.post("/_sandbox/keys", json={"withdraw": current})
    assert answer.status_code == 400
    assert "roll first" in answer.json()["error"]
