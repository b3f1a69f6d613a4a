"""Exchange's error envelope: what went wrong stands in the details, the message itself never says it."""

from starlette.responses import JSONResponse, Response

from sandbox.exchange import Exchange
from sandbox.store import Doc

_CODES = {400: "BadRequest", 404: "NotFound", 429: "TooManyRequests", 500: "InternalServerError",
          503: "ServiceUnavailable"}  # fmt: skip


def exchange_failure(
    sent: Exchange,
    status: int,
    code: str | None,
    text: str,
    kind: str,
    message: str,
    mark: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """A cmdlet's exception: ``mark|kind|message`` in the details, and once more as the inner exception."""
    error: Doc = {
        "code": code or _CODES.get(status, "BadRequest" if status < 500 else "ServiceUnavailable"),
        "message": text,
        "details": [{"code": "Client", "target": "", "message": f"{mark}|{kind}|{message}"}],
        "innererror": {
            "message": text,
            "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "",
            "internalexception": {"message": message, "type": kind, "stacktrace": ""},
        },
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": [],
    }
    return JSONResponse({"error": error}, status, {"request-id": sent.request_id, **(headers or {})})
