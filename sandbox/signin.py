"""The authorization endpoint with its sign-in, and signing out (OpenID Connect Core 1.0; RFC 7636 for PKCE)."""

import base64
import hashlib
import hmac
import re
import secrets
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import signin_pages as pages
from sandbox.answers import NO_STORE
from sandbox.entra_clients import tenant_of
from sandbox.entra_grants import revoked, stamps
from sandbox.entra_resources import LOOPBACK
from sandbox.exchange import Exchange, Refused, exchange
from sandbox.store import Doc

CODE_LIFETIME_S = 600
FLOW_LIFETIME_S = 600
COOKIE = "ESTSAUTH"
BLOCK_GROUP = "Block sign-in"
"""Members of this group are stopped by Conditional Access."""

_WRONG = "Your account or password is incorrect."
_DISABLED = "Your account has been disabled. Ask an administrator if you think that this is a mistake."
_BLOCKED = (
    "Your sign-in was successful, but you cannot access this right now: an administrator has blocked your sign-in."
)
_NAME = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True)
class Ask:
    """A checked request to the authorization endpoint."""

    sent: Exchange
    query: Mapping[str, str]
    application: Doc

    @property
    def action(self) -> str:
        """Where the forms post to: this same address."""
        return f"{self.sent.path}?{self.sent.query}"

    def back(self, fields: Mapping[str, str]) -> Response:
        """Back to the application, in the response mode that it asked for; ``state`` unchanged."""
        values = {**fields, **({"state": self.query["state"]} if "state" in self.query else {})}
        target, mode = self.query["redirect_uri"], self.query.get("response_mode", "query")
        if mode == "form_post":
            return pages.posted(target, values)
        mark = "#" if mode == "fragment" else "&" if "?" in target else "?"
        return RedirectResponse(f"{target}{mark}{urlencode(values)}", 302, NO_STORE)

    def error(self, error: str, description: str) -> Response:
        """Back to the application with an error."""
        return self.back({"error": error, "error_description": description})


def _asked(sent: Exchange) -> Ask:
    """Check client and redirect address first: nothing is ever sent to an address that is not registered."""
    query = dict(parse_qsl(sent.query, keep_blank_values=True))
    client_id, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
    sent.app_id = client_id or None
    application = next(iter(sent.store.find("applications", "appId", client_id)), None)
    if application is None:
        text = f"Application with identifier '{client_id}' was not found in the directory."
        raise Refused(pages.stopped("Sign in", text, 700016, 400))
    if not any(_same_address(redirect, known) for known in application["web"]["redirectUris"]):
        text = f"The redirect URI '{redirect}' in the request does not match those configured for the application."
        raise Refused(pages.stopped("Sign in", text, 50011, 400))
    return Ask(sent, query, application)


def _same_address(asked: str, known: str) -> bool:
    """Exactly the same, but for the port of a loopback address (RFC 8252, section 7.3)."""
    if asked == known:
        return True
    one, other = urlsplit(asked), urlsplit(known)
    if one.hostname not in LOOPBACK:
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)


def _malformed(ask: Ask) -> Response | None:
    if ask.query.get("response_type") != "code":
        return ask.error("unsupported_response_type", "AADSTS700054: only response_type 'code' is enabled.")
    if ask.query.get("code_challenge_method", "plain") not in ("S256", "plain"):
        return ask.error("invalid_request", "AADSTS501491: the code_challenge_method must be S256 or plain.")
    if "scope" not in ask.query:
        return ask.error("invalid_request", "AADSTS900144: the request must contain the parameter 'scope'.")
    return None


async def ask_sign_in(request: Request) -> Response:
    """``GET /{tenant}/oauth2/v2.0/authorize``: the sign-in page, or straight back for somebody signed in."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    ask = _asked(sent)
    if (malformed := _malformed(ask)) is not None:
        return malformed
    prompt = ask.query.get("prompt", "")
    session = _session(request, sent)
    if session is not None and prompt not in ("login", "select_account"):
        return _arrive(ask, session)
    if prompt == "none":
        return ask.error("login_required", "AADSTS50058: a silent sign-in request was sent but no user is signed in.")
    return pages.credentials(ask.action, ask.application["displayName"], ask.query.get("login_hint", ""))


async def sign_in(request: Request) -> Response:
    """``POST`` of a form to the same address: user name and password first, then the one-time code."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    ask = _asked(sent)
    if (malformed := _malformed(ask)) is not None:
        return malformed
    form = dict(parse_qsl(sent.body.decode(errors="replace"), keep_blank_values=True))
    return _with_code(ask, form) if "flow" in form else _with_password(ask, form)


def _with_password(ask: Ask, form: Mapping[str, str]) -> Response:
    store = ask.sent.store
    username, password = form.get("username", "").strip(), form.get("password", "")
    store.secret("password", password)
    person = next(iter(store.find("users", "userPrincipalName", username)), None) if _NAME.fullmatch(username) else None
    held = (person or {}).get("_password") or ""
    if person is None or not held or not hmac.compare_digest(held.encode(), password.encode()):
        return pages.credentials(ask.action, ask.application["displayName"], username, _WRONG)
    if (stop := _stop(ask.sent, person)) is not None:
        return stop
    flow = {"id": store.secret("flow", secrets.token_urlsafe(32)), "user": person["id"], "at": time.time()}
    if not person.get("_totp_secret"):
        return _signed_in(ask, person)
    store.put("codes", {**flow, "used": False})
    return pages.one_time_code(ask.action, flow["id"], username)


def _with_code(ask: Ask, form: Mapping[str, str]) -> Response:
    store = ask.sent.store
    flow = store.get("codes", form["flow"])
    person = store.get("users", flow["user"]) if flow and flow["at"] + FLOW_LIFETIME_S > time.time() else None
    if flow is None or person is None or flow["used"]:
        return pages.credentials(ask.action, ask.application["displayName"], "", "Your sign-in timed out. Start again.")
    code = form.get("code", "").replace(" ", "")
    if not _is_code(person["_totp_secret"], code, time.time()):
        text = "You didn't enter the expected verification code. Please try again."
        return pages.one_time_code(ask.action, flow["id"], person["userPrincipalName"], text)
    store.change("codes", flow["id"], used=True)
    return _stop(ask.sent, person) or _signed_in(ask, person)


def _stop(sent: Exchange, person: Doc) -> Response | None:
    """Disabled and blocked people learn why they are not signed in."""
    if not person["accountEnabled"]:
        return pages.stopped("Your account is disabled", _DISABLED, 50057)
    if any(group["displayName"] == BLOCK_GROUP for group in sent.store.find("groups", "_members", person["id"])):
        return pages.stopped("You cannot access this right now", _BLOCKED, 53003)
    return None


def _is_code(secret: str, code: str, now: float) -> bool:
    """RFC 6238: SHA-1, 6 digits, 30 s; one step of clock difference either way."""
    key = base64.b32decode(secret)
    return any(hmac.compare_digest(_code(key, int(now // 30) + step), code) for step in (0, -1, 1))


def _code(key: bytes, counter: int) -> str:
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def _signed_in(ask: Ask, person: Doc) -> Response:
    """Begin a session in the browser and go back to the application."""
    store = ask.sent.store
    session: dict[str, Any] = {
        "id": store.secret("session", secrets.token_urlsafe(32)),
        "user": person["id"],
        "sid": str(uuid4()),
        "auth_time": int(time.time()),
        "issued": max(store.now(), *(stamp + timedelta(seconds=1) for stamp in stamps(person))).isoformat(),
    }
    store.put("sessions", session)
    response = _arrive(ask, session)
    response.set_cookie(COOKIE, session["id"], path="/", secure=True, httponly=True, samesite="lax")
    return response


def _session(request: Request, sent: Exchange) -> Doc | None:
    """The browser's session, if the person may still sign in with it."""
    session = sent.store.get("sessions", request.cookies.get(COOKIE, ""))
    person = sent.store.get("users", session["user"]) if session else None
    if session is None or person is None or revoked(person, session["issued"]):
        return None
    return session if _stop(sent, person) is None else None


def _arrive(ask: Ask, session: Doc) -> Response:
    """Give the application a code: ten minutes, one use."""
    query, store = ask.query, ask.sent.store
    code = store.secret("code", "1.A" + secrets.token_urlsafe(64))
    store.put(
        "codes",
        {
            "id": code,
            "client_id": ask.application["appId"],
            "user": session["user"],
            "sid": session["sid"],
            "auth_time": session["auth_time"],
            "issued": session["issued"],
            "redirect_uri": query["redirect_uri"],
            "scope": query["scope"],
            "nonce": query.get("nonce"),
            "challenge": query.get("code_challenge"),
            "challenge_method": query.get("code_challenge_method", "plain"),
            "expires": time.time() + CODE_LIFETIME_S,
            "used": False,
        },
    )
    return ask.back({"code": code, "session_state": session["sid"]})


async def sign_out(request: Request) -> Response:
    """``/{tenant}/oauth2/v2.0/logout``: ends the browser's session; back only to a registered address."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    sent.store.remove("sessions", request.cookies.get(COOKIE, ""))
    target = dict(parse_qsl(sent.query)).get("post_logout_redirect_uri", "")
    if target and _registered(sent, target):
        response: Response = RedirectResponse(target, 302, NO_STORE)
    else:
        response = pages.stopped("You signed out of your account", "It's a good idea to close all browser windows.")
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _registered(sent: Exchange, target: str) -> bool:
    """Some application's origin: those of its redirect addresses, loopback whatever the port."""
    asked = urlsplit(target)
    for application in sent.store.all("applications"):
        for known in map(urlsplit, application["web"]["redirectUris"]):
            same_port = asked.hostname in LOOPBACK or asked.port == known.port
            if (asked.scheme, asked.hostname) == (known.scheme, known.hostname) and same_port:
                return True
    return False


routes = [
    Route("/{tenant}/oauth2/v2.0/authorize", ask_sign_in),
    Route("/{tenant}/oauth2/v2.0/authorize", sign_in, methods=["POST"]),
    Route("/{tenant}/oauth2/v2.0/logout", sign_out, methods=["GET", "POST"]),
]
