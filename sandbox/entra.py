"""Entra ID for everybody: the check of a caller's token that Graph, ARM and SCIM share, and all of Entra's routes."""

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import entra_admin_consent, entra_device, entra_documents, entra_grants, entra_managed
from sandbox.answers import graph_error, scim_error
from sandbox.entra_evaluation import challenge
from sandbox.entra_resources import GRAPH_APP_ID, kind_of
from sandbox.entra_tokens import bearer
from sandbox.exchange import Caller, Exchange, Refused, exchange


def caller(request: Request, audience: str) -> Caller:
    """Who calls, by a valid token for ``audience`` (``graph``, ``arm``, ``scim`` …); else the service's own 401.

    SCIM takes the one static bearer of sandbox.json. A token for another audience is refused like a forged one; a
    token of a client that takes claims challenges is refused as soon as its holder is revoked.
    """
    sent = exchange(request)
    if audience == "scim":
        return _scim_caller(sent)
    if sent.caller is None:
        raise Refused(_unauthorized(sent, _why(sent)))
    if kind_of(str(sent.caller.claims.get("aud")), sent.origin, sent.store) != audience:
        raise Refused(_unauthorized(sent, "Access token validation failure. Invalid audience."))
    if (refusal := challenge(sent, sent.caller)) is not None:
        message, header = refusal
        headers = {"WWW-Authenticate": header}
        raise Refused(graph_error(sent, 401, "InvalidAuthenticationToken", message, headers=headers))
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
    header = f'Bearer realm="", authorization_uri="{uri}", client_id="{GRAPH_APP_ID}"'
    return graph_error(sent, 401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": header})


async def userinfo(request: Request) -> Response:
    """``GET /oidc/userinfo`` for a signed-in person's Graph token."""
    held = caller(request, "graph")
    sent = exchange(request)
    person = sent.store.get("users", held.object_id)
    if not held.user or person is None:
        raise Refused(_unauthorized(sent, "The token is not of a signed-in user."))
    return JSONResponse(
        {
            "sub": held.claims["sub"],
            "name": person["displayName"],
            "family_name": person.get("surname"),
            "given_name": person.get("givenName"),
            "picture": f"{sent.origin}/v1.0/me/photo/$value",
            "email": person.get("mail"),
        }
    )


routes = [
    *entra_documents.routes,
    Route("/{tenant}/oauth2/v2.0/token", entra_grants.token, methods=["POST"]),
    Route("/oidc/userinfo", userinfo, methods=["GET", "POST"]),
    *entra_device.routes,
    *entra_admin_consent.routes,
    *entra_managed.routes,
]
