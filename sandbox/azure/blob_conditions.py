"""Conditions, ranges and leases of blobs (learn.microsoft.com/rest/api/storageservices, "conditional headers")."""

import re
import uuid

from starlette.responses import Response

from sandbox.azure.blob_access import refused
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def check_write(sent: Exchange, doc: Doc | None) -> None:
    """409 or 412 unless the blob's state and its lease let it be written or deleted."""
    tag = f'"0x{doc["etag"]}"' if doc else None
    absent, match = sent.headers.get("if-none-match"), sent.headers.get("if-match")
    if absent == "*" and doc is not None:
        raise refused(409, "BlobAlreadyExists", "The specified blob already exists.")
    if (absent and absent != "*" and absent == tag) or (match and (tag is None or match not in ("*", tag))):
        raise _not_met()
    if doc is not None:
        _check_lease(sent, doc)


def _not_met() -> Refused:
    text = "The condition specified using HTTP conditional header(s) is not met."
    return refused(412, "ConditionNotMet", text)


def _check_lease(sent: Exchange, doc: Doc) -> None:
    given = sent.headers.get("x-ms-lease-id")
    if doc["lease"] and not given:
        text = "There is currently a lease on the blob and no lease ID was specified in the request."
        raise refused(412, "LeaseIdMissing", text)
    if doc["lease"] and given != doc["lease"]:
        text = "The lease ID specified did not match the lease ID for the blob."
        raise refused(412, "LeaseIdMismatchWithBlobOperation", text)
    if given and not doc["lease"]:
        raise refused(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")


def check_read(sent: Exchange, doc: Doc) -> None:
    """412 or 304 where the caller has, or has not, this version."""
    tag = f'"0x{doc["etag"]}"'
    if sent.headers.get("if-match", "*") not in ("*", tag):
        raise _not_met()
    if sent.headers.get("if-none-match") in ("*", tag):
        raise Refused(Response(status_code=304, headers={"x-ms-error-code": "ConditionNotMet", "ETag": tag}))


def range_of(sent: Exchange, size: int) -> tuple[int, int] | None:
    """The first and the last byte asked for; None for all of them, 416 for none that is there."""
    text = sent.headers.get("x-ms-range") or sent.headers.get("range")
    read = _RANGE.fullmatch(text or "")
    if read is None:
        return None
    first, last = int(read[1]), int(read[2] or size - 1)
    if first >= size or last < first:
        headers = {"Content-Range": f"bytes */{size}"}
        raise refused(
            416, "InvalidRange", "The range specified is invalid for the current size of the resource.", headers
        )
    return first, min(last, size - 1)


def lease(sent: Exchange, doc: Doc) -> tuple[int, str | None]:
    """The status of a lease action, and the lease that then holds."""
    action = sent.headers.get("x-ms-lease-action", "").lower()
    given, held = sent.headers.get("x-ms-lease-id"), doc["lease"]
    if action == "acquire":
        wanted = sent.headers.get("x-ms-proposed-lease-id") or str(uuid.uuid4())
        if held and held != wanted:
            raise refused(409, "LeaseAlreadyPresent", "There is already a lease present.")
        return 201, wanted
    if action == "break":
        return 202, None
    if action not in ("release", "renew"):
        raise refused(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
    if given != held or not held:
        text = "The lease ID specified did not match the lease ID for the blob."
        raise refused(409, "LeaseIdMismatchWithLeaseOperation", text)
    return 200, held if action == "renew" else None
