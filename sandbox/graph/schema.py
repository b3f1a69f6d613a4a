"""The documented properties of directory objects: spelling, what is given without ``$select``, what may be written.

Sources: Microsoft Graph v1.0, resource types user, group, servicePrincipal, application; recorded bodies for the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pycountry

from sandbox.graph.errors import bad_request, invalid_value, malformed


@dataclass(frozen=True)
class Resource:
    """One entity type: ``names`` maps lower case to the documented spelling."""

    name: str
    odata: str
    default: tuple[str, ...]
    names: Mapping[str, str]
    unfilterable: frozenset[str] = frozenset()
    navigations: frozenset[str] = frozenset()
    expands_several: bool = False

    @property
    def title(self) -> str:
        """The name as error texts have it."""
        return self.name[0].upper() + self.name[1:]


def resource(
    name: str, properties: str, selected: str = "", *, navigations: str = "", expands_several: bool = False
) -> Resource:
    """A type whose ``properties`` are given by default, ``selected`` ones only when asked for."""
    related = frozenset(navigations.split())
    names = _names(properties, selected)
    return Resource(
        name,
        f"#microsoft.graph.{name}",
        tuple(properties.split()),
        names,
        navigations=related,
        expands_several=expands_several,
    )


def _names(*groups: str) -> dict[str, str]:
    return {name.lower(): name for group in groups for name in group.split()}


_USER_DEFAULT = (
    "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname "
    "userPrincipalName id"
)
_USER_STRINGS = (
    "ageGroup city companyName consentProvidedForMinor country department displayName employeeId employeeType "
    "faxNumber givenName jobTitle mail mailNickname mobilePhone officeLocation onPremisesImmutableId passwordPolicies "
    "postalCode preferredDataLocation preferredLanguage state streetAddress surname usageLocation userPrincipalName "
    "userType"
)
_USER_MOMENTS = "employeeHireDate employeeLeaveDateTime"
_USER_LISTS = "businessPhones otherMails"
_USER_OBJECTS = "employeeOrgData identities onPremisesExtensionAttributes passwordProfile"
_USER_BOOLEANS = "accountEnabled showInAddressList"
_PROFILE_STRINGS = "aboutMe birthday hireDate mySite preferredName"
_PROFILE_LISTS = "interests pastProjects responsibilities schools skills"
PROFILE = frozenset(f"{_PROFILE_STRINGS} {_PROFILE_LISTS}".split())
"""What SharePoint keeps of a user: written in requests of its own, read of one user at a time."""
MOMENTS = frozenset({*_USER_MOMENTS.split(), "birthday", "hireDate"})
_USER_READ_ONLY = (
    "id assignedLicenses assignedPlans authorizationInfo createdDateTime creationType deletedDateTime "
    "externalUserState externalUserStateChangeDateTime imAddresses isManagementRestricted isResourceAccount "
    "lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates onPremisesDistinguishedName "
    "onPremisesDomainName onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName "
    "onPremisesSecurityIdentifier onPremisesSyncEnabled onPremisesUserPrincipalName provisionedPlans proxyAddresses "
    "refreshTokensValidFromDateTime securityIdentifier serviceProvisioningErrors signInSessionsValidFromDateTime "
    "signInActivity"
)
USER = Resource(
    "user",
    "#microsoft.graph.user",
    tuple(_USER_DEFAULT.split()),
    _names(
        _USER_STRINGS, _USER_MOMENTS, _USER_LISTS, _USER_OBJECTS, _USER_BOOLEANS, _USER_READ_ONLY, " ".join(PROFILE)
    ),
    PROFILE
    | frozenset({"officeLocation", "passwordProfile", "signInSessionsValidFromDateTime", "lastPasswordChangeDateTime"}),
    frozenset({"manager", "directReports", "memberOf"}),
)
USER_READ_ONLY = frozenset(_USER_READ_ONLY.split())
_USER_KINDS: dict[str, type] = {
    **dict.fromkeys(_USER_STRINGS.split(), str),
    **dict.fromkeys((*_USER_MOMENTS.split(), *_PROFILE_STRINGS.split()), str),
    **dict.fromkeys((*_USER_LISTS.split(), *_PROFILE_LISTS.split()), list),
    **dict.fromkeys(_USER_OBJECTS.split(), dict),
    **dict.fromkeys(_USER_BOOLEANS.split(), bool),
}

_GROUP_ALL = (
    "id deletedDateTime classification createdDateTime creationOptions description displayName expirationDateTime "
    "groupTypes isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState "
    "onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName "
    "onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses "
    "renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled securityIdentifier theme "
    "visibility onPremisesProvisioningErrors serviceProvisioningErrors"
)
_GROUP_SELECTED = (
    "allowExternalSenders assignedLicenses autoSubscribeNewMembers hasMembersWithLicenseErrors hideFromAddressLists "
    "hideFromOutlookClients isArchived isManagementRestricted isSubscribedByMail licenseProcessingState uniqueName "
    "unseenCount"
)
_GROUP_LISTS = (
    "creationOptions groupTypes proxyAddresses resourceBehaviorOptions resourceProvisioningOptions "
    "onPremisesProvisioningErrors serviceProvisioningErrors"
)
GROUP = Resource(
    "group",
    "#microsoft.graph.group",
    tuple(_GROUP_ALL.split()),
    _names(_GROUP_ALL, _GROUP_SELECTED),
    frozenset({"licenseProcessingState", "hasMembersWithLicenseErrors"}),
    frozenset({"members", "owners", "memberOf"}),
)
_GROUP_STRINGS = (
    "classification description displayName mailNickname membershipRule membershipRuleProcessingState "
    "preferredDataLocation preferredLanguage theme visibility"
)
_GROUP_WRITTEN_BOOLEANS = (
    "allowExternalSenders autoSubscribeNewMembers hideFromAddressLists hideFromOutlookClients isAssignableToRole "
    "isSubscribedByMail mailEnabled securityEnabled"
)
_VISIBILITIES = ("Public", "Private", "HiddenMembership")
_GROUP_WRITTEN_LISTS = "creationOptions groupTypes resourceBehaviorOptions resourceProvisioningOptions"
GROUP_WRITABLE: dict[str, type] = {
    **dict.fromkeys(_GROUP_STRINGS.split(), str),
    **dict.fromkeys(_GROUP_WRITTEN_BOOLEANS.split(), bool),
    **dict.fromkeys(_GROUP_WRITTEN_LISTS.split(), list),
}
GROUP_LISTS = tuple(_GROUP_LISTS.split())

_SERVICE_PRINCIPAL_ALL = (
    "id deletedDateTime accountEnabled alternativeNames appDisplayName appDescription appId applicationTemplateId "
    "appOwnerOrganizationId appRoleAssignmentRequired createdDateTime description disabledByMicrosoftStatus "
    "displayName homepage loginUrl logoutUrl notes notificationEmailAddresses preferredSingleSignOnMode "
    "preferredTokenSigningKeyThumbprint replyUrls servicePrincipalNames servicePrincipalType signInAudience tags "
    "tokenEncryptionKeyId samlSingleSignOnSettings verifiedPublisher addIns appRoles info keyCredentials "
    "oauth2PermissionScopes passwordCredentials resourceSpecificApplicationPermissions"
)
SERVICE_PRINCIPAL = resource("servicePrincipal", _SERVICE_PRINCIPAL_ALL, navigations="appRoleAssignments")
_APPLICATION_ALL = (
    "id deletedDateTime appId applicationTemplateId disabledByMicrosoftStatus createdDateTime displayName description "
    "groupMembershipClaims identifierUris isDeviceOnlyAuthSupported isFallbackPublicClient notes publisherDomain "
    "optionalClaims "
    "signInAudience tags tokenEncryptionKeyId verifiedPublisher defaultRedirectUri addIns api appRoles info "
    "keyCredentials parentalControlSettings passwordCredentials publicClient requiredResourceAccess spa web"
)
APPLICATION = resource("application", _APPLICATION_ALL)
_ROLE_DEFINITION_ALL = (
    "id description displayName isBuiltIn isEnabled isPrivileged resourceScopes templateId version rolePermissions"
)
ROLE_DEFINITION = resource("unifiedRoleDefinition", _ROLE_DEFINITION_ALL)
_ROLE_ASSIGNMENT_ALL = "id principalId directoryScopeId roleDefinitionId"
ROLE_ASSIGNMENT = resource(
    "unifiedRoleAssignment",
    _ROLE_ASSIGNMENT_ALL,
    navigations="roleDefinition principal directoryScope",
    expands_several=True,
)

_MAX = {"employeeId": 16, "jobTitle": 128, "displayName": 256, "department": 64, "companyName": 64, "mailNickname": 64,
        "givenName": 64, "surname": 64, "officeLocation": 128, "city": 128, "state": 128, "country": 128,
        "postalCode": 40, "streetAddress": 1024, "mobilePhone": 64, "usageLocation": 2}  # fmt: skip
_NOT_CLEARED = frozenset({"displayName", "userPrincipalName", "mailNickname", "accountEnabled", "usageLocation"})


def spelled(body: Mapping[str, Any], resource: Resource, extra: Mapping[str, type] | None = None) -> dict[str, Any]:
    """A body's properties in the documented spelling, annotations dropped; a name unknown in any case is refused."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name.startswith("@odata.") or (name.endswith("@odata.type") and "." in name):
            continue
        spelling = resource.names.get(name.lower()) or ((extra or {}) and _extra(name, extra or {}))
        if not spelling:
            raise bad_request(f"Invalid property '{name}'.")
        found[spelling] = value
    return found


def _extra(name: str, extra: Mapping[str, type]) -> str | None:
    return next((known for known in extra if known.lower() == name.lower()), None)


def check_user(values: Mapping[str, Any]) -> None:
    """Refuse what Graph refuses in a user's properties: read-only, ill-typed, empty, too long, uncountried."""
    for name, value in values.items():
        if name in USER_READ_ONLY:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if value is None:
            if name in _NOT_CLEARED:
                raise invalid_value(name, "User")
        elif not isinstance(value, _USER_KINDS[name]) or value == "" or _too_long(name, value):
            raise invalid_value(name, "User")
    if len(values.get("businessPhones") or ()) > 1:
        raise invalid_value("businessPhones", "User")
    for name in MOMENTS & values.keys():
        _check_moment(name, values[name])
    location = values.get("usageLocation")
    if location is not None and pycountry.countries.get(alpha_2=location) is None:
        raise invalid_value("usageLocation", "User")


def _check_moment(name: str, value: str | None) -> None:
    """A date and time with its zone, as Edm.DateTimeOffset has it."""
    try:
        if value is None or datetime.fromisoformat(value).tzinfo is not None:
            return
    except ValueError:
        pass
    raise malformed(
        f"Cannot convert the literal '{value}' of property '{name}' to the expected type 'Edm.DateTimeOffset'."
    )


def _too_long(name: str, value: Any) -> bool:
    return isinstance(value, str) and len(value) > _MAX.get(name, 4096)


def check_group(values: Mapping[str, Any]) -> None:
    """Refuse what is read-only, ill-typed or empty in a group's properties."""
    for name, value in values.items():
        if name not in GROUP_WRITABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if value is None and name in ("displayName", "mailEnabled", "securityEnabled"):
            raise invalid_value(name, "Group")
        if name == "visibility" and value not in (None, *_VISIBILITIES):
            raise invalid_value(name, "Group")
        if value is not None and (
            not isinstance(value, GROUP_WRITABLE[name]) or (value == "" and name != "description")
        ):
            raise invalid_value(name, "Group")
