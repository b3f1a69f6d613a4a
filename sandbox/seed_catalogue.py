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
    "EXCHANGE_S_ENTERPRISE": "efb87545-963c-4e0d-99df-69c6916d9eb0",
    "EXCHANGE_S_FOUNDATION": "113feb6c-3fe4-4440-bddc-54d774bf0318",
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
)
SPE_E3, _, AAD_PREMIUM_P2 = (sku_id for _, sku_id, _, _ in _SKUS)
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
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Device.ReadWrite.All": "1138cb37-bd11-4084-a2b7-9f71582aeddb",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "Files.ReadWrite.All": "75359482-378d-4052-8f01-80520e7db3cd",
    "Group.ReadWrite.All": "62a82d76-70ea-41e2-9197-370581804d09",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "LicenseAssignment.ReadWrite.All": "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "MailboxSettings.ReadWrite": "6931bccd-447a-43d1-b442-00a195474933",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "User.DeleteRestore.All": "eccc023d-eccf-4e7b-9683-8813ab36cecc",
    "User.EnableDisableAccount.All": "3011c876-62b7-4ada-afa2-506cbbecc68c",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User.ReadWrite.All": "741f803b-c850-494e-b5df-cde7c675a1ca",
    "User.RevokeSessions.All": "77f3a031-c388-4f99-b373-dc68676a979e",
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
