"""The documented properties of devices, managed devices, grants and credentials, and which may be written.

Sources: Microsoft Graph v1.0, resource types device, managedDevice, oAuth2PermissionGrant, appRoleAssignment,
federatedIdentityCredential.
"""

from sandbox.graph.schema import Resource


def _resource(name: str, default: str, *, odata: str | None = None, navigations: str = "") -> Resource:
    names = tuple(default.split())
    spelling = {one.lower(): one for one in names}
    return Resource(
        name,
        f"#microsoft.graph.{odata or name}",
        names,
        spelling,
        navigations=frozenset(navigations.split()),
    )


DEVICE = _resource(
    "device",
    "id deletedDateTime accountEnabled approximateLastSignInDateTime complianceExpirationDateTime createdDateTime "
    "deviceCategory deviceId deviceMetadata deviceOwnership deviceVersion displayName domainName enrollmentProfileName "
    "enrollmentType externalSourceName isCompliant isManaged isRooted managementType manufacturer mdmAppId model "
    "onPremisesLastSyncDateTime onPremisesSyncEnabled operatingSystem operatingSystemVersion physicalIds profileType "
    "registrationDateTime sourceType systemLabels trustType extensionAttributes alternativeSecurityIds",
    navigations="registeredOwners registeredUsers memberOf",
)
DEVICE_WRITABLE: dict[str, type] = {
    **dict.fromkeys(("displayName", "operatingSystem", "operatingSystemVersion", "deviceId", "profileType"), str),
    **dict.fromkeys(("accountEnabled", "isCompliant", "isManaged"), bool),
    **dict.fromkeys(("alternativeSecurityIds", "physicalIds", "systemLabels"), list),
    "deviceVersion": int,
    "extensionAttributes": dict,
}
EXTENSION_ATTRIBUTES = tuple(f"extensionAttribute{n}" for n in range(1, 16))

MANAGED_DEVICE = _resource(
    "managedDevice",
    "id userId deviceName managedDeviceOwnerType enrolledDateTime lastSyncDateTime operatingSystem complianceState "
    "jailBroken managementAgent osVersion easActivated easDeviceId easActivationDateTime azureADRegistered "
    "deviceEnrollmentType activationLockBypassCode emailAddress azureADDeviceId deviceRegistrationState "
    "deviceCategoryDisplayName isSupervised exchangeLastSuccessfulSyncDateTime exchangeAccessState "
    "exchangeAccessStateReason remoteAssistanceSessionUrl remoteAssistanceSessionErrorDetails isEncrypted "
    "userPrincipalName model manufacturer imei complianceGracePeriodExpirationDateTime serialNumber phoneNumber "
    "androidSecurityPatchLevel userDisplayName wiFiMacAddress meid subscriberCarrier iccid "
    "totalStorageSpaceInBytes freeStorageSpaceInBytes managedDeviceName partnerReportedThreatState "
    "requireUserEnrollmentApproval managementCertificateExpirationDate udid notes ethernetMacAddress "
    "physicalMemoryInBytes enrollmentProfileName managementState deviceActionResults",
    navigations="users deviceCategory",
)

OAUTH_GRANT = _resource(
    "oAuth2PermissionGrant", "clientId consentType id principalId resourceId scope", odata="oAuth2PermissionGrant"
)
APP_ROLE_ASSIGNMENT = _resource(
    "appRoleAssignment",
    "id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName "
    "resourceId",
)
FEDERATED_CREDENTIAL = _resource("federatedIdentityCredential", "id name issuer subject description audiences")
