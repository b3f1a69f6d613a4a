"""Azure's built-in roles that this tenant knows, with Microsoft's own ids and permissions.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from sandbox.store import Doc

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
VM_CONTRIBUTOR = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"

_BASE = ("Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/deployments/*")
_IN_GROUP = (*_BASE, "Microsoft.ResourceHealth/availabilityStatuses/read",
             "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*")  # fmt: skip
_ACCESS = ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_KEY = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"
_BLOBS = f"{_CONTAINERS}/blobs"
_VAULT_READ = ("Microsoft.KeyVault/checkNameAvailability/read", "Microsoft.KeyVault/deletedVaults/read",
               "Microsoft.KeyVault/locations/*/read", "Microsoft.KeyVault/vaults/*/read",
               "Microsoft.KeyVault/operations/read")  # fmt: skip
_MACHINES = ("Microsoft.Compute/availabilitySets/*", "Microsoft.Compute/locations/*",
             "Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/virtualMachineScaleSets/*",
             "Microsoft.Compute/disks/write", "Microsoft.Compute/disks/read", "Microsoft.Compute/disks/delete",
             "Microsoft.Network/networkInterfaces/*", "Microsoft.Network/networkSecurityGroups/join/action",
             "Microsoft.Network/networkSecurityGroups/read", "Microsoft.Network/publicIPAddresses/join/action",
             "Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
             "Microsoft.Network/virtualNetworks/subnets/join/action",
             "Microsoft.Storage/storageAccounts/listKeys/action", "Microsoft.Storage/storageAccounts/read")  # fmt: skip
_SIGN_IN = ("Microsoft.Network/publicIPAddresses/read", "Microsoft.Network/virtualNetworks/read",
            "Microsoft.Network/networkInterfaces/read", "Microsoft.Compute/virtualMachines/*/read")  # fmt: skip
_NOT_OWNER = ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write",
              "Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write",
              "Microsoft.Blueprint/blueprintAssignments/delete")  # fmt: skip

_Actions = tuple[str, ...]
_ROLES: tuple[tuple[str, str, str, _Actions, _Actions, _Actions], ...] = (
    (OWNER, "Owner", "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
     ("*",), (), ()),
    (CONTRIBUTOR, "Contributor", "Grants full access to manage all resources, but does not allow you to assign roles "
     "in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.", ("*",), _NOT_OWNER, ()),
    (READER, "Reader", "View all resources, but does not allow you to make any changes.", ("*/read",), (), ()),
    (USER_ACCESS_ADMINISTRATOR, "User Access Administrator", "Lets you manage user access to Azure resources.",
     _ACCESS, (), ()),
    ("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator",
     "Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage "
     "access using other ways, such as Azure Policy.",
     ("Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read",
      "Microsoft.Support/*"), (), ()),
    (VM_CONTRIBUTOR, "Virtual Machine Contributor", "Lets you manage virtual machines, but not access to them, and not "
     "the virtual network or storage account they're connected to.", (*_IN_GROUP, *_MACHINES), (), ()),
    ("1c0163c0-47e6-4577-8991-ea5c82e286e4", "Virtual Machine Administrator Login",
     "View Virtual Machines in the portal and login as administrator", _SIGN_IN, (),
     ("Microsoft.Compute/virtualMachines/login/action", "Microsoft.Compute/virtualMachines/loginAsAdmin/action")),
    ("fb879df8-f326-4884-b1cf-06f3ad86be52", "Virtual Machine User Login",
     "View Virtual Machines in the portal and login as a regular user.", _SIGN_IN, (),
     ("Microsoft.Compute/virtualMachines/login/action",)),
    ("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor",
     "Lets you manage networks, but not access to them.", (*_IN_GROUP, "Microsoft.Network/*"), (), ()),
    ("17d1049b-9a84-46fb-8f53-869881c3d3ab", "Storage Account Contributor",
     "Lets you manage storage accounts, including accessing storage account keys which provide full access to storage "
     "account data.", (*_IN_GROUP, "Microsoft.Storage/storageAccounts/*"), (), ()),
    ("81a9662b-bebf-436f-a333-f67b29880f12", "Storage Account Key Operator Service Role",
     "Storage Account Key Operators are allowed to list and regenerate keys on Storage Accounts",
     ("Microsoft.Storage/storageAccounts/listkeys/action", "Microsoft.Storage/storageAccounts/regeneratekey/action"),
     (), ()),
    (BLOB_CONTRIBUTOR, "Storage Blob Data Contributor", "Allows for read, write and delete access to Azure Storage "
     "blob containers and data", (f"{_CONTAINERS}/delete", f"{_CONTAINERS}/read", f"{_CONTAINERS}/write", _KEY), (),
     (f"{_BLOBS}/delete", f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/move/action", f"{_BLOBS}/add/action")),
    ("b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "Storage Blob Data Owner", "Allows for full access to Azure Storage blob "
     "containers and data, including assigning POSIX access control.", (f"{_CONTAINERS}/*", _KEY), (),
     (f"{_BLOBS}/*",)),
    ("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "Storage Blob Data Reader",
     "Allows for read access to Azure Storage blob containers and data", (f"{_CONTAINERS}/read", _KEY), (),
     (f"{_BLOBS}/read",)),
    ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator", "Perform all data plane operations on a key "
     "vault and all objects in it, including certificates, keys, and secrets.", (*_BASE, *_VAULT_READ), (),
     ("Microsoft.KeyVault/vaults/*",)),
    ("f25e0fa2-a7c8-4377-a976-54943a77a395", "Key Vault Contributor", "Lets you manage key vaults, but not access to "
     "them.", (*_BASE, "Microsoft.KeyVault/*"),
     ("Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*",
      "Microsoft.KeyVault/managedHsms/*"), ()),
    ("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader", "Read metadata of key vaults and its certificates, "
     "keys, and secrets.", (*_BASE, *_VAULT_READ), (),
     ("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/secrets/readMetadata/action")),
    (SECRETS_OFFICER, "Key Vault Secrets Officer", "Perform any action on the secrets of a key vault, except manage "
     "permissions.", (*_BASE, *_VAULT_READ), (), ("Microsoft.KeyVault/vaults/secrets/*",)),
    (SECRETS_USER, "Key Vault Secrets User", "Read secret contents.", (), (),
     ("Microsoft.KeyVault/vaults/secrets/getSecret/action", "Microsoft.KeyVault/vaults/secrets/readMetadata/action")),
    ("4a9ae827-6dc8-4573-8ac7-8239d42aa03f", "Tag Contributor", "Lets you manage tags on entities, without providing "
     "access to the entities themselves.",
     (*_IN_GROUP, "Microsoft.Resources/subscriptions/resources/read", "Microsoft.Resources/tags/*"), (), ()),
    ("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", "Can read all monitoring data.",
     ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"), (), ()),
    ("fa23ad8b-c56e-40d8-ac0c-ce449e1d2c64", "Billing Reader", "Allows read access to billing data",
     ("Microsoft.Authorization/*/read", "Microsoft.Billing/*/read", "Microsoft.Consumption/*/read",
      "Microsoft.Management/managementGroups/read", "Microsoft.Support/*"), (), ()),
)  # fmt: skip


def roles() -> list[Doc]:
    """The definitions as documents."""
    return [
        {
            "id": key,
            "roleName": name,
            "description": description,
            "permissions": [
                {
                    "actions": list(actions),
                    "notActions": list(excluded),
                    "dataActions": list(data),
                    "notDataActions": [],
                }
            ],
        }
        for key, name, description, actions, excluded, data in _ROLES
    ]
