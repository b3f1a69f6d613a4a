"""What else the directory holds and is only read here: applications, service principals, domains, the organization."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import DOMAINS, seen_user
from sandbox.graph.errors import not_found
from sandbox.graph.permissions import (
    APPLICATIONS_READ,
    DOMAINS_READ,
    ORGANIZATION_READ,
    USERS_READ,
)
from sandbox.graph.query import Expansion, collection, entity, shape, wanted
from sandbox.graph.schema import APPLICATION, SERVICE_PRINCIPAL, Resource
from sandbox.store import Doc

router = Router()


def _listed(path: str, kind: str, resource: Resource, expansions: dict[str, Expansion] | None = None) -> None:
    """List and single read of one kind; ``path(appId='…')`` finds by application id."""

    @router.add("GET", path, APPLICATIONS_READ)
    def many(call: Call) -> Response:
        found = call.store.seen_all(kind)
        return collection(call, found, resource, path, clause=wanted(call, resource), expansions=expansions)

    @router.add("GET", path + "/{object}", APPLICATIONS_READ)
    def one(call: Call) -> Response:
        return entity(call, _find(call, kind), resource, path, expansions=expansions)


def _find(call: Call, kind: str) -> Doc:
    key = call.params["object"]
    if key.lower().startswith("appid="):
        found = next(iter(call.store.find_seen(kind, "appId", key[6:].strip("'"))), None)
    else:
        found = call.store.seen(kind, key.lower())
    if found is None:
        raise not_found(key)
    return found


_ASSIGNMENT = (
    "id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType "
    "resourceDisplayName resourceId"
)


def _assignments(call: Call, principal_id: str) -> list[Doc]:
    found = call.store.find_seen("app_role_assignments", "principalId", principal_id)
    return [shape(doc, _ASSIGNMENT.split()) for doc in found]


def _expand_assignments(call: Call, doc: Doc, options: dict[str, str]) -> list[Doc]:
    return _assignments(call, doc["id"])


_listed("applications", "applications", APPLICATION)
_listed("servicePrincipals", "service_principals", SERVICE_PRINCIPAL, {"appRoleAssignments": _expand_assignments})


@router.add("GET", "servicePrincipals/{object}/appRoleAssignments", APPLICATIONS_READ)
def service_principal_assignments(call: Call) -> Response:
    """``GET /servicePrincipals/{id}/appRoleAssignments``."""
    principal = _find(call, "service_principals")
    return call.answer({"value": _assignments(call, principal["id"])}, "appRoleAssignments")


@router.add("GET", "users/{user}/appRoleAssignments", USERS_READ)
def user_assignments(call: Call) -> Response:
    """``GET /users/{u}/appRoleAssignments``."""
    user = seen_user(call.store, call.params["user"])
    return call.answer({"value": _assignments(call, user["id"])}, "appRoleAssignments")


@router.add("GET", "domains", DOMAINS_READ)
def domains(call: Call) -> Response:
    """``GET /domains``."""
    return call.answer({"value": [_domain(name) for name in DOMAINS]}, "domains")


@router.add("GET", "domains/{domain}", DOMAINS_READ)
def domain(call: Call) -> Response:
    """``GET /domains/{name}``."""
    name = call.params["domain"].lower()
    if name not in DOMAINS:
        raise not_found(call.params["domain"])
    return call.answer(_domain(name), "domains/$entity")


def _domain(name: str) -> Doc:
    return {
        "id": name,
        "authenticationType": "Managed",
        "availabilityStatus": None,
        "isAdminManaged": True,
        "isDefault": name == DOMAINS[0],
        "isInitial": name.endswith(".onmicrosoft.com"),
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
        "state": None,
    }


@router.add("GET", "organization", ORGANIZATION_READ)
def organization(call: Call) -> Response:
    """``GET /organization``: the one company."""
    return call.answer({"value": [_company(call)]}, "organization")


@router.add("GET", "organization/{organization}", ORGANIZATION_READ)
def one_organization(call: Call) -> Response:
    """``GET /organization/{tenant id}``."""
    if call.params["organization"].lower() != call.sent.pipeline.tenant_id:
        raise not_found(call.params["organization"])
    return call.answer(_company(call), "organization/$entity")


def _company(call: Call) -> Doc:
    verified = [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": name == DOMAINS[0],
            "isInitial": name.endswith(".onmicrosoft.com"),
            "name": name,
            "type": "Managed",
        }
        for name in DOMAINS
    ]
    return {
        "id": call.sent.pipeline.tenant_id,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": "London",
        "country": "United Kingdom",
        "countryLetterCode": "GB",
        "createdDateTime": "2024-01-08T09:00:00Z",
        "displayName": "Practice",
        "preferredLanguage": "en",
        "tenantType": "AAD",
        "onPremisesSyncEnabled": True,
        "verifiedDomains": verified,
        "assignedPlans": [],
        "provisionedPlans": [],
        "technicalNotificationMails": [f"iam-admins@{DOMAINS[0]}"],
    }
