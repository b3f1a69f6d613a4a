"""What else the directory holds and is only read here: domains and the organization."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import DOMAINS
from sandbox.graph.errors import not_found
from sandbox.graph.permissions import DOMAINS_READ, ORGANIZATION_READ
from sandbox.store import Doc

router = Router()


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
