"""Microsoft's national clouds: where sign-in, Graph, Azure and Exchange are in each of them.

Sources: "National cloud deployments" (Microsoft Graph), "Azure Government developer guide", "Developer differences
in Azure operated by 21Vianet", and the connection settings of the Exchange Online PowerShell module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CloudName = Literal["public", "usgov", "usgovdod", "china"]


@dataclass(frozen=True)
class Cloud:
    """The addresses of one cloud; ``vault_suffix`` follows a vault's name."""

    authority_url: str
    graph_url: str
    arm_url: str
    vault_suffix: str
    exchange_url: str

    @property
    def graph_scope(self) -> str:
        """What a token for Microsoft Graph is asked with."""
        return f"{self.graph_url}/.default"

    @property
    def arm_scope(self) -> str:
        """What a token for Azure Resource Manager is asked with."""
        return f"{self.arm_url}/.default"

    @property
    def vault_scope(self) -> str:
        """What a token for the secrets of any vault is asked with."""
        return f"https://{self.vault_suffix}/.default"

    @property
    def exchange_scope(self) -> str:
        """What a token for Exchange administration is asked with."""
        return f"{self.exchange_url}/.default"

    @property
    def vault_url(self) -> str:
        """The address of a vault, with its name still to be put in."""
        return f"https://{{name}}.{self.vault_suffix}"


CLOUDS: Mapping[CloudName, Cloud] = {
    "public": Cloud(
        authority_url="https://login.microsoftonline.com",
        graph_url="https://graph.microsoft.com",
        arm_url="https://management.azure.com",
        vault_suffix="vault.azure.net",
        exchange_url="https://outlook.office365.com",
    ),
    "usgov": Cloud(
        authority_url="https://login.microsoftonline.us",
        graph_url="https://graph.microsoft.us",
        arm_url="https://management.usgovcloudapi.net",
        vault_suffix="vault.usgovcloudapi.net",
        exchange_url="https://outlook.office365.us",
    ),
    "usgovdod": Cloud(
        authority_url="https://login.microsoftonline.us",
        graph_url="https://dod-graph.microsoft.us",
        arm_url="https://management.usgovcloudapi.net",
        vault_suffix="vault.usgovcloudapi.net",
        exchange_url="https://webmail.apps.mil",
    ),
    "china": Cloud(
        authority_url="https://login.partner.microsoftonline.cn",
        graph_url="https://microsoftgraph.chinacloudapi.cn",
        arm_url="https://management.chinacloudapi.cn",
        vault_suffix="vault.azure.cn",
        exchange_url="https://partner.outlook.cn",
    ),
}
"""``public`` is also where the US government's GCC tenants are; ``usgov`` is GCC High, ``usgovdod`` the DoD's."""
