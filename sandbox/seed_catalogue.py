"""What Microsoft defines and every tenant has: products with their service plans, directory roles, Graph's permissions.

Identifiers are Microsoft's own (licensing service plan reference; Entra built-in roles; Graph permissions reference).
"""

from uuid import NAMESPACE_URL, uuid5

from sandbox.store import Doc

TENANT_ID = "11111111-1111-4111-8111-111111111111"

_PLANS = {
    "AAD_PREMIUM": "41781fb2-bc02-4b7c-bd55-b576c07bb09d",
    "AAD_PREMIUM_P2": "eec0eb4f-6444-4f95-aba0-50c24d67f998",
    "ADALLOM_S_DISCOVERY": "932ad362-64a8-4783-9106-97849a1a30b9",
    "BPOS_S_TODO_2": "c87f142c-d1e9-4363-8630-aaea9c4d9ae5",
    "Deskless": "8c7d2df8-86f0-4902-b2ed-a0458298f3b3",
    "BPOS_S_TODO_FIRSTLINE": "80873e7a-cd2a-4e67-b061-1b5381a676a5",
    "EXCHANGE_S_DESKLESS": "4a82b400-a79f-41a4-b4e2-e94f5787b113",
    "EXCHANGE_S_ENTERPRISE": "efb87545-963c-4e0d-99df-69c6916d9eb0",
    "EXCHANGE_S_FOUNDATION": "113feb6c-3fe4-4440-bddc-54d774bf0318",
    "FLOW_O365_S1": "bd91b1a4-9f94-4ecf-b45b-3a65e5c8128a",
    "FORMS_PLAN_K": "f07046bd-2a3c-4b96-b0be-dea79d7cbfb8",
    "MCOIMP": "afc06cb0-b4f4-4473-8286-d644f70d8faf",
    "OFFICEMOBILE_SUBSCRIPTION": "c63d4d19-e8cb-460e-b37c-4d6c34603745",
    "POWERAPPS_O365_S1": "e0287f9f-e222-4f98-9a83-f379e249159a",
    "SHAREPOINTDESKLESS": "902b47e5-dcb2-4fdc-858b-c63a90a2bdb9",
    "STREAM_O365_K": "3ffba0d2-38e5-4d5e-8ec0-98f2b05c09d9",
    "FLOW_O365_P2": "76846ad7-7776-4c40-a281-a386362dd1b9",
    "FORMS_PLAN_E3": "2789c901-c14e-48ab-a76a-be334d9d793a",
    "INTUNE_A": "c1ec4a95-1f05-45b3-a911-aa3fa01094f5",
    "INTUNE_O365": "882e1d05-acd1-4ccb-8708-6ee03664b117",
    "MCOSTANDARD": "0feaeb32-d00e-4d66-bd5a-43b5b83db82c",
    "MFA_PREMIUM": "8a256a2b-b617-496d-b51b-e76466e88db0",
    "OFFICESUBSCRIPTION": "43de0ff5-c92c-492b-9116-175376d08c38",
    "POWERAPPS_O365_P2": "c68f8d98-5534-41c8-bf36-22fa496fa792",
    "PROJECTWORKMANAGEMENT": "b737dad2-2f6c-4c65-90e3-ca563267e8b9",
    "RMS_S_ENTERPRISE": "bea4c11e-220a-4e6d-8eb8-8ea15d019f90",
    "RMS_S_PREMIUM": "6c57d4b6-3b23-47a5-9bc9-69f17b4947b3",
    "SHAREPOINTENTERPRISE": "5dbe027f-2339-4123-9542-606e4d348a72",
    "SHAREPOINTWAC": "e95bec33-7c88-4a70-8e19-b10bd9d0c014",
    "STREAM_O365_E3": "9e700747-8b1d-45e5-ab8d-ef187ceec156",
    "SWAY": "a23b959c-7ce8-4e57-9140-b90eb88a9e97",
    "TEAMS1": "57ff2da0-773e-42df-b2af-ffb7a2317929",
    "WIN10_PRO_ENT_SUB": "21b439ba-a0ca-424f-a6cc-52f954a5b111",
    "YAMMER_ENTERPRISE": "7547a3fe-08ee-4ccb-b430-5077c5041653",
}
_OFFICE = (
    "EXCHANGE_S_ENTERPRISE SHAREPOINTENTERPRISE SHAREPOINTWAC TEAMS1 OFFICESUBSCRIPTION MCOSTANDARD YAMMER_ENTERPRISE "
    "SWAY FLOW_O365_P2 POWERAPPS_O365_P2 PROJECTWORKMANAGEMENT STREAM_O365_E3 FORMS_PLAN_E3 Deskless BPOS_S_TODO_2 "
    "RMS_S_ENTERPRISE INTUNE_O365"
)
_SKUS = (
    (
        "SPE_E3",
        "05e9a617-0261-4cee-bb44-138d3ef5d965",
        20_000,
        _OFFICE.replace(
            "INTUNE_O365", "AAD_PREMIUM MFA_PREMIUM ADALLOM_S_DISCOVERY INTUNE_A RMS_S_PREMIUM WIN10_PRO_ENT_SUB"
        ),
    ),
    ("ENTERPRISEPACK", "6fd2c87f-b296-42f0-b197-1e91e994b900", 1_000, _OFFICE),
    (
        "AAD_PREMIUM_P2",
        "84a661c4-e949-4bd2-a560-ed7766fcaf2b",
        20_000,
        "AAD_PREMIUM AAD_PREMIUM_P2 MFA_PREMIUM ADALLOM_S_DISCOVERY EXCHANGE_S_FOUNDATION",
    ),
    (
        "SPE_F1",
        "66b55226-6b4f-492c-910c-a3b7a3c9d993",
        5_000,
        "EXCHANGE_S_DESKLESS SHAREPOINTDESKLESS TEAMS1 MCOIMP OFFICEMOBILE_SUBSCRIPTION YAMMER_ENTERPRISE SWAY "
        "FLOW_O365_S1 POWERAPPS_O365_S1 STREAM_O365_K FORMS_PLAN_K Deskless BPOS_S_TODO_FIRSTLINE INTUNE_A "
        "AAD_PREMIUM MFA_PREMIUM RMS_S_PREMIUM",
    ),
)
SPE_E3, _, AAD_PREMIUM_P2, SPE_F1 = (sku_id for _, sku_id, _, _ in _SKUS)
_COMPANY_WIDE = frozenset({"ADALLOM_S_DISCOVERY", "EXCHANGE_S_FOUNDATION", "INTUNE_O365"})

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
_ROLES = (
    (GLOBAL_ADMINISTRATOR, "Global Administrator", True),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator", True),
    (PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, "Privileged Authentication Administrator", True),
    (USER_ADMINISTRATOR, "User Administrator", True),
    (HELPDESK_ADMINISTRATOR, "Helpdesk Administrator", True),
    (EXCHANGE_ADMINISTRATOR, "Exchange Administrator", False),
    ("fdd7a751-b60b-444a-984c-02652fe8fa1c", "Groups Administrator", False),
    ("4d6ac14f-3453-41d0-bef9-a3e0c569773a", "License Administrator", False),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers", False),
)

GRAPH_PERMISSIONS = {
    "AdministrativeUnit.ReadWrite.All": "5eb59dd3-1da2-4329-8733-9dabdc435916",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "Calendars.ReadWrite": "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
    "Channel.ReadBasic.All": "59a6b24b-4225-4393-8165-ebaec5f55d7a",
    "ChannelMember.ReadWrite.All": "35930dcf-aceb-4bd1-b99a-8ffed403c974",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Device.ReadWrite.All": "1138cb37-bd11-4084-a2b7-9f71582aeddb",
    "DeviceManagementManagedDevices.PrivilegedOperations.All": "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
    "DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
    "DeviceManagementManagedDevices.ReadWrite.All": "243333ab-4d21-40cb-a475-36241daa0842",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "Files.ReadWrite.All": "75359482-378d-4052-8f01-80520e7db3cd",
    "Group.ReadWrite.All": "62a82d76-70ea-41e2-9197-370581804d09",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "LicenseAssignment.ReadWrite.All": "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    "Mail.ReadWrite": "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "MailboxSettings.ReadWrite": "6931bccd-447a-43d1-b442-00a195474933",
    "Policy.ReadWrite.AuthenticationMethod": "29c18626-4985-4dcd-85c0-193eef327366",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup": "41202f2c-f7ab-45be-b001-85c9728b9d69",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup": "618b6020-bca8-4de6-99f6-ef445fa4d857",
    "RoleAssignmentSchedule.ReadWrite.Directory": "dd199f4a-f148-40a4-a2ec-f0069cc799ec",
    "RoleEligibilitySchedule.ReadWrite.Directory": "fee28b28-e1f3-4841-818e-2704dc62245f",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "Policy.ReadWrite.ConditionalAccess": "01c0a623-fc9b-48e9-b794-0756f8e8f067",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "RoleManagementPolicy.ReadWrite.Directory": "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad",
    "Team.ReadBasic.All": "2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e",
    "TeamMember.ReadWrite.All": "0121dc95-1b9f-4aed-8bac-58c5ac466691",
    "TeamsActivity.Send": "a267235f-af13-44dc-8385-c1dc93023186",
    "Synchronization.ReadWrite.All": "9b50c33d-700f-43b1-b2eb-87e89b703581",
    "SynchronizationData-User.Upload": "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a",
    "User.DeleteRestore.All": "eccc023d-eccf-4e7b-9683-8813ab36cecc",
    "User.EnableDisableAccount.All": "3011c876-62b7-4ada-afa2-506cbbecc68c",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User.ReadWrite.All": "741f803b-c850-494e-b5df-cde7c675a1ca",
    "User.RevokeSessions.All": "77f3a031-c388-4f99-b373-dc68676a979e",
    "User-LifeCycleInfo.ReadWrite.All": "925f1248-0f97-47b9-8ec8-538c54e01325",
    "User-PasswordProfile.ReadWrite.All": "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
    "UserAuthenticationMethod.ReadWrite.All": "50483e42-d915-4231-9639-7fdb7fd190e5",
}
"""Application permissions of Microsoft Graph that the seeded applications are granted."""


def made(name: str) -> str:
    """The fixed id of a seeded thing, the same in every practice tenant and after every reset."""
    return str(uuid5(NAMESPACE_URL, f"https://practice.example/{name}"))


def skus() -> list[Doc]:
    """The tenant's subscriptions (Graph resource type subscribedSku, without ``consumedUnits``, which is counted)."""
    return [
        {
            "id": f"{TENANT_ID}_{sku_id}",
            "accountId": TENANT_ID,
            "accountName": "Practice",
            "skuId": sku_id,
            "skuPartNumber": name,
            "appliesTo": "User",
            "capabilityStatus": "Enabled",
            "prepaidUnits": {"enabled": seats, "suspended": 0, "warning": 0, "lockedOut": 0},
            "servicePlans": [_plan(plan) for plan in plans.split()],
            "subscriptionIds": [made(f"subscription/{name}")],
        }
        for name, sku_id, seats, plans in _SKUS
    ]


def _plan(name: str) -> Doc:
    return {
        "servicePlanId": _PLANS[name],
        "servicePlanName": name,
        "provisioningStatus": "Success",
        "appliesTo": "Company" if name in _COMPANY_WIDE else "User",
    }


def role_definitions() -> list[Doc]:
    """Built-in directory roles; their id is their template's."""
    return [
        {
            "id": role_id,
            "templateId": role_id,
            "displayName": name,
            "description": f"{name}, built in.",
            "isBuiltIn": True,
            "isEnabled": True,
            "isPrivileged": privileged,
            "resourceScopes": ["/"],
            "version": "1",
            "rolePermissions": [],
        }
        for role_id, name, privileged in _ROLES
    ]


def app_role(value: str, role_id: str, members: tuple[str, ...]) -> Doc:
    """An app role as applications and service principals carry it."""
    return {
        "id": role_id,
        "value": value,
        "displayName": value,
        "description": f"Allows {value}.",
        "allowedMemberTypes": list(members),
        "isEnabled": True,
        "origin": "Application",
    }
