"""What the platform is allowed to do in the tenant: ``jml doctor``'s look at permissions, roles and credentials.

Everything asked is a read, or a write to something that cannot exist; nothing is changed or sent.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from connectors.clients import Clients
from connectors.errors import Forbidden, NotFound, WireError
from connectors.graph import GraphClient
from connectors.graph_tenancy import Principal
from connectors.permission_check import Granted, Verdict, examine, granted_to
from connectors.permissions import EXCHANGE, GRAPH, needless, wanted
from embedded import doctor_fixes as fixes
from embedded.doctor_azure import azure
from embedded.doctor_credential import credential
from embedded.doctor_exchange import exchange
from embedded.doctor_finding import Finding
from settings import Settings

PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_WHY_REFUSED = (
    "a consent counts only after some minutes; else look for a Conditional Access policy for workload identities, a "
    "restricted administrative unit, or a licence that the tenant lacks"
)


@dataclass(frozen=True)
class Identity:
    """Who the platform is in the tenant, and what it was granted; each is unknown where it cannot be read."""

    principal: Principal | None
    granted: Granted
    roles: frozenset[str] | None
    """Template ids of its directory roles."""


async def tenant(settings: Settings) -> list[Finding]:
    """Look at all that the platform does in the tenant. Nobody there, or no token, is one finding."""
    async with Clients(settings) as clients:
        graph = clients.graph()
        try:
            await clients.tokens(settings.graph_scope).token()
            me = await _identity(graph, settings.client_id)
        except WireError as error:
            return [Finding("tenant", "wrong", error.message)]
        looks = [
            _part("permissions", _permissions(settings, graph, me)),
            _part("directory roles", _directory_roles(settings, me)),
            _part("credential", credential(settings, graph)),
        ]
        if "exchange" not in settings.without:
            looks.append(_part("Exchange", exchange(settings, clients, graph, me.granted, me.roles, _id(me))))
        if "azure" not in settings.without:
            looks.append(_part("Azure", azure(settings, clients, _id(me))))
        if settings.scim_url:
            looks.append(_part("SCIM", _scim(settings, clients)))
        return [finding for found in await asyncio.gather(*looks) for finding in found]


async def _part(what: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    """One part of the tenant; that it cannot be asked is a finding of its own."""
    try:
        return await look
    except WireError as error:
        return [Finding(what, "wrong", f"cannot be asked: {error.message}")]


async def _identity(graph: GraphClient, client_id: str) -> Identity:
    try:
        principal = await graph.tenancy.principal(client_id)
        granted = await granted_to(graph, principal.id, (GRAPH.app_id, EXCHANGE.app_id))
        roles = frozenset(role.template_id for role in await graph.tenancy.directory_roles(principal.id))
    except (Forbidden, NotFound):
        return Identity(None, Granted(), None)
    return Identity(principal, granted, roles)


def _id(me: Identity) -> str | None:
    return me.principal.id if me.principal else None


# -- permissions of Graph ----------------------------------------------------------------------------------------------


async def _permissions(settings: Settings, graph: GraphClient, me: Identity) -> list[Finding]:
    asked = [one for one in wanted(settings.without) if one.resource == GRAPH]
    verdicts = await examine(graph, asked, me.granted)
    found = [_told(settings, verdict) for verdict in verdicts if verdict.state != "there"]
    if any(verdict.state == "missing" for verdict in verdicts):
        found += _consent(settings)
    if not found:
        found = [Finding("permissions", "ok", f"all {len(asked)} permissions of {GRAPH.name} are there")]
    return found + _too_much(settings, me.granted)


def _told(settings: Settings, verdict: Verdict) -> Finding:
    one, error = verdict.permission, verdict.error
    if verdict.state == "missing":
        said = f"{one.name} is missing: with it the platform {one.purpose}"
        return Finding("permission", "wrong", said, fixes.permission(settings, one))
    if verdict.state == "refused":
        code = error.code if error else None
        return Finding("permission", "wrong", f"{one.name} is granted, yet refused (403 {code}): {_WHY_REFUSED}")
    if error:
        return Finding("permission", "wrong", f"{one.name} could not be tried: {error.message}")
    why = "no harmless call shows it, and what is granted cannot be read without Directory.Read.All"
    return Finding(
        "permission", "wrong", f"{one.name} is not known to be there: {why}", fixes.permission(settings, one)
    )


def _consent(settings: Settings) -> list[Finding]:
    commands = fixes.consent(settings)
    said = "what was added counts once a Privileged Role Administrator or Global Administrator has consented to it"
    return [Finding("consent", "wrong", said, commands)] if commands else []


def _too_much(settings: Settings, granted: Granted) -> list[Finding]:
    found = []
    for resource in (GRAPH, EXCHANGE):
        held = (granted.names or {}).get(resource.app_id, frozenset())
        if names := needless(held, resource, settings.without):
            said = f"granted, but not needed ({resource.name}): {', '.join(names)}"
            found.append(Finding("permissions", "look", said))
    return found


# -- directory roles, SCIM ---------------------------------------------------------------------------------------------


async def _directory_roles(settings: Settings, me: Identity) -> list[Finding]:
    if "privileged" in settings.without:
        return []
    what = "directory role"
    if me.roles is None:
        return [Finding(what, "wrong", "which the platform has cannot be read without Directory.Read.All")]
    if PRIVILEGED_AUTHENTICATION_ADMINISTRATOR in me.roles:
        return [Finding(what, "ok", "Privileged Authentication Administrator")]
    if GLOBAL_ADMINISTRATOR in me.roles:
        said = "Global Administrator does, but Privileged Authentication Administrator is enough"
        return [Finding(what, "look", said)]
    said = "Privileged Authentication Administrator is missing: accounts with directory roles cannot be contained"
    command = fixes.directory_role(settings, _id(me), PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
    return [Finding(what, "wrong", said, command)]


async def _scim(settings: Settings, clients: Clients) -> list[Finding]:
    target = clients.scim()
    if target is None:
        return [Finding("SCIM", "wrong", "JML_SCIM_TOKEN: not set, though JML_SCIM_URL is")]
    await target.user_by_external_id("jml-doctor")
    return [Finding("SCIM", "ok", f"{settings.scim_url} answers")]
