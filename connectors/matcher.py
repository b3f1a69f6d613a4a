"""The refusals that share one status and code and differ by their text: the only place that reads messages.

Graph answers ``400 Request_BadRequest`` for most of them. Sources: the API pages named beside each, and the public
threads quoted there; a text that is not known stays ``Refused``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors import errors
from connectors.errors import NameTaken, NotFound, Refused

_RESOURCE = re.compile(r"Resource '([^']+)' does not exist")
_TAKEN = re.compile(r"Another object with the same value for property (\w+) already exists", re.IGNORECASE)

# group-post-members, group-delete-members, user-assignlicense, rbacapplication-post-roleassignments, user-update.
_TEXTS: tuple[tuple[str, type[Refused]], ...] = (
    ("added object references already exist", errors.AlreadyMember),
    ("does not have any available licenses", errors.NoLicenceLeft),
    ("does not correspond to a valid company license", errors.UnknownLicence),
    ("does not have a corresponding license", errors.NoSuchLicence),
    ("license is inherited from a group membership", errors.InheritedLicence),
    ("invalid usage location", errors.UsageLocationMissing),
    ("depends on the service plan", errors.LicenceConflict),
    ("mutually exclusive service plans", errors.LicenceConflict),
    ("a conflicting object with one or more of the specified property values is present", errors.AlreadyAssigned),
    ("the role assignment already exists", errors.AlreadyAssigned),
    ("on-premises mastered directory sync objects", errors.ReadOnlyObject),
    ("cannot update a mail-enabled security group", errors.ReadOnlyObject),
    ("originated within an external service", errors.ReadOnlyObject),
    ("must have at least one owner", errors.LastOwner),
    ("last owner of the team", errors.LastOwner),
    ("object is being synchronized from your on-premises organization", errors.ReadOnlyObject),
    ("you need to be an organizer", errors.NotOrganiser),
    ("is already a member of the group", errors.AlreadyMember),
    ("isn't a member of the group", errors.NoMember),
    ("existing permission entry was found", errors.AlreadyGranted),
    ("no existing permission entry found", errors.NotGranted),
    ("is not recognized as the name of a cmdlet", errors.UnknownCommand),
    ("parameter set cannot be resolved", errors.UnknownCommand),
    ("permission being assigned already exists on the object", errors.AlreadyAssigned),
    ("entitlementgrant being updated or deleted is not found", errors.NoSuchAssignment),
    ("matches the user's current default authentication method", errors.DefaultMethod),
)

_CODES: dict[str | None, type[Refused]] = {
    "RoleAssignmentExists": errors.AlreadyAssigned,
    "RoleAssignmentDoesNotExist": errors.NotAssigned,
    "ActiveDurationTooShort": errors.TooSoon,
    "PendingRoleAssignmentRequest": errors.RequestPending,
    "SubjectNotFound": errors.UnknownPrincipal,
    "resourceModified": errors.ChangedMeanwhile,
    "mutability": errors.ReadOnlyAttribute,
    "tooMany": errors.TooMany,
    "noResolvedUsers": errors.NobodyToInvite,
}
_ABSENT = {"MailboxNotEnabledForRESTAPI": errors.NoMailbox, "ErrorNonExistentMailbox": errors.NoMailbox}


def absence(code: str | None, message: str) -> type[NotFound]:
    """The type of a 404: something in particular that is not there, or anything."""
    if "mysite not found" in message.lower():
        return errors.NoDrive
    return _ABSENT.get(str(code), NotFound)


_CONFLICTS: dict[str | None, type[errors.WireError]] = {
    "uniqueness": NameTaken,
    "RoleAssignmentExists": errors.AlreadyAssigned,
    "ScopeLocked": errors.Locked,
    "StorageAccountAlreadyTaken": NameTaken,
    "VaultAlreadyExists": NameTaken,
}


def conflict(code: str | None, message: str) -> type[errors.WireError]:
    """The type of a 409: a refusal that will stay one, or a write that met another one."""
    if "deleted but recoverable state" in message:
        return NameTaken
    if "cannot delete the last rbac admin assignment" in message.lower():
        return errors.LastOwner
    return _CONFLICTS.get(code, errors.Conflict)


def told(message: str, details: Sequence[Mapping[str, Any]]) -> str:
    """What an error says: Exchange's stands in its details, as ``mark|exception|text``."""
    for item in details:
        parts = str(item.get("message") or "").split("|", 2)
        if item.get("code") in ("Client", "Context") and len(parts) == 3:
            return parts[2]
    return message


_PROVISIONING: dict[str, type[Refused]] = {
    "AzureActiveDirectoryDuplicateUserPrincipalName": NameTaken,
    "DuplicateTargetEntries": errors.AmbiguousMatch,
    "AzureActiveDirectoryForbidden": errors.ReadOnlyObject,
}


def provisioning_failure(code: str | None) -> type[Refused]:
    """The type of a failure in the provisioning log, by its error code."""
    return _PROVISIONING.get(code or "", Refused)


def already_so(warnings: Sequence[str]) -> bool:
    """Does Exchange warn that there was nothing to change? It does not refuse that."""
    return any(text in warning for warning in warnings for text in ("already present", "isn't present"))


def refusal(code: str | None, message: str, details: Sequence[Mapping[str, Any]]) -> type[Refused]:
    """The type of a 4xx that has no status of its own."""
    lowered = message.lower()
    if taken_properties(message, details):
        return NameTaken
    if code in _CODES:
        return _CODES[code]
    return next((kind for text, kind in _TEXTS if text in lowered), Refused)


def taken_properties(message: str, details: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The properties whose value another object holds, from the details, else from the text.

    ``ConflictingObjects`` details name the other object (``User_<guid>``) or, in older answers, the property.
    """
    codes = ("ObjectConflict", "ConflictingObjects")
    targets = {str(item.get("target")) for item in details if item.get("code") in codes}
    properties = {target for target in targets if "_" not in target and target != "None"}
    return frozenset(properties | set(_TAKEN.findall(message)))


def missing_resource(message: str) -> str | None:
    """The id that a 404 says does not exist."""
    found = _RESOURCE.search(message)
    return found.group(1) if found else None


def complete(error: errors.WireError, details: Sequence[Mapping[str, Any]]) -> None:
    """Fill in what the types of this module carry beside the message."""
    if isinstance(error, NotFound):
        error.resource = missing_resource(error.message)
    if isinstance(error, NameTaken):
        error.properties = taken_properties(error.message, details)
