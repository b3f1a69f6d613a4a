"""Any call of Azure Resource Manager: authenticated, paid, found, permitted, not locked, then carried out."""

import re
import uuid

from starlette.requests import Request
from starlette.responses import Response

from sandbox.azure import (
    assignments,
    groups,
    locks,
    machines,
    networks,
    operations,
    pim,
    rbac,
    resources,
    roles,
    scopes,
    storage,
    subscriptions,
    tags,
    throttle,
    vaults,
)
from sandbox.azure.call import Call, Entry, Router, unknown_path
from sandbox.azure.errors import ArmError, bad_request, subscription_not_found
from sandbox.entra_resources import kind_of
from sandbox.entra_tokens import bearer
from sandbox.exchange import Caller, Exchange, exchange
from sandbox.graph import background

REGION = "westeurope"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-(preview|alpha|beta|privatepreview))?", re.IGNORECASE)
_AUDIENCES = (
    "'https://management.core.windows.net/','https://management.core.windows.net',"
    "'https://management.azure.com/','https://management.azure.com'"
)
_router = Router()
for _part in (
    subscriptions, groups, resources, tags, locks, operations, roles, assignments, pim, machines, storage, networks,
    vaults,
):  # fmt: skip
    _router.include(_part.router)


async def arm(request: Request) -> Response:
    """Any call below ``/subscriptions``, ``/providers`` or ``/tenants``."""
    sent = exchange(request)
    background.run_due(sent.store)
    told: dict[str, str] = {}
    try:
        held = _caller(sent)
        told = throttle.charge(sent, held.object_id)
        response = _carried_out(sent, held)
    except ArmError as error:
        response = error.answer()
    response.headers.update({**_common(sent), **told})
    return response


def _carried_out(sent: Exchange, held: Caller) -> Response:
    call = Call(sent, held)
    _check_version(call.query.get("api-version"))
    found = _router.find(sent.method, sent.path)
    subscription = scopes.subscription_of(sent.path)
    if subscription and sent.store.seen("azure_subscriptions", subscription.lower()) is None:
        raise subscription_not_found(subscription)
    if found is None:
        raise unknown_path(sent.path)
    entry, call.params, call.resource = found
    _permit(call, entry)
    return entry.handler(call)


def _permit(call: Call, entry: Entry) -> None:
    if entry.action is not None:
        rbac.require(call.store, call.caller, entry.action, call.resource)
        locks.check(call, entry.action)


def _check_version(version: str | None) -> None:
    if not version:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        raise bad_request("MissingApiVersionParameter", text)
    if not _VERSION.fullmatch(version):
        raise bad_request("InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


# -- who calls ---------------------------------------------------------------------------------------------------------


def _caller(sent: Exchange) -> Caller:
    """Who calls, by a valid token for ARM in one of its spellings; else ARM's own 401."""
    if sent.caller is None:
        raise _unauthorized(sent, *_why(sent))
    audience = str(sent.caller.claims.get("aud"))
    if kind_of(audience, sent.origin, sent.store) != "arm":
        text = (
            f"The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match "
            f"with one of the allowed audiences {_AUDIENCES}."
        )
        raise _unauthorized(sent, "InvalidAuthenticationToken", text)
    tenant = str(sent.caller.claims.get("tid"))
    if tenant != sent.pipeline.tenant_id:
        text = (
            f"The access token is from the wrong issuer 'https://sts.windows.net/{tenant}/'. It must match the tenant "
            f"'https://sts.windows.net/{sent.pipeline.tenant_id}/' associated with this subscription."
        )
        raise _unauthorized(sent, "InvalidAuthenticationTokenTenant", text)
    return sent.caller


def _why(sent: Exchange) -> tuple[str, str]:
    token = bearer(sent.headers.get("authorization", ""))
    if token is None:
        return "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
    if sent.pipeline.tokens.read(token) is None:
        return "InvalidAuthenticationToken", "The access token is invalid."
    return "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."


def _unauthorized(sent: Exchange, code: str, message: str) -> ArmError:
    uri = f"https://login.windows.net/{sent.pipeline.tenant_id}"
    challenge = f'Bearer authorization_uri="{uri}", error="invalid_token", error_description="{message}"'
    return ArmError(401, code, message, {"WWW-Authenticate": challenge})


def _common(sent: Exchange) -> dict[str, str]:
    """The headers of every answer."""
    correlation = sent.headers.get("x-ms-correlation-request-id") or str(uuid.uuid4())
    at = sent.store.now()
    told = {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": sent.request_id,
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"{REGION.upper()}:{at:%Y%m%dT%H%M%SZ}:{correlation}",
    }
    if sent.headers.get("x-ms-client-request-id"):
        told["x-ms-client-request-id"] = sent.headers["x-ms-client-request-id"]
    if sent.caller:
        who = f"tenantId={sent.pipeline.tenant_id},objectId={sent.caller.object_id}"
        told["x-ms-operation-identifier"] = f"{who}/{REGION}/{uuid.uuid4()}"
    return told
