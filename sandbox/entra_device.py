"""The device authorization grant (RFC 8628): codes for a device, and the page where a person types theirs in.

"Microsoft identity platform and the OAuth 2.0 device authorization grant flow". The polling is in ``entra_people``.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import signin_pages as pages
from sandbox.answers import NO_STORE
from sandbox.entra_clients import SHARED, Client, find, form_of, must_prove, refuse, required, single_tenant, tenant_of
from sandbox.entra_consent import wanted
from sandbox.entra_people import POLL_S
from sandbox.exchange import Exchange, exchange
from sandbox.signin_ask import client_to_sign_in
from sandbox.signin_steps import COOKIE, begin, session_of, submit
from sandbox.store import Doc

LIFETIME_S = 900
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


async def ask_device_code(request: Request) -> Response:
    """``POST /{tenant}/oauth2/v2.0/devicecode`` with ``client_id`` and ``scope``."""
    sent = exchange(request)
    name = request.path_params["tenant"]
    tenant_of(sent, name)
    form = form_of(sent)
    for field in ("client_id", "scope"):
        required(sent, form, field)
    sent.app_id = form["client_id"]
    application, principal = find(sent, form["client_id"])
    _check(sent, Client(application, principal, "0"), name, form["scope"])
    device = _new_device(sent, form)
    uri = f"{sent.origin}/devicelogin"
    message = (
        f"To sign in, use a web browser to open the page {uri} and enter the code {device['user_code']} to "
        "authenticate."
    )
    body = {
        "user_code": device["user_code"],
        "device_code": device["id"],
        "verification_uri": uri,
        "expires_in": LIFETIME_S,
        "interval": POLL_S,
        "message": message,
    }
    return JSONResponse(body, headers={**NO_STORE, "x-ms-request-id": sent.request_id})


def _check(sent: Exchange, client: Client, name: str, scope: str) -> None:
    if name.lower() == "consumers" or (text := single_tenant(client.application, name)):
        if name.lower() in SHARED - {"consumers"}:
            refuse(sent, 50194, "invalid_request", text or "")
        refuse(sent, 9001023, "invalid_request", "The grant type is not supported over the /consumers endpoint.")
    if not client.application.get("isFallbackPublicClient"):
        must_prove(sent)
    wanted(sent, scope)


def _new_device(sent: Exchange, form: Mapping[str, str]) -> Doc:
    device = {
        "id": sent.store.secret("device_code", "1.A" + secrets.token_urlsafe(96)),
        "user_code": "".join(secrets.choice(_LETTERS) for _ in range(9)),
        "client_id": form["client_id"],
        "scope": form["scope"],
        "state": "pending",
        "polled": 0.0,
        "hasty": 0,
        "expires": sent.store.now().timestamp() + LIFETIME_S,
    }
    return sent.store.put("device_codes", device)


@dataclass(frozen=True)
class DeviceAsk:
    """A device's code that somebody has typed in."""

    sent: Exchange
    device: Doc
    client: Client
    query: Mapping[str, str]
    client_type: str = "device"

    @property
    def action(self) -> str:
        """Where the forms post to: this same address."""
        return f"{self.sent.path}?{self.sent.query}"

    @property
    def scope(self) -> str:
        """The scopes asked for."""
        return str(self.device["scope"])

    @property
    def question(self) -> str:
        """Nobody shall sign a stranger's device in unawares."""
        return f"Are you trying to sign in to {self.client.name}?"

    def arrive(self, session: Doc) -> Response:
        """The device gets its tokens when it asks the next time."""
        grant = {name: session[name] for name in ("_user", "sid", "amr", "auth_time", "issued")}
        grant |= {"scope": self.scope, "client_type": "device"}
        self.sent.store.change("device_codes", self.device["id"], state="approved", grant=grant)
        text = (
            f"You have signed in to the {self.client.name} application on your device. You may now close this window."
        )
        return pages.stopped(self.client.name, text)

    def error(self, error: str, description: str, **extra: str) -> Response:
        """The device is told that the person declined."""
        self.sent.store.change("device_codes", self.device["id"], state="declined")
        return pages.stopped("You did not sign in", f"{description} ({error})")


async def ask_code(request: Request) -> Response:
    """``GET /devicelogin``: where to type the code; ``POST``: on to the sign-in."""
    sent = exchange(request)
    typed = form_of(sent).get("otc") or dict(parse_qsl(sent.query)).get("otc")
    if sent.method == "GET" or not typed:
        return pages.device_code("/devicelogin", None, typed or "")
    if _waiting(sent, typed) is None:
        return pages.device_code("/devicelogin", "That code didn't work. Check the code and try again.")
    query = urlencode({"otc": _plain(typed)})
    return RedirectResponse(f"/common/oauth2/deviceauth?{query}", 302, NO_STORE)


async def device_sign_in(request: Request) -> Response:
    """``GET`` and ``POST /{tenant}/oauth2/deviceauth?otc=…``: the sign-in's pages for a typed code."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    query = dict(parse_qsl(sent.query))
    device = _waiting(sent, query.get("otc", ""))
    if device is None:
        return pages.device_code("/devicelogin", "That code didn't work. Check the code and try again.")
    ask = DeviceAsk(sent, device, client_to_sign_in(sent, device["client_id"]), query)
    if sent.method == "POST":
        return submit(ask, form_of(sent))
    return begin(ask, session_of(sent, request.cookies.get(COOKIE, ""), ask), "")


def _plain(code: str) -> str:
    return code.strip().replace("-", "").replace(" ", "").upper()


def _waiting(sent: Exchange, typed: str) -> Doc | None:
    """The device that waits for this code."""
    now = sent.store.now().timestamp()
    for device in sent.store.all("device_codes"):
        if device["user_code"] == _plain(typed) and device["state"] == "pending" and device["expires"] > now:
            return device
    return None


routes = [
    Route("/{tenant}/oauth2/v2.0/devicecode", ask_device_code, methods=["POST"]),
    Route("/devicelogin", ask_code, methods=["GET", "POST"]),
    Route("/{tenant}/oauth2/deviceauth", device_sign_in, methods=["GET", "POST"]),
]
