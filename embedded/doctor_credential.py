"""How long the platform's own credential lasts."""

from datetime import UTC, datetime, timedelta

from connectors.credentials import certificate
from connectors.errors import Forbidden, NotFound
from connectors.graph import GraphClient
from embedded import doctor_fixes as fixes
from embedded.doctor_finding import Finding
from settings import Settings

_SOON = timedelta(days=30)
_WHAT = "credential"


async def credential(settings: Settings, graph: GraphClient) -> list[Finding]:
    """The one in use, in the order in which they are taken; those of workloads are renewed by others."""
    if settings.managed_identity:
        return [Finding(_WHAT, "ok", f"a managed identity ({settings.managed_identity}-assigned), renewed by Azure")]
    if settings.certificate_file:
        return [_certificate(settings)]
    if settings.client_secret:
        return [await _secret(settings, graph, settings.client_secret.get_secret_value())]
    return [Finding(_WHAT, "ok", "a federated token, renewed by the workload's own identity provider")]


def _certificate(settings: Settings) -> Finding:
    if settings.certificate_file is None:
        raise ValueError("no certificate is set")
    try:
        _, ends = certificate(settings.certificate_file)
    except ValueError as error:
        return Finding(_WHAT, "wrong", str(error), fixes.credential(settings))
    return _ending(settings, f"the certificate in {settings.certificate_file.name}", ends)


async def _secret(settings: Settings, graph: GraphClient, secret: str) -> Finding:
    """Of the registration's secrets, the one that begins as ours does."""
    try:
        found = await graph.tenancy.client_secrets(settings.client_id)
    except (Forbidden, NotFound):
        return Finding(_WHAT, "look", "a client secret; when it ends cannot be read without Directory.Read.All")
    ends = [one.ends for one in found if one.hint and secret.startswith(one.hint)]
    if not ends:
        return Finding(_WHAT, "look", "a client secret that the registration does not list: nobody knows when it ends")
    return _ending(settings, "the client secret", max(ends))


def _ending(settings: Settings, what: str, ends: datetime) -> Finding:
    left = ends - datetime.now(UTC)
    said = f"{what} ends on {ends:%Y-%m-%d}"
    if left > _SOON:
        return Finding(_WHAT, "ok", said)
    return Finding(_WHAT, "look", f"{said}, in {max(left.days, 0)} days: add another one", fixes.credential(settings))
