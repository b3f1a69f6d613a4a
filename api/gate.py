"""The gate: pure ASGI middleware that decides, from the table alone, before anything is parsed."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from api.auth import Tokens
from api.errors import Problem, unauthorized
from api.limits import ClientGone, RateLimit, read_body, refuse_announced
from api.routes import REQUESTS_PER_SECOND, Rule, rules_of
from api.signatures import HEADERS, Signatures
from api.visit import Caller, Visit, visit_of


class Gate:
    """Unknown path, wrong method, caller, pace, role, size, in this order; what is in no rule is not there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pace = RateLimit(REQUESTS_PER_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its body read, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            admitted = await self._decide(scope, receive)
        except Problem as problem:
            await errors.answer(Request(scope), problem)(scope, receive, send)
        except ClientGone:
            return
        else:
            await self._app(scope, admitted, send)

    async def _decide(self, scope: Scope, receive: Receive) -> Receive:
        rule, visit = _rule(scope), visit_of(scope)
        visit.template = rule.template
        if rule.open:
            return receive
        headers = _headers(scope)
        try:
            visit.caller, body = await self._identify(scope, headers, rule, receive)
        finally:
            self._pace.admit(visit.who)
        _refuse_role(rule, visit)
        if not rule.takes_body:
            return receive
        if body is None:
            refuse_announced(headers, rule.most_bytes)
            body = await read_body(receive, rule.most_bytes)
        return _replay(body, receive)

    async def _identify(
        self, scope: Scope, headers: dict[str, str], rule: Rule, receive: Receive
    ) -> tuple[Caller, bytes | None]:
        """Who it is, by token or (over the body, which is then read) by signature."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            tokens: Tokens = scope["app"].state.tokens
            return await tokens.caller(token.strip()), None
        if not (rule.signed and any(name in headers for name in HEADERS)):
            raise unauthorized("no-credentials", "Send a bearer token of this tenant in the header Authorization.")
        refuse_announced(headers, rule.most_bytes)
        body = await read_body(receive, rule.most_bytes)
        signatures: Signatures = scope["app"].state.signatures
        return signatures.caller(headers, body, visit_of(scope).address), body


def _rule(scope: Scope) -> Rule:
    rules = rules_of(scope["path"])
    if not rules:
        raise Problem(404, "not-found", "There is nothing at this path.")
    for rule in rules:
        if rule.method == scope["method"]:
            return rule
    allowed = ", ".join(sorted({rule.method for rule in rules}))
    detail = f"This path takes {allowed}, not {scope['method']}."
    raise Problem(405, "method-not-allowed", detail, headers={"Allow": allowed})


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _refuse_role(rule: Rule, visit: Visit) -> None:
    roles = visit.caller.roles if visit.caller else frozenset()
    if not rule.roles & roles:
        needed = " or ".join(sorted(rule.roles))
        raise Problem(403, "role-missing", f"This needs the app role {needed}, which your token does not carry.")


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body that was read, then whatever comes."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return left.pop() if left else await receive()

    return replayed
