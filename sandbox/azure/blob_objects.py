"""Containers and blobs themselves: listed, made, read in ranges, leased and deleted."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

from starlette.responses import Response

from sandbox.azure import blob_conditions
from sandbox.azure.blob_access import permit, refused
from sandbox.azure.blob_xml import blobs_xml, containers_xml
from sandbox.azure.call import stamp
from sandbox.azure.resources import drop, put
from sandbox.azure.storage import CONTAINER_NAME, container, containers_of, remove_container
from sandbox.exchange import Exchange
from sandbox.store import Doc

XML = "application/xml"


@dataclass
class Target:
    """What a call is about: an account, a container in it, a blob in that; the last two may be empty."""

    sent: Exchange
    account: Doc
    container: str
    blob: str

    def __post_init__(self) -> None:
        self.query = dict(parse_qsl(self.sent.query, keep_blank_values=True))

    def allow(self, what: str) -> None:
        """401 or 403 unless the caller may."""
        permit(self.sent, self.account, what, self.container)

    @property
    def key(self) -> str:
        """The container's id."""
        return f"{self.account['name']}/{self.container}"

    def held(self) -> Doc:
        """The container; 404 where there is none."""
        found = self.sent.store.seen("azure_containers", self.key)
        if found is None:
            raise refused(404, "ContainerNotFound", "The specified container does not exist.")
        return found

    def blob_held(self) -> Doc:
        """The blob; 404 where there is none."""
        self.held()
        found = self.sent.store.seen("azure_blobs", f"{self.key}/{self.blob}")
        if found is None:
            raise refused(404, "BlobNotFound", "The specified blob does not exist.")
        return found


def answer(target: Target) -> Response:
    """The answer to any call."""
    kind = "blob" if target.blob else "container" if target.container else "account"
    asked = (kind, target.sent.method, target.query.get("comp", ""))
    handler = _HANDLERS.get(asked)
    if handler is None:
        raise refused(405, "UnsupportedHttpVerb", "The resource doesn't support specified Http Verb.")
    return handler(target)


# -- containers --------------------------------------------------------------------------------------------------------


def _list_containers(target: Target) -> Response:
    """``GET /?comp=list``."""
    target.allow("container/read")
    prefix = target.query.get("prefix", "")
    found = [d for d in containers_of(target.sent.store, target.account["name"]) if d["name"].startswith(prefix)]
    page, marker = _page(target, found)
    return Response(containers_xml(target.sent.origin, prefix, page, marker), media_type=XML)


def _page(target: Target, found: list[Doc]) -> tuple[list[Doc], str]:
    """A page by name and the marker of the next one, empty at the end."""
    marker, size = target.query.get("marker", ""), target.query.get("maxresults", "5000")
    if not size.isdecimal() or int(size) < 1:
        raise refused(400, "OutOfRangeQueryParameterValue", "One of the query parameters is outside its range.")
    left = [doc for doc in found if doc["name"] >= marker]
    rest = left[int(size) :]
    return left[: int(size)], str(rest[0]["name"]) if rest else ""


def _create_container(target: Target) -> Response:
    """``PUT /{container}?restype=container``: 201, or 409."""
    target.allow("container/write")
    if not CONTAINER_NAME.fullmatch(target.container):
        raise refused(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
    store = target.sent.store
    if store.get("azure_containers", target.key) is not None:
        raise refused(409, "ContainerAlreadyExists", "The specified container already exists.")
    doc = container(target.account["name"], target.container, _metadata(target.sent), stamp(store.now()))
    put(store, "azure_containers", doc)
    return Response(status_code=201, headers={**_dated(doc), "Content-Length": "0"})


def _show_container(target: Target) -> Response:
    """``GET`` or ``HEAD /{container}?restype=container``."""
    target.allow("container/read")
    doc = target.held()
    leased = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
    return Response(headers={**_dated(doc), **_told(doc), **leased, "Content-Length": "0"})


def _delete_container(target: Target) -> Response:
    """``DELETE /{container}?restype=container``: 202."""
    target.allow("container/delete")
    remove_container(target.sent.store, target.held())
    return Response(status_code=202, headers={"Content-Length": "0"})


def _list_blobs(target: Target) -> Response:
    """``GET /{container}?restype=container&comp=list[&prefix&delimiter&marker&maxresults]``."""
    target.allow("blob/read")
    target.held()
    prefix, delimiter = target.query.get("prefix", ""), target.query.get("delimiter", "")
    there = target.sent.store.find_seen("azure_blobs", "_container", target.key)
    found = sorted((d for d in there if d["name"].startswith(prefix)), key=lambda doc: str(doc["name"]))
    page, marker = _page(target, found)
    return Response(blobs_xml(target.sent.origin, target.container, prefix, delimiter, page, marker), media_type=XML)


# -- blobs -------------------------------------------------------------------------------------------------------------


def _put_blob(target: Target) -> Response:
    """``PUT /{container}/{blob}``: 201; ``If-None-Match: *`` on one that is there is 409."""
    target.allow("blob/write")
    sent = target.sent
    target.held()
    if sent.headers.get("x-ms-blob-type", "").lower() != "blockblob":
        raise refused(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
    before = sent.store.get("azure_blobs", f"{target.key}/{target.blob}")
    blob_conditions.check_write(sent, before)
    now = stamp(sent.store.now())
    doc: Doc = {
        "id": f"{target.key}/{target.blob}",
        "_container": target.key,
        "_account": target.account["name"],
        "name": target.blob,
        "content": base64.b64encode(sent.body).decode(),
        "size": len(sent.body),
        "type": sent.headers.get("x-ms-blob-content-type") or sent.headers.get("content-type", _BINARY),
        "metadata": _metadata(sent),
        "etag": uuid.uuid4().hex[:15].upper(),
        "created": before["created"] if before else now,
        "modified": now,
        "lease": before["lease"] if before else None,
    }
    put(sent.store, "azure_blobs", doc)
    headers = {**_dated(doc), "x-ms-request-server-encrypted": "true", "Content-Length": "0"}
    return Response(status_code=201, headers=headers)


_BINARY = "application/octet-stream"


def _get_blob(target: Target) -> Response:
    """``GET /{container}/{blob}``: 206 with a range, 200 without; 416 where the range is not."""
    target.allow("blob/read")
    doc = target.blob_held()
    blob_conditions.check_read(target.sent, doc)
    wanted = blob_conditions.range_of(target.sent, doc["size"])
    content = base64.b64decode(doc["content"])
    headers = {**_dated(doc), **_told(doc), **_blob_headers(doc)}
    if wanted is None:
        return Response(content, headers=headers, media_type=doc["type"])
    first, last = wanted
    headers["Content-Range"] = f"bytes {first}-{last}/{doc['size']}"
    return Response(content[first : last + 1], 206, headers, media_type=doc["type"])


def _head_blob(target: Target) -> Response:
    """``HEAD /{container}/{blob}``."""
    target.allow("blob/read")
    doc = target.blob_held()
    blob_conditions.check_read(target.sent, doc)
    headers = {**_dated(doc), **_told(doc), **_blob_headers(doc), "Content-Length": str(doc["size"])}
    return Response(headers=headers, media_type=doc["type"])


def _delete_blob(target: Target) -> Response:
    """``DELETE /{container}/{blob}``: 202."""
    target.allow("blob/delete")
    doc = target.blob_held()
    blob_conditions.check_write(target.sent, doc)
    drop(target.sent.store, "azure_blobs", doc["id"])
    headers = {"x-ms-delete-type-permanent": "true", "Content-Length": "0"}
    return Response(status_code=202, headers=headers)


def _lease_blob(target: Target) -> Response:
    """``PUT /{container}/{blob}?comp=lease``."""
    target.allow("blob/write")
    doc = target.blob_held()
    status, lease = blob_conditions.lease(target.sent, doc)
    put(target.sent.store, "azure_blobs", {**doc, "lease": lease})
    told = {"x-ms-lease-id": lease} if lease else {}
    return Response(status_code=status, headers={**_dated(doc), **told, "Content-Length": "0"})


def _metadata(sent: Exchange) -> Doc:
    prefix = "x-ms-meta-"
    return {name[len(prefix) :]: value for name, value in sent.headers.items() if name.startswith(prefix)}


def _told(doc: Doc) -> dict[str, str]:
    return {f"x-ms-meta-{name}": value for name, value in doc["metadata"].items()}


def _dated(doc: Doc) -> dict[str, str]:
    return {"ETag": f'"0x{doc["etag"]}"', "Last-Modified": dated(doc["modified"])}


def dated(moment: str) -> str:
    """A kept moment as HTTP writes it."""
    return format_datetime(datetime.fromisoformat(moment[:19]).replace(tzinfo=UTC), usegmt=True)


def _blob_headers(doc: Doc) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": dated(doc["created"]),
        "x-ms-lease-status": "locked" if doc["lease"] else "unlocked",
        "x-ms-lease-state": "leased" if doc["lease"] else "available",
        "x-ms-server-encrypted": "true",
    }


_HANDLERS: dict[tuple[str, str, str], Callable[[Target], Response]] = {
    ("account", "GET", "list"): _list_containers,
    ("container", "PUT", ""): _create_container,
    ("container", "GET", ""): _show_container,
    ("container", "HEAD", ""): _show_container,
    ("container", "DELETE", ""): _delete_container,
    ("container", "GET", "list"): _list_blobs,
    ("blob", "PUT", ""): _put_blob,
    ("blob", "GET", ""): _get_blob,
    ("blob", "HEAD", ""): _head_blob,
    ("blob", "DELETE", ""): _delete_blob,
    ("blob", "PUT", "lease"): _lease_blob,
}
