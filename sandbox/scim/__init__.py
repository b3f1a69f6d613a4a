"""The tenant's SCIM 2.0 target ``/scim/v2`` (RFC 7643, RFC 7644): users that then appear in the directory.

It stands for the kind of target that feeds Entra ID from outside, as a source of inbound provisioning does. It holds
users and groups of its own. A user, once created or changed here, is created or changed in the directory after
``provisioning_delay_ms`` (``sandbox.scim.provisioning``). Groups stay here: inbound provisioning into Entra ID knows
users only (Microsoft Entra, "API-driven inbound provisioning concepts"), so memberships of the directory are given
there.

Reads show every write at once. Sent is accepted as ``application/scim+json`` or ``application/json``, and answered in
the one of the two that the caller accepts.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from pydantic import ValidationError
from scim2_models import Error, NotFoundException, NotImplementedException, SCIMException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.entra import caller
from sandbox.exchange import Exchange, exchange
from sandbox.graph import background
from sandbox.scim import discovery, listing, resources
from sandbox.scim.ask import Ask, Reply
from sandbox.scim.bulk import bulk, error_reply
from sandbox.scim.kinds import KINDS, Kind

MEDIA = "application/scim+json"
_JSON = "application/json"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


async def scim(request: Request) -> Response:
    """Any call below ``/scim/v2``: the bearer token checked, the tenant's due work done, then answered."""
    caller(request, "scim")
    sent = exchange(request)
    background.run_due(sent.store)
    reply = _unreadable(sent) or answered(_ask(sent))
    if reply.body is None:
        return Response(status_code=reply.status, headers=reply.headers)
    return JSONResponse(reply.body, reply.status, reply.headers, media_type=_accepted(sent.headers))


def answered(ask: Ask) -> Reply:
    """Carry a request out, refusals in SCIM's shape."""
    try:
        return _dispatched(ask)
    except ValidationError as errors:
        return error_reply(Error.from_validation_errors(errors)[0])
    except SCIMException as error:
        return error_reply(error.to_error())


def _ask(sent: Exchange) -> Ask:
    below = sent.path[len("/scim/v2") :].strip("/")
    content = None
    if sent.body:
        try:
            content = sent.json()
        except ValueError:
            content = None
    return Ask(
        sent,
        sent.method,
        tuple(below.split("/")) if below else (),
        dict(parse_qsl(sent.query, keep_blank_values=True)),
        content,
        sent.headers.get("if-match"),
        sent.headers.get("if-none-match"),
    )


def _unreadable(sent: Exchange) -> Reply | None:
    """415 for a body that says to be something else than JSON (RFC 7644, 3.1)."""
    media = sent.headers.get("content-type", MEDIA).partition(";")[0].strip().lower()
    if not sent.body or media in (MEDIA, _JSON):
        return None
    return _refusal(415, f"A body of type {media} is not understood: send {MEDIA} or {_JSON}.")


def _accepted(headers: Mapping[str, str]) -> str:
    accepted = headers.get("accept", MEDIA).lower()
    return _JSON if _JSON in accepted and MEDIA not in accepted and "*/*" not in accepted else MEDIA


def _dispatched(ask: Ask) -> Reply:
    """Find what a path means; paths match whatever their case."""
    first = ask.segments[0].lower() if ask.segments else ""
    kind = next((kind for kind in KINDS if kind.endpoint.lower() == first), None)
    if kind is not None:
        return _of_kind(ask, kind)
    if first == "me":
        raise NotImplementedException(detail="This service has no /Me: a provisioning client is nobody.")
    if len(ask.segments) <= 1:
        return _of_service(ask, first)
    if len(ask.segments) == 2 and first in ("resourcetypes", "schemas"):
        return discovery.documents(ask) if ask.method == "GET" else _wrong_method("GET")
    raise NotFoundException(detail=f"There is nothing at /{'/'.join(ask.segments)}.")


def _of_service(ask: Ask, name: str) -> Reply:
    """The endpoints that belong to no kind of resource."""
    if name == "bulk":
        return bulk(ask, answered) if ask.method == "POST" else _wrong_method("POST")
    if name == ".search":
        return listing.searched(ask, *KINDS) if ask.method == "POST" else _wrong_method("POST")
    reads = {
        "": listing.everything,
        "serviceproviderconfig": discovery.configuration,
        "resourcetypes": discovery.documents,
        "schemas": discovery.documents,
    }
    if name not in reads:
        raise NotFoundException(detail=f"There is nothing at /{ask.segments[0]}.")
    return reads[name](ask) if ask.method == "GET" else _wrong_method("GET")


def _of_kind(ask: Ask, kind: Kind) -> Reply:
    rest = ask.segments[1:]
    if not rest:
        if ask.method == "GET":
            return listing.listed(ask, kind)
        return resources.create(ask, kind) if ask.method == "POST" else _wrong_method("GET", "POST")
    if len(rest) > 1:
        raise NotFoundException(detail=f"There is nothing at /{'/'.join(ask.segments)}.")
    if rest[0].lower() == ".search":
        return listing.searched(ask, kind) if ask.method == "POST" else _wrong_method("POST")
    verbs = {"GET": resources.show, "PUT": resources.replace, "PATCH": resources.patch, "DELETE": resources.delete}
    return verbs[ask.method](ask, kind, rest[0]) if ask.method in verbs else _wrong_method(*verbs)


def _wrong_method(*allowed: str) -> Reply:
    refusal = _refusal(405, f"Only {', '.join(allowed)} can be used here.")
    return Reply(refusal.status, refusal.body, {"Allow": ", ".join(allowed)})


def _refusal(status: int, detail: str) -> Reply:
    return error_reply(Error(status=status, detail=detail))


routes = [Route(path, scim, methods=_METHODS) for path in ("/scim/v2", "/scim/v2/{path:path}")]
