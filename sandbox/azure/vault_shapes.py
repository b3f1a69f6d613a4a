"""What Key Vault answers about secrets: bundles, items of lists, pages (rest/api/keyvault/secrets, "get-secrets")."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.azure.call import Call
from sandbox.azure.vault_access import refused, vault_of
from sandbox.store import Doc

_PAGE = 25


def moment(call: Call) -> int:
    """Now, in Unix seconds."""
    return int(call.store.now().timestamp())


def in_order(docs: list[Doc]) -> list[Doc]:
    """Secrets by name."""
    return sorted(docs, key=lambda doc: str(doc["id"]))


def retention(call: Call) -> int:
    """The days for which the vault keeps what is deleted."""
    return int(vault_of(call.sent)["properties"].get("softDeleteRetentionInDays", 90))


def _attributes(call: Call, version: Doc) -> Doc:
    days = retention(call)
    level = "Recoverable" if days == 90 else "CustomizedRecoverable"
    if not vault_of(call.sent)["properties"].get("enablePurgeProtection"):
        level += "+Purgeable"
    dates: Doc = {name: version[name] for name in ("nbf", "exp") if name in version}
    times = {"created": version["created"], "updated": version["updated"]}
    return {"enabled": version["enabled"], **dates, **times, "recoveryLevel": level, "recoverableDays": days}


def item(call: Call, name: str, version: Doc, *, with_version: bool = False) -> Doc:
    """A secret in a list: without value, and without version unless asked."""
    key = f"{call.sent.origin}/secrets/{name}" + (f"/{version['version']}" if with_version else "")
    more: Doc = {field: version[field] for field in ("contentType", "tags") if field in version}
    return {"id": key, "attributes": _attributes(call, version), **more}


def bundle(call: Call, name: str, version: Doc) -> Doc:
    """A version with its value."""
    return {"value": version["value"], **item(call, name, version, with_version=True)}


def deletion(call: Call, doc: Doc) -> Doc:
    """When a secret was deleted, and when it will be purged."""
    return {
        "recoveryId": f"{call.sent.origin}/deletedsecrets/{doc['name']}",
        "deletedDate": doc["deleted"]["at"],
        "scheduledPurgeDate": doc["deleted"]["purge"],
    }


def deleted_bundle(call: Call, doc: Doc) -> Doc:
    """A deleted secret."""
    return {**deletion(call, doc), **item(call, doc["name"], doc["versions"][-1], with_version=True)}


def page(call: Call, items: list[Doc]) -> Response:
    """One page of a list; ``nextLink`` is null at the end."""
    size = call.query.get("maxresults", str(_PAGE))
    if not size.isdecimal() or not 1 <= int(size) <= _PAGE:
        raise refused(400, "BadParameter", "maxresults must be between 1 and 25.")
    start = _skipped(call)
    after = start + int(size)
    link = _link(call, after, size) if after < len(items) else None
    return answer(call, {"value": items[start:after], "nextLink": link})


def _skipped(call: Call) -> int:
    token = call.query.get("skiptoken", "")
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else 0
    except ValueError:
        raise refused(400, "BadParameter", "The skip token is invalid.") from None


def _link(call: Call, start: int, size: str) -> str:
    token = base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")
    query = {"api-version": call.version, "$skiptoken": token, "maxresults": size}
    return f"{call.sent.origin}{call.sent.path}?{urlencode(query, safe='$')}"


def answer(call: Call, body: Any) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, separators=(",", ":")), media_type="application/json; charset=utf-8")
