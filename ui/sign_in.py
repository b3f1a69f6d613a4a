"""Signing in at Entra by authorization code with PKCE, through MSAL."""

import hashlib
import json
import logging
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import msal
import requests
from joserfc import jws
from joserfc.errors import JoseError

from ui.directory import Directory
from ui.id_token import IdTokenCheck
from ui.sessions import Session

# MSAL would rather have the code posted; a posted callback comes from another site and so without our Lax cookie.
warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")

log = logging.getLogger(__name__)

MICROSOFT = (".microsoftonline.com", ".microsoftonline.us", ".partner.microsoftonline.cn")


class SignInError(Exception):
    """Entra, or our own check of what it sent, ends this sign-in. ``code`` is Entra's error, or empty."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


@dataclass
class MsalTokens:
    """One person's tokens in one MSAL cache. MSAL renews by the refresh token five minutes before expiry."""

    application: msal.ConfidentialClientApplication
    scope: str
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def access_token(self) -> str | None:
        """A token that still holds, or None when Entra renews it no longer."""
        with self._lock:
            accounts = self.application.get_accounts()
            result = self.application.acquire_token_silent([self.scope], account=accounts[0]) if accounts else None
        if result is None or "access_token" not in result:
            log.info("sign-in cannot be renewed: %s", (result or {}).get("error", "no account in the cache"))
            return None
        return str(result["access_token"])


@dataclass
class SignIn:
    """The console's registration in the tenant, and the three moments of a sign-in."""

    tenant_id: str
    authority_url: str
    client_id: str
    client_secret: str
    redirect_uri: str
    home_uri: str
    scope: str
    http: requests.Session

    def __post_init__(self) -> None:
        self.directory = Directory(self.authority, self.http)
        self.check = IdTokenCheck(self.directory, self.tenant_id, self.client_id)

    @property
    def authority(self) -> str:
        """The tenant's own authority, never ``common``: people of other tenants cannot sign in."""
        return f"{self.authority_url.rstrip('/')}/{self.tenant_id}"

    def start(self) -> dict[str, Any]:
        """MSAL's flow with ``auth_uri``, state, nonce and the PKCE verifier (RFC 7636); blocking."""
        flow = self._application().initiate_auth_code_flow([self.scope], redirect_uri=self.redirect_uri)
        if "auth_uri" not in flow:
            raise SignInError(str(flow.get("error_description", "no sign-in page")), str(flow.get("error", "")))
        return dict(flow)

    def finish(self, flow: dict[str, Any], answer: Mapping[str, str]) -> Session:
        """Redeem the code and check the ID token; the session it gives holds the tokens. Blocking."""
        application = self._application()
        try:
            result = application.acquire_token_by_auth_code_flow(flow, dict(answer))
        except (ValueError, RuntimeError) as wrong:
            raise SignInError(str(wrong)) from wrong
        if "access_token" not in result:
            raise SignInError(str(result.get("error_description", "")), str(result.get("error", "")))
        claims = self.check.claims(str(result.get("id_token", "")), _sent_nonce(flow))
        return _session(claims, str(result["access_token"]), MsalTokens(application, self.scope))

    def sign_out_uri(self) -> str:
        """Where Entra forgets the person too (OpenID Connect RP-Initiated Logout 1.0). Blocking."""
        end = str(self.directory.configuration()["end_session_endpoint"])
        return f"{end}?{urlencode({'post_logout_redirect_uri': self.home_uri})}"

    def _application(self) -> msal.ConfidentialClientApplication:
        host = urlsplit(self.authority_url).hostname or ""
        return msal.ConfidentialClientApplication(
            self.client_id,
            client_credential=self.client_secret,
            authority=self.authority,
            instance_discovery=host.endswith(MICROSOFT),
            http_client=self.http,
        )


def _sent_nonce(flow: Mapping[str, Any]) -> str:
    """MSAL sends the SHA-256 of the nonce it keeps in the flow, and so that is what comes back."""
    return hashlib.sha256(str(flow["nonce"]).encode()).hexdigest()


def _session(claims: Mapping[str, Any], access_token: str, tokens: MsalTokens) -> Session:
    username = str(claims.get("preferred_username", ""))
    return Session(
        name=str(claims.get("name") or username),
        username=username,
        roles=frozenset(claims.get("roles", ())) | _roles_of(access_token),
        tokens=tokens,
    )


def _roles_of(access_token: str) -> frozenset[str]:
    """The API's app roles in the token for it: they choose which pages are shown, and nothing else.

    The signature is not looked at here: the token came straight from the token endpoint, and what the person may do
    is the API's answer to each call.
    """
    try:
        payload = jws.extract_compact(access_token.encode()).payload
        return frozenset(map(str, _json(payload).get("roles", ())))
    except (JoseError, ValueError):
        return frozenset()


def _json(payload: bytes) -> dict[str, Any]:

    value = json.loads(payload)
    return value if isinstance(value, dict) else {}
