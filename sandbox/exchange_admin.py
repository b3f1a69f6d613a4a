"""Exchange administration over REST: PowerShell's own call, and the public Admin API of a few endpoints.

``POST /adminapi/beta/{tenant}/InvokeCommand`` carries any cmdlet; ``POST /adminapi/v2.0/{tenant}/{endpoint}`` those of
its endpoint ("Exchange Online Admin API overview"). A caller needs the application permission and an Exchange role.
"""

import base64
import binascii
import json
import re
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import exchange_admin_groups, exchange_admin_mailboxes, exchange_admin_rights, exchange_admin_settings
from sandbox.entra_resources import kind_of
from sandbox.exchange import Exchange, exchange
from sandbox.exchange_admin_command import CMDLETS, Failed, run
from sandbox.exchange_answers import exchange_failure
from sandbox.graph import background
from sandbox.graph.directory import DOMAINS
from sandbox.graph.roles.privileges import holds_role
from sandbox.seed_catalogue import EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR, TENANT_ID
from sandbox.store import Doc

__all__ = [
    "CMDLETS",
    "exchange_admin_groups",
    "exchange_admin_mailboxes",
    "exchange_admin_rights",
    "exchange_admin_settings",
    "routes",
]

_ENDPOINTS = {
    "organizationconfig": {"get-organizationconfig"},
    "accepteddomain": {"get-accepteddomain"},
    "mailbox": {"get-mailbox", "set-mailbox"},
    "mailboxfolderpermission": {f"{verb}-mailboxfolderpermission" for verb in ("get", "add", "set", "remove")},
    "distributiongroupmember": {f"{verb}-distributiongroupmember" for verb in ("get", "add", "remove")},
}
_BEHALF_ONLY = {"identity", "grantsendonbehalfto"}
_CHALLENGE = 'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", token_types="service_asserted_app_v1"'
_PAGE_SIZE = re.compile(r"odata\.maxpagesize=(\d+)", re.IGNORECASE)


async def invoke(request: Request) -> Response:
    """``POST /adminapi/beta/{tenant}/InvokeCommand``: any cmdlet."""
    return _served(exchange(request), request.path_params["tenant"], "Exchange.ManageAsApp", None)


async def endpoint(request: Request) -> Response:
    """``POST /adminapi/v2.0/{tenant}/{endpoint}``: the cmdlets of one endpoint."""
    name = request.path_params["endpoint"].lower()
    return _served(exchange(request), request.path_params["tenant"], "Exchange.ManageAsAppV2", name)


def _served(sent: Exchange, tenant: str, permission: str, endpoint: str | None) -> Response:
    if (refusal := _refusal(sent, tenant, permission)) is not None:
        return refusal
    background.run_due(sent.store)
    try:
        name, parameters = _asked(sent, endpoint)
        objects, warnings = run(sent.store, name, parameters)
    except Failed as failed:
        return exchange_failure(sent, failed.status, failed.code, failed.text, failed.type, failed.message, failed.mark)
    return _page(sent, objects, warnings)


def _refusal(sent: Exchange, tenant: str, permission: str) -> Response | None:
    """401 without a token for Exchange, 403 without permission or role; neither explains itself."""
    caller = sent.caller
    if caller is None or kind_of(str(caller.claims.get("aud")), sent.origin, sent.store) != "outlook":
        return Response(status_code=401, headers={"WWW-Authenticate": _CHALLENGE})
    known = tenant.lower() in (TENANT_ID, *DOMAINS)
    roles = (EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR)
    if known and permission in caller.roles and holds_role(sent.store, caller.object_id, roles):
        return None
    return Response(status_code=403)


def _asked(sent: Exchange, endpoint: str | None) -> tuple[str, Doc]:
    try:
        given = sent.json()["CmdletInput"]
        name, parameters = str(given["CmdletName"]), dict(given.get("Parameters") or {})
    except (ValueError, KeyError, TypeError) as error:
        raise _malformed("The request body must hold CmdletInput with CmdletName and Parameters.") from error
    if endpoint is None:
        return name, parameters
    if endpoint not in _ENDPOINTS:
        raise Failed(
            "Microsoft.OData.ODataException", f"Resource not found for the segment '{endpoint}'.", 404, "NotFound"
        )
    if name.lower() not in _ENDPOINTS[endpoint]:
        raise _malformed(f"The cmdlet '{name}' is not supported on this endpoint.")
    if name.lower() == "set-mailbox" and not {key.lower() for key in parameters} <= _BEHALF_ONLY:
        raise _malformed("Set-Mailbox takes Identity and GrantSendOnBehalfTo on this endpoint.")
    return name, parameters


def _malformed(message: str) -> Failed:
    return Failed("Microsoft.Exchange.Admin.OData.Core.ODataServiceException", message, text="Invalid Operation")


def _page(sent: Exchange, objects: list[Doc], warnings: list[str]) -> Response:
    """The objects, a page of them where ``Prefer: odata.maxpagesize`` asks for one; the next is another POST."""
    start = _start(sent)
    asked = _PAGE_SIZE.search(sent.headers.get("prefer", ""))
    size = int(asked[1]) if asked and int(asked[1]) else 1000
    context = f"{sent.origin}{sent.path.rpartition('/')[0]}/$metadata#Collection(Exchange.GenericHashTable)"
    body: Doc = {
        "@odata.context": context,
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": warnings,
    }
    if start + size < len(objects):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        body["@odata.nextLink"] = f"{sent.origin}{sent.path}?%24skiptoken={token}"
    body["value"] = objects[start : start + size]
    headers = {"request-id": sent.request_id, "OData-Version": "4.0"}
    return Response(json.dumps(body, ensure_ascii=False), media_type="application/json; charset=utf-8", headers=headers)


def _start(sent: Exchange) -> int:
    token = parse_qs(sent.query).get("$skiptoken", [""])[0]
    try:
        return int(base64.urlsafe_b64decode(token) or b"0")
    except (ValueError, binascii.Error):
        return 0


routes = [
    Route("/adminapi/beta/{tenant}/InvokeCommand", invoke, methods=["POST"]),
    Route("/adminapi/v2.0/{tenant}/{endpoint}", endpoint, methods=["POST"]),
]
