"""The seeded company in Azure: two subscriptions, a group with one resource of each kind, and who may do what there."""

from sandbox.azure import groups, networks, resources, role_catalogue, storage
from sandbox.azure.assignments import assignment
from sandbox.azure.vault_state import FIRST
from sandbox.azure.vault_state import KIND as VAULT
from sandbox.azure.vaults import policy
from sandbox.seed_catalogue import TENANT_ID, made
from sandbox.store import Doc, Store

SUBSCRIPTION = made("subscription/practice")
DEVELOPMENT = made("subscription/development")
GROUP = "rg-practice"
REGION = "westeurope"
_SINCE = "2024-01-08T09:00:00.0000000Z"
_MANAGEMENT_GROUP = "mg-practice"
_ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
_MACHINE = f"{_ROOT}/providers/Microsoft.Compute/virtualMachines/vm-practice-01"
_ACCOUNT = f"{_ROOT}/providers/{storage.KIND}/stpractice01"
_NETWORK = f"{_ROOT}/providers/{networks.VNET}/vnet-practice"
_NIC = f"{_ROOT}/providers/Microsoft.Network/networkInterfaces/nic-practice-01"
_NSG = f"{_ROOT}/providers/Microsoft.Network/networkSecurityGroups/nsg-practice"
_VAULT = f"{_ROOT}/providers/{VAULT}/kv-practice"
_PLATFORM = made("principal/platform")
_SECRET_PERMISSIONS = ["get", "list", "set", "delete", "recover", "backup", "restore", "purge"]


def document() -> Doc:
    """The part of ``sandbox.json``: ids, and the resource group's name."""
    return {
        "subscription_id": SUBSCRIPTION,
        "resource_group": GROUP,
        "virtual_machine": _MACHINE,
        "storage_account": _ACCOUNT,
        "virtual_network": _NETWORK,
        "key_vault": _VAULT,
    }


def seed(store: Store, employees: list[Doc]) -> None:
    """Fill Azure; ``employees`` are the company's people, whose engineers get machines and roles."""
    engineers = [person for person in employees if person["department"] == "Engineering"] or employees[:1]
    for role in role_catalogue.roles():
        store.put("azure_roles", role, 0)
    _subscriptions(store)
    _keys(store)
    people = [engineers[-1 - n % len(engineers)] for n in range(4)] if engineers else []
    owner = people[0]["userPrincipalName"] if people else "nobody"
    for path, tags in _groups(owner):
        store.put("azure_groups", groups.document(path, REGION, tags), 0)
    for resource in _resources(store, owner, people[2]["id"] if people else None):
        store.put("azure_resources", resource, 0)
    store.put("azure_containers", storage.container("stpractice01", "documents", {}, _SINCE), 0)
    store.put("azure_named", {"id": FIRST, "name": "kv-practice"}, 0)
    _assignments(store, [person["id"] for person in people])


def _subscriptions(store: Store) -> None:
    for name, title, parent in (
        (TENANT_ID, "Tenant Root Group", None),
        (_MANAGEMENT_GROUP, "Practice Ltd", TENANT_ID),
    ):
        store.put("azure_management_groups", {"id": name, "displayName": title, "parent": parent}, 0)
    for key, title in ((SUBSCRIPTION, "Practice Production"), (DEVELOPMENT, "Practice Development")):
        doc = {"id": key, "displayName": title, "tags": {}, "_management_group": _MANAGEMENT_GROUP}
        store.put("azure_subscriptions", doc, 0)


def _groups(owner: str) -> list[tuple[str, Doc]]:
    """The group of the company, and the personal workspace of one engineer."""
    workspace = "ws-" + owner.partition("@")[0].replace(".", "-")
    return [
        (_ROOT, {"purpose": "production"}),
        (f"/subscriptions/{DEVELOPMENT}/resourceGroups/{workspace}", {"purpose": "workspace", "owner": owner}),
    ]


def _keys(store: Store) -> None:
    """The storage account's keys are made once and kept, like all secrets."""
    if store.get("identity", "storage_keys") is None:
        keys = [storage.key(store, name, _SINCE) for name in ("key1", "key2")]
        store.put("identity", {"id": "storage_keys", "keys": keys})


def _resource(path: str, resource_type: str, tags: Doc, properties: Doc, **more: object) -> Doc:
    return resources.document(path, resource_type, REGION, tags, properties, _SINCE, **more)


def _resources(store: Store, owner: str, reader: str | None) -> list[Doc]:
    keys = (store.get("identity", "storage_keys") or {})["keys"]
    account = storage.properties_of("stpractice01", REGION, {}, _SINCE)
    sku = {"name": "Standard_LRS", "tier": "Standard"}
    return [
        _machine(owner),
        _resource(
            _ACCOUNT, storage.KIND, {"department": "Engineering"}, account, sku=sku, kind="StorageV2", _keys=keys
        ),
        *_network(),
        _vault(reader),
    ]


def _machine(owner: str) -> Doc:
    disk = {"osType": "Linux", "name": "vm-practice-01-os", "createOption": "FromImage", "caching": "ReadWrite"}
    image = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    properties = {
        "vmId": made("vm/vm-practice-01"),
        "hardwareProfile": {"vmSize": "Standard_B2s"},
        "storageProfile": {"imageReference": image, "osDisk": disk, "dataDisks": []},
        "osProfile": {"computerName": "vm-practice-01", "adminUsername": "practice", "secrets": []},
        "networkProfile": {"networkInterfaces": [{"id": _NIC, "properties": {"primary": True}}]},
        "provisioningState": "Succeeded",
        "timeCreated": _SINCE.replace("Z", "+00:00"),
    }
    kind = "Microsoft.Compute/virtualMachines"
    return _resource(_MACHINE, kind, {"owner": owner, "department": "Engineering"}, properties, _power="running")


def _network() -> list[Doc]:
    """A network with one subnet, the machine's interface in it, and a security group."""
    etag = f'W/"{made("etag/network")}"'
    subnet = {"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}
    address = {
        "name": "ipconfig1",
        "properties": {
            "privateIPAddress": "10.0.0.4",
            "privateIPAllocationMethod": "Dynamic",
            "subnet": {"id": f"{_NETWORK}/subnets/default"},
            "primary": True,
        },
    }
    bodies: tuple[tuple[str, str, Doc], ...] = (
        (_NETWORK, networks.VNET, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}),
        (_NSG, "Microsoft.Network/networkSecurityGroups", {"securityRules": []}),
        (_NIC, "Microsoft.Network/networkInterfaces", {
            "ipConfigurations": [address], "virtualMachine": {"id": _MACHINE}, "networkSecurityGroup": {"id": _NSG},
            "primary": True}),
    )  # fmt: skip
    docs = [_resource(path, kind, {}, properties, _etag=etag) for path, kind, properties in bodies]
    return [{**d, "properties": networks.completed(d, made(f"guid/{d['name']}"), "Succeeded")} for d in docs]


def _vault(reader: str | None) -> Doc:
    """The platform and one engineer have access policies; roles do not count for its secrets."""
    given = [(_PLATFORM, _SECRET_PERMISSIONS), *([(reader, ["get", "list"])] if reader else [])]
    policies = [
        policy({"tenantId": TENANT_ID, "objectId": key, "permissions": {"keys": [], "secrets": allowed}})
        for key, allowed in given
    ]
    properties = {
        "sku": {"family": "A", "name": "standard"},
        "tenantId": TENANT_ID,
        "accessPolicies": policies,
        "enabledForDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enableRbacAuthorization": False,
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Enabled",
    }
    who = {"createdBy": "iam.admin@practice.example", "createdByType": "User", "createdAt": _SINCE}
    system = {**who, "lastModifiedBy": who["createdBy"], "lastModifiedByType": "User", "lastModifiedAt": _SINCE}
    return _resource(_VAULT, VAULT, {"department": "IT"}, properties, systemData=system)


def _assignments(store: Store, people: list[str]) -> None:
    """The platform owns both subscriptions; people have roles at every kind of scope, some through groups."""
    root, production, development = "", f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{DEVELOPMENT}"
    catalogue = role_catalogue
    given = [
        (production, catalogue.OWNER, _PLATFORM, "ServicePrincipal"),
        (development, catalogue.OWNER, _PLATFORM, "ServicePrincipal"),
        (_ACCOUNT, catalogue.BLOB_CONTRIBUTOR, _PLATFORM, "ServicePrincipal"),
        (root, catalogue.READER, made("user/break.glass.one"), "User"),
        (f"/providers/Microsoft.Management/managementGroups/{_MANAGEMENT_GROUP}", catalogue.READER, made("group/IT"),
         "Group"),
        (_ROOT, catalogue.CONTRIBUTOR, made("group/Engineering"), "Group"),
    ]  # fmt: skip
    if people:
        workspace = next(doc for doc in store.all("azure_groups") if doc["tags"]["purpose"] == "workspace")["path"]
        given += [
            (workspace, catalogue.OWNER, people[0], "User"),
            (_MACHINE, catalogue.VM_CONTRIBUTOR, people[0], "User"),
            (production, catalogue.READER, people[1], "User"),
            (_ACCOUNT, catalogue.BLOB_CONTRIBUTOR, people[1], "User"),
            (_VAULT, catalogue.READER, people[2], "User"),
            (development, catalogue.CONTRIBUTOR, people[3], "User"),
        ]
    for scope, role, principal, kind in dict.fromkeys(given):
        name = made(f"azure/{scope}/{role}/{principal}")
        doc = assignment(scope, name, role, principal, kind, made("user/iam.admin"), _SINCE)
        store.put("azure_assignments", {**doc, "_made": 0.0}, 0)
