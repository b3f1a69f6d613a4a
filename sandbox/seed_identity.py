"""What belongs to the seeded employees: methods to sign in, devices, enterprise applications, consents, ownership."""

from datetime import timedelta

from sandbox import seed_devices
from sandbox.entra_resources import GRAPH_APP_ID
from sandbox.seed_apps import credential
from sandbox.seed_catalogue import TENANT_ID, app_role, made
from sandbox.store import Doc, Store

_SINCE = "2024-02-05T08:00:00Z"
_MOBILE, _OFFICE = "3179e48a-750b-4051-897c-87b9720928f7", "e37fc753-ff3b-4958-9484-eaa9425c82bc"
_ENTERPRISE = (
    ("crm", "Customer desk", ("Crm.Seller", "Crm.Manager"), 30),
    ("expenses", "Expense claims", ("Expenses.Submit", "Expenses.Approve"), 400),
)
"""Name, title, roles, and in how many days the secret ends."""
_CONSENTED = (("crm", "User.Read Calendars.Read offline_access"), ("expenses", "User.Read"))


def seed(store: Store, employees: list[Doc]) -> None:
    """Everything that a leaver of the company may leave behind; ids are the same every time."""
    for number, person in enumerate(employees):
        _methods(store, number, person)
    seed_devices.seed(store, employees)
    owners = employees[15:20] or employees[:1]
    for name, title, roles, days in _ENTERPRISE:
        expires = (store.now() + timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")
        _application(store, name, title, roles, expires, owners)
    _group_owners(store, owners)
    _assignments(store, employees)
    _consents(store, employees)


def _methods(store: Store, number: int, person: Doc) -> None:
    """Two of three have a mobile phone, half an authenticator, some a desk phone, a key or Windows Hello."""
    held: list[tuple[str, str, Doc]] = []
    if number % 3 != 2:
        held.append(("phone", _MOBILE, _phone(f"+44 7700900{number % 1000:03d}", "mobile", "ready")))
    if number % 2 == 0:
        app = {"displayName": f"{person['givenName']}'s phone", "deviceTag": "SoftwareTokenActivated"}
        held.append(("microsoftAuthenticator", made(f"method/app/{number}"), {**app, "phoneAppVersion": "6.2411.7533"}))
    if number % 5 == 0:
        held.append(("phone", _OFFICE, _phone(f"+44 2079460{number % 1000:03d}", "office", "notSupported")))
    if number % 7 == 3:
        hello = {"displayName": f"LT-{number:05d}", "keyStrength": "normal"}
        held.append(("windowsHelloForBusiness", made(f"method/hello/{number}"), hello))
    if number % 11 == 6:
        held.append(("fido2", made(f"method/key/{number}"), _key()))
    for kind, method, values in held:
        doc = {"id": f"{person['id']}:{method}", "_user": person["id"], "_type": kind, "_method": method}
        store.put("authentication_methods", {**doc, "createdDateTime": _SINCE, **values}, 0)


def _phone(number: str, kind: str, state: str) -> Doc:
    return {"phoneNumber": number, "phoneType": kind, "smsSignInState": state}


def _key() -> Doc:
    return {
        "displayName": "Security key",
        "aaGuid": "2fc0579f-8113-47ea-b116-555a8db9202a",
        "model": "NFC key",
        "attestationCertificates": ["dbe793efdf1945e2df25d93653a1e8a3268a9075"],
        "attestationLevel": "attested",
        "passkeyType": "deviceBound",
    }


def _application(store: Store, name: str, title: str, roles: tuple[str, ...], expires: str, owners: list[Doc]) -> None:
    """An enterprise application with roles for people, owned by employees."""
    owned = [person["id"] for person in owners]
    app_roles = [app_role(value, made(f"app-role/{value}"), ("User",)) for value in roles]
    shared: Doc = {
        "appId": made(f"client/{name}"),
        "displayName": title,
        "createdDateTime": "2024-02-05T08:00:00Z",
        "signInAudience": "AzureADMyOrg",
        "appRoles": app_roles,
        "keyCredentials": [],
        "_owners": owned,
    }
    application = {
        **shared,
        "id": made(f"application/{name}"),
        "identifierUris": [f"api://{shared['appId']}"],
        "publisherDomain": "practice.example",
        "isFallbackPublicClient": False,
        "tags": [],
        "api": {"requestedAccessTokenVersion": 2, "oauth2PermissionScopes": []},
        "web": {"redirectUris": [f"https://{name}.practice.example/signin"]},
        # Somebody else keeps the secret: it is listed, and nothing here can sign in with it.
        "passwordCredentials": [credential(name, "k3V", expires)],
        "_creator": owned[0] if owned else None,
        "_secrets": [],
        "_certificates": [],
    }
    principal = {
        **shared,
        "id": made(f"principal/{name}"),
        "appDisplayName": title,
        "accountEnabled": True,
        "appOwnerOrganizationId": TENANT_ID,
        "appRoleAssignmentRequired": True,
        "servicePrincipalNames": [shared["appId"], *application["identifierUris"]],
        "servicePrincipalType": "Application",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "oauth2PermissionScopes": [],
        "replyUrls": application["web"]["redirectUris"],
        "passwordCredentials": [],
    }
    store.put("applications", application, 0)
    store.put("service_principals", principal, 0)


def _assignments(store: Store, employees: list[Doc]) -> None:
    """Sales have the customer desk by their group, a few people roles of their own."""
    sales = store.get("groups", made("group/Sales"))
    if sales is not None:
        _assign(store, sales, "Group", "crm", "Crm.Seller")
    for person in employees[15:20]:
        _assign(store, person, "User", "crm", "Crm.Manager")
    for person in employees[5:40]:
        _assign(store, person, "User", "expenses", "Expenses.Submit")


def _assign(store: Store, principal: Doc, kind: str, name: str, role: str) -> None:
    resource = store.get("service_principals", made(f"principal/{name}")) or {}
    store.put(
        "app_role_assignments",
        {
            "id": made(f"grant/{principal['id']}/{name}/{role}"),
            "appRoleId": made(f"app-role/{role}"),
            "createdDateTime": _SINCE,
            "principalDisplayName": principal["displayName"],
            "principalId": principal["id"],
            "principalType": kind,
            "resourceDisplayName": resource["displayName"],
            "resourceId": resource["id"],
        },
        0,
    )


def _group_owners(store: Store, owners: list[Doc]) -> None:
    """Two groups have owners, one of them a Microsoft 365 group that must keep its last."""
    for name, held in (("Sales", owners[:2]), ("Company news", owners[2:3] or owners[:1])):
        group = store.get("groups", made(f"group/{name}"))
        if group is not None:
            store.put("groups", {**group, "_owners": [person["id"] for person in held]}, 0)


def _consents(store: Store, employees: list[Doc]) -> None:
    """Some let the applications read their calendar; an administrator let one read everybody's profile."""
    graph = next(doc for doc in store.all("service_principals") if doc["appId"] == GRAPH_APP_ID)["id"]
    for number, person in enumerate(employees[5:40]):
        client, scope = _CONSENTED[number % 2]
        _consent(store, made(f"principal/{client}"), graph, scope, person["id"])
    _consent(store, made("principal/expenses"), graph, "openid profile", None)


def _consent(store: Store, client: str, resource: str, scope: str, person: str | None) -> None:
    store.put(
        "oauth2_permission_grants",
        {
            "id": made(f"consent/{client}/{person}"),
            "clientId": client,
            "consentType": "Principal" if person else "AllPrincipals",
            "principalId": person,
            "resourceId": resource,
            "scope": scope,
        },
        0,
    )
