"""Microsoft Graph of the practice tenant: ``routes`` for v1.0 and beta, every call found in one table of handlers."""

from inspect import isawaitable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import graph_error
from sandbox.entra import caller
from sandbox.exchange import Exchange, exchange
from sandbox.graph import background, collaboration, conditional_access, deleted, identity, objects
from sandbox.graph.batch import batch
from sandbox.graph.call import Call, Router
from sandbox.graph.changes import delta, notifications, subscriptions
from sandbox.graph.changes.changes import log_of
from sandbox.graph.errors import GraphError
from sandbox.graph.files.drive_paths import addressed
from sandbox.graph.groups import groups, member_of, members, rule_checks
from sandbox.graph.licences import group_licences, licences
from sandbox.graph.logs import audit_logs
from sandbox.graph.mail import mail
from sandbox.graph.people import managers, people, users
from sandbox.graph.provisioning import synchronization
from sandbox.graph.roles import administrative_units, legacy_roles, pim, pim_groups, pim_policies, roles, scoped_roles

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_router = Router()
for _part in (
    collaboration,
    conditional_access,
    identity,
    users,
    managers,
    deleted,
    groups,
    members,
    licences,
    group_licences,
    roles,
    mail,
    objects,
    delta,
    subscriptions,
    administrative_units,
    member_of,
    rule_checks,
    scoped_roles,
    legacy_roles,
    pim,
    pim_policies,
    pim_groups,
    audit_logs,
    synchronization,
):
    _router.include(_part.router)


async def graph(request: Request) -> Response:
    """Any call below ``/v1.0`` or ``/beta``: authenticated, then found, then permitted, then carried out."""
    sent = exchange(request)
    held = caller(request, "graph")
    version, _, path = sent.path.lstrip("/").partition("/")
    call = Call(sent, held, version.lower())
    log_of(sent.store)
    background.run_due(sent.store)
    pim_groups.tick(sent.store)
    notifications.start(sent.store, sent.pipeline.tenant_id)
    try:
        if path.lower().rstrip("/") == "$batch" and sent.outer is None:
            return await batch(call)
        return await _carried_out(call, path)
    except GraphError as error:
        return _refused(sent, error)


async def _carried_out(call: Call, path: str) -> Response:
    path = addressed(call, _for_the_caller(call, path))
    handler, allowed, call.params = _router.find(call.sent.method, path)
    own = call.caller.user and call.sent.method == "GET" and call.params.get("user") == call.caller.object_id
    if not own and not people.may_read(call, path, allowed) and not pim.self_service(call, path, allowed):
        call.require(allowed)
    with audit_logs.noted(call):
        answer = handler(call)
        return await answer if isawaitable(answer) else answer


def _for_the_caller(call: Call, path: str) -> str:
    """``/me`` is the signed-in person; an application has no such path. ``/myorganization`` is the tenant itself."""
    first, slash, rest = path.partition("/")
    if first.lower() == "myorganization":
        return _for_the_caller(call, rest)
    if first.lower() != "me":
        return path
    if not call.caller.user:
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return f"users/{call.caller.object_id}{slash}{rest}"


def _refused(sent: Exchange, error: GraphError) -> Response:
    details = [dict(detail) for detail in error.details]
    return graph_error(sent, error.status, error.code, error.message, details, dict(error.headers))


routes = [Route(f"/{version}/{{path:path}}", graph, methods=_METHODS) for version in ("v1.0", "beta")]
