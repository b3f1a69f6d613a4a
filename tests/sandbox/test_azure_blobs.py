"""The blob service: containers, blobs in ranges, conditions, leases, roles and keys."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from email.utils import formatdate

import defusedxml.ElementTree  # type: ignore[import-untyped]
import httpx
import pytest

from tests.sandbox.azure_hands import STORAGE, assign, azure, fresh
from tests.tenant import Tenant

BLOCK = {"x-ms-blob-type": "BlockBlob"}
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


@pytest.fixture
def blobs(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant, scope=STORAGE) as client:
        client.headers["x-ms-version"] = "2026-10-06"
        yield client


@pytest.fixture
def container(blobs: httpx.Client) -> str:
    path = f"/stpractice01/{fresh('c-')}"
    assert blobs.put(f"{path}?restype=container").status_code == 201
    return path


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["x-ms-error-code"] == code
    if answer.content:
        assert answer.headers["content-type"].startswith("application/xml")
        assert defusedxml.ElementTree.fromstring(answer.content).findtext("Code") == code


def test_containers_are_made_once_and_listed_as_xml(blobs: httpx.Client, container: str) -> None:
    refused(blobs.put(f"{container}?restype=container"), 409, "ContainerAlreadyExists")
    name = container.rpartition("/")[2]
    listed = blobs.get(f"/stpractice01/?comp=list&prefix={name}")
    tree = defusedxml.ElementTree.fromstring(listed.content)
    assert tree.tag == "EnumerationResults"
    assert [one.findtext("Name") for one in tree.iter("Container")] == [name]
    assert tree.findtext("NextMarker") == ""
    assert blobs.head(f"{container}?restype=container").headers["etag"].startswith('"0x')
    assert blobs.delete(f"{container}?restype=container").status_code == 202
    refused(blobs.get(f"{container}?restype=container&comp=list"), 404, "ContainerNotFound")
    refused(blobs.put(f"{container}/b", headers=BLOCK, content=b"x"), 404, "ContainerNotFound")
    refused(blobs.put("/stpractice01/Bad_Name?restype=container"), 400, "InvalidResourceName")


def test_a_blob_is_read_in_ranges(blobs: httpx.Client, container: str) -> None:
    put = blobs.put(f"{container}/dir/b.txt", headers={**BLOCK, "x-ms-meta-a": "b"}, content=b"0123456789")
    assert put.status_code == 201
    assert put.headers["x-ms-request-server-encrypted"] == "true"
    assert put.headers["etag"]
    assert put.headers["last-modified"].endswith("GMT")
    part = blobs.get(f"{container}/dir/b.txt", headers={"x-ms-range": "bytes=0-33554431"})
    assert (part.status_code, part.headers["content-range"]) == (206, "bytes 0-9/10")
    middle = blobs.get(f"{container}/dir/b.txt", headers={"Range": "bytes=3-5"})
    assert (middle.content, middle.headers["content-length"]) == (b"345", "3")
    assert blobs.get(f"{container}/dir/b.txt").status_code == 200
    refused(blobs.get(f"{container}/dir/b.txt", headers={"x-ms-range": "bytes=10-20"}), 416, "InvalidRange")
    head = blobs.head(f"{container}/dir/b.txt")
    assert (head.headers["content-length"], head.headers["x-ms-meta-a"]) == ("10", "b")
    assert blobs.delete(f"{container}/dir/b.txt").status_code == 202
    refused(blobs.get(f"{container}/dir/b.txt"), 404, "BlobNotFound")


def test_an_empty_blob_has_no_range(blobs: httpx.Client, container: str) -> None:
    blobs.put(f"{container}/empty", headers=BLOCK)
    refused(blobs.get(f"{container}/empty", headers={"x-ms-range": "bytes=0-99"}), 416, "InvalidRange")
    assert blobs.get(f"{container}/empty").content == b""


def test_conditions_are_kept(blobs: httpx.Client, container: str) -> None:
    path = f"{container}/b"
    tag = blobs.put(path, headers=BLOCK, content=b"1").headers["etag"]
    refused(blobs.put(path, headers={**BLOCK, "If-None-Match": "*"}, content=b"2"), 409, "BlobAlreadyExists")
    refused(blobs.put(path, headers={**BLOCK, "If-Match": '"0x0"'}, content=b"2"), 412, "ConditionNotMet")
    assert blobs.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert blobs.put(path, headers={**BLOCK, "If-Match": tag}, content=b"3").status_code == 201
    assert blobs.get(path).content == b"3"


def test_a_lease_keeps_others_out(blobs: httpx.Client, container: str) -> None:
    path = f"{container}/b"
    blobs.put(path, headers=BLOCK, content=b"1")
    taken = blobs.put(f"{path}?comp=lease", headers={"x-ms-lease-action": "acquire", "x-ms-lease-duration": "-1"})
    assert taken.status_code == 201
    lease = taken.headers["x-ms-lease-id"]
    refused(blobs.put(f"{path}?comp=lease", headers={"x-ms-lease-action": "acquire"}), 409, "LeaseAlreadyPresent")
    refused(blobs.delete(path), 412, "LeaseIdMissing")
    other = {"x-ms-lease-id": "00000000-0000-4000-8000-000000000000"}
    refused(blobs.delete(path, headers=other), 412, "LeaseIdMismatchWithBlobOperation")
    assert blobs.head(path).headers["x-ms-lease-state"] == "leased"
    release = {"x-ms-lease-action": "release", "x-ms-lease-id": lease}
    assert blobs.put(f"{path}?comp=lease", headers=release).status_code == 200
    refused(blobs.delete(path, headers={"x-ms-lease-id": lease}), 412, "LeaseNotPresentWithBlobOperation")
    assert blobs.delete(path).status_code == 202


def test_lists_fold_and_lead_on(blobs: httpx.Client, container: str) -> None:
    for name in ("a/1", "a/2", "b", "c"):
        blobs.put(f"{container}/{name}", headers=BLOCK, content=b"x")
    folded = defusedxml.ElementTree.fromstring(
        blobs.get(f"{container}?restype=container&comp=list&delimiter=/").content
    )
    assert [one.findtext("Name") for one in folded.iter("BlobPrefix")] == ["a/"]
    assert [one.findtext("Name") for one in folded.iter("Blob")] == ["b", "c"]
    first = defusedxml.ElementTree.fromstring(
        blobs.get(f"{container}?restype=container&comp=list&maxresults=3").content
    )
    assert [one.findtext("Name") for one in first.iter("Blob")] == ["a/1", "a/2", "b"]
    marker = first.findtext("NextMarker")
    rest = blobs.get(f"{container}?restype=container&comp=list&marker={marker}").content
    assert [one.findtext("Name") for one in defusedxml.ElementTree.fromstring(rest).iter("Blob")] == ["c"]


def test_roles_decide_what_a_token_may(tenant: Tenant, blobs: httpx.Client, container: str) -> None:
    blobs.put(f"{container}/b", headers=BLOCK, content=b"1")
    with azure(tenant, "helpdesk", STORAGE) as helpdesk, azure(tenant) as arm:
        refused(helpdesk.get(f"{container}/b"), 403, "AuthorizationPermissionMismatch")
        scope = tenant.json["azure"]["storage_account"]
        given = assign(arm, scope, tenant.json["helpdesk"]["object_id"], READER).json()["id"]
        assert helpdesk.get(f"{container}/b").content == b"1"
        refused(helpdesk.delete(f"{container}/b"), 403, "AuthorizationPermissionMismatch")
        arm.delete(given)


def test_a_key_signs_for_everything(tenant: Tenant, blobs: httpx.Client, container: str) -> None:
    blobs.put(f"{container}/b", headers=BLOCK, content=b"1")
    with azure(tenant) as arm:
        account = tenant.json["azure"]["storage_account"]
        key = arm.post(f"{account}/listKeys").json()["keys"][1]["value"]
    date = formatdate(usegmt=True)
    text = f"GET{chr(10) * 12}x-ms-date:{date}\nx-ms-version:2026-10-06\n/stpractice01{container}/b"
    signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()
    headers = {"x-ms-date": date, "x-ms-version": "2026-10-06", "Authorization": f"SharedKey stpractice01:{signature}"}
    with tenant.client() as client:
        assert client.get(f"{container}/b", headers=headers).content == b"1"
        forged = {**headers, "x-ms-date": formatdate(0, usegmt=True)}
        refused(client.get(f"{container}/b", headers=forged), 403, "AuthenticationFailed")
        refused(client.get(f"{container}/b"), 401, "NoAuthenticationInformation")
        assert client.get("/nobody/here").status_code == 404


def test_an_account_is_reached_by_its_host_name_too(blobs: httpx.Client, container: str) -> None:
    blobs.put(f"{container}/b", headers=BLOCK, content=b"1")
    host = {"Host": "stpractice01.blob.core.windows.net"}
    assert blobs.get(f"{container.removeprefix('/stpractice01')}/b", headers=host).content == b"1"


def test_another_services_token_is_401(tenant: Tenant) -> None:
    with azure(tenant) as arm:
        refused(arm.get("/stpractice01/?comp=list"), 401, "InvalidAuthenticationInfo")
