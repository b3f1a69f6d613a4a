"""What a key vault is: made, soft-deleted with its name kept, recovered and purged, its secrets with it."""

from datetime import datetime, timedelta

from sandbox.azure.call import stamp
from sandbox.azure.resources import drop, put
from sandbox.entra_resources import LOOPBACK
from sandbox.exchange import Exchange
from sandbox.store import Doc, Store

KIND = "Microsoft.KeyVault/vaults"
FIRST = "first_vault"
"""The identity under which the seed names the vault that answers on the tenant's own host name."""


def vault_named(store: Store, name: str) -> Doc | None:
    """The vault of a name, which is the world's."""
    found = store.find_seen("azure_resources", "_type", KIND.lower())
    return next((doc for doc in found if doc["name"].lower() == name.lower()), None)


def first_vault(store: Store) -> str:
    """The name of the vault that has no host name of its own here."""
    return str((store.get("azure_named", FIRST) or {}).get("name", ""))


def host_of(sent: Exchange) -> str:
    """The host name that was asked, without the port."""
    host = sent.origin.partition("://")[2]
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def is_local(sent: Exchange) -> bool:
    """Was this machine asked by its own name?"""
    return host_of(sent).strip("[]") in LOOPBACK


def address(sent: Exchange, name: str) -> str:
    """``vaultUri``: Microsoft's host name, or for the first vault this machine's own where that was asked."""
    if is_local(sent) and name == first_vault(sent.store):
        return f"{sent.origin}/"
    return f"https://{name}.vault.azure.net/"


def secrets_of(store: Store, vault: str) -> list[Doc]:
    """All secrets of a vault, by its name in lower case, deleted ones too."""
    return store.find_seen("azure_secrets", "_vault", vault.lower())


def soft_delete(store: Store, doc: Doc) -> None:
    """Keep a deleted vault, and its name, for its retention."""
    days = int(doc["properties"].get("softDeleteRetentionInDays", 90))
    now = store.now()
    kept = {
        "id": doc["name"].lower(),
        "vault": doc,
        "deleted": now.isoformat(),
        "purge": (now + timedelta(days=days)).isoformat(),
    }
    put(store, "azure_deleted_vaults", kept)


def purge(store: Store, kept: Doc) -> None:
    """Delete a vault for good, with its secrets; its name is free."""
    for secret in store.find("azure_secrets", "_vault", kept["id"]):
        drop(store, "azure_secrets", secret["id"])
    drop(store, "azure_deleted_vaults", kept["id"])


def expire(store: Store) -> None:
    """Purge the vaults whose retention is over."""
    now = store.now().isoformat()
    for kept in store.all("azure_deleted_vaults"):
        if kept["purge"] < now:
            purge(store, kept)


def at(text: str) -> str:
    """A kept moment as ARM writes it."""
    return stamp(datetime.fromisoformat(text))
