"""The blob service: ranges, conditions, leases, errors in XML."""

from collections.abc import Iterator

import defusedxml.ElementTree  # type: ignore[import-untyped]
import httpx
import pytest

from tests.sandbox.azure_hands import STORAGE, azure, fresh
from tests.tenant import Tenant

BLOCK = {"x-ms-blob-type": "BlockBlob"}


@pytest.fixture
def blobs(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The blob service as the platform."""
    with azure(tenant, scope=STORAGE) as client:
        client.headers["x-ms-version"] = "2026-10-06"
        yield client


@pytest.fixture
def blob(tenant: Tenant, blobs: httpx.Client) -> str:
    """A blob of ten bytes in a container of its own."""
    account = tenant.json["azure"]["storage_account"].rpartition("/")[2]
    container = f"/{account}/{fresh('c-')}"
    assert blobs.put(f"{container}?restype=container").status_code == 201
    assert blobs.put(f"{container}/b", headers=BLOCK, content=b"0123456789").status_code == 201
    return f"{container}/b"


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """Check that an answer is this refusal, in XML and in its header."""
    assert answer.status_code == status, answer.text
    assert answer.headers["x-ms-error-code"] == code
    assert answer.headers["content-type"].startswith("application/xml")
    tree = defusedxml.ElementTree.fromstring(answer.content)
    assert (tree.tag, tree.findtext("Code"), bool(tree.findtext("Message"))) == ("Error", code, True)


def test_a_range_is_206_with_its_place(blobs: httpx.Client, blob: str) -> None:
    whole = blobs.get(blob, headers={"x-ms-range": "bytes=0-33554431"})
    assert (whole.status_code, whole.content, whole.headers["content-range"]) == (206, b"0123456789", "bytes 0-9/10")
    part = blobs.get(blob, headers={"Range": "bytes=3-5"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"345", "bytes 3-5/10")
    refused(blobs.get(blob, headers={"x-ms-range": "bytes=10-20"}), 416, "InvalidRange")
    assert blobs.put(blob, headers=BLOCK).status_code == 201
    refused(blobs.get(blob, headers={"x-ms-range": "bytes=0-33554431"}), 416, "InvalidRange")


def test_an_upload_that_must_not_overwrite_is_409(blobs: httpx.Client, blob: str) -> None:
    refused(blobs.put(blob, headers={**BLOCK, "If-None-Match": "*"}, content=b"x"), 409, "BlobAlreadyExists")
    assert blobs.get(blob).content == b"0123456789"


def test_errors_are_xml(blobs: httpx.Client, blob: str) -> None:
    refused(blobs.get(blob + "x"), 404, "BlobNotFound")
    container = blob.rpartition("/")[0]
    refused(blobs.put(f"{container}?restype=container"), 409, "ContainerAlreadyExists")
    refused(blobs.get(f"{container}x?restype=container&comp=list"), 404, "ContainerNotFound")
    refused(blobs.put(blob, headers={**BLOCK, "If-Match": '"0x0"'}, content=b"x"), 412, "ConditionNotMet")
    assert blobs.delete(blob).status_code == 202


def test_leases_conflict_with_409_and_412(blobs: httpx.Client, blob: str) -> None:
    acquire = {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"}
    taken = blobs.put(f"{blob}?comp=lease", headers=acquire)
    assert taken.status_code == 201
    refused(blobs.put(f"{blob}?comp=lease", headers=acquire), 409, "LeaseAlreadyPresent")
    refused(blobs.delete(blob), 412, "LeaseIdMissing")
    other = {"x-ms-lease-id": "00000000-0000-4000-8000-000000000000"}
    refused(blobs.delete(blob, headers=other), 412, "LeaseIdMismatchWithBlobOperation")
    assert blobs.delete(blob, headers={"x-ms-lease-id": taken.headers["x-ms-lease-id"]}).status_code == 202
