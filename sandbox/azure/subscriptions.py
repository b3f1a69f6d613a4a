"""Subscriptions, the tenant, management groups, regions and providers."""

from starlette.responses import Response

from sandbox.azure import rbac
from sandbox.azure.call import Call, Router
from sandbox.azure.errors import ArmError
from sandbox.azure.paging import page
from sandbox.azure.scopes import SUBSCRIPTION
from sandbox.store import Doc

router = Router()
REGIONS = (
    ("westeurope", "West Europe"),
    ("northeurope", "North Europe"),
    ("uksouth", "UK South"),
    ("eastus", "East US"),
)
PROVIDERS = {
    "Microsoft.Authorization": ("roleAssignments", "roleDefinitions", "locks"),
    "Microsoft.Compute": ("virtualMachines", "disks"),
    "Microsoft.KeyVault": ("vaults", "managedHSMs"),
    "Microsoft.Management": ("managementGroups",),
    "Microsoft.Network": ("virtualNetworks", "networkInterfaces", "networkSecurityGroups", "publicIPAddresses"),
    "Microsoft.Resources": ("subscriptions", "resourceGroups", "tags"),
    "Microsoft.Storage": ("storageAccounts",),
}


@router.add("GET", "/subscriptions", None)
def subscriptions(call: Call) -> Response:
    """``GET /subscriptions``: those the caller has any role in."""
    there = call.store.seen_all("azure_subscriptions")
    found = [doc for doc in there if rbac.has_any(call.store, call.caller.object_id, f"/subscriptions/{doc['id']}")]
    more: Doc = {} if call.version < "2019" else {"count": {"type": "Total", "value": len(found)}}
    return page(call, found, lambda doc: _shown(call, doc), **more)


@router.add("GET", SUBSCRIPTION, "Microsoft.Resources/subscriptions/read")
def subscription(call: Call) -> Response:
    """``GET /subscriptions/{id}``."""
    return call.answer(_shown(call, call.store.seen("azure_subscriptions", call.params["subscription"].lower()) or {}))


def _shown(call: Call, doc: Doc) -> Doc:
    tags = {"tags": doc["tags"]} if doc["tags"] else {}
    newer = {} if call.version < "2019" else {"managedByTenants": [], **tags}
    return {
        "id": f"/subscriptions/{doc['id']}",
        "authorizationSource": "RoleBased",
        **newer,
        "subscriptionId": doc["id"],
        "tenantId": call.sent.pipeline.tenant_id,
        "displayName": doc["displayName"],
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


@router.add("GET", "/tenants", None)
def tenants(call: Call) -> Response:
    """``GET /tenants``: the one there is."""
    key = call.sent.pipeline.tenant_id
    tenant = {
        "id": f"/tenants/{key}",
        "tenantId": key,
        "countryCode": "GB",
        "displayName": "Practice Ltd",
        "domains": ["practice.example", "practice.onmicrosoft.com"],
        "tenantCategory": "Home",
        "defaultDomain": "practice.example",
        "tenantType": "AAD",
    }
    return page(call, [tenant])


@router.add("GET", f"{SUBSCRIPTION}/locations", "Microsoft.Resources/subscriptions/locations/read")
def locations(call: Call) -> Response:
    """``GET /subscriptions/{id}/locations``."""
    root = f"/subscriptions/{call.params['subscription']}/locations"
    found: list[Doc] = [
        {
            "id": f"{root}/{name}",
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": display,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        }
        for name, display in REGIONS
    ]
    return page(call, found)


@router.add("GET", "/providers", None)
@router.add("GET", f"{SUBSCRIPTION}/providers", "Microsoft.Resources/subscriptions/providers/read")
def providers(call: Call) -> Response:
    """``GET …/providers``."""
    return page(call, [_provider(call, namespace) for namespace in PROVIDERS])


@router.add("GET", "/providers/{namespace}", None)
@router.add("POST", "/providers/{namespace}/register", None)
@router.add("GET", f"{SUBSCRIPTION}/providers/{{namespace}}", "Microsoft.Resources/subscriptions/providers/read")
@router.add("POST", f"{SUBSCRIPTION}/providers/{{namespace}}/register", "Microsoft.Resources/register/action")
def provider(call: Call) -> Response:
    """``GET …/providers/{namespace}``; all are registered already."""
    wanted = call.params["namespace"]
    namespace = next((name for name in PROVIDERS if name.lower() == wanted.lower()), None)
    if namespace is None:
        raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid.")
    return call.answer(_provider(call, namespace))


def _provider(call: Call, namespace: str) -> Doc:
    root = f"/subscriptions/{call.params['subscription']}" if "subscription" in call.params else ""
    return {
        "id": f"{root}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [
            {"resourceType": kind, "locations": [name for _, name in REGIONS], "apiVersions": [call.version]}
            for kind in PROVIDERS[namespace]
        ],
    }


_MANAGEMENT = "/providers/Microsoft.Management/managementGroups"


@router.add("GET", _MANAGEMENT, None)
def management_groups(call: Call) -> Response:
    """``GET /providers/Microsoft.Management/managementGroups``: those the caller may read."""
    there = [_management(call, doc) for doc in call.store.seen_all("azure_management_groups")]
    return page(call, [doc for doc in there if rbac.allowed(call.store, call.caller.object_id, _READ, doc["id"])])


_READ = "Microsoft.Management/managementGroups/read"


@router.add("GET", f"{_MANAGEMENT}/{{name}}", _READ)
def management_group(call: Call) -> Response:
    """``GET /providers/Microsoft.Management/managementGroups/{name}``."""
    found = call.store.seen("azure_management_groups", call.params["name"].lower())
    if found is None:
        raise ArmError(404, "NotFound", f"The management group '{call.params['name']}' cannot be found.")
    return call.answer(_management(call, found))


def _management(call: Call, doc: Doc) -> Doc:
    return {
        "id": f"{_MANAGEMENT}/{doc['id']}",
        "type": "Microsoft.Management/managementGroups",
        "name": doc["id"],
        "properties": {"tenantId": call.sent.pipeline.tenant_id, "displayName": doc["displayName"]},
    }
