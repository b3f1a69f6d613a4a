"""Which application permissions the platform needs, what each is for, and a harmless call that shows if it is there.

What is least, by the permissions tables of Microsoft Graph:

- ``User.ReadWrite.All`` is the least there is for creating, changing and deleting accounts and for managers. It already
  contains the granular ``User.RevokeSessions.All``, ``User.EnableDisableAccount.All``, ``User.DeleteRestore.All`` and,
  for people, ``LicenseAssignment.ReadWrite.All``: granting those beside it adds nothing. It does not contain
  ``User-PasswordProfile.ReadWrite.All``, without which no application resets a password.
- ``Directory.Read.All`` is the least that Microsoft documents for reading what somebody is a member of. It contains
  what the platform reads of groups, licences, devices, applications and roles: no other ``….Read.All`` is asked for.
- ``RoleManagement.ReadWrite.Directory`` is the only one that assigns directory roles, and contains those of Privileged
  Identity Management. Whoever gives no directory roles leaves it out and has the granular ones.
- Nothing smaller than ``Group.ReadWrite.All`` and ``Application.ReadWrite.All`` changes owners; without that feature
  ``GroupMember.ReadWrite.All`` is asked for instead of the first.

Every permission with a ``feature`` can be left out by a company that does without. Sources: Microsoft Graph permissions
reference, and the page of each call; app-only access of Exchange Online ("App-only authentication in Exchange Online
PowerShell").
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Feature = Literal[
    "applications", "azure", "devices", "exchange", "files", "intune", "mailboxes", "notices", "owners", "pim",
    "privileged", "provisioning", "roles", "teams", "units",
]  # fmt: skip
"""What a company may do without."""

NOBODY = "00000000-0000-0000-0000-000000000000"
"""The nil GUID, which no object has: a write to it changes nothing, and is 404 with the permission, 403 without."""


@dataclass(frozen=True)
class Resource:
    """A Microsoft API that permissions are of; its application id is the same in every tenant and cloud."""

    name: str
    app_id: str


GRAPH = Resource("Microsoft Graph", "00000003-0000-0000-c000-000000000000")
EXCHANGE = Resource("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000")


@dataclass(frozen=True)
class Probe:
    """A call of Graph that changes nothing: a read of one id, or a write to ``NOBODY``.

    A 403 always says that the permission is not there. That any other answer says it is there holds where Graph asks
    for the permission before it looks for the object, and no other permission admits the call (``proves``); mailboxes,
    drives and provisioning may look first.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    proves: bool = False


@dataclass(frozen=True)
class Permission:
    """An application permission: its name and id there, what the platform does with it, and what it ``contains``."""

    name: str
    id: str
    purpose: str
    probes: tuple[Probe, ...] = ()
    feature: Feature | None = None
    contains: tuple[str, ...] = ()
    resource: Resource = GRAPH


_ROLES = "/roleManagement/directory"
_REQUEST = {
    "action": "adminAssign",
    "isValidationOnly": True,
    "principalId": NOBODY,
    "roleDefinitionId": NOBODY,
    "directoryScopeId": "/",
    "justification": "jml doctor",
}
_NO_MAIL = {"message": {"subject": "jml doctor", "toRecipients": []}, "saveToSentItems": False}
_NO_UPLOAD = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [], "failOnErrors": None}


def _read(path: str, *, proves: bool = True) -> Probe:
    return Probe("GET", path, proves=proves)


def _removal(path: str, *, proves: bool = True) -> Probe:
    return Probe("DELETE", path, proves=proves)


PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        "Directory.Read.All",
        "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
        "reads people, groups, memberships, licences, applications, and what the platform itself was granted",
        (
            _read(f"/users/{NOBODY}/memberOf?$select=id"),
            _read("/servicePrincipals?$top=1&$select=id"),
            _read("/subscribedSkus?$select=id"),
            _read("/groups?$top=1&$select=id"),
        ),
        contains=(
            "User.Read.All", "Group.Read.All", "GroupMember.Read.All", "Application.Read.All", "Organization.Read.All",
            "LicenseAssignment.Read.All", "Device.Read.All", "Domain.Read.All", "AdministrativeUnit.Read.All",
            "RoleManagement.Read.Directory", "Team.ReadBasic.All",
        ),
    ),
    Permission(
        "User.ReadWrite.All",
        "741f803b-c850-494e-b5df-cde7c675a1ca",
        "creates, changes, disables, deletes and restores accounts, sets managers, ends sessions, assigns licences",
        (_removal(f"/users/{NOBODY}/manager/$ref"),),
        contains=(
            "User.Read.All", "User.RevokeSessions.All", "User.EnableDisableAccount.All", "User.DeleteRestore.All",
            "LicenseAssignment.ReadWrite.All",
        ),
    ),
    Permission(
        "User-PasswordProfile.ReadWrite.All",
        "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
        "sets a leaver's password to one that nobody knows",
        (Probe("PATCH", f"/users/{NOBODY}", {"passwordProfile": {"forceChangePasswordNextSignIn": True}}),),
    ),
    Permission(
        "GroupMember.ReadWrite.All",
        "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
        "puts people into groups and takes them out",
        (_removal(f"/groups/{NOBODY}/members/{NOBODY}/$ref"),),
        contains=("GroupMember.Read.All",),
    ),
    Permission(
        "UserAuthenticationMethod.ReadWrite.All",
        "50483e42-d915-4231-9639-7fdb7fd190e5",
        "makes a newcomer's temporary access pass and removes a leaver's ways to sign in",
        (
            _read(f"/users/{NOBODY}/authentication/methods", proves=False),
            _removal(f"/users/{NOBODY}/authentication/temporaryAccessPassMethods/{NOBODY}", proves=False),
        ),
        contains=(
            "UserAuthenticationMethod.Read.All", "UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All",
        ),
    ),
    Permission(
        "Mail.Send",
        "b633e1c5-b582-4048-a93e-9f11b44c7e96",
        "sends notices from the mailbox that the policy names",
        (Probe("POST", f"/users/{NOBODY}/sendMail", _NO_MAIL),),
        "notices",
    ),
    Permission(
        "RoleManagement.ReadWrite.Directory",
        "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
        "gives directory roles and takes them from leavers",
        (_removal(f"{_ROLES}/roleAssignments/{NOBODY}"),),
        "roles",
        contains=(
            "RoleManagement.Read.Directory", "RoleEligibilitySchedule.Read.Directory",
            "RoleEligibilitySchedule.Remove.Directory", "RoleEligibilitySchedule.ReadWrite.Directory",
            "RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.Remove.Directory",
            "RoleAssignmentSchedule.ReadWrite.Directory",
        ),
    ),
    Permission(
        "RoleEligibilitySchedule.ReadWrite.Directory",
        "fee28b28-e1f3-4841-818e-2704dc62245f",
        "makes people eligible for directory roles and ends that",
        (Probe("POST", f"{_ROLES}/roleEligibilityScheduleRequests", _REQUEST),),
        "pim",
        contains=("RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.Remove.Directory"),
    ),
    Permission(
        "RoleAssignmentSchedule.ReadWrite.Directory",
        "dd199f4a-f148-40a4-a2ec-f0069cc799ec",
        "gives directory roles for a time and ends them",
        (Probe("POST", f"{_ROLES}/roleAssignmentScheduleRequests", _REQUEST),),
        "pim",
        contains=("RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.Remove.Directory"),
    ),
    Permission(
        "AppRoleAssignment.ReadWrite.All",
        "06b708a9-e830-4db3-a914-8e69da51d44f",
        "gives people roles in applications and takes them away",
        (_removal(f"/users/{NOBODY}/appRoleAssignments/{NOBODY}"),),
        "applications",
    ),
    Permission(
        "DelegatedPermissionGrant.ReadWrite.All",
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        "takes back what a leaver let applications do",
        (_removal(f"/oauth2PermissionGrants/{NOBODY}"),),
        "applications",
    ),
    Permission(
        "Application.ReadWrite.All",
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        "gives a leaver's applications another owner",
        (_removal(f"/applications/{NOBODY}/owners/{NOBODY}/$ref"),),
        "owners",
        contains=("Application.Read.All",),
    ),
    Permission(
        "Group.ReadWrite.All",
        "62a82d76-70ea-41e2-9197-370581804d09",
        "gives a leaver's groups another owner",
        (_removal(f"/groups/{NOBODY}/owners/{NOBODY}/$ref"),),
        "owners",
        contains=("Group.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All"),
    ),
    Permission(
        "AdministrativeUnit.ReadWrite.All",
        "5eb59dd3-1da2-4329-8733-9dabdc435916",
        "puts people into administrative units and takes them out",
        (_removal(f"/directory/administrativeUnits/{NOBODY}/members/{NOBODY}/$ref"),),
        "units",
        contains=("AdministrativeUnit.Read.All",),
    ),
    Permission(
        "Device.ReadWrite.All",
        "1138cb37-bd11-4084-a2b7-9f71582aeddb",
        "disables a leaver's devices and takes their owner off",
        (Probe("PATCH", f"/devices/{NOBODY}", {"accountEnabled": True}, proves=True),),
        "devices",
        contains=("Device.Read.All",),
    ),
    Permission(
        "DeviceManagementManagedDevices.Read.All",
        "2f51be20-0bb4-4fed-bf7b-db946066c75e",
        "finds a leaver's devices under Intune",
        (_read("/deviceManagement/managedDevices?$top=1&$select=id"),),
        "intune",
    ),
    Permission(
        "DeviceManagementManagedDevices.PrivilegedOperations.All",
        "5b07b0dd-2377-4e44-a38d-703f09a0dc3c",
        "retires or wipes a leaver's devices under Intune",
        (Probe("POST", f"/deviceManagement/managedDevices/{NOBODY}/syncDevice", proves=True),),
        "intune",
    ),
    Permission(
        "MailboxSettings.ReadWrite",
        "6931bccd-447a-43d1-b442-00a195474933",
        "sets a leaver's automatic reply and inbox rules",
        (Probe("PATCH", f"/users/{NOBODY}/mailboxSettings", {"automaticRepliesSetting": {"status": "disabled"}}),),
        "mailboxes",
        contains=("MailboxSettings.Read",),
    ),
    Permission(
        "Calendars.ReadWrite",
        "ef54d2bf-783f-4e0f-bca1-3210c0444d99",
        "cancels the meetings that a leaver organised",
        (_removal(f"/users/{NOBODY}/events/{NOBODY}", proves=False),),
        "mailboxes",
        contains=("Calendars.Read",),
    ),
    Permission(
        "Files.ReadWrite.All",
        "75359482-378d-4052-8f01-80520e7db3cd",
        "opens a leaver's OneDrive to the manager, for a time",
        (_removal(f"/drives/{NOBODY}/items/root/permissions/{NOBODY}", proves=False),),
        "files",
        contains=("Files.Read.All",),
    ),
    Permission(
        "TeamMember.ReadWrite.All",
        "0121dc95-1b9f-4aed-8bac-58c5ac466691",
        "takes leavers out of teams and names another owner first",
        (_removal(f"/teams/{NOBODY}/members/{NOBODY}"),),
        "teams",
        contains=("TeamMember.Read.All",),
    ),
    Permission(
        "AuditLog.Read.All",
        "b0afded3-3588-46d8-8b3d-9842eff778da",
        "sees who else changed an account, when somebody last signed in, and what became of uploads",
        (_read("/auditLogs/directoryAudits?$top=1", proves=False),),
        contains=("ProvisioningLog.Read.All",),
    ),
    Permission(
        "SynchronizationData-User.Upload",
        "db31e92a-b9ea-4d87-bf6a-75a37a9ca35a",
        "hands people over to API-driven inbound provisioning",
        (Probe("POST", f"/servicePrincipals/{NOBODY}/synchronization/jobs/{NOBODY}/bulkUpload", _NO_UPLOAD),),
        "provisioning",
    ),
    Permission(
        "Synchronization.ReadWrite.All",
        "9b50c33d-700f-43b1-b2eb-87e89b703581",
        "sees whether the provisioning job runs, and starts it again",
        (Probe("POST", f"/servicePrincipals/{NOBODY}/synchronization/jobs/{NOBODY}/start"),),
        "provisioning",
        contains=("Synchronization.Read.All",),
    ),
    Permission(
        "Exchange.ManageAsApp",
        "dc50a0fb-09a3-484d-be87-e023b12c6440",
        "converts, holds and forwards mailboxes and changes mail-enabled groups",
        feature="exchange",
        resource=EXCHANGE,
    ),
)  # fmt: skip


def wanted(without: Collection[Feature] = ()) -> list[Permission]:
    """The permissions to ask for: of everything but what a company does ``without``, and none that another contains."""
    needed = [one for one in PERMISSIONS if one.feature not in without]
    contained = {name for one in needed for name in one.contains}
    return [one for one in needed if one.name not in contained]


def needless(granted: Collection[str], resource: Resource, without: Collection[Feature] = ()) -> list[str]:
    """What is granted of a resource although nothing here needs it, nor is it part of what is needed."""
    asked = [one for one in wanted(without) if one.resource == resource]
    used = {one.name for one in asked}.union(*(one.contains for one in asked))
    return sorted(set(granted) - used)
