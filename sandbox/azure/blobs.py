"""The blob service: containers and block blobs, by path (``/account/container/blob``) or by host name.

Source: learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
"""

import re
from email.utils import format_datetime

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import graph_error
from sandbox.azure import blob_objects
from sandbox.azure.blob_objects import Target
from sandbox.azure.storage import account_named
from sandbox.azure.vault_state import host_of
from sandbox.exchange import Exchange, Refused, exchange

_OTHERS = (
    "beta|scim|subscriptions|providers|tenants|adminapi|ccx|api|oidc|msi|common|organizations|consumers|metadata|secrets"
    "|deletedsecrets|devicelogin|personal|_sandbox"
)


class _Anything(Convertor[str]):
    """A path whose first segment can be an account or a container: no GUID, no name with a dot, no other room's."""

    regex = rf"(?!(?:{_OTHERS})(?:/|$)|[0-9a-f]{{8}}-)[a-z0-9$-]*(?:/.*)?"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("blob_path", _Anything())


async def blob_service(request: Request) -> Response:
    """Any call of the blob service."""
    sent = exchange(request)
    target = _target(sent)
    if target is None:
        return graph_error(sent, 404, "NotFound", f"There is nothing at {sent.path}.")
    try:
        response = blob_objects.answer(target)
    except Refused as refusal:
        response = refusal.response
    response.headers.update(_common(sent))
    return response


def _target(sent: Exchange) -> Target | None:
    """What is meant, if an account is named by the host or by the path."""
    label, _, domain = host_of(sent).partition(".")
    rest = sent.path.lstrip("/")
    if re.match(r"blob\.", domain):
        name = label
    else:
        name, _, rest = rest.partition("/")
    account = account_named(sent.store, name) if name else None
    if account is None:
        return None
    container, _, blob = rest.partition("/")
    return Target(sent, account, container, blob)


def _common(sent: Exchange) -> dict[str, str]:
    told = {
        "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-request-id": sent.request_id,
        "x-ms-version": sent.headers.get("x-ms-version", "2026-10-06"),
        "Date": format_datetime(sent.store.now(), usegmt=True),
    }
    if sent.headers.get("x-ms-client-request-id"):
        told["x-ms-client-request-id"] = sent.headers["x-ms-client-request-id"]
    return told


routes = [Route("/{rest:blob_path}", blob_service, methods=["GET", "HEAD", "PUT", "POST", "DELETE"])]
