"""What the platform may do in Azure: roles in each subscription, secrets in each key vault."""

from urllib.parse import urlsplit

from connectors.arm import Arm
from connectors.arm_models import Subscription, Vault
from connectors.azure_rights import NEEDS, WIDEST
from connectors.clients import Clients
from connectors.errors import Forbidden, NotFound, WireError
from embedded import doctor_fixes as fixes
from embedded.doctor_finding import Finding
from settings import Settings

_WHAT = "Azure"
_SECRET, _VERSION = "jml-doctor", "0" * 32


async def azure(settings: Settings, clients: Clients, principal_id: str | None) -> list[Finding]:
    """Look at every subscription that the platform sees; it sees those in which it has any role."""
    arm = clients.arm()
    subscriptions = [one for one in await arm.subscriptions.all() if one.state == "Enabled"]
    if not subscriptions:
        scope = "/subscriptions/<subscription id>"
        commands = tuple(fixes.azure_role(settings, principal_id, role, scope) for role in (WIDEST, NEEDS[0].role))
        return [Finding(_WHAT, "wrong", "no role in any subscription; without Azure: JML_WITHOUT=azure", commands)]
    if principal_id is None:
        return [Finding(_WHAT, "wrong", "which roles the platform has cannot be told without Directory.Read.All")]
    found = []
    for subscription in subscriptions:
        found += await _subscription(settings, arm, subscription, principal_id)
        found += await _vaults(settings, clients, arm, subscription, principal_id)
    return found


async def _subscription(settings: Settings, arm: Arm, subscription: Subscription, principal_id: str) -> list[Finding]:
    scope = f"/subscriptions/{subscription.id}"
    try:
        assignments = await arm.roles.of_all_groups(scope, principal_id)
        held = await arm.rights.held(subscription.id, assignments)
    except Forbidden:
        command = fixes.azure_role(settings, principal_id, NEEDS[0].role, scope)
        said = f"{subscription.name}: no role in the whole of it, so role assignments cannot be read"
        return [Finding(_WHAT, "wrong", said, (command,))]
    missing = [(need, actions) for need in NEEDS if (actions := held.missing(need))]
    if not missing:
        return [Finding(_WHAT, "ok", f"{subscription.name}: every right is there")]
    wide = any(need.role == WIDEST for need, _ in missing)
    roles = {need.role for need, _ in missing if not wide or need.role in (WIDEST, NEEDS[0].role)}
    commands = {role: fixes.azure_role(settings, principal_id, role, scope) for role in roles}
    return [
        Finding(
            _WHAT,
            "wrong",
            f"{subscription.name}: {', '.join(actions)} missing: with them the platform {need.purpose}",
            (commands[need.role],) if need.role in commands else (),
        )
        for need, actions in missing
    ]


async def _vaults(
    settings: Settings, clients: Clients, arm: Arm, subscription: Subscription, principal_id: str
) -> list[Finding]:
    try:
        vaults = await arm.vaults.all(subscription.id)
    except Forbidden:
        return []
    closed = [vault for vault in vaults if not await _opens(clients, vault)]
    names = ", ".join(vault.name for vault in closed)
    if closed:
        commands = tuple(fixes.vault(settings, principal_id, vault) for vault in closed)
        said = f"{subscription.name}: secrets of {names} cannot be changed, if they are to be"
        return [Finding("key vaults", "look", said, commands)]
    if vaults:
        return [Finding("key vaults", "ok", f"{subscription.name}: secrets of all {len(vaults)} can be changed")]
    return []


async def _opens(clients: Clients, vault: Vault) -> bool:
    """May secrets be listed and changed there? Asked of a secret that is not there; a vault out of reach is closed."""
    client = clients.vault(vault.name, urlsplit(vault.uri).hostname or "")
    try:
        await client.versions(_SECRET)
        await client.disable(_SECRET, _VERSION)
    except NotFound:
        return True
    except WireError:
        return False
    return True
