"""Microsoft Graph of the practice tenant: ``routes`` for v1.0 and beta, every call found in one table of handlers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import graph_error
from sandbox.entra import caller
from sandbox.exchange import Exchange, exchange
from sandbox.graph import (
    background,
    deleted,
    group_licences,
    groups,
    licences,
    mail,
    managers,
    members,
    objects,
    roles,
    users,
)
from sandbox.graph.batch import batch
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_router = Router()
for _part in (users, managers, deleted, groups, members, licences, group_licences, roles, mail, objects):
    _router.include(_part.router)


async def graph(request: Request) -> Response:
    """Any call below ``/v1.0`` or ``/beta``: authenticated, then found, then permitted, then carried out."""
    sent = exchange(request)
    held = caller(request, "graph")
    version, _, path = sent.path.lstrip("/").partition("/")
    call = Call(sent, held, version.lower())
    background.run_due(sent.store)
    try:
        if path.lower().rstrip("/") == "$batch" and sent.outer is None:
            return await batch(call)
        return _carried_out(call, path)
    except GraphError as error:
        return _refused(sent, error)


def _carried_out(call: Call, path: str) -> Response:
    path = _for_the_caller(call, path)
    handler, allowed, call.params = _router.find(call.sent.method, path)
    if not (call.caller.user and call.sent.method == "GET" and call.params.get("user") == call.caller.object_id):
        call.require(allowed)
    return handler(call)


def _for_the_caller(call: Call, path: str) -> str:
    """``/me`` is the signed-in person; an application has no such path."""
    first, slash, rest = path.partition("/")
    if first.lower() != "me":
        return path
    if not call.caller.user:
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return f"users/{call.caller.object_id}{slash}{rest}"


def _refused(sent: Exchange, error: GraphError) -> Response:
    details = [dict(detail) for detail in error.details]
    return graph_error(sent, error.status, error.code, error.message, details, dict(error.headers))


routes = [Route(f"/{version}/{{path:path}}", graph, methods=_METHODS) for version in ("v1.0", "beta")]
