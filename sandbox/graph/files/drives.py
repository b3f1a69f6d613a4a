"""Drives: OneDrive for Business (Microsoft Graph v1.0, resource type drive), and the way to an item in one."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError
from sandbox.graph.files.drive_paths import SEPARATOR
from sandbox.graph.mail.outlook import chosen
from sandbox.graph.mail.services import (
    ARCHIVED_AFTER,
    READ_ONLY_AFTER,
    age,
    drive_of,
    live_drive,
    root_id,
)
from sandbox.graph.permissions import FILES_READ
from sandbox.store import Doc, Store

router = Router()
TOTAL = 1_099_511_627_776
_HOST = "https://practice-my.sharepoint.com/personal"
FORMS = ("drives/{drive}/", "users/{user}/drive/")
ITEMS = ("root", "items/{item}", "root/:/{path}", "items/{item}/:/{path}")
"""How an item is addressed below a drive; paths are one segment (``sandbox.graph.files.drive_paths``)."""


def item_not_found() -> GraphError:
    """404 of a drive or an item that is not there."""
    return GraphError(404, "itemNotFound", "The resource could not be found.")


def refused(code: str, message: str, status: int = 400) -> GraphError:
    """OneDrive's refusals have codes in lower camel case."""
    return GraphError(status, code, message)


def opened(call: Call) -> Doc:
    """The drive of a call, by its id or its owner; archived ones are locked."""
    if "drive" in call.params:
        found = live_drive(call.store, call.params["drive"])
        if found is None:
            raise item_not_found()
    else:
        found = drive_of(call.store, seen_user(call.store, call.params["user"]))
        if found is None:
            raise GraphError(404, "ResourceNotFound", "User's mysite not found.")
    if age(call.store, found.get("unlicensed")) > ARCHIVED_AFTER:
        raise refused("resourceLocked", "Access to this site has been blocked.", 423)
    return found


def writable(call: Call) -> Doc:
    """The drive of a call that changes something; 60 days without a licence make it read-only."""
    found = opened(call)
    if age(call.store, found.get("unlicensed")) > READ_ONLY_AFTER:
        raise refused("accessDenied", "Access denied: the site is read-only.", 403)
    return found


def web_url(drive: Doc) -> str:
    """Where people see the drive."""
    return f"{_HOST}/{drive['site']}/Documents"


def shown(store: Store, drive: Doc) -> Doc:
    """A drive as Graph gives it."""
    used = sum(item.get("size", 0) for item in store.find("drive_items", "_drive", drive["id"]))
    return {
        "createdDateTime": drive["created"],
        "description": "",
        "id": drive["id"],
        "lastModifiedDateTime": drive.get("modified") or drive["created"],
        "name": "OneDrive",
        "webUrl": web_url(drive),
        "driveType": "business",
        "createdBy": {"user": {"displayName": "System Account"}},
        "lastModifiedBy": {"user": drive["owner"]},
        "owner": {"user": drive["owner"]},
        "quota": {
            "deleted": 0,
            "remaining": TOTAL - used,
            "state": "normal",
            "total": TOTAL,
            "used": used,
        },
    }


@router.add("GET", "users/{user}/drive", FILES_READ)
@router.add("GET", "drives/{drive}", FILES_READ)
def drive(call: Call) -> Response:
    """``GET /users/{u}/drive``, ``GET /drives/{d}``: an application cannot have one made by asking."""
    return call.answer(chosen(call, shown(call.store, opened(call))), "drives/$entity")


@router.add("GET", "users/{user}/drives", FILES_READ)
def drives(call: Call) -> Response:
    """``GET /users/{u}/drives``: the one there is."""
    return call.answer({"value": [shown(call.store, opened(call))]}, "drives")


# -- items -------------------------------------------------------------------------------------------------------------


def root(drive: Doc) -> Doc:
    """A drive's root folder, which nothing but permissions is ever noted of."""
    return {
        "id": root_id(drive["id"]),
        "_drive": drive["id"],
        "_parent": None,
        "name": "root",
        "folder": True,
        "size": 0,
        "created": drive["created"],
        "modified": drive["created"],
        "version": 1,
        "by": drive["owner"],
    }


def find(call: Call, drive: Doc) -> Doc:
    """The item of a call, as a reader sees it: the root, by id, by path from either."""
    found = root(drive)
    key = call.params.get("item", "root")
    if key not in ("root", found["id"]):
        item = call.store.seen("drive_items", key)
        if item is None or item["_drive"] != drive["id"] or item.get("gone"):
            raise item_not_found()
        found = item
    for name in filter(None, call.params.get("path", "").split(SEPARATOR)):
        below = next(
            (child for child in children(call.store, found["id"]) if child["name"].lower() == name.lower()), None
        )
        if below is None:
            raise item_not_found()
        found = below
    return found


def children(store: Store, item: str) -> list[Doc]:
    """What a folder holds, as a reader sees it."""
    return [child for child in store.find_seen("drive_items", "_parent", item) if not child.get("gone")]


def etag(item: Doc) -> str:
    """An item's version, as ``If-Match`` takes it."""
    return f'"{{{item["id"]}}},{item["version"]}"'


def trail(store: Store, drive: Doc, item: Doc) -> str:
    """The path from the root down to an item, the root's own being empty."""
    names: list[str] = []
    at: Doc | None = item
    while at is not None and at["_parent"] is not None:
        names.insert(0, at["name"])
        at = store.get("drive_items", at["_parent"])
    return "".join(f"/{quote(name)}" for name in names)


def shown_item(store: Store, drive: Doc, item: Doc) -> Doc:
    """An item as Graph gives it, a folder or a file."""
    path = trail(store, drive, item)
    body: Doc = {
        "@odata.etag": etag(item),
        "createdDateTime": item["created"],
        "eTag": etag(item),
        "id": item["id"],
        "lastModifiedDateTime": item["modified"],
        "name": item["name"],
        "webUrl": web_url(drive) + path,
        "cTag": f'"c:{{{item["id"]}}},{item["version"]}"',
        "size": item["size"],
        "createdBy": {"user": item["by"]},
        "lastModifiedBy": {"user": item["by"]},
        "parentReference": {"driveType": "business", "driveId": drive["id"]},
        "fileSystemInfo": {"createdDateTime": item["created"], "lastModifiedDateTime": item["modified"]},
    }
    if item["_parent"] is not None:
        above = f"/drives/{drive['id']}/root:" + path.rpartition("/")[0]
        body["parentReference"] |= {"id": item["_parent"], "path": above}
    else:
        body["root"] = {}
    if item.get("folder"):
        body["folder"] = {"childCount": len(children(store, item["id"]))}
    else:
        body["file"] = {"mimeType": item["mime"], "hashes": {"quickXorHash": item["hash"]}}
    return body


def addresses(suffix: str) -> Iterator[str]:
    """Every way to write an item's address, followed by a suffix."""
    for form in FORMS:
        for item in ITEMS:
            yield f"{form}{item}{suffix}"


def on_items(
    router: Router, method: str, suffix: str, allowed: frozenset[str]
) -> Callable[[Callable[[Call], Response]], Callable[[Call], Response]]:
    """Register a handler for an item under all of its addresses."""

    def register(handler: Callable[[Call], Response]) -> Callable[[Call], Response]:
        for address in addresses(suffix):
            router.add(method, address, allowed)(handler)
        return handler

    return register
