"""The secrets of key vaults: versions, lists without values, soft delete, recovery, purge.

Source: learn.microsoft.com/rest/api/keyvault/secrets. Which vault is meant, the host name says.
"""

import re
import time
import uuid
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.azure.call import Call, Router
from sandbox.azure.errors import ArmError
from sandbox.azure.resources import drop, put
from sandbox.azure.vault_access import caller_of, permit, refused, vault_of
from sandbox.azure.vault_shapes import answer, bundle, deleted_bundle, deletion, in_order, item, moment, page, retention
from sandbox.azure.vault_state import secrets_of
from sandbox.exchange import Exchange, Refused, exchange
from sandbox.store import Doc

router = Router()
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_LONGEST = 25 * 1024


async def vault(request: Request) -> Response:
    """Any call below ``/secrets`` or ``/deletedsecrets``."""
    sent = exchange(request)
    try:
        response = _carried_out(sent)
    except Refused as refusal:
        response = refusal.response
    except ArmError as error:
        response = refused(error.status, "BadParameter", error.message).response
    response.headers.update(_common(sent))
    return response


def _carried_out(sent: Exchange) -> Response:
    held = caller_of(sent)
    call = Call(sent, held)
    if not call.query.get("api-version"):
        raise refused(400, "BadParameter", "api-version must be specified")
    found = router.find(sent.method, sent.path)
    if found is None:
        raise refused(404, "NotFound", f"The requested resource '{sent.path}' does not exist.")
    entry, call.params, _ = found
    if not _NAME.fullmatch(call.params.get("name", "-")):
        raise refused(400, "BadParameter", f"The request URI contains an invalid name: {call.params['name']}")
    call.params["vault"] = vault_of(sent)["name"].lower()
    permit(sent, held, vault_of(sent), str(entry.action), call.params.get("name", ""))
    return entry.handler(call)


def _common(sent: Exchange) -> dict[str, str]:
    return {
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "x-ms-request-id": sent.request_id,
        "x-ms-client-request-id": sent.client_request_id or str(uuid.uuid4()),
        "x-ms-keyvault-region": "westeurope",
        "x-ms-keyvault-service-version": "1.9.2090.1",
        "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;",
    }


# -- secrets -----------------------------------------------------------------------------------------------------------


def _key(call: Call) -> str:
    return f"{call.params['vault']}/{call.params['name'].lower()}"


def _held(call: Call) -> Doc:
    """A secret that is neither deleted nor just being recovered; 404 else."""
    found = call.store.seen("azure_secrets", _key(call))
    if found is None or found["deleted"] or found["ready"] > time.time():
        raise _missing(call.params["name"])
    return found


def _missing(name: str) -> Refused:
    text = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may "
        "be able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182"
    )
    return refused(404, "SecretNotFound", text)


def _version(call: Call, doc: Doc) -> Doc:
    wanted = call.params.get("version")
    if not wanted:
        return dict(doc["versions"][-1])
    found: Doc | None = next((one for one in doc["versions"] if one["version"] == wanted.lower()), None)
    if found is None:
        raise _missing(f"{call.params['name']}/{wanted}")
    return found


@router.add("PUT", "/secrets/{name}", "set")
def set_secret(call: Call) -> Response:
    """``PUT /secrets/{name}``: a new version; the name of a deleted secret is taken (409)."""
    body, before = call.body(), call.store.get("azure_secrets", _key(call))
    value = body.get("value")
    if not isinstance(value, str):
        raise refused(400, "BadParameter", "The request body must contain the property 'value'.")
    if len(value.encode()) > _LONGEST:
        raise refused(400, "BadParameter", "Secret value is too long: it may have 25 KB.")
    call.store.secret("vault_secret", value)
    if before is not None:
        _check_usable(call, before)
    made = _changed({"version": uuid.uuid4().hex, "value": value, "created": moment(call)}, body, moment(call))
    doc = before or {"id": _key(call), "_vault": call.params["vault"], "name": call.params["name"], "versions": []}
    put(call.store, "azure_secrets", {**doc, "versions": [*doc["versions"], made], "deleted": None, "ready": 0.0})
    return answer(call, bundle(call, call.params["name"], made))


def _check_usable(call: Call, doc: Doc) -> None:
    name = call.params["name"]
    if doc["deleted"] and doc["ready"] > time.time():
        text = f"Secret {name} is currently being deleted."
        raise refused(409, "Conflict", text, "ObjectIsBeingDeleted")
    if doc["deleted"]:
        text = f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused; in this "
        text += "state, the secret can only be recovered or purged."
        raise refused(409, "Conflict", text, "ObjectIsDeletedButRecoverable")
    if doc["ready"] > time.time():
        raise refused(409, "Conflict", f"Secret {name} is currently being recovered.", "ObjectIsBeingRecovered")


def _changed(version: Doc, body: Doc, now: int) -> Doc:
    """A version with what a body says of it: attributes, tags, content type."""
    attributes = body.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise refused(400, "BadParameter", "The property 'attributes' must be an object.")
    kept = {name: attributes[name] for name in ("enabled", "nbf", "exp") if attributes.get(name) is not None}
    more = {name: body[name] for name in ("tags", "contentType") if body.get(name) is not None}
    return {"enabled": True, **version, **kept, **more, "updated": now}


@router.add("GET", "/secrets/{name}", "get")
@router.add("GET", "/secrets/{name}/{version}", "get")
def get_secret(call: Call) -> Response:
    """``GET /secrets/{name}/[{version}]``: a disabled one, or one outside of its dates, is 403."""
    found = _version(call, _held(call))
    if not found["enabled"]:
        raise refused(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
    if found.get("nbf", 0) > moment(call):
        raise refused(403, "Forbidden", "Operation get is not allowed on a secret that is not yet valid.",
                      "SecretNotYetValid")  # fmt: skip
    if "exp" in found and found["exp"] <= moment(call):
        raise refused(403, "Forbidden", "Operation get is not allowed on an expired secret.", "SecretExpired")
    return answer(call, bundle(call, call.params["name"], found))


@router.add("PATCH", "/secrets/{name}", "update")
@router.add("PATCH", "/secrets/{name}/{version}", "update")
def update_secret(call: Call) -> Response:
    """``PATCH /secrets/{name}/[{version}]``: attributes, tags, content type; never the value."""
    doc = _held(call)
    found = _version(call, doc)
    changed = _changed(found, call.body(), moment(call))
    versions = [changed if one["version"] == found["version"] else one for one in doc["versions"]]
    put(call.store, "azure_secrets", {**doc, "versions": versions})
    return answer(call, {k: v for k, v in bundle(call, doc["name"], changed).items() if k != "value"})


@router.add("GET", "/secrets", "list")
def list_secrets(call: Call) -> Response:
    """``GET /secrets[?maxresults=]``: the newest version of each, without value and version."""
    there = secrets_of(call.store, call.params["vault"])
    found = [doc for doc in there if not doc["deleted"] and doc["ready"] <= time.time()]
    return page(call, [item(call, doc["name"], doc["versions"][-1]) for doc in in_order(found)])


@router.add("GET", "/secrets/{name}/versions", "list")
def list_versions(call: Call) -> Response:
    """``GET /secrets/{name}/versions``: an unknown secret has none."""
    found = call.store.seen("azure_secrets", _key(call))
    versions = found["versions"] if found and not found["deleted"] else []
    return page(call, [item(call, call.params["name"], one, with_version=True) for one in versions])


# -- deleted secrets ---------------------------------------------------------------------------------------------------


@router.add("DELETE", "/secrets/{name}", "delete")
def delete_secret(call: Call) -> Response:
    """``DELETE /secrets/{name}``: 200; it is among the deleted ones only after a while."""
    doc, days = _held(call), retention(call)
    now = call.store.now()
    deleted = {"at": int(now.timestamp()), "purge": int((now + timedelta(days=days)).timestamp())}
    ready = time.time() + call.store.settings.arm_operation_ms / 1000
    doc = put(call.store, "azure_secrets", {**doc, "deleted": deleted, "ready": ready})
    return answer(call, deleted_bundle(call, doc))


@router.add("GET", "/deletedsecrets/{name}", "get")
def get_deleted(call: Call) -> Response:
    """``GET /deletedsecrets/{name}``: 404 while it is being deleted; a disabled one is 403."""
    doc = _gone(call)
    if not doc["versions"][-1]["enabled"]:
        raise refused(403, "Forbidden", "Operation get is not permitted on this object.", "AccessDenied")
    return answer(call, deleted_bundle(call, doc))


def _gone(call: Call) -> Doc:
    found = call.store.seen("azure_secrets", _key(call))
    if found is None or not found["deleted"] or found["ready"] > time.time() or _expired(call, found):
        raise refused(404, "SecretNotFound", f"Deleted Secret not found: {call.params['name']}")
    return found


def _expired(call: Call, doc: Doc) -> bool:
    """Is its retention over? Then it is purged."""
    over = bool(doc["deleted"]["purge"] <= moment(call))
    if over:
        drop(call.store, "azure_secrets", doc["id"])
    return over


@router.add("GET", "/deletedsecrets", "list")
def list_deleted(call: Call) -> Response:
    """``GET /deletedsecrets``."""
    there = [doc for doc in secrets_of(call.store, call.params["vault"]) if doc["deleted"]]
    found = [doc for doc in there if doc["ready"] <= time.time() and not _expired(call, doc)]
    items = [{**deletion(call, doc), **item(call, doc["name"], doc["versions"][-1])} for doc in in_order(found)]
    return page(call, items)


@router.add("POST", "/deletedsecrets/{name}/recover", "recover")
def recover(call: Call) -> Response:
    """``POST /deletedsecrets/{name}/recover``: 200; it is there again only after a while."""
    doc = _gone(call)
    ready = time.time() + call.store.settings.arm_operation_ms / 1000
    put(call.store, "azure_secrets", {**doc, "deleted": None, "ready": ready})
    return answer(call, item(call, doc["name"], doc["versions"][-1], with_version=True))


@router.add("DELETE", "/deletedsecrets/{name}", "purge")
def purge_secret(call: Call) -> Response:
    """``DELETE /deletedsecrets/{name}``: 204; purge protection forbids it."""
    doc = _gone(call)
    if vault_of(call.sent)["properties"].get("enablePurgeProtection"):
        text = 'Operation "purge" is not allowed because purge protection is enabled for this vault.'
        raise refused(403, "Forbidden", text, "ForbiddenByPolicy")
    drop(call.store, "azure_secrets", doc["id"])
    return Response(status_code=204)


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
routes = [Route(f"/{first}{{rest:path}}", vault, methods=_METHODS) for first in ("secrets", "deletedsecrets")]
