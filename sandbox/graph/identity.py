"""The calls about what belongs to an identity: authentication methods, devices, applications, consents, ownership."""

from sandbox.graph.apps import (
    app_owners,
    app_roles,
    applications,
    consents,
    federated_credentials,
    owned,
    service_principals,
)
from sandbox.graph.call import Router
from sandbox.graph.devices import devices, managed_devices
from sandbox.graph.people import access_passes, authentication, method_policy, sign_in_preferences, sponsors

router = Router()
for _part in (
    access_passes, app_owners, app_roles, applications, authentication, consents, devices,
    federated_credentials, managed_devices, method_policy, owned, service_principals, sign_in_preferences,
    sponsors,
):  # fmt: skip
    router.include(_part.router)
