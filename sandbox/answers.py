"""Answers and errors in the shapes of the services (Graph errors: learn.microsoft.com/graph/errors)."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from sandbox.exchange import Exchange
from sandbox.store import Doc

CODES = {
    400: "Request_BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    405: "Request_BadRequest",
    409: "Request_MultipleObjectsWithSameKeyValue",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
TEXTS = {
    401: "Access token is empty.",
    403: "Insufficient privileges to complete the operation.",
    500: "An internal server error has occurred.",
    503: "The service is temporarily unavailable. Please try again later.",
    504: "The request has timed out.",
}


def graph_error(
    sent: Exchange,
    status: int,
    code: str | None = None,
    message: str | None = None,
    details: list[Doc] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Graph's error envelope; ``client-request-id`` equals ``request-id`` where the caller sent none."""
    error: Doc = {"code": code or CODES.get(status, "UnknownError"), "message": message or TEXTS.get(status, "")}
    if details:
        error["details"] = details
    error["innerError"] = {
        "date": sent.store.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": sent.request_id,
        "client-request-id": sent.client_request_id or sent.request_id,
    }
    return JSONResponse({"error": error}, status, headers)


def scim_error(
    status: int, detail: str, scim_type: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """RFC 7644, section 3.12: ``status`` is a string."""
    body: Doc = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(status),
        "detail": detail,
        **({"scimType": scim_type} if scim_type else {}),
    }
    return JSONResponse(body, status, headers, media_type="application/scim+json")


def aadsts_error(
    now: datetime, code: int, error: str, text: str, *, correlation_id: str | None = None, **extra: Any
) -> Response:
    """The token endpoint's error envelope; ``invalid_client`` is 401 (RFC 6749, section 5.2), all else 400."""
    stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid4()), correlation_id or str(uuid4())
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        **extra,
    }
    return JSONResponse(body, 401 if error == "invalid_client" else 400, NO_STORE)


NO_STORE = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "Expires": "-1"}
