"""Files and folders: read, made, uploaded, changed, deleted (Microsoft Graph v1.0, resource type driveItem)."""

import base64
import hashlib
import mimetypes
import secrets
import time
import uuid
from pathlib import PurePosixPath

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import stamp
from sandbox.graph.files.drive_paths import SEPARATOR
from sandbox.graph.files.drives import (
    children,
    etag,
    find,
    item_not_found,
    on_items,
    opened,
    refused,
    shown_item,
    writable,
)
from sandbox.graph.mail.outlook import chosen
from sandbox.graph.mail.services import erase, item_id, write
from sandbox.graph.permissions import FILES_READ, FILES_WRITE
from sandbox.store import Doc

router = Router()
MAX_UPLOAD = 4 * 1024 * 1024
"""What this tenant keeps of a file; Graph's own limit for a simple upload is 250 MB."""
LINK_S = 3600
_FORBIDDEN = frozenset('"*:<>?/\\|')


def touched(call: Call, drive: Doc, item: Doc) -> Doc:
    """Write an item with a new version, and count the drive's own version up, for delta."""
    now = stamp(call.store.now())
    held = call.store.get("drives", drive["id"]) or drive
    version = held["version"] + 1
    write(call.store, "drives", {**held, "version": version, "modified": now})
    changed = {**item, "modified": now, "version": item.get("version", 0) + 1, "sequence": version}
    return write(call.store, "drive_items", changed)


def check_version(call: Call, item: Doc) -> None:
    """``If-Match``: 412 for another version than the present one."""
    wanted = call.sent.headers.get("if-match")
    tags = {etag(item), etag(item).strip('"')}
    if wanted and wanted != "*" and wanted.removeprefix("W/") not in tags:
        raise refused(
            "resourceModified", "The resource has changed since the caller last read it (eTag mismatch).", 412
        )


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or _FORBIDDEN & set(name) or len(name) > 255:
        raise refused("invalidRequest", "The provided name cannot contain any of the forbidden characters or be empty.")
    return name


# -- reading -----------------------------------------------------------------------------------------------------------


@on_items(router, "GET", "", FILES_READ)
def item(call: Call) -> Response:
    """``GET /drives/{d}/root``, ``…/items/{i}``, ``…/root:/path``."""
    drive = opened(call)
    found = find(call, drive)
    if call.sent.headers.get("if-none-match") == etag(found):
        return Response(status_code=304)
    context = f"drives('{drive['id']}')/items/$entity"
    return call.answer(chosen(call, shown_item(call.store, drive, found)), context)


@on_items(router, "GET", "/children", FILES_READ)
def listing(call: Call) -> Response:
    """``GET /drives/{d}/root/children``: paged by ``$skiptoken``."""
    drive = opened(call)
    found = sorted(children(call.store, find(call, drive)["id"]), key=lambda child: str(child["name"]).lower())
    size = int(text) if (text := call.query.get("top", "200")).isdecimal() and int(text) else 200
    start = next((n + 1 for n, child in enumerate(found) if child["id"] == call.query.get("skiptoken")), 0)
    page = found[start : start + size]
    body: Doc = {"value": [chosen(call, shown_item(call.store, drive, child)) for child in page]}
    if start + size < len(found):
        url = f"{call.sent.origin}{call.sent.path}"
        body["@odata.nextLink"] = f"{url}?$top={size}&$skiptoken={page[-1]['id']}"
    return call.answer(body, f"drives('{drive['id']}')/items")


@on_items(router, "GET", "/content", FILES_READ)
def download(call: Call) -> Response:
    """``GET …/content``: 302 to an address that is good for an hour and takes no token."""
    drive = opened(call)
    found = find(call, drive)
    if found.get("folder"):
        raise refused("invalidRequest", "A folder has no content.")
    for link in call.store.all("downloads"):
        if link["until"] < time.time():
            erase(call.store, "downloads", link["id"])
    key = call.store.secret("download", secrets.token_urlsafe(24))
    write(call.store, "downloads", {"id": key, "item": found["id"], "until": time.time() + LINK_S})
    url = f"{call.sent.origin}/personal/{drive['site']}/_layouts/15/download.aspx?UniqueId={found['id']}&tempauth={key}"
    return Response(status_code=302, headers={"Location": url})


# -- writing -----------------------------------------------------------------------------------------------------------


@on_items(router, "POST", "/children", FILES_WRITE)
def make_folder(call: Call) -> Response:
    """``POST …/children {"name", "folder": {}}``: 201; a taken name is 409 unless it is to be renamed or replaced."""
    drive = writable(call)
    parent = find(call, drive)
    body = call.body()
    if not isinstance(body.get("folder"), dict):
        raise refused("invalidRequest", "Only folders can be made here; the facet 'folder' is missing.")
    name = _checked_name(body.get("name"))
    taken = {str(child["name"]).lower(): child for child in children(call.store, parent["id"])}
    behaviour = body.get("@microsoft.graph.conflictBehavior", "fail")
    if name.lower() in taken and behaviour == "replace":
        found = taken[name.lower()]
        return call.answer(shown_item(call.store, drive, found), f"drives('{drive['id']}')/items/$entity")
    if name.lower() in taken and behaviour != "rename":
        raise refused("nameAlreadyExists", "The specified item name already exists.", 409)
    name = next(n for n in (name, *(f"{name} {i}" for i in range(1, len(taken) + 2))) if n.lower() not in taken)
    made = touched(call, drive, _new(call, drive, parent, name, {"folder": True, "size": 0}))
    return call.answer(shown_item(call.store, drive, made), f"drives('{drive['id']}')/items/$entity", 201)


def _new(call: Call, drive: Doc, parent: Doc, name: str, values: Doc) -> Doc:
    by = {"displayName": call.caller.claims.get("app_displayname"), "id": call.caller.object_id}
    identity = {"id": item_id(uuid.uuid4()), "_drive": drive["id"], "_parent": parent["id"], "name": name, "by": by}
    return {**identity, "created": stamp(call.store.now()), **values}


@on_items(router, "PUT", "/content", FILES_WRITE)
def upload(call: Call) -> Response:
    """``PUT …/root:/path:/content``: 201 for a new file, 200 for a replaced one; missing folders are made."""
    drive = writable(call)
    if len(call.sent.body) > MAX_UPLOAD:
        raise refused("maxFileSizeExceeded", "The file is larger than a simple upload takes.", 413)
    parent, name, found = _target(call, drive)
    values = _content(name, call.sent.body)
    context = f"drives('{drive['id']}')/items/$entity"
    if found is not None:
        check_version(call, found)
        return call.answer(shown_item(call.store, drive, touched(call, drive, {**found, **values})), context)
    made = touched(call, drive, _new(call, drive, parent, name, values))
    return call.answer(shown_item(call.store, drive, made), context, 201)


def _target(call: Call, drive: Doc) -> tuple[Doc, str, Doc | None]:
    """Where an upload goes: parent, name, and the file that is there already."""
    *folders, name = call.params.get("path", "").split(SEPARATOR)
    if not name:
        found = find(call, drive)
        if found.get("folder"):
            raise refused("invalidRequest", "A folder has no content.")
        return found, found["name"], found
    above = {key: value for key, value in call.params.items() if key != "path"}
    parent = find(Call(call.sent, call.caller, call.version, above), drive)
    for folder in folders:
        below = _child(call, parent, folder)
        parent = below or touched(call, drive, _new(call, drive, parent, folder, {"folder": True, "size": 0}))
    return parent, _checked_name(name), _child(call, parent, name)


def _child(call: Call, parent: Doc, name: str) -> Doc | None:
    return next((c for c in children(call.store, parent["id"]) if str(c["name"]).lower() == name.lower()), None)


def _content(name: str, body: bytes) -> Doc:
    digest = hashlib.sha256(body).digest()[:20]
    return {
        "folder": False,
        "size": len(body),
        "mime": mimetypes.guess_type(PurePosixPath(name).name)[0] or "application/octet-stream",
        "hash": base64.b64encode(digest).decode(),
        "content": base64.b64encode(body).decode(),
    }


@on_items(router, "PATCH", "", FILES_WRITE)
def change(call: Call) -> Response:
    """``PATCH …/items/{i} {"name", "parentReference": {"id"}}``: rename or move, 200."""
    drive = writable(call)
    found = find(call, drive)
    if found["_parent"] is None:
        raise refused("notAllowed", "The root folder cannot be renamed or moved.", 403)
    check_version(call, found)
    body, values = call.body(), {}
    if "name" in body:
        values["name"] = _checked_name(body["name"])
    if key := (body.get("parentReference") or {}).get("id"):
        values["_parent"] = _new_parent(call, drive, found, key)
    wanted = {**found, **values}
    if any(
        c["id"] != found["id"] and c["name"].lower() == wanted["name"].lower()
        for c in children(call.store, wanted["_parent"])
    ):
        raise refused("nameAlreadyExists", "The specified item name already exists.", 409)
    changed = touched(call, drive, wanted)
    return call.answer(shown_item(call.store, drive, changed), f"drives('{drive['id']}')/items/$entity")


def _new_parent(call: Call, drive: Doc, moved: Doc, key: str) -> str:
    """Where an item moves to: a folder, and none that lies in the item itself."""
    parent = find(Call(call.sent, call.caller, call.version, {"item": key}), drive)
    at: Doc | None = parent
    while at is not None and at["id"] != moved["id"]:
        at = call.store.get("drive_items", at["_parent"] or "")
    if at is not None or not parent.get("folder"):
        raise refused("invalidRequest", "The item cannot be moved there: the parent must be a folder outside of it.")
    return str(parent["id"])


@on_items(router, "DELETE", "", FILES_WRITE)
def delete(call: Call) -> Response:
    """``DELETE …/items/{i}``: 204, with everything below; delta tells of it."""
    drive = writable(call)
    found = find(call, drive)
    if found["_parent"] is None:
        raise refused("notAllowed", "The root folder cannot be deleted.", 403)
    check_version(call, found)
    waiting = [found]
    while waiting:
        one = waiting.pop()
        waiting.extend(children(call.store, one["id"]))
        touched(call, drive, {**one, "gone": True, "content": ""})
        for permission in call.store.find("drive_permissions", "_item", one["id"]):
            erase(call.store, "drive_permissions", permission["id"])
    return Response(status_code=204)


def content_of(store_item: Doc | None) -> bytes:
    """The bytes of a file; 404 for none."""
    if store_item is None or store_item.get("gone"):
        raise item_not_found()
    return base64.b64decode(store_item["content"])
