"""The authorization endpoint with its sign-in, signing out and administrators' consent (OpenID Connect Core 1.0)."""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import signin_pages as pages
from sandbox.answers import NO_STORE
from sandbox.entra_answers import client_info
from sandbox.entra_claims import SignedIn, id_token
from sandbox.entra_clients import form_of, tenant_of
from sandbox.entra_resources import LOOPBACK
from sandbox.exchange import Exchange, exchange
from sandbox.signin_ask import CodeAsk, addresses, code_ask
from sandbox.signin_steps import COOKIE, begin, checked, session_of, submit
from sandbox.store import Doc

CODE_LIFETIME_S = 600
_TYPES = (frozenset({"code"}), frozenset({"id_token"}), frozenset({"code", "id_token"}))


def _malformed(ask: CodeAsk) -> Response | None:
    """What is wrong with a request whose client and address are right: told to the application."""
    query, implicit = ask.query, (ask.client.application.get("web") or {}).get("implicitGrantSettings") or {}
    if not query.get("response_type"):
        text = "AADSTS900144: The request body must contain the following parameter: 'response_type'."
        return ask.error("invalid_request", text)
    if ask.kinds not in _TYPES or ("id_token" in ask.kinds and not implicit.get("enableIdTokenIssuance")):
        code, shown = (700051, "token") if "token" in ask.kinds else (700054, query["response_type"])
        text = f"AADSTS{code}: response_type '{shown}' is not enabled for the application."
        return ask.error("unsupported_response_type", text)
    if query.get("code_challenge_method", "plain") not in ("S256", "plain"):
        text = "AADSTS501491: The size or method of the Code_Challenge is not valid: it must be S256 or plain."
        return ask.error("invalid_request", text)
    if not query.get("scope"):
        text = "AADSTS900144: The request body must contain the following parameter: 'scope'."
        return ask.error("invalid_request", text)
    return _malformed_mode(ask)


def _malformed_mode(ask: CodeAsk) -> Response | None:
    mode = ask.query.get("response_mode", "fragment")
    if mode not in ("query", "fragment", "form_post") or (mode == "query" and "id_token" in ask.kinds):
        text = f"AADSTS70007: '{mode}' is not a supported value of 'response_mode' when requesting a token."
        return CodeAsk(
            ask.sent, {**ask.query, "response_mode": "fragment"}, ask.client, ask.client_type, ask.arrival
        ).error("unsupported_response_mode", text)
    if "id_token" in ask.kinds and "nonce" not in ask.query:
        text = "AADSTS900144: The request body must contain the following parameter: 'nonce'."
        return ask.error("invalid_request", text)
    if ask.query.get("prompt", "login") not in ("login", "none", "consent", "select_account", "create"):
        text = f"AADSTS90023: Invalid value '{ask.query['prompt']}' of parameter 'prompt'."
        return ask.error("invalid_request", text)
    return None


async def ask_sign_in(request: Request) -> Response:
    """``GET /{tenant}/oauth2/v2.0/authorize``: the sign-in page, or straight back for somebody signed in."""
    return _opened(request, {})


def _opened(request: Request, form: Mapping[str, str]) -> Response:
    sent = exchange(request)
    name = request.path_params["tenant"]
    tenant_of(sent, name)
    ask = code_ask(sent, name, form, _arrival)
    if (malformed := _malformed(ask)) is not None:
        return malformed
    checked(ask)
    session = session_of(sent, request.cookies.get(COOKIE, ""), ask)
    return begin(ask, session, ask.query.get("prompt", ""))


async def sign_in(request: Request) -> Response:
    """``POST`` to the same address: a form of its pages, or the request itself as a form (OpenID Connect 3.1.2.1)."""
    sent = exchange(request)
    form = form_of(sent)
    if "client_id" in form and "flow" not in form and "username" not in form:
        sent.query = urlencode(form)
        return _opened(request, {})
    name = request.path_params["tenant"]
    tenant_of(sent, name)
    ask = code_ask(sent, name, {}, _arrival)
    return _malformed(ask) or submit(ask, form)


def _arrival(ask: CodeAsk, session: Doc) -> dict[str, str]:
    """The code (ten minutes, one use) and, where asked, the ID token."""
    query, store = ask.query, ask.sent.store
    answer = {"session_state": session["sid"]}
    if "code" in ask.kinds:
        code = store.secret("code", "1.A" + secrets.token_urlsafe(64))
        store.put("codes", _code(ask, session, code))
        answer = {"code": code, **answer}
    if "id_token" in ask.kinds:
        person = store.get("users", session["_user"]) or {}
        who = SignedIn(person, {**session, "nonce": query.get("nonce")})
        answer["id_token"] = id_token(ask.sent, ask.client, who, set(ask.scope.split()))
    if query.get("client_info") == "1":
        answer["client_info"] = client_info(session["_user"], ask.sent.pipeline.tenant_id)
    return answer


def _code(ask: CodeAsk, session: Doc, code: str) -> Doc:
    query = ask.query
    return {
        **{name: session[name] for name in ("_user", "sid", "amr", "auth_time", "issued")},
        "id": code,
        "client_id": ask.client.app_id,
        "client_type": ask.client_type,
        "redirect_uri": query["redirect_uri"],
        "scope": query["scope"],
        "nonce": query.get("nonce"),
        "challenge": query.get("code_challenge"),
        "challenge_method": query.get("code_challenge_method", "plain"),
        "expires": ask.sent.store.now().timestamp() + CODE_LIFETIME_S,
        "used": False,
    }


async def sign_out(request: Request) -> Response:
    """``/{tenant}/oauth2/v2.0/logout``: ends the browser's session; back only to a registered address."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    sent.store.remove("sessions", request.cookies.get(COOKIE, ""))
    asked = {**form_of(sent), **dict(parse_qsl(sent.query))}
    target = asked.get("post_logout_redirect_uri", "")
    if target and _registered(sent, target):
        if "state" in asked:
            target += f"{'&' if '?' in target else '?'}{urlencode({'state': asked['state']})}"
        response: Response = RedirectResponse(target, 302, NO_STORE)
    else:
        response = pages.stopped("You signed out of your account", "It's a good idea to close all browser windows.")
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _registered(sent: Exchange, target: str) -> bool:
    """Some application's origin: those of its redirect addresses, loopback whatever the port."""
    asked = urlsplit(target)
    for application in sent.store.all("applications"):
        for known in (urlsplit(uri) for uri, _ in addresses(application)):
            same_port = asked.hostname in LOOPBACK or asked.port == known.port
            if (asked.scheme, asked.hostname) == (known.scheme, known.hostname) and same_port:
                return True
    return False


routes = [
    Route("/{tenant}/oauth2/v2.0/authorize", ask_sign_in),
    Route("/{tenant}/oauth2/v2.0/authorize", sign_in, methods=["POST"]),
    Route("/{tenant}/oauth2/v2.0/logout", sign_out, methods=["GET", "POST"]),
]
