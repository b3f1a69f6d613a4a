"""``jml doctor``: everything the platform stands on, looked at once, each with what to do about it."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from domain.policy import Policy, PolicyError
from embedded import wire
from embedded.doctor_finding import Finding
from embedded.doctor_tenant import tenant
from embedded.preflight import unknown_variables
from embedded.readiness import running_cluster
from ledger import Ledger
from settings import Settings, SettingsError

_LITTLE_SPACE = 1024**3


async def findings(settings: Settings) -> list[Finding]:
    """Look at settings, policy, space, Temporal, the tenant's sign-in, the ledger, the API, and what is permitted."""
    found = [_settings(settings), _policy(settings), _space(settings)]
    looks: list[Callable[[Settings], Awaitable[Finding]]] = [_temporal, _sign_in, _ledger, _api]
    found += await asyncio.gather(*(look(settings) for look in looks))
    return found + (await tenant(settings) if _can_ask(settings, found) else [_NOT_ASKED])


_NOT_ASKED = Finding("tenant", "look", "not asked about permissions: mend settings and sign-in first")


def _can_ask(settings: Settings, found: list[Finding]) -> bool:
    """Where to sign in, and as whom, is enough to ask the tenant, whatever else is still to be set."""
    try:
        settings.require("tenant_id", "authority_url", "graph_url", "client_id")
    except SettingsError:
        return False
    return all(one.state == "ok" for one in found if one.what == "sign-in")


def _settings(settings: Settings) -> Finding:
    keys = ("payload_keys",) if settings.profile == "production" else ()
    try:
        settings.require(
            "tenant_id", "authority_url", "graph_url", "client_id", "api_client_id", "console_client_id", *keys
        )
    except SettingsError as error:
        return Finding.of("settings", False, str(error))
    unknown = unknown_variables(os.environ)
    if unknown:
        return Finding.of("settings", False, "; ".join(unknown))
    return Finding.of("settings", True, f"complete, profile {settings.profile}")


def _policy(settings: Settings) -> Finding:
    try:
        policy = Policy.load(settings.policy_file, settings.profile)
    except PolicyError as error:
        return Finding.of("policy", False, str(error))
    return Finding.of("policy", True, f"{settings.policy_file}, {len(policy.rules)} rules, {policy.hash[:12]}")


def _space(settings: Settings) -> Finding:
    place = next(p for p in (settings.data_dir, *settings.data_dir.parents) if p.exists())
    free = shutil.disk_usage(place).free
    return Finding.of("space", free > _LITTLE_SPACE, f"{free / 1024**3:.1f} GiB free at {place}")


async def _temporal(settings: Settings) -> Finding:
    try:
        client = await running_cluster(settings.temporal_target)
    except SettingsError as error:
        return Finding.of("Temporal", False, str(error))
    return Finding.of("Temporal", True, f"{settings.temporal_target}, namespace {client.namespace}")


async def _sign_in(settings: Settings) -> Finding:
    url = f"{settings.authority_url}/{settings.tenant_id}/v2.0/.well-known/openid-configuration"
    return await _answers("sign-in", url, settings)


async def _api(settings: Settings) -> Finding:
    return await _answers("API", f"{settings.api_url}/health/ready", settings)


async def _answers(what: str, url: str, settings: Settings) -> Finding:
    try:
        async with wire.client(url, ca_file=settings.ca_file) as client:
            status = (await client.get(url)).status_code
    except (wire.NetworkError, wire.InvalidUrl, OSError) as error:
        return Finding.of(what, False, f"{url}: no answer ({type(error).__name__}); is it running?")
    return Finding.of(what, status == 200, f"{url}: {status}")


async def _ledger(settings: Settings) -> Finding:
    return await asyncio.to_thread(_verified, settings.database_url)


def _verified(url: str) -> Finding:
    try:
        ledger = Ledger.open(url)
        if not ledger.ready():
            return Finding.of("ledger", False, "has no tables, or old ones; `jml up` or `jml migrate` makes them")
        verification = ledger.verify()
    except SQLAlchemyError as error:
        return Finding.of("ledger", False, f"JML_DATABASE_URL: cannot be read ({type(error).__name__})")
    said = f"{verification.checked} records, the chain {'holds' if verification.valid else 'DOES NOT HOLD'}"
    return Finding.of("ledger", verification.valid, said)
