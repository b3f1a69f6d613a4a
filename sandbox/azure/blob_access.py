"""Who may touch blobs: a bearer token with a role, or a signature made with one of the account's keys.

Source: learn.microsoft.com/rest/api/storageservices, "authorize-with-shared-key" and
"authorize-with-azure-active-directory".
"""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import parse_qsl, quote

from starlette.responses import Response

from sandbox.azure import rbac
from sandbox.entra_resources import kind_of
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc

_SIGNED = ("content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
           "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range")  # fmt: skip
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
XML = "application/xml"


def refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Refused:
    """An error in XML, its code in a header too."""
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Refused(Response(body, status, {"x-ms-error-code": code, **(headers or {})}, media_type=XML))


def permit(sent: Exchange, account: Doc, what: str, container: str) -> None:
    """401 or 403 unless the caller may do ``what``: ``read``, ``write`` or ``delete`` of a container or a blob.

    ``what`` is like ``container/read`` or ``blob/write``. A key may do everything.
    """
    authorization = sent.headers.get("authorization", "")
    scheme = authorization.partition(" ")[0].lower()
    if scheme == "sharedkey":
        _check_signature(sent, account, authorization)
    elif scheme == "bearer":
        _check_role(sent, account, what, container)
    else:
        text = (
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
        )
        raise refused(401, "NoAuthenticationInformation", text, _challenge(sent))


def _challenge(sent: Exchange) -> dict[str, str]:
    uri = f"https://login.microsoftonline.com/{sent.pipeline.tenant_id}/oauth2/authorize"
    return {"WWW-Authenticate": f"Bearer authorization_uri={uri} resource_id=https://storage.azure.com"}


def _check_role(sent: Exchange, account: Doc, what: str, container: str) -> None:
    held = sent.caller
    if held is None or kind_of(str(held.claims.get("aud")), sent.origin, sent.store) != "storage":
        text = (
            "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
        )
        raise refused(401, "InvalidAuthenticationInfo", text, _challenge(sent))
    kind, _, verb = what.partition("/")
    scope = f"{account['path']}/blobServices/default" + (f"/containers/{container}" if container else "")
    action = f"{_CONTAINERS}/{verb}" if kind == "container" else f"{_CONTAINERS}/blobs/{verb}"
    if not rbac.allowed(sent.store, held.object_id, action, scope, data=kind == "blob"):
        text = "This request is not authorized to perform this operation using this permission."
        raise refused(403, "AuthorizationPermissionMismatch", text)


def _check_signature(sent: Exchange, account: Doc, authorization: str) -> None:
    if not account["properties"].get("allowSharedKeyAccess", True):
        text = "Key based authentication is not permitted on this storage account."
        raise refused(403, "KeyBasedAuthenticationNotPermitted", text)
    name, _, signature = authorization.partition(" ")[2].partition(":")
    text_ = to_sign(sent, account["name"])
    if name != account["name"] or not any(_signed(text_, key["value"], signature) for key in account["_keys"]):
        text = (
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature."
        )
        raise refused(403, "AuthenticationFailed", text)


def _signed(text: str, key: str, signature: str) -> bool:
    made = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    try:
        return hmac.compare_digest(made, base64.b64decode(signature, validate=True))
    except binascii.Error:
        return False


def to_sign(sent: Exchange, account: str) -> str:
    """The text that is signed: method, headers, and the address with its query, each in a line."""
    headers = {name.lower(): value for name, value in sent.headers.items()}
    values = [headers.get(name, "") for name in _SIGNED]
    if values[2] == "0":
        values[2] = ""
    extra = sorted((name, value) for name, value in headers.items() if name.startswith("x-ms-"))
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(sent.query, keep_blank_values=True):
        query.setdefault(name.lower(), []).append(value)
    asked = "".join(f"\n{name}:{','.join(sorted(query[name]))}" for name in sorted(query))
    lines = "\n".join([sent.method, *values]) + "\n"
    return lines + "".join(f"{n}:{v}\n" for n, v in extra) + f"/{account}{quote(sent.path, safe='/~$')}" + asked
