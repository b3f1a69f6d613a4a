"""What membership rules can be about: properties of users and devices, by lower-case name, as they are stored."""

_USER = (
    "accountEnabled city companyName country department displayName employeeHireDate employeeId employeeType "
    "facsimileTelephoneNumber givenName jobTitle mail mailNickname mobilePhone officeLocation onPremisesSamAccountName "
    "onPremisesSecurityIdentifier onPremisesDistinguishedName onPremisesSyncEnabled passwordPolicies postalCode "
    "preferredLanguage state streetAddress surname usageLocation userPrincipalName userType assignedPlans otherMails "
    "proxyAddresses businessPhones createdDateTime"
)
_USER_STORED = {
    "objectid": "id",
    "mobile": "mobilePhone",
    "physicaldeliveryofficename": "officeLocation",
    "dirsyncenabled": "onPremisesSyncEnabled",
    "telephonenumber": "businessPhones",
}
_DEVICE = (
    "accountEnabled deviceCategory deviceId deviceManagementAppId deviceManufacturer deviceModel displayName "
    "deviceOSType deviceOSVersion deviceOwnership devicePhysicalIds deviceTrustType enrollmentProfileName isRooted "
    "managementType systemLabels profileType"
)
_DEVICE_STORED = {
    "objectid": "id",
    "devicemanufacturer": "manufacturer",
    "devicemodel": "model",
    "deviceostype": "operatingSystem",
    "deviceosversion": "operatingSystemVersion",
    "devicephysicalids": "physicalIds",
    "devicetrusttype": "trustType",
    "devicemanagementappid": "mdmAppId",
}


def _named(names: str, stored: dict[str, str], attributes: str) -> dict[str, str]:
    numbered = {f"extensionattribute{n}": f"{attributes}.extensionAttribute{n}" for n in range(1, 16)}
    return {**{name.lower(): name for name in names.split()}, **numbered, **stored}


PROPERTIES = {
    "user": _named(_USER, _USER_STORED, "onPremisesExtensionAttributes"),
    "device": _named(_DEVICE, _DEVICE_STORED, "extensionAttributes"),
}
COLLECTIONS = {
    "assignedPlans": "assignedPlan",
    "otherMails": "_",
    "proxyAddresses": "_",
    "businessPhones": "_",
    "physicalIds": "_",
    "systemLabels": "_",
}
"""Properties with several values, and how rules call one of them."""
