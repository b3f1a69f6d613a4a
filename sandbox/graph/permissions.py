"""Which application permissions admit a call: any one of a set suffices (permissions reference of Microsoft Graph)."""

from sandbox.graph.errors import forbidden, logs_forbidden, mailbox_forbidden

_DIRECTORY_READ = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
_DIRECTORY_WRITE = frozenset({"Directory.ReadWrite.All"})


def _read(*names: str) -> frozenset[str]:
    return _DIRECTORY_READ.union(names)


def _write(*names: str) -> frozenset[str]:
    return _DIRECTORY_WRITE.union(names)


USERS_READ = _read("User.Read.All", "User.ReadWrite.All")
USERS_WRITE = _write("User.ReadWrite.All")
USERS_CREATE = _write("User.ReadWrite.All", "User.Create")
USERS_CHANGE = _write("User.ReadWrite.All", "User.ReadUpdate.All")
PHONES = USERS_CHANGE | {"User-Phone.ReadWrite.All"}
OTHER_MAILS = USERS_CHANGE | {"User-Mail.ReadWrite.All"}
USERS_UPDATE = PHONES | OTHER_MAILS | {
    "User.EnableDisableAccount.All", "User-PasswordProfile.ReadWrite.All", "User-LifeCycleInfo.ReadWrite.All"
}  # fmt: skip
USERS_DELETE = frozenset({"User.ReadWrite.All", "User.DeleteRestore.All"})
SESSIONS_REVOKE = _write("User.ReadWrite.All", "User.RevokeSessions.All")
PASSWORDS = frozenset({"User-PasswordProfile.ReadWrite.All"})
ENABLE = _write("User.ReadWrite.All", "User.EnableDisableAccount.All")
LEAVE_TIME = frozenset({"User-LifeCycleInfo.ReadWrite.All"})

GROUPS_READ = _read("Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All")
GROUPS_WRITE = _write("Group.ReadWrite.All")
GROUPS_CREATE = _write("Group.ReadWrite.All", "Group.Create")
MEMBERS_WRITE = _write("Group.ReadWrite.All", "GroupMember.ReadWrite.All")
ROLE_GROUPS = frozenset({"RoleManagement.ReadWrite.Directory"})

LICENCES_READ = _read("Organization.Read.All", "Organization.ReadWrite.All", "LicenseAssignment.Read.All",
                      "LicenseAssignment.ReadWrite.All")  # fmt: skip
LICENCES_WRITE = _write("User.ReadWrite.All", "LicenseAssignment.ReadWrite.All")
GROUP_LICENCES_WRITE = _write("Group.ReadWrite.All", "LicenseAssignment.ReadWrite.All")

ROLES_READ = _read("RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All")
ROLES_WRITE = frozenset({"RoleManagement.ReadWrite.Directory"})
APPLICATIONS_READ = _read("Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")
APPLICATIONS_WRITE = frozenset({"Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"})
SERVICE_PRINCIPALS_WRITE = _write("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")
APP_ROLES_READ = _read("AppRoleAssignment.ReadWrite.All")
APP_ROLES_WRITE = frozenset({"AppRoleAssignment.ReadWrite.All"})
GRANTS_READ = _read("DelegatedPermissionGrant.ReadWrite.All")
GRANTS_WRITE = _write("DelegatedPermissionGrant.ReadWrite.All")
DEVICES_READ = _read("Device.Read.All", "Device.ReadWrite.All")
DEVICES_WRITE = _write("Device.ReadWrite.All")
DEVICES_DELETE = frozenset({"Device.ReadWrite.All"})
INTUNE_WRITE = frozenset(
    {"DeviceManagementManagedDevices.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"}
)
INTUNE_READ = INTUNE_WRITE | {"DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All"}
INTUNE_PRIVILEGED = frozenset({"DeviceManagementManagedDevices.PrivilegedOperations.All"})
INTUNE_WIPE = INTUNE_PRIVILEGED | INTUNE_WRITE
METHODS_WRITE = frozenset({"UserAuthenticationMethod.ReadWrite.All"})
METHODS_READ = METHODS_WRITE | {"UserAuthenticationMethod.Read.All"}
METHOD_POLICY_WRITE = frozenset({"Policy.ReadWrite.AuthenticationMethod"})
METHOD_POLICY_READ = METHOD_POLICY_WRITE | {"Policy.Read.All", "Policy.Read.AuthenticationMethod"}
ELIGIBILITIES_WRITE = ROLES_WRITE | {"RoleEligibilitySchedule.ReadWrite.Directory"}
ELIGIBILITIES_REMOVE = ELIGIBILITIES_WRITE | {"RoleEligibilitySchedule.Remove.Directory"}
ELIGIBILITIES_READ = ROLES_READ | ELIGIBILITIES_WRITE | {"RoleEligibilitySchedule.Read.Directory"}
ACTIVE_ROLES_WRITE = ROLES_WRITE | {"RoleAssignmentSchedule.ReadWrite.Directory"}
ACTIVE_ROLES_REMOVE = ACTIVE_ROLES_WRITE | {"RoleAssignmentSchedule.Remove.Directory"}
ACTIVE_ROLES_READ = ROLES_READ | ACTIVE_ROLES_WRITE | {"RoleAssignmentSchedule.Read.Directory"}
ROLE_POLICIES_WRITE = frozenset({"RoleManagementPolicy.ReadWrite.Directory"})
ROLE_POLICIES_READ = ROLES_READ | ROLE_POLICIES_WRITE | {"RoleManagementPolicy.Read.Directory"}
GROUP_ELIGIBILITIES_WRITE = frozenset({"PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup"})
GROUP_ELIGIBILITIES_READ = GROUP_ELIGIBILITIES_WRITE | {"PrivilegedEligibilitySchedule.Read.AzureADGroup"}
GROUP_SCHEDULES_WRITE = frozenset({"PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup"})
GROUP_SCHEDULES_READ = GROUP_SCHEDULES_WRITE | {"PrivilegedAssignmentSchedule.Read.AzureADGroup"}
UNITS_WRITE = _write("AdministrativeUnit.ReadWrite.All")
UNITS_READ = _read("AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All")
DOMAINS_READ = _read("Domain.Read.All", "Domain.ReadWrite.All")
ORGANIZATION_READ = _read("Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All", "User.ReadWrite.All")
OBJECTS_READ = USERS_READ | GROUPS_READ | APPLICATIONS_READ | DEVICES_READ
DELETED_READ = USERS_READ | GROUPS_READ | UNITS_READ | APPLICATIONS_READ
DELETED_WRITE = USERS_DELETE | GROUPS_WRITE | UNITS_WRITE | APPLICATIONS_WRITE
MAIL_SEND = frozenset({"Mail.Send"})
MAIL_WRITE = frozenset({"Mail.ReadWrite"})
MAIL_READ = MAIL_WRITE | {"Mail.Read", "Mail.ReadBasic.All", "Mail.ReadBasic"}
MAILBOX_SETTINGS_WRITE = frozenset({"MailboxSettings.ReadWrite"})
MAILBOX_SETTINGS_READ = MAILBOX_SETTINGS_WRITE | {"MailboxSettings.Read"}
CALENDARS_WRITE = frozenset({"Calendars.ReadWrite"})
CALENDARS_READ = CALENDARS_WRITE | {"Calendars.Read", "Calendars.ReadBasic.All"}
_OF_EXCHANGE = MAIL_SEND | MAIL_READ | MAILBOX_SETTINGS_READ | CALENDARS_READ
FILES_WRITE = frozenset({"Files.ReadWrite.All", "Sites.ReadWrite.All", "Sites.FullControl.All"})
FILES_READ = FILES_WRITE | {"Files.Read.All", "Sites.Read.All"}
TEAMS_READ = _read("Team.ReadBasic.All", "TeamSettings.Read.All", "TeamSettings.ReadWrite.All", "Group.Read.All",
                   "Group.ReadWrite.All")  # fmt: skip
TEAMS_CREATE = _write("Team.Create", "Group.ReadWrite.All")
TEAM_MEMBERS_WRITE = frozenset({"TeamMember.ReadWrite.All"})
TEAM_MEMBERS_READ = TEAM_MEMBERS_WRITE | {"TeamMember.Read.All"}
CHANNELS_READ = _read("Channel.ReadBasic.All", "ChannelSettings.Read.All", "ChannelSettings.ReadWrite.All",
                      "Group.Read.All", "Group.ReadWrite.All")  # fmt: skip
CHANNEL_MEMBERS_WRITE = frozenset({"ChannelMember.ReadWrite.All"})
CHANNEL_MEMBERS_READ = CHANNEL_MEMBERS_WRITE | {"ChannelMember.Read.All"}
ACTIVITY_SEND = frozenset({"TeamsActivity.Send"})
LOGS_READ = frozenset({"AuditLog.Read.All"})
PROVISIONING_LOGS_READ = LOGS_READ | {"ProvisioningLog.Read.All"}
UPLOAD = frozenset({"SynchronizationData-User.Upload", "SynchronizationData-User.Upload.OwnedBy"})
SYNCHRONIZATION_WRITE = frozenset({"Synchronization.ReadWrite.All", "Application.ReadWrite.OwnedBy"})
SYNCHRONIZATION_READ = SYNCHRONIZATION_WRITE | {"Synchronization.Read.All"}


def require(roles: frozenset[str], allowed: frozenset[str]) -> None:
    """403 unless the caller has one of the permissions."""
    if roles & allowed:
        return
    if allowed <= _OF_EXCHANGE:
        raise mailbox_forbidden()
    raise logs_forbidden() if allowed <= PROVISIONING_LOGS_READ else forbidden()
