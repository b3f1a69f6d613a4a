"""The documented properties of devices, managed devices, grants and credentials, and which may be written.

Sources: Microsoft Graph v1.0, resource types device, managedDevice, oAuth2PermissionGrant, appRoleAssignment,
federatedIdentityCredential.
"""

from sandbox.graph.schema import resource

DEVICE = resource(
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

MANAGED_DEVICE = resource(
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

OAUTH_GRANT = resource("oAuth2PermissionGrant", "clientId consentType id principalId resourceId scope")
APP_ROLE_ASSIGNMENT = resource(
    "appRoleAssignment",
    "id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType resourceDisplayName "
    "resourceId",
)
FEDERATED_CREDENTIAL = resource("federatedIdentityCredential", "id name issuer subject description audiences")
