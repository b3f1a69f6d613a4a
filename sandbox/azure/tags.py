"""``Microsoft.Resources/tags/default``: the tags of a resource, a resource group or a subscription as a whole."""

from starlette.responses import Response

from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request
from sandbox.azure.resources import by_id, checked_tags, put
from sandbox.store import Doc

router = Router()
_PATH = "{scope}/providers/Microsoft.Resources/tags/default"


def _tagged(call: Call) -> Doc:
    found = by_id(call.store, call.params["scope"])
    if found is None:
        raise ArmError(404, "ResourceNotFound", f"The Resource '{call.params['scope']}' was not found.")
    return found


def _answer(call: Call, tags: Doc) -> Response:
    key = f"{call.params['scope']}/providers/Microsoft.Resources/tags/default"
    body = {"id": key, "name": "default", "type": "Microsoft.Resources/tags", "properties": {"tags": tags}}
    return call.answer(body)


def _kept(call: Call, doc: Doc, tags: Doc) -> Doc:
    kind = "azure_resources" if "_type" in doc else "azure_groups" if "path" in doc else "azure_subscriptions"
    return put(call.store, kind, {**doc, "tags": tags})


@router.add("GET", _PATH, "Microsoft.Resources/tags/read")
def show(call: Call) -> Response:
    """``GET {scope}/providers/Microsoft.Resources/tags/default``."""
    return _answer(call, _tagged(call)["tags"])


@router.add("PUT", _PATH, "Microsoft.Resources/tags/write")
def replace(call: Call) -> Response:
    """``PUT …/tags/default``: these and no others."""
    tags = checked_tags(call.properties().get("tags"))
    return _answer(call, _kept(call, _tagged(call), tags)["tags"])


@router.add("PATCH", _PATH, "Microsoft.Resources/tags/write")
def patch(call: Call) -> Response:
    """``PATCH …/tags/default``: ``Merge``, ``Replace`` or ``Delete``; names are compared without case."""
    doc, given = _tagged(call), checked_tags(call.properties().get("tags"))
    operation = str(call.body().get("operation", "")).lower()
    if operation not in ("merge", "replace", "delete"):
        raise bad_request("InvalidTagsOperation", "The tags operation must be 'Merge', 'Replace' or 'Delete'.")
    return _answer(call, _kept(call, doc, checked_tags(_patched(doc["tags"], given, operation)))["tags"])


def _patched(held: Doc, given: Doc, operation: str) -> Doc:
    if operation == "replace":
        return given
    names = {name.lower(): value for name, value in given.items()}
    if operation == "delete":
        return {n: v for n, v in held.items() if n.lower() not in names or names[n.lower()] not in ("", v)}
    return {**{n: v for n, v in held.items() if n.lower() not in names}, **given}


@router.add("DELETE", _PATH, "Microsoft.Resources/tags/delete")
def delete(call: Call) -> Response:
    """``DELETE …/tags/default``: none any more."""
    _kept(call, _tagged(call), {})
    return empty(200)
