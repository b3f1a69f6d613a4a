"""Managed identities as a workload sees them: App Service's endpoint and the instance metadata service (IMDS).

"How to use managed identities for App Service", REST endpoint reference; "How to use managed identities on an Azure
VM to acquire an access token", with the errors of both. The token endpoint itself never sees a secret.
"""

import hmac
import time
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra_clients import Client
from sandbox.entra_grants import application_token
from sandbox.entra_resources import Resource, named
from sandbox.exchange import Exchange, Refused, exchange
from sandbox.store import Doc

_NAMES = {"client_id": "client_id", "object_id": "object_id", "principal_id": "object_id", "msi_res_id": "resource_id",
          "mi_res_id": "resource_id"}  # fmt: skip


async def app_service(request: Request) -> Response:
    """``GET $IDENTITY_ENDPOINT?api-version=2019-08-01&resource=…`` with ``X-IDENTITY-HEADER``."""
    sent = exchange(request)
    secret = str((sent.store.get("identity", "managed_identity") or {}).get("header", ""))
    if not secret or not hmac.compare_digest(sent.headers.get("x-identity-header", "").encode(), secret.encode()):
        return _app_service_error(401, "The X-IDENTITY-HEADER does not match this application's.")
    query = dict(parse_qsl(sent.query))
    identity = _identity(sent, query)
    if identity is None:
        return _app_service_error(
            400, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        )
    resource = _resource(sent, query)
    if resource is None:
        return _app_service_error(500, "An unexpected error occured while fetching the AAD Token.")
    body = _token(sent, identity, resource, query)
    return JSONResponse({k: v for k, v in body.items() if k not in ("expires_in", "ext_expires_in", "not_before")})


async def metadata_service(request: Request) -> Response:
    """``GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=…`` with ``Metadata: true``."""
    sent = exchange(request)
    query = dict(parse_qsl(sent.query))
    if sent.headers.get("metadata", "").lower() != "true":
        return _imds_error("bad_request_102", "Required metadata header not specified")
    if "api-version" not in query or "resource" not in query:
        return _imds_error("invalid_request", "Required audience parameter not specified")
    identity = _identity(sent, query)
    if identity is None:
        return _imds_error("invalid_request", "Identity not found")
    resource = _resource(sent, query)
    if resource is None:
        text = (
            f"AADSTS500011: The resource principal named {query['resource']} was not found in the tenant named "
            "Practice."
        )
        return _imds_error("invalid_resource", text)
    return JSONResponse({**_token(sent, identity, resource, query), "refresh_token": ""})


def _identity(sent: Exchange, query: dict[str, str]) -> Doc | None:
    """The user-assigned identity that is named, else the system-assigned one; a disabled one is none."""
    known = (sent.store.get("identity", "managed_identity") or {}).get("identities", ())
    asked = {_NAMES[name]: value.lower() for name, value in query.items() if name in _NAMES}
    for identity in known:
        if all(str(identity.get(name, "")).lower() == value for name, value in asked.items()) and (
            asked or identity["kind"] == "SystemAssigned"
        ):
            principal = sent.store.get("service_principals", identity["object_id"])
            return principal if principal and principal["accountEnabled"] else None
    return None


def _resource(sent: Exchange, query: dict[str, str]) -> Resource | None:
    return named(query.get("resource", "").removesuffix("/.default"), sent.origin, sent.store)


def _token(sent: Exchange, principal: Doc, resource: Resource, query: dict[str, str]) -> Doc:
    """A token of a day; all numbers are strings. ``xms_cc`` declares that the client takes claims challenges."""
    sent.app_id = principal["appId"]
    application = {"appId": principal["appId"], "displayName": principal["displayName"]}
    able = "cp1" in query.get("xms_cc", "").lower().split(",")
    answer = application_token(sent, Client(application, principal, "2"), resource, able, long=True)
    now, lives_s = int(time.time()), int(answer["expires_in"])
    return {
        "access_token": answer["access_token"],
        "client_id": principal["appId"],
        "expires_in": str(lives_s),
        "ext_expires_in": str(lives_s),
        "expires_on": str(now + lives_s),
        "not_before": str(now),
        "resource": resource.audience,
        "token_type": "Bearer",
    }


def _app_service_error(status: int, message: str) -> Response:
    return JSONResponse({"statusCode": status, "message": message, "correlationId": None}, status)


def _imds_error(error: str, description: str) -> Response:
    raise Refused(JSONResponse({"error": error, "error_description": description}, 400))


routes = [
    Route("/msi/token", app_service),
    Route("/msi/token/", app_service),
    Route("/metadata/identity/oauth2/token", metadata_service),
]
