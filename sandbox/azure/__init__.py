"""Azure of the practice tenant: Resource Manager with its providers, the data of key vaults, and (``blobs``) blobs."""

from starlette.routing import Route

from sandbox.azure import metadata, vault_secrets
from sandbox.azure.arm import arm

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

routes = [
    Route("/metadata/endpoints", metadata.endpoints),
    *(Route(f"/{first}{{rest:path}}", arm, methods=_METHODS) for first in ("subscriptions", "providers", "tenants")),
    *vault_secrets.routes,
]
