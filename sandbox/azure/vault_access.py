"""Who may touch the secrets of a vault: the challenge, the token, access policies or RBAC, the firewall.

Source: learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses and rest-error-codes.
"""

import json
import time

from starlette.responses import Response

from sandbox.azure import rbac
from sandbox.azure.vault_state import first_vault, host_of, vault_named
from sandbox.entra_resources import kind_of
from sandbox.exchange import Caller, Exchange, Refused
from sandbox.store import Doc
from sandbox.throttle import Bucket

_PER_10_S = 4000
ACTIONS = {
    "get": "getSecret/action",
    "list": "readMetadata/action",
    "set": "setSecret/action",
    "update": "update/action",
    "delete": "delete",
    "recover": "recover/action",
    "purge": "purge/action",
}
_POLICY = {"update": "set"}


def refused(status: int, code: str, message: str, inner: str | None = None) -> Refused:
    """Key Vault's error envelope."""
    error: Doc = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Refused(_json({"error": error}, status))


def _json(body: Doc, status: int, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps(body, separators=(",", ":"))
    return Response(content, status, headers, media_type="application/json; charset=utf-8")


def caller_of(sent: Exchange) -> Caller:
    """Who calls, by a token for Key Vault; whoever brings none is told where to get one."""
    if not sent.headers.get("authorization"):
        raise _challenge(sent, "AKV10000: Request is missing a Bearer or PoP token.")
    if sent.caller is None:
        raise _challenge(sent, "AKV10001: The token cannot be validated: it is expired or its signature is invalid.")
    audience = str(sent.caller.claims.get("aud"))
    if kind_of(audience, sent.origin, sent.store) != "vault":
        text = f"AKV10022: Invalid audience. Expected https://vault.azure.net, found: {audience}."
        raise _challenge(sent, text)
    return sent.caller


def _challenge(sent: Exchange, message: str) -> Refused:
    authority = f"https://login.windows.net/{sent.pipeline.tenant_id}"
    header = f'Bearer authorization="{authority}", resource="https://vault.azure.net"'
    return Refused(_json({"error": {"code": "Unauthorized", "message": message}}, 401, {"WWW-Authenticate": header}))


def vault_of(sent: Exchange) -> Doc:
    """The vault that the host name begins with; on this machine's own names the first one."""
    host = host_of(sent)
    label, _, domain = host.partition(".")
    found = vault_named(sent.store, label) if domain else None
    if found is None and not host.lower().endswith(".vault.azure.net"):
        found = vault_named(sent.store, first_vault(sent.store))
    if found is None:
        raise refused(404, "VaultNotFound", f"The vault '{label}' does not exist, or has been deleted.")
    return found


def permit(sent: Exchange, held: Caller, vault: Doc, permission: str, secret: str = "") -> None:
    """403 unless an access policy, or in a vault with RBAC a role, lets the caller do it."""
    _pass_firewall(vault)
    _pay(sent, vault)
    if vault["properties"].get("enableRbacAuthorization"):
        _by_role(sent, held, vault, permission, secret)
    else:
        _by_policy(sent, held, vault, _POLICY.get(permission, permission))


def _by_role(sent: Exchange, held: Caller, vault: Doc, permission: str, secret: str) -> None:
    action = f"Microsoft.KeyVault/vaults/secrets/{ACTIONS[permission]}"
    resource = vault["path"] + (f"/secrets/{secret}" if secret else "")
    if rbac.allowed(sent.store, held.object_id, action, resource, data=True):
        return
    text = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
        "definitions were changed recently, please observe propagation time.\r\n"
        f"Caller: {_who(sent, held)}\r\nAction: '{action}'\r\nResource: '{resource.lower()}'\r\n"
        f"Assignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\n"
        f"Vault: {vault['name']};location={vault['location']}\r\n"
    )
    raise refused(403, "Forbidden", text, "ForbiddenByRbac")


def _by_policy(sent: Exchange, held: Caller, vault: Doc, permission: str) -> None:
    who = rbac.principals(sent.store, held.object_id)
    given = {
        name.lower()
        for one in vault["properties"]["accessPolicies"]
        if one["objectId"] in who
        for name in one["permissions"].get("secrets") or []
    }
    if permission in given or "all" in given:
        return
    text = (
        f"The user, group or application '{_who(sent, held)}' does not have secrets {permission} permission on key "
        f"vault '{vault['name']};location={vault['location']}'. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125287"
    )
    raise refused(403, "Forbidden", text, "ForbiddenByPolicy")


def _who(sent: Exchange, held: Caller) -> str:
    return f"appid={held.app_id};oid={held.object_id};iss=https://sts.windows.net/{sent.pipeline.tenant_id}/"


def _pass_firewall(vault: Doc) -> None:
    properties = vault["properties"]
    if properties.get("publicNetworkAccess") == "Disabled":
        text = (
            "Public network access is disabled and request is not from a trusted service nor via an approved private "
            f"link.\r\nVault: {vault['name']};location={vault['location']}"
        )
        raise refused(403, "Forbidden", text, "ForbiddenByConnection")
    if (properties.get("networkAcls") or {}).get("defaultAction") == "Deny":
        text = (
            "Client address is not authorized and caller is not a trusted service.\r\n"
            f"Vault: {vault['name']};location={vault['location']}"
        )
        raise refused(403, "Forbidden", text, "ForbiddenByFirewall")


def _pay(sent: Exchange, vault: Doc) -> None:
    """4,000 transactions in 10 s for each vault; the 429 names no delay (Key Vault service limits)."""
    if not sent.store.settings.throttle:
        return
    now = time.monotonic()
    bucket = sent.pipeline.budget.arm.setdefault(f"vault/{vault['id']}", Bucket(_PER_10_S, 10, _PER_10_S, now))
    bucket.refill(_PER_10_S, now)
    if bucket.wait(1):
        text = "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached"
        raise refused(429, "Throttled", text)
    bucket.level -= 1
