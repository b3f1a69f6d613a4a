"""The calls about what belongs to an identity: authentication methods, devices, applications, consents, ownership."""

from sandbox.graph import (
    access_passes,
    app_owners,
    app_roles,
    applications,
    authentication,
    consents,
    devices,
    federated_credentials,
    managed_devices,
    method_policy,
    owned,
    service_principals,
    sign_in_preferences,
    sponsors,
)
from sandbox.graph.call import Router

router = Router()
for _part in (
    access_passes, app_owners, app_roles, applications, authentication, consents, devices,
    federated_credentials, managed_devices, method_policy, owned, service_principals, sign_in_preferences,
    sponsors,
):  # fmt: skip
    router.include(_part.router)
