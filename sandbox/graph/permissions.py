"""Which application permissions admit a call: any one of a set suffices (permissions reference of Microsoft Graph)."""

from sandbox.graph.errors import forbidden

_DIRECTORY_READ = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})
_DIRECTORY_WRITE = frozenset({"Directory.ReadWrite.All"})


def _read(*names: str) -> frozenset[str]:
    return _DIRECTORY_READ.union(names)


def _write(*names: str) -> frozenset[str]:
    return _DIRECTORY_WRITE.union(names)


USERS_READ = _read("User.Read.All", "User.ReadWrite.All")
USERS_WRITE = _write("User.ReadWrite.All")
USERS_CREATE = _write("User.ReadWrite.All", "User.Create")
USERS_UPDATE = _write(
    "User.ReadWrite.All", "User.ReadUpdate.All", "User.EnableDisableAccount.All", "User-PasswordProfile.ReadWrite.All"
)
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
APPLICATIONS_READ = _read("Application.Read.All", "Application.ReadWrite.All")
DOMAINS_READ = _read("Domain.Read.All", "Domain.ReadWrite.All")
ORGANIZATION_READ = _read("Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All", "User.ReadWrite.All")
OBJECTS_READ = USERS_READ | GROUPS_READ | APPLICATIONS_READ
DELETED_READ = USERS_READ | GROUPS_READ
DELETED_WRITE = USERS_DELETE | GROUPS_WRITE
MAIL_SEND = frozenset({"Mail.Send"})


def require(roles: frozenset[str], allowed: frozenset[str]) -> None:
    """403 unless the caller has one of the permissions."""
    if not roles & allowed:
        raise forbidden()
