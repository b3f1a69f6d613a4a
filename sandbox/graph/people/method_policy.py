"""Which authentication methods the tenant allows (Graph, resource type authenticationMethodsPolicy).

Kind ``method_configurations``: only what differs from the defaults here is stored, by the configuration's id.
"""

from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.permissions import METHOD_POLICY_READ, METHOD_POLICY_WRITE
from sandbox.store import Doc, Store

router = Router()

_ROOT = "policies/authenticationMethodsPolicy"
_EVERYBODY = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}
_PASS: dict[str, Any] = {
    "defaultLifetimeInMinutes": 60,
    "defaultLength": 8,
    "minimumLifetimeInMinutes": 10,
    "maximumLifetimeInMinutes": 43200,
    "isUsableOnce": False,
}
_CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "Fido2": ("enabled", {"isSelfServiceRegistrationAllowed": True, "isAttestationEnforced": False}),
    "MicrosoftAuthenticator": ("enabled", {"isSoftwareOathEnabled": True}),
    "Sms": ("enabled", {}),
    "TemporaryAccessPass": ("enabled", _PASS),
    "SoftwareOath": ("enabled", {}),
    "Voice": ("disabled", {"isOfficePhoneAllowed": False}),
    "Email": ("enabled", {"allowExternalIdToUseEmailOtp": "default"}),
    "X509Certificate": ("disabled", {}),
}
_PASS_BOUNDS = {
    "defaultLifetimeInMinutes": (10, 43200),
    "minimumLifetimeInMinutes": (10, 43200),
    "maximumLifetimeInMinutes": (10, 43200),
    "defaultLength": (8, 48),
}


def configuration(store: Store, name: str) -> Doc:
    """One method's configuration, as it stands."""
    state, values = _CONFIGURATIONS[name]
    kind = name[0].lower() + name[1:]
    changed = {k: v for k, v in (store.get("method_configurations", name) or {}).items() if k != "id"}
    return {
        "@odata.type": f"#microsoft.graph.{kind}AuthenticationMethodConfiguration",
        "id": name,
        "state": state,
        **values,
        "includeTargets": [_EVERYBODY],
        "excludeTargets": [],
        **changed,
    }


def pass_policy(store: Store) -> Doc:
    """The Temporary Access Pass configuration."""
    return configuration(store, "TemporaryAccessPass")


@router.add("GET", _ROOT, METHOD_POLICY_READ)
def policy(call: Call) -> Response:
    """``GET /policies/authenticationMethodsPolicy``."""
    body = {
        "id": "authenticationMethodsPolicy",
        "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed in the tenant, "
        "authentication method registration requirements, and self-service password reset settings",
        "lastModifiedDateTime": "2024-01-08T09:00:00Z",
        "policyVersion": "1.5",
        "policyMigrationState": "migrationComplete",
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": {
                "snoozeDurationInDays": 1,
                "enforceRegistrationAfterAllowedSnoozes": True,
                "state": "default",
                "excludeTargets": [],
                "includeTargets": [
                    {
                        "id": "all_users",
                        "targetType": "group",
                        "targetedAuthenticationMethod": "microsoftAuthenticator",
                    }
                ],
            }
        },
        "authenticationMethodConfigurations": [configuration(call.store, name) for name in _CONFIGURATIONS],
    }
    return call.answer(body, "authenticationMethodsPolicy")


@router.add("GET", f"{_ROOT}/authenticationMethodConfigurations/{{configuration}}", METHOD_POLICY_READ)
def one(call: Call) -> Response:
    """``GET …/authenticationMethodConfigurations/{id}``, whatever the case of the id."""
    return call.answer(configuration(call.store, _name(call)), "authenticationMethodConfigurations/$entity")


@router.add("PATCH", f"{_ROOT}/authenticationMethodConfigurations/{{configuration}}", METHOD_POLICY_WRITE)
def change(call: Call) -> Response:
    """``PATCH …/authenticationMethodConfigurations/{id}``: 204."""
    name = _name(call)
    current = configuration(call.store, name)
    values = {key: value for key, value in call.body().items() if not key.startswith("@odata.")}
    if unknown := values.keys() - current.keys():
        raise bad_request(f"Invalid property '{sorted(unknown)[0]}'.")
    if values.get("state", "enabled") not in ("enabled", "disabled") or values.get("id", name) != name:
        raise bad_request("Invalid value specified for the authentication method configuration.")
    if name == "TemporaryAccessPass":
        _check_pass({**current, **values})
    before = call.store.get("method_configurations", name) or {}
    call.store.put("method_configurations", {**before, **values, "id": name})
    return Response(status_code=204)


def _check_pass(values: Doc) -> None:
    for field, (low, high) in _PASS_BOUNDS.items():
        if not isinstance(values[field], int) or not low <= values[field] <= high:
            raise bad_request(f"Invalid {field} specified. The valid range between {low} and {high}.")
    lowest, usual, highest = (values[f"{word}LifetimeInMinutes"] for word in ("minimum", "default", "maximum"))
    if not lowest <= usual <= highest:
        raise bad_request("The default lifetime must lie between the minimum and the maximum lifetime.")


def _name(call: Call) -> str:
    asked = call.params["configuration"].lower()
    name = next((known for known in _CONFIGURATIONS if known.lower() == asked), None)
    if name is None:
        raise GraphError(404, "resourceNotFound", f"There is no configuration '{call.params['configuration']}'.")
    return name
