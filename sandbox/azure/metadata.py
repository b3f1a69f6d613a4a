"""``GET /metadata/endpoints``: where everything of this cloud is; the one document of ARM that needs no token."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.exchange import exchange


async def endpoints(request: Request) -> Response:
    """The cloud as the Azure CLI reads it; services of this tenant are on its own origin."""
    origin = exchange(request).origin
    return JSONResponse(
        {
            "name": "AzureCloud",
            "portal": "https://portal.azure.com",
            "authentication": {
                "loginEndpoint": origin,
                "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "media": "https://rest.media.azure.net",
            "graphAudience": "https://graph.windows.net/",
            "graph": "https://graph.windows.net/",
            "resourceManager": origin,
            "microsoftGraphResourceId": origin,
            "gallery": origin,
            "batch": "https://batch.core.windows.net/",
            "sqlManagement": "https://management.core.windows.net:8443/",
            "vmImageAliasDoc": f"{origin}/metadata/aliases.json",
            "activeDirectoryDataLake": "https://datalake.azure.net/",
            "logAnalyticsResourceId": "https://api.loganalytics.io",
            "suffixes": {
                "keyVaultDns": "vault.azure.net",
                "storage": "core.windows.net",
                "acrLoginServer": "azurecr.io",
                "sqlServerHostname": "database.windows.net",
                "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
                "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
                "mhsmDns": "managedhsm.azure.net",
            },
        }
    )
