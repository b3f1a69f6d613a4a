"""The platform's tokens: how they are had, kept and renewed."""

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from connectors.errors import Unauthorized, Unavailable
from connectors.graph import GraphClient
from connectors.tokens import EntraTokens
from tests.connectors.identities import fault, last_request, tokens
from tests.tenant import Tenant


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
