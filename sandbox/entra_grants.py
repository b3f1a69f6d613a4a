"""The token endpoint: who asks with which grant, and what applications get for themselves."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import conditional_access, entra_people
from sandbox.entra_claims import application_claims
from sandbox.entra_clients import (
    SHARED,
    Client,
    authenticate,
    dress,
    form_of,
    must_prove,
    refuse,
    required,
    single_tenant,
    tenant_of,
)
from sandbox.entra_consent import resource_of
from sandbox.entra_evaluation import LONG_LIVED, capable
from sandbox.entra_resources import Resource, is_assigned, service_principal
from sandbox.entra_tokens import LONG_LIFETIME_S, lifetime
from sandbox.exchange import Exchange, exchange
from sandbox.store import Doc

Grant = Callable[[Exchange, Client, Mapping[str, str]], Doc]

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ON_BEHALF_OF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TENANT_ONLY = frozenset({"client_credentials", ON_BEHALF_OF})


async def token(request: Request) -> Response:
    """``POST /{tenant}/oauth2/v2.0/token``, form-encoded only."""
    sent = exchange(request)
    name = request.path_params["tenant"]
    tenant = tenant_of(sent, name)
    form = form_of(sent)
    grant = required(sent, form, "grant_type")
    handler = _GRANTS.get(grant)
    if handler is None:
        refuse(sent, 70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant}'.")
    client = authenticate(sent, form, tenant)
    _check_address(sent, client, name, grant)
    return dress(sent, JSONResponse(handler(sent, client, form)))


def _check_address(sent: Exchange, client: Client, name: str, grant: str) -> None:
    """Addresses that all tenants share: applications' own grants are not served there, nor one tenant's apps."""
    if name.lower() not in SHARED:
        return
    if grant in _TENANT_ONLY or name.lower() == "consumers" or (grant == DEVICE_CODE and name.lower() == "common"):
        text = (
            "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations "
            "or tenant-specific endpoint."
        )
        refuse(sent, 9001023, "invalid_request", text)
    if text := single_tenant(client.application, name) or "":
        refuse(sent, 50194, "invalid_request", text)


def _client_credentials(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """Never a refresh token; roles only where they were granted (a token without them is issued all the same)."""
    scope = required(sent, form, "scope")
    if client.method == "0":
        must_prove(sent)
    if len({name.rpartition("/")[0] for name in scope.split()}) > 1:
        text = (
            f"Provided value for the input parameter scope '{scope}' is not valid because it contains more than "
            "one resource."
        )
        refuse(sent, 28002, "invalid_request", text)
    if len(scope.split()) != 1 or not scope.endswith("/.default"):
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        refuse(sent, 1002012, "invalid_scope", text)
    resource = resource_of(sent, scope.removesuffix("/.default"))
    _check_application(sent, client, resource)
    return application_token(sent, client, resource, capable(sent, form))


def application_token(sent: Exchange, client: Client, resource: Resource, able: bool, long: bool = False) -> Doc:
    """The answer of the client credentials grant, and nothing else than it has."""
    long = long or resource.kind == "vault" or (able and resource.kind in LONG_LIVED)
    lives_s = LONG_LIFETIME_S if long else lifetime()
    claims = application_claims(sent, client, resource, able)
    return {
        "token_type": "Bearer",
        "expires_in": lives_s - 1,
        "ext_expires_in": lives_s - 1,
        **({"refresh_in": lives_s // 2 - 1} if long else {}),
        "access_token": sent.pipeline.tokens.access(resource, sent.origin, claims, lives_s),
    }


def _check_application(sent: Exchange, client: Client, resource: Resource) -> None:
    """Conditional Access for workload identities, and resources that take assigned applications only."""
    outcome = conditional_access.blocked_workload(sent.store, client.principal["id"], client.app_id, resource.app_id)
    if outcome.verdict == "block":
        refuse(sent, outcome.code, "invalid_grant", outcome.text(resource.app_id), claims=outcome.claims)
    target = service_principal(sent.store, resource.app_id)
    if target is None or not target.get("appRoleAssignmentRequired") or client.app_id == resource.app_id:
        return
    if not is_assigned(sent.store, client.principal["id"], target):
        text = (
            f"Application '{client.app_id}'({client.name}) is not assigned to a role for the application "
            f"'{resource.app_id}'({target['displayName']})."
        )
        refuse(sent, 501051, "invalid_grant", text)


_GRANTS: dict[str, Grant] = {
    "client_credentials": _client_credentials,
    "authorization_code": entra_people.authorization_code,
    "refresh_token": entra_people.refresh_token,
    DEVICE_CODE: entra_people.device_code,
    ON_BEHALF_OF: entra_people.on_behalf_of,
}
