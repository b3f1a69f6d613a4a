"""What has changed in a drive (Microsoft Graph v1.0, driveItem: delta)."""

import base64
import binascii

from starlette.responses import Response

from sandbox import moments
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError
from sandbox.graph.files.drives import FORMS, opened, refused, root, shown_item
from sandbox.graph.mail.services import KEPT, age
from sandbox.graph.permissions import FILES_READ
from sandbox.store import Doc

router = Router()
_PAGE = 200


def delta(call: Call) -> Response:
    """``GET /drives/{d}/root/delta``: items and deletions, then a deltaLink; an old token is 410 with a fresh start."""
    drive = opened(call)
    version = int((call.store.get("drives", drive["id"]) or drive)["version"])
    token = call.query.get("token") or call.query.get("$deltatoken") or call.query.get("deltatoken")
    if token == "latest":  # noqa: S105 - it is a word of the protocol
        return _answered(call, drive, [], version)
    since = _since(call, token) if token else -1
    items = [item for item in call.store.find_seen("drive_items", "_drive", drive["id"]) if item["sequence"] > since]
    items.sort(key=lambda item: int(item["sequence"]))
    page = items[:_PAGE]
    value = [] if since >= 0 and not items else [shown_item(call.store, drive, root(drive))]
    value += [_shown(call, drive, item) for item in page if since >= 0 or not item.get("gone")]
    return _answered(call, drive, value, page[-1]["sequence"] if len(items) > _PAGE else version, len(items) > _PAGE)


for _form in FORMS:
    for _start in ("root", "items/{item}"):
        router.add("GET", f"{_form}{_start}/delta", FILES_READ)(delta)


def _shown(call: Call, drive: Doc, item: Doc) -> Doc:
    if not item.get("gone"):
        return shown_item(call.store, drive, item)
    parent = {"driveType": "business", "driveId": drive["id"], "id": item["_parent"]}
    return {"id": item["id"], "deleted": {"state": "deleted"}, "parentReference": parent, "size": 0}


def _answered(call: Call, drive: Doc, value: list[Doc], version: int, more: bool = False) -> Response:
    text = f"{version};{call.moment()}".encode()
    link = f"{_address(call)}?token={base64.urlsafe_b64encode(text).decode().rstrip('=')}"
    name = "@odata.nextLink" if more else "@odata.deltaLink"
    return call.answer({name: link, "value": value}, "Collection(driveItem)")


def _address(call: Call) -> str:
    return f"{call.sent.origin}{call.sent.path.partition('(')[0]}"


def _since(call: Call, token: str) -> int:
    """What a token says was seen; one older than 30 days, or of nobody's making, starts over."""
    try:
        version, at = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(";")
        since, issued = int(version), moments.read(at)
    except (ValueError, binascii.Error) as error:
        raise refused("invalidRequest", "The delta token is not valid.") from error
    if age(call.store, issued.isoformat()) > KEPT:
        text = "The delta token is no longer valid, and the application must reset the sync state."
        raise GraphError(410, "resyncRequired", text, headers={"Location": _address(call)})
    return since
