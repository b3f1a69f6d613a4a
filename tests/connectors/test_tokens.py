"""The platform's tokens: how they are had, kept and renewed."""

import asyncio
import base64
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from connectors.challenge import demanded
from connectors.errors import Unauthorized, Unavailable
from connectors.graph import GraphClient
from connectors.tokens import EntraTokens
from tests.connectors.identities import fault, last_request, tokens
from tests.tenant import Tenant

AUDIENCE = "api://AzureADTokenExchange"


def asked(tenant: Tenant, since: int) -> int:
    """How often a token was asked for."""
    return sum(row["path"].endswith("/oauth2/v2.0/token") for row in tenant.requests(since))


async def test_one_token_serves_many_requests_at_once(tenant: Tenant) -> None:
    since, source = last_request(tenant), tokens(tenant)
    values = await asyncio.gather(*(source.token() for _ in range(20)))
    assert len(set(values)) == 1
    assert asked(tenant, since) == 1


async def test_a_certificate_signs_the_platform_in(tenant: Tenant, certificate_file: Path) -> None:
    source = tokens(tenant, client_secret=None, certificate_file=certificate_file)
    client = GraphClient(tenant.base_url, source, ca_file=tenant.ca_file)
    assert await client.subscribed_skus()
    await client.aclose()


async def test_a_bundle_in_the_environment_does_not_change_whom_we_trust(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert await tokens(tenant).token()


async def test_a_token_is_renewed_before_it_expires(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    since, source = last_request(tenant), tokens(tenant)
    first = await source.token()
    shift(monkeypatch, 24 * 3600)
    assert await source.token() != first
    assert asked(tenant, since) == 2


async def test_a_valid_token_outlives_an_absent_identity_provider(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tokens(tenant)
    first = await source.token()
    fault(tenant, "/oauth2/v2.0/token", status=503)
    shift(monkeypatch, source._renew_at - time.monotonic() + 1)
    assert await source.token() == first
    shift(monkeypatch, 48 * 3600)
    with pytest.raises(Unavailable) as caught:
        await source.token()
    assert not caught.value.sent


async def test_a_wrong_secret_is_named_without_being_shown(tenant: Tenant) -> None:
    source = tokens(tenant, client_secret="not-the-secret")
    with pytest.raises(Unauthorized) as caught:
        await source.token()
    assert caught.value.code == "invalid_client"
    assert caught.value.retryable
    assert "not-the-secret" not in str(caught.value)


async def test_a_refused_token_is_renewed_once_for_all_who_held_it(tenant: Tenant) -> None:
    since, source = last_request(tenant), tokens(tenant)
    old = await source.token()
    renewed = await asyncio.gather(*(source.renew(old) for _ in range(5)))
    assert len(set(renewed)) == 1
    assert asked(tenant, since) == 2


async def test_a_file_without_a_key_is_said_to_be_one(tenant: Tenant) -> None:
    source = tokens(tenant, client_secret=None, certificate_file=tenant.ca_file)
    with pytest.raises(Unauthorized, match="does not hold both a private key and a certificate"):
        await source.token()


async def test_an_unreachable_identity_provider_is_unavailable() -> None:
    source = EntraTokens(
        authority_url="https://127.0.0.1:9", tenant_id="t", client_id="c", client_secret="s", scope="x/.default"
    )
    with pytest.raises(Unavailable):
        await source.token()


def shift(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let that much time pass for the tokens and for MSAL, and for nothing else."""
    monotonic, clock = time.monotonic, time.time
    later = SimpleNamespace(monotonic=lambda: monotonic() + seconds, time=lambda: clock() + seconds)
    for module in ("connectors.tokens", "msal.application", "msal.token_cache"):
        monkeypatch.setattr(f"{module}.time", later)


# -- other credentials -------------------------------------------------------------------------------------------------


def pem(folder: Path, begins: datetime, ends: datetime) -> Path:
    """A certificate of ours for that time, with its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(ends)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file = folder / "own.pem"
    file.write_bytes(text)
    return file


async def test_a_certificate_that_is_over_is_named_with_its_day(tenant: Tenant, tmp_path: Path) -> None:
    ended = datetime.now(UTC) - timedelta(days=3)
    file = pem(tmp_path, ended - timedelta(days=365), ended)
    with pytest.raises(Unauthorized, match=rf"own\.pem expired on {ended:%Y-%m-%d}: make a new one"):
        await tokens(tenant, certificate_file=file).token()


async def test_a_certificate_that_ends_soon_is_logged(
    tenant: Tenant, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    file = pem(tmp_path, now - timedelta(days=365), now + timedelta(days=10))
    with pytest.raises(Unauthorized, match="700027"):
        await tokens(tenant, certificate_file=file).token()
    assert "the certificate expires soon" in caplog.text


async def test_a_replaced_certificate_is_taken_up(tenant: Tenant, certificate_file: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    file = pem(tmp_path, now - timedelta(days=1), now + timedelta(days=100))
    source = tokens(tenant, certificate_file=file)
    with pytest.raises(Unauthorized):
        await source.token()
    shutil.copyfile(certificate_file, file)
    assert await source.token()


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def workload(tenant: Tenant) -> dict[str, str]:
    """An application that trusts the tenant's own tokens of one subject: its client id, and that subject."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        made = client.post("/v1.0/applications", json={"displayName": f"Workload {uuid4().hex[:6]}"}).json()
        client.post("/v1.0/servicePrincipals", json={"appId": made["appId"]})
        body = {"name": "k8s", "issuer": tenant.issuer, "subject": "worker", "audiences": [AUDIENCE]}
        for _ in range(40):
            address = f"/v1.0/applications/{made['id']}/federatedIdentityCredentials"
            if client.post(address, json=body).status_code == 201:
                return {"client_id": made["appId"], "subject": "worker"}
            time.sleep(0.1)
    raise AssertionError("the application was never seen")


def federated_token(tenant: Tenant, subject: str) -> str:
    """What a workload's identity provider would put into its file."""
    now = int(time.time())
    claims = {"iss": tenant.issuer, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": uuid4().hex}
    token: str = tenant.control("POST", "tokens", claims=claims)["access_token"]
    return token


async def test_a_federated_token_is_read_from_its_file_each_time(
    tenant: Tenant, workload: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "token"
    source = tokens(tenant, client_id=workload["client_id"], client_secret=None, federated_token_file=file)
    with pytest.raises(Unauthorized, match="the federated token file cannot be read"):
        await source.token()
    file.write_text(federated_token(tenant, "somebody else"), "ascii")
    with pytest.raises(Unauthorized, match="AADSTS700213"):
        await source.token()
    file.write_text(federated_token(tenant, workload["subject"]), "ascii")
    first = await source.token()
    assert claims_of(first)["appid"] == workload["client_id"]
    since = last_request(tenant)
    file.write_text(federated_token(tenant, workload["subject"]), "ascii")
    assert await source.renew(first) != first
    assert file.read_text("ascii") in str([row["body"] for row in tenant.requests(since)])


@pytest.mark.parametrize(("kind", "name"), [("system", "system_assigned"), ("user", "user_assigned")])
async def test_a_managed_identity_of_app_service(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, kind: Any, name: str
) -> None:
    held = tenant.json["managed_identity"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", held["endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", held["header"])
    source = tokens(tenant, client_id=held["user_assigned"]["client_id"], client_secret=None, managed_identity=kind)
    first = await source.token()
    assert claims_of(first)["oid"] == held[name]["object_id"]
    assert await source.renew(first) != first
    client = GraphClient(tenant.base_url, source, ca_file=tenant.ca_file)
    assert await client.subscribed_skus()
    await client.aclose()


async def test_a_managed_identity_of_a_machine_and_one_that_is_not_there(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.base_url)
    source = tokens(tenant, client_secret=None, managed_identity="system")
    assert claims_of(await source.token())["oid"] == tenant.json["managed_identity"]["system_assigned"]["object_id"]
    stranger = tokens(tenant, client_id=str(uuid4()), client_secret=None, managed_identity="user")
    with pytest.raises(Unauthorized, match="Identity not found"):
        await stranger.token()


async def test_without_any_credential_it_says_so(tenant: Tenant) -> None:
    with pytest.raises(Unauthorized, match="neither a certificate, a client secret nor a federated token file"):
        await tokens(tenant, client_secret=None).token()


# -- refused before its time -------------------------------------------------------------------------------------------


async def test_a_token_lives_a_day_because_we_take_claims_challenges(tenant: Tenant) -> None:
    source = tokens(tenant)
    await source.token()
    assert source._expires_at - time.monotonic() > 86000


async def test_a_claims_challenge_is_met_with_the_claims_it_demands(tenant: Tenant) -> None:
    """A disabled principal's token is refused at once; the new one is asked for with the claims, and refused too."""
    held = tenant.json["limited"]
    source = tokens(tenant, "limited")
    client = GraphClient(tenant.base_url, source, ca_file=tenant.ca_file)
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        address = f"/v1.0/servicePrincipals/{held['object_id']}"
        await source.token()
        since = last_request(tenant)
        graph.patch(address, json={"accountEnabled": False})
        try:
            with pytest.raises(Unauthorized, match="AADSTS7000112"):
                await client.user(tenant.json["logins"][0]["object_id"])
        finally:
            graph.patch(address, json={"accountEnabled": True})
    asked_for = [row["body"] for row in tenant.requests(since) if row["path"].endswith("/token")]
    assert "nbf" in str(asked_for)
    assert "CP1" in str(asked_for)
    assert await client.user(tenant.json["logins"][0]["object_id"])
    await client.aclose()


async def test_a_withdrawn_signing_key_costs_one_more_request(tenant: Tenant) -> None:
    client = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    person = tenant.json["logins"][0]["object_id"]
    await client.user(person)
    tenant.control("POST", "keys", roll=True, withdraw="old")
    assert await client.user(person)
    await client.aclose()


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (None, None),
        ('Bearer realm="", error="invalid_token"', None),
        ('Bearer error="insufficient_claims"', None),
        ('Bearer error="insufficient_claims", claims="%%%"', None),
        (
            'Bearer realm="", authorization_uri="https://x", error="insufficient_claims", claims="eyJhIjoxfQ=="',
            '{"a":1}',
        ),
        ('Bearer claims="eyJhIjoxfQ", error="insufficient_claims"', '{"a":1}'),
    ],
)
def test_the_claims_of_a_challenge_are_found(header: str | None, claims: str | None) -> None:
    assert demanded(header) == claims


async def test_while_the_identity_provider_is_away_it_is_not_asked_at_every_call(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tokens(tenant)
    first = await source.token()
    fault(tenant, "/oauth2/v2.0/token", status=503)
    shift(monkeypatch, source._renew_at - time.monotonic() + 1)
    since = last_request(tenant)
    assert {await source.token() for _ in range(5)} == {first}
    assert asked(tenant, since) == 1
