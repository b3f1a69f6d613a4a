"""The clients of one tenant, opened from plain settings: the one place that says which client takes which token."""

from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from pydantic import SecretStr

from connectors.arm import READS_PER_10_S, WRITES_PER_150_S, Arm
from connectors.budget import Budget
from connectors.credentials import Identity
from connectors.exchange import ExchangeRest
from connectors.graph import GraphClient
from connectors.key_vault import KeyVault
from connectors.scim import ScimClient
from connectors.tokens import EntraTokens, StaticToken


class _Closing(Protocol):
    async def aclose(self) -> None: ...


C = TypeVar("C", bound=_Closing)


class TenantSettings(Protocol):
    """What must be known of a tenant and of the platform's principal there."""

    tenant_id: str
    authority_url: str
    client_id: str
    client_secret: SecretStr | None
    certificate_file: Path | None
    federated_token_file: Path | None
    ca_file: Path | None
    graph_url: str
    graph_scope: str
    arm_url: str
    arm_scope: str
    vault_url: str
    vault_scope: str
    exchange_url: str
    exchange_scope: str
    scim_url: str
    scim_token: SecretStr | None
    processes: int

    @property
    def managed_identity(self) -> Identity | None:
        """The kind of managed identity to sign in with, if it is to be one."""


class Clients:
    """Opens clients with the platform's own credentials; they are closed with it.

    All Graph clients spend from one budget, this process's share of the tenant's, and all Azure clients from another.
    With ``read_only=True`` every client refuses all but GET before it is sent.
    """

    def __init__(self, settings: TenantSettings, *, read_only: bool = False) -> None:
        self._settings = settings
        self._read_only = read_only
        self._budget = Budget(processes=settings.processes)
        self._arm_budget = Budget(READS_PER_10_S, WRITES_PER_150_S, processes=settings.processes)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Nothing is open before the first client is asked for."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the clients."""
        await self._stack.aclose()

    def tokens(self, scope: str) -> EntraTokens:
        """Tokens of the platform's principal for one resource."""
        settings = self._settings
        return EntraTokens(
            authority_url=settings.authority_url,
            tenant_id=settings.tenant_id,
            client_id=settings.client_id,
            scope=scope,
            client_secret=settings.client_secret.get_secret_value() if settings.client_secret else None,
            certificate_file=settings.certificate_file,
            federated_token_file=settings.federated_token_file,
            managed_identity=settings.managed_identity,
            ca_file=settings.ca_file,
        )

    def graph(self) -> GraphClient:
        """A client of Microsoft Graph."""
        settings = self._settings
        client = GraphClient(
            settings.graph_url,
            self.tokens(settings.graph_scope),
            ca_file=settings.ca_file,
            budget=self._budget,
            read_only=self._read_only,
        )
        return self._kept(client)

    def arm(self) -> Arm:
        """A client of Azure Resource Manager."""
        settings = self._settings
        tokens = self.tokens(settings.arm_scope)
        client = Arm(
            settings.arm_url,
            tokens,
            ca_file=settings.ca_file,
            budget=self._arm_budget,
            read_only=self._read_only,
        )
        return self._kept(client)

    def exchange(self, domain: str) -> ExchangeRest:
        """A client of Exchange administration; ``domain`` is the tenant's ``….onmicrosoft.com`` name."""
        settings = self._settings
        tokens = self.tokens(settings.exchange_scope)
        client = ExchangeRest(
            settings.exchange_url,
            tokens,
            tenant_id=settings.tenant_id,
            domain=domain,
            ca_file=settings.ca_file,
            read_only=self._read_only,
        )
        return self._kept(client)

    def vault(self, name: str, host: str) -> KeyVault:
        """A client of one key vault's secrets; ``host`` is the vault's own host name."""
        settings = self._settings
        url, tokens = settings.vault_url.format(name=name), self.tokens(settings.vault_scope)
        return self._kept(KeyVault(url, tokens, ca_file=settings.ca_file, host=host, read_only=self._read_only))

    def scim(self) -> ScimClient | None:
        """A client of the SCIM target; None where none is set."""
        settings = self._settings
        if not settings.scim_url or settings.scim_token is None:
            return None
        bearer = StaticToken(settings.scim_token.get_secret_value())
        return self._kept(ScimClient(settings.scim_url, bearer, ca_file=settings.ca_file, read_only=self._read_only))

    def _kept(self, client: C) -> C:
        self._stack.push_async_callback(client.aclose)
        return client
