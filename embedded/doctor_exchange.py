"""Whether Exchange takes the platform's commands: those that need different management roles, on nobody's mailbox."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from connectors.clients import Clients
from connectors.errors import Forbidden, NotFound, Refused, Unauthorized, UnknownCommand
from connectors.exchange import ExchangeRest
from connectors.graph import GraphClient
from connectors.permission_check import Granted
from connectors.permissions import EXCHANGE, NOBODY, PERMISSIONS
from embedded import doctor_fixes as fixes
from embedded.doctor_finding import Finding
from settings import Settings

EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
_WHAT = "Exchange"
_PERMISSION = next(one for one in PERMISSIONS if one.resource == EXCHANGE)
_COMMANDS: tuple[tuple[str, Callable[[ExchangeRest], Awaitable[Any]]], ...] = (
    ("Get-OrganizationConfig", lambda client: client.organisation_holds()),
    ("Get-Mailbox", lambda client: client.mailbox(NOBODY)),
    ("Set-Mailbox -LitigationHoldEnabled", lambda client: client.set_hold(NOBODY, False)),
    ("Set-CASMailbox", lambda client: client.protocols_off(NOBODY)),
    ("Remove-DistributionGroupMember", lambda client: client.remove_from_group(NOBODY, NOBODY)),
    ("Get-RecipientPermission", lambda client: client.send_as_rights(NOBODY)),
)
"""A command for each management role that the platform needs; what they name does not exist."""


async def exchange(
    settings: Settings,
    clients: Clients,
    graph: GraphClient,
    granted: Granted,
    roles: Collection[str] | None,
    principal_id: str | None,
) -> list[Finding]:
    """Try the commands. One refused whole lacks the permission or the role; an unknown one, a management role."""
    client = clients.exchange(await graph.tenancy.initial_domain())
    unknown = []
    try:
        for name, command in _COMMANDS:
            if not await _taken(client, command):
                unknown.append(name)
    except (Forbidden, Unauthorized) as error:
        if not error.sent:
            raise
        return _refused(settings, granted, roles, principal_id, error)
    if unknown:
        said = f"the role group of the platform lacks the management roles for {', '.join(unknown)}"
        return [Finding(_WHAT, "wrong", said)]
    return [Finding(_WHAT, "ok", f"takes commands ({_PERMISSION.name})")]


async def _taken(client: ExchangeRest, command: Callable[[ExchangeRest], Awaitable[Any]]) -> bool:
    try:
        await command(client)
    except UnknownCommand:
        return False
    except (NotFound, Refused):
        return True
    return True


def _refused(
    settings: Settings,
    granted: Granted,
    roles: Collection[str] | None,
    principal_id: str | None,
    error: Forbidden | Unauthorized,
) -> list[Finding]:
    """What is missing, as far as it can be told: the permission, a role, or (both there) nothing but time."""
    names, found = granted.of(_PERMISSION), []
    if names is None or _PERMISSION.name not in names:
        said = f"{_PERMISSION.name} {_known(names)} missing: with it the platform {_PERMISSION.purpose}"
        commands = fixes.permission(settings, _PERMISSION) + fixes.consent(settings)
        found.append(Finding(_WHAT, "wrong", said, commands))
    if roles is None or {EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR}.isdisjoint(roles):
        said = f"the role Exchange Administrator {_known(roles)} missing, or a role group of its own in Exchange"
        found.append(
            Finding(_WHAT, "wrong", said, fixes.directory_role(settings, principal_id, EXCHANGE_ADMINISTRATOR))
        )
    if not found:
        said = f"refuses ({error.status}) although permission and role are there: a new role counts only after a while"
        found.append(Finding(_WHAT, "wrong", said))
    return found


def _known(what: Collection[str] | None) -> str:
    return "may be" if what is None else "is"
