"""The seeded company's laptops and phones: registered in the directory, most of them managed by Intune."""

from uuid import UUID

from sandbox.seed_catalogue import made
from sandbox.store import Doc, Store

_SINCE = "2024-02-05T08:00:00Z"
_SEEN = "2024-11-18T07:42:11Z"
_INTUNE = "0000000a-0000-0000-c000-000000000000"
_LAPTOP = ("Windows", "10.0.22631.4460", "Contoso Computing", "Laptop 14 G5", "AzureAd", "windowsAzureADJoin")
_PHONE = ("iOS", "17.6.1", "Apple", "iPhone 15", "Workplace", "userEnrollment")


def seed(store: Store, employees: list[Doc]) -> None:
    """Seven laptops and four phones for ten employees, and a laptop whose owner is gone; phones are their own."""
    for number, person in enumerate(employees):
        if number % 10 < 7:
            _equip(store, person, f"LT-{number:05d}", _LAPTOP, company=True)
        if number % 10 in (2, 4, 6, 8):
            _equip(store, person, f"{person['givenName']}s-iPhone-{number:05d}", _PHONE, company=False)
    _left_behind(store)


def _equip(store: Store, person: Doc, name: str, kind: tuple[str, ...], *, company: bool) -> None:
    device = _device(name, kind, company)
    store.put("devices", {**device, "_owners": [person["id"]], "_users": [person["id"]]}, 0)
    store.put("managed_devices", _managed(device, person, kind, company), 0)


def _left_behind(store: Store) -> None:
    """Registered to somebody who was deleted for good: nobody is shown as its owner."""
    gone = made("user/formerly.here")
    store.put("devices", {**_device("LT-FORMER", _LAPTOP, True), "_owners": [gone], "_users": [gone]}, 0)


def _device(name: str, kind: tuple[str, ...], company: bool) -> Doc:
    """A device with the properties that the directory keeps (Graph resource type device)."""
    system, version, manufacturer, model, trust, _ = kind
    return {
        "id": made(f"device/{name}"),
        "deletedDateTime": None,
        "accountEnabled": True,
        "approximateLastSignInDateTime": _SEEN,
        "createdDateTime": _SINCE,
        "registrationDateTime": _SINCE,
        "deviceId": made(f"device-id/{name}"),
        "deviceOwnership": "Company" if company else "Personal",
        "deviceVersion": 2,
        "displayName": name,
        "enrollmentType": "AzureDomainJoined" if company else "Unknown",
        "isCompliant": True,
        "isManaged": True,
        "isRooted": False,
        "managementType": "MDM",
        "manufacturer": manufacturer,
        "mdmAppId": _INTUNE,
        "model": model,
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "physicalIds": [],
        "profileType": "RegisteredDevice",
        "systemLabels": [],
        "trustType": trust,
        "alternativeSecurityIds": [],
    }


def _managed(device: Doc, person: Doc, kind: tuple[str, ...], company: bool) -> Doc:
    """The same device as Intune sees it (Graph resource type managedDevice)."""
    number = UUID(device["id"]).int
    return {
        "id": made(f"managed/{device['displayName']}"),
        "userId": person["id"],
        "userPrincipalName": person["userPrincipalName"],
        "userDisplayName": person["displayName"],
        "emailAddress": person["mail"],
        "deviceName": device["displayName"],
        "managedDeviceName": f"{person['mailNickname']}_{device['operatingSystem']}_{_SINCE}",
        "managedDeviceOwnerType": "company" if company else "personal",
        "enrolledDateTime": _SINCE,
        "lastSyncDateTime": _SEEN,
        "operatingSystem": device["operatingSystem"],
        "osVersion": device["operatingSystemVersion"],
        "manufacturer": device["manufacturer"],
        "model": device["model"],
        "serialNumber": f"{number % 10**10:010d}",
        "imei": None if company else f"{number % 10**15:015d}",
        "complianceState": "compliant",
        "jailBroken": "False",
        "managementAgent": "mdm",
        "managementState": "managed",
        "deviceEnrollmentType": kind[5],
        "deviceRegistrationState": "registered",
        "deviceCategoryDisplayName": "Unassigned",
        "azureADRegistered": True,
        "azureADDeviceId": device["deviceId"],
        "easActivated": False,
        "exchangeAccessState": "none",
        "exchangeAccessStateReason": "none",
        "partnerReportedThreatState": "unknown",
        "isEncrypted": True,
        "isSupervised": False,
        "totalStorageSpaceInBytes": 512_000_000_000,
        "freeStorageSpaceInBytes": 204_800_000_000,
        "physicalMemoryInBytes": 0,
        "managementCertificateExpirationDate": "2025-11-18T07:42:11Z",
        "deviceActionResults": [],
    }
