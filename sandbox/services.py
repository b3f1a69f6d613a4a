"""Which of Microsoft's services a call is for, and an error as that service would put it."""

import re
from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from sandbox.answers import TEXTS, aadsts_error, graph_error, scim_error
from sandbox.exchange import Exchange
from sandbox.exchange_answers import exchange_failure

_PATHS = [
    (re.compile(pattern, re.IGNORECASE), service)
    for pattern, service in (
        (r"/(?:v1\.0|beta)/", "graph"),
        (r"/scim(?:/|$)", "scim"),
        (r"/adminapi/", "exchange"),
        (r"/(?:subscriptions|providers|tenants|metadata)(?:/|$)", "arm"),
        (r"/(?:secrets|deletedsecrets)(?:/|$)", "vault"),
        (r"/(?:ccx|api/v1|webhooks)/", "hr"),
    )
]
_SLOWED = frozenset({"graph", "scim", "exchange", "arm", "vault", "blob"})

ARM_CODES = {
    401: "InvalidAuthenticationToken",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    409: "Conflict",
    429: "SubscriptionRequestsThrottled",
    500: "InternalServerError",
    503: "ServerBusy",
    504: "GatewayTimeout",
}
VAULT_CODES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "SecretNotFound",
    409: "Conflict",
    429: "Throttled",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
BLOB_CODES = {
    400: "InvalidInput",
    403: "AuthorizationFailure",
    404: "ResourceNotFound",
    409: "LeaseIdMissing",
    500: "InternalError",
    503: "ServerBusy",
    504: "OperationTimedOut",
}


def service(sent: Exchange) -> str:
    """``graph scim exchange arm vault blob hr``, or ``entra`` for sign-in and tokens."""
    for pattern, name in _PATHS:
        if pattern.match(sent.path):
            return name
    if "/providers/microsoft." in sent.path.lower():
        return "arm"
    return "blob" if "x-ms-version" in sent.headers else "entra"


def slowed(sent: Exchange) -> bool:
    """Does the tenant's latency apply? Never to sign-in."""
    return service(sent) in _SLOWED


def service_error(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    """An error in the shape of the service that was called; ``code`` is the service's usual one where none is given."""
    kind = service(sent)
    make = _SHAPES.get(kind)
    if make is not None:
        return make(sent, status, code, headers)
    if kind == "entra":
        return _entra(sent, status, code, headers)
    return graph_error(sent, status, code, headers=headers)


def _entra(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    """The token endpoint names a kind of error; ``code`` may be that, or the number of an AADSTS code."""
    number = int(code.removeprefix("AADSTS")) if code and code.removeprefix("AADSTS").isdecimal() else 90033
    error = code if code and not code.removeprefix("AADSTS").isdecimal() else "temporarily_unavailable"
    response = aadsts_error(sent.store.now(), number, error, "A transient error has occurred. Please try again.")
    response.status_code = status
    response.headers.update(headers)
    return response


def _scim(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    kind = code if code and status in (400, 409) else None
    return scim_error(status, _text(status), kind, headers)


def _arm(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    error = {"code": code or ARM_CODES.get(status, "InternalServerError"), "message": _text(status)}
    return JSONResponse({"error": error}, status, {**headers, "x-ms-request-id": sent.request_id})


def _vault(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    error = {"code": code or VAULT_CODES.get(status, "InternalServerError"), "message": _text(status)}
    return JSONResponse({"error": error}, status, {**headers, "x-ms-request-id": sent.request_id})


def _exchange(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    kind = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"
    return exchange_failure(sent, status, code, _text(status), kind, _text(status), headers=headers)


def _blob(sent: Exchange, status: int, code: str | None, headers: dict[str, str]) -> Response:
    """XML, and the code once more in a header; HEAD has the header only."""
    name = code or BLOB_CODES.get(status, "InternalError")
    text = f"{_text(status)}\nRequestId:{sent.request_id}\nTime:{sent.store.now().isoformat()}"
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{name}</Code><Message>{text}</Message></Error>'
    told = {**headers, "x-ms-error-code": name, "x-ms-request-id": sent.request_id}
    return Response("" if sent.method == "HEAD" else body, status, told, media_type="application/xml")


def _text(status: int) -> str:
    return TEXTS.get(status) or f"The request could not be served ({status})."


_SHAPES: dict[str, Callable[[Exchange, int, str | None, dict[str, str]], Response]] = {
    "arm": _arm,
    "blob": _blob,
    "exchange": _exchange,
    "scim": _scim,
    "vault": _vault,
}
