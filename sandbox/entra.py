"""Entra ID's unauthenticated documents, and the check of a caller's token that Graph and SCIM share."""

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import entra_grants
from sandbox.answers import graph_error, scim_error
from sandbox.entra_clients import tenant_of
from sandbox.entra_resources import GRAPH_APP_ID, kind_of
from sandbox.entra_tokens import bearer
from sandbox.exchange import Caller, Exchange, Refused, exchange


def caller(request: Request, audience: str) -> Caller:
    """Who calls, by a valid token for ``audience`` (``graph``, ``arm``, ``scim`` …); else the service's own 401.

    SCIM takes the one static bearer of sandbox.json. A token for another audience is refused like a forged one.
    """
    sent = exchange(request)
    if audience == "scim":
        return _scim_caller(sent)
    if sent.caller is None:
        raise Refused(_unauthorized(sent, _why(sent)))
    if kind_of(str(sent.caller.claims.get("aud")), sent.origin, sent.store) != audience:
        raise Refused(_unauthorized(sent, "Access token validation failure. Invalid audience."))
    return sent.caller


def _scim_caller(sent: Exchange) -> Caller:
    identity = sent.store.get("identity", "scim") or {}
    token = bearer(sent.headers.get("authorization", "")) or ""
    if not hmac.compare_digest(token.encode(), str(identity.get("token", "")).encode()) or not token:
        headers = {"WWW-Authenticate": 'Bearer realm="scim"'}
        raise Refused(scim_error(401, "The bearer token is missing or is not this tenant's.", headers=headers))
    sent.app_id = "scim"
    return Caller("scim", "scim", frozenset({"Scim"}))


def _why(sent: Exchange) -> str:
    token = bearer(sent.headers.get("authorization", ""))
    if token is None:
        return "Access token is empty."
    if token.count(".") != 2:
        return "IDX14100: JWT is not well formed, there are no dots (.)."
    if sent.pipeline.tokens.read(token) is None:
        return "Access token validation failure. Invalid signature."
    return "Lifetime validation failed, the token is expired."


def _unauthorized(sent: Exchange, message: str) -> Response:
    uri = f"{sent.origin}/common/oauth2/authorize"
    challenge = f'Bearer realm="", authorization_uri="{uri}", client_id="{GRAPH_APP_ID}"'
    return graph_error(sent, 401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


# -- documents -------------------------------------------------------------------------------------------------------


async def openid_configuration(request: Request) -> Response:
    """``GET /{tenant}/v2.0/.well-known/openid-configuration`` (OpenID Connect Discovery 1.0, Entra's keys)."""
    sent = exchange(request)
    base = f"{sent.origin}/{tenant_of(sent, request.path_params['tenant'])}"
    document = {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/v2.0",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{sent.origin}/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "preferred_username",
            "name",
            "tid",
            "ver",
            "email",
        ],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }
    return JSONResponse(document)


async def keys(request: Request) -> Response:
    """``GET /{tenant}/discovery/v2.0/keys``: the JSON web key set."""
    sent = exchange(request)
    issuer = f"{sent.origin}/{tenant_of(sent, request.path_params['tenant'])}/v2.0"
    return JSONResponse({"keys": sent.pipeline.tokens.published(issuer)})


async def userinfo(request: Request) -> Response:
    """``GET /oidc/userinfo`` for a signed-in person's Graph token."""
    held = caller(request, "graph")
    person = exchange(request).store.get("users", held.object_id)
    if not held.user or person is None:
        raise Refused(_unauthorized(exchange(request), "The token is not of a signed-in user."))
    return JSONResponse(
        {
            "sub": held.claims["sub"],
            "name": person["displayName"],
            "family_name": person["surname"],
            "given_name": person["givenName"],
            "email": person["mail"],
        }
    )


routes = [
    Route("/{tenant}/v2.0/.well-known/openid-configuration", openid_configuration),
    Route("/{tenant}/discovery/v2.0/keys", keys),
    Route("/{tenant}/oauth2/v2.0/token", entra_grants.token, methods=["POST"]),
    Route("/oidc/userinfo", userinfo, methods=["GET", "POST"]),
]
