"""azure-identity, unmodified but for authority and CA: every credential that fits, and its own exceptions."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    OnBehalfOfCredential,
    WorkloadIdentityCredential,
)
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fidelity.conftest import GraphAs
from tests.sandbox.browser import Browser
from tests.tenant import Tenant

GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def pointed(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """How a credential is led to the tenant."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    return {
        "authority": tenant.base_url,
        "disable_instance_discovery": True,
        "connection_verify": str(tenant.ca_file),
        "retry_total": 0,
    }


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """Graph with the platform's permissions, to arrange things."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        yield client


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def application(graph: httpx.Client) -> tuple[str, str]:
    """A new application with its principal: object id and client id."""
    made = graph.post("/v1.0/applications", json={"displayName": f"Workload {uuid4().hex[:6]}"}).json()
    graph.post("/v1.0/servicePrincipals", json={"appId": made["appId"]}).raise_for_status()
    return made["id"], made["appId"]


def trust(graph: httpx.Client, object_id: str, issuer: str, subject: str) -> None:
    """Make an application trust another issuer's tokens, as soon as it is seen."""
    body = {"name": "ours", "issuer": issuer, "subject": subject, "audiences": ["api://AzureADTokenExchange"]}
    for _ in range(40):
        answer = graph.post(f"/v1.0/applications/{object_id}/federatedIdentityCredentials", json=body)
        if answer.status_code == 201:
            return
        time.sleep(0.1)
    raise AssertionError(answer.text)


class Issuer:
    """Another identity provider, whose keys the tenant has been given."""

    def __init__(self, tenant: Tenant) -> None:
        self.address = f"https://issuer.example/{uuid4()}"
        self._key = RSAKey.generate_key(2048)
        tenant.control("POST", "issuers", issuer=self.address, keys=[self._key.as_dict(private=False)])

    def token(self, subject: str, **changed: Any) -> str:
        """A workload's token."""
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": subject,
            "aud": "api://AzureADTokenExchange",
            "iat": now,
            "exp": now + 600,
        }
        return jwt.encode({"alg": "RS256"}, {**claims, **changed}, self._key)


def test_a_secret_and_its_refusal(tenant: Tenant, pointed: dict[str, Any]) -> None:
    who = tenant.json["limited"]
    good = ClientSecretCredential(tenant.json["tenant_id"], who["client_id"], who["client_secret"], **pointed)
    assert claims_of(good.get_token(GRAPH).token)["roles"] == ["User.Read.All"]
    bad = ClientSecretCredential(tenant.json["tenant_id"], who["client_id"], "wrong", **pointed)
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        bad.get_token(GRAPH)


def test_a_tenant_that_does_not_exist(tenant: Tenant, pointed: dict[str, Any]) -> None:
    credential = ClientSecretCredential(str(uuid4()), "x", "y", **pointed)
    with pytest.raises(ClientAuthenticationError, match=r"AADSTS90002|tenant"):
        credential.get_token(GRAPH)


@pytest.mark.parametrize("chain", [False, True])
def test_a_certificate(tenant: Tenant, pointed: dict[str, Any], chain: bool) -> None:
    who = tenant.json["platform"]
    credential = CertificateCredential(
        tenant.json["tenant_id"],
        who["client_id"],
        certificate_path=who["certificate_file"],
        send_certificate_chain=chain,
        **pointed,
    )
    assert claims_of(credential.get_token(GRAPH).token)["oid"] == who["object_id"]


def test_an_assertion_of_another_issuer(tenant: Tenant, pointed: dict[str, Any], graph: httpx.Client) -> None:
    (object_id, client_id), issuer = application(graph), Issuer(tenant)
    trust(graph, object_id, issuer.address, "repo:us/ours:ref:refs/heads/main")

    def credential(subject: str) -> ClientAssertionCredential:
        assertion = issuer.token(subject)
        return ClientAssertionCredential(tenant.json["tenant_id"], client_id, lambda: assertion, **pointed)

    good = credential("repo:us/ours:ref:refs/heads/main").get_token(GRAPH)
    assert claims_of(good.token)["appid"] == client_id
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        credential("repo:us/ours:ref:refs/heads/other").get_token(GRAPH)


def test_a_workload_identitys_token_file(
    tenant: Tenant, pointed: dict[str, Any], graph: httpx.Client, tmp_path: Path
) -> None:
    (object_id, client_id), issuer = application(graph), Issuer(tenant)
    trust(graph, object_id, issuer.address, "system:serviceaccount:jml:worker")
    file = tmp_path / "token"
    file.write_text(issuer.token("system:serviceaccount:jml:worker"), "ascii")
    credential = WorkloadIdentityCredential(
        tenant_id=tenant.json["tenant_id"], client_id=client_id, token_file_path=str(file), **pointed
    )
    assert claims_of(credential.get_token(GRAPH).token)["appid"] == client_id


def test_an_unknown_issuer_is_refused(tenant: Tenant, pointed: dict[str, Any], graph: httpx.Client) -> None:
    _, client_id = application(graph)
    assertion = Issuer(tenant).token("anybody")
    credential = ClientAssertionCredential(tenant.json["tenant_id"], client_id, lambda: assertion, **pointed)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700211"):
        credential.get_token(GRAPH)


def test_a_device_code_of_microsofts_own_client(tenant: Tenant, pointed: dict[str, Any]) -> None:
    who = next(login for login in tenant.json["logins"] if login["role"] == "Iam.Admin")

    def prompt(uri: str, code: str, expires_on: datetime) -> None:
        with tenant.client() as client:
            browser = Browser(client)
            typed = browser.submit(browser.open(uri), otc=code)
            browser.submit(browser.sign_in(str(typed.url.join(typed.headers["location"])), who))

    credential = DeviceCodeCredential(prompt_callback=prompt, **pointed)
    claims = claims_of(credential.get_token("https://management.azure.com/.default").token)
    assert (claims["upn"], claims["scp"]) == (who["username"], "user_impersonation")
    assert claims["aud"] == "https://management.azure.com"


def test_on_behalf_of_somebody(tenant: Tenant, pointed: dict[str, Any], graph: httpx.Client) -> None:
    api_id = tenant.json["api"]["client_id"]
    held = graph.get(f"/v1.0/applications(appId='{api_id}')").json()["id"]
    secret = graph.post(f"/v1.0/applications/{held}/addPassword", json={}).json()["secretText"]
    person = next(login for login in tenant.json["logins"] if login["role"] == "Iam.Auditor")
    now = int(time.time())
    assertion = tenant.control(
        "POST",
        "tokens",
        claims={
            "aud": api_id,
            "oid": person["object_id"],
            "scp": "access",
            "iat": now + 2,
            "exp": now + 600,
            "ver": "2.0",
        },
    )["access_token"]
    credential = OnBehalfOfCredential(
        tenant.json["tenant_id"], api_id, client_secret=secret, user_assertion=assertion, **pointed
    )
    with pytest.raises(ClientAuthenticationError, match="AADSTS50076"):
        credential.get_token("https://graph.microsoft.com/User.Read")


def test_a_managed_identity_of_app_service(
    tenant: Tenant, pointed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tenant.json["managed_identity"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", held["endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", held["header"])
    verify = {"connection_verify": pointed["connection_verify"]}
    credential = ManagedIdentityCredential(client_id=held["user_assigned"]["client_id"], **verify)
    token = credential.get_token(GRAPH)
    assert claims_of(token.token)["oid"] == held["user_assigned"]["object_id"]
    assert token.expires_on > time.time() + 86000


def test_a_managed_identity_of_a_virtual_machine(
    tenant: Tenant, pointed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.base_url)
    credential = ManagedIdentityCredential(connection_verify=pointed["connection_verify"])
    held = tenant.json["managed_identity"]["system_assigned"]
    assert claims_of(credential.get_token(GRAPH).token)["oid"] == held["object_id"]


def switch(graph: httpx.Client, principal: str, *, enabled: bool) -> None:
    """Enable or disable a service principal."""
    graph.patch(f"/v1.0/servicePrincipals/{principal}", json={"accountEnabled": enabled}).raise_for_status()


async def test_the_graph_sdk_meets_a_claims_challenge(tenant: Tenant, graph_as: GraphAs, graph: httpx.Client) -> None:
    """The SDK takes day-long tokens; once the principal is disabled it is challenged, asks anew, and hears why not."""
    sdk = graph_as("helpdesk")
    assert await sdk.users.get()
    principal = tenant.json["helpdesk"]["object_id"]
    before = tenant.mark()
    await asyncio.to_thread(switch, graph, principal, enabled=False)
    try:
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000112"):
            await sdk.users.get()
    finally:
        await asyncio.to_thread(switch, graph, principal, enabled=True)
    rows = tenant.requests(before)
    assert [row["status"] for row in rows if row["path"] == "/v1.0/users"] == [401]
    assert any("nbf" in str(row["body"]) for row in rows if row["path"].endswith("/token"))


async def test_an_asynchronous_credential_renews_after_a_key_roll(tenant: Tenant, pointed: dict[str, Any]) -> None:
    who = tenant.json["limited"]
    credential = AsyncClientSecretCredential(
        tenant.json["tenant_id"], who["client_id"], who["client_secret"], **{**pointed, "retry_total": 2}
    )
    async with credential:
        old = (await credential.get_token(GRAPH)).token
        ring = await asyncio.to_thread(tenant.control, "POST", "keys", roll=True)
        new = (await credential.get_token(GRAPH, claims='{"access_token":{"nbf":{"essential":true}}}')).token
    header = json.loads(base64.urlsafe_b64decode(new.split(".")[0] + "=="))
    assert header["kid"] == ring["current"]
    assert old != new
