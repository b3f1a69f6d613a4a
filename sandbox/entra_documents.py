"""Entra ID's documents that need no token: OpenID metadata, signing keys, instance discovery."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra_clients import SHARED, refuse, tenant_of
from sandbox.exchange import Exchange, exchange

_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_CLAIMS = (
    "sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr "
    "nonce preferred_username name tid ver at_hash c_hash email"
)
_CLOUD = {
    "tenant_region_scope": "EU",
    "cloud_instance_name": "microsoftonline.com",
    "cloud_graph_host_name": "graph.windows.net",
    "msgraph_host": "graph.microsoft.com",
    "rbac_url": "https://pas.windows.net",
}


def _issuer(sent: Exchange, name: str, version: str) -> tuple[str, str]:
    """The base of a tenant's addresses and its issuer: shared addresses have a placeholder for the tenant."""
    tenant = tenant_of(sent, name)
    shared = {"common": "{tenantid}", "organizations": "{tenantid}", "consumers": _CONSUMERS}.get(name.lower())
    base = f"{sent.origin}/{name.lower() if name.lower() in SHARED else tenant}"
    if version == "v1":
        return base, f"https://sts.windows.net/{shared or tenant}/"
    return base, f"{sent.origin}/{shared or tenant}/v2.0"


async def openid_configuration(request: Request) -> Response:
    """``GET /{tenant}/v2.0/.well-known/openid-configuration`` (OpenID Connect Discovery 1.0, Entra's keys)."""
    sent = exchange(request)
    base, issuer = _issuer(sent, request.path_params["tenant"], "v2")
    document = {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{sent.origin}/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": _CLAIMS.split(),
        "kerberos_endpoint": f"{base}/kerberos",
        **_CLOUD,
    }
    if request.path_params["tenant"].lower() in SHARED:
        document["tenant_region_scope"] = None
    return JSONResponse(document, headers=_headers(sent))


async def keys(request: Request) -> Response:
    """``GET /{tenant}/discovery/v2.0/keys``: the JSON web key set."""
    sent = exchange(request)
    _, issuer = _issuer(sent, request.path_params["tenant"], "v2")
    return JSONResponse({"keys": sent.pipeline.tokens.keys.published(issuer)}, headers=_headers(sent))


async def keys_v1(request: Request) -> Response:
    """``GET /{tenant}/discovery/keys``: the same keys, as libraries for v1 tokens ask for them."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    published = sent.pipeline.tokens.keys.published("")
    return JSONResponse({"keys": [{k: v for k, v in key.items() if k != "issuer"} for key in published]})


async def instances(request: Request) -> Response:
    """``GET /common/discovery/instance``: which hosts belong together, and where a tenant's metadata is.

    The host that was asked is one cloud of its own, beside the public one; a host of neither is ``invalid_instance``.
    """
    sent = exchange(request)
    query = dict(parse_qsl(sent.query))
    asked = urlsplit(query.get("authorization_endpoint", ""))
    own = urlsplit(sent.origin).netloc
    if not asked.netloc:
        text = "The request must contain the following parameter: 'authorization_endpoint'."
        refuse(sent, 900144, "invalid_request", text)
    if asked.netloc not in {own, *_PUBLIC}:
        refuse(sent, 50049, "invalid_instance", "Unknown or invalid instance.")
    tenant = asked.path.strip("/").partition("/")[0] or "common"
    host = own if asked.netloc == own else asked.netloc
    metadata = [
        {"preferred_network": own, "preferred_cache": own, "aliases": [own]},
        {"preferred_network": _PUBLIC[0], "preferred_cache": "login.windows.net", "aliases": list(_PUBLIC)},
    ]
    document = {
        "tenant_discovery_endpoint": f"https://{host}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": query.get("api-version", "1.1"),
        "metadata": metadata if own not in _PUBLIC else metadata[1:],
    }
    return JSONResponse(document, headers=_headers(sent))


_PUBLIC = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net")


def _headers(sent: Exchange) -> dict[str, str]:
    return {
        "Cache-Control": "max-age=86400, private",
        "Access-Control-Allow-Origin": "*",
        "x-ms-request-id": sent.request_id,
        "x-ms-ests-server": "2.1.22000.1 - PRACTICE ProdSlices",
    }


routes = [
    Route("/common/discovery/instance", instances),
    Route("/{tenant}/v2.0/.well-known/openid-configuration", openid_configuration),
    Route("/{tenant}/discovery/v2.0/keys", keys),
    Route("/{tenant}/discovery/keys", keys_v1),
]
