"""Tokens of the practice tenant for programs: an HR system's, and a person's through the sign-in pages.

Everything here is the way a real client goes: client credentials by MSAL, and the authorization code with PKCE
(RFC 7636) through the same HTML forms that a person fills in. Only a practice login can be driven like this.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import struct
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import msal

from embedded import wire
from settings import Settings

_PAGES = 6


class SignInError(RuntimeError):
    """No token came; says what the tenant answered."""


def practice_file(settings: Settings) -> dict[str, Any]:
    """What the practice tenant says of itself: its logins, clients and addresses."""
    found: dict[str, Any] = json.loads(settings.sandbox_file.read_text("utf-8"))
    return found


async def sender_token(settings: Settings) -> str:
    """An ``Events.Submit`` token of the practice HR system, by client credentials (RFC 6749 section 4.4)."""
    sender = practice_file(settings)["hr_sender"]
    return await asyncio.to_thread(_client_credentials, settings, sender["client_id"], sender["client_secret"])


def _client_credentials(settings: Settings, client_id: str, secret: str) -> str:
    with wire.blocking_client(ca_file=settings.ca_file) as http:
        application = msal.ConfidentialClientApplication(
            client_id,
            client_credential=secret,
            authority=f"{settings.authority_url}/{settings.tenant_id}",
            instance_discovery=False,
            http_client=http,
        )
        return _access_token(application.acquire_token_for_client([settings.api_scope]))


def _access_token(answer: dict[str, Any]) -> str:
    if "access_token" not in answer:
        raise SignInError(f"no token: {answer.get('error')}: {answer.get('error_description')}")
    return str(answer["access_token"])


async def person_token(settings: Settings, role: str | None) -> str:
    """An access token for our API of the practice login with this app ``role`` (``Iam.Auditor`` …)."""
    login = next(item for item in practice_file(settings)["logins"] if item["role"] == role)
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    async with wire.client(settings.authority_url, ca_file=settings.ca_file, follow_redirects=False) as client:
        code = await _authorize(client, settings, login, verifier, state)
        answer = await client.post(_endpoint(settings, "token"), data=_exchange(settings, code, verifier))
    return _access_token(answer.json())


def _endpoint(settings: Settings, name: str) -> str:
    return f"{settings.authority_url}/{settings.tenant_id}/oauth2/v2.0/{name}"


def _exchange(settings: Settings, code: str, verifier: str) -> dict[str, str]:
    secret = settings.console_client_secret
    return {
        "grant_type": "authorization_code",
        "client_id": settings.console_client_id,
        "client_secret": secret.get_secret_value() if secret else "",
        "code": code,
        "redirect_uri": settings.console_redirect_uri,
        "code_verifier": verifier,
        "scope": settings.api_user_scope,
    }


async def _authorize(client: wire.Client, settings: Settings, login: dict[str, str], verifier: str, state: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": settings.console_client_id,
        "response_type": "code",
        "redirect_uri": settings.console_redirect_uri,
        "scope": f"openid {settings.api_user_scope}",
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = await client.get(_endpoint(settings, "authorize"), params=query)
    for _ in range(_PAGES):
        if page.is_redirect:
            target = urljoin(str(page.url), page.headers["location"])
            if target.startswith(settings.console_redirect_uri):
                return _code(target, state)
            page = await client.get(target)
        else:
            form = Form.of(page.text)
            target = urljoin(str(page.url), form.action)
            page = await client.post(target, data=form.filled(login))
    raise SignInError(f"{login['username']}: the sign-in pages did not end; the last answer was {page.status_code}")


def _code(target: str, state: str) -> str:
    query = parse_qs(urlsplit(target).query)
    if query.get("state") != [state] or "code" not in query:
        raise SignInError(f"no code: {query.get('error')}: {query.get('error_description')}")
    return query["code"][0]


@dataclass
class Form(HTMLParser):
    """The first form of a page: where it goes and its fields."""

    action: str = ""
    fields: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ready to be fed."""
        HTMLParser.__init__(self)

    @classmethod
    def of(cls, page: str) -> "Form":
        """Read a page. Raises ``SignInError`` if it has no form to fill in."""
        form = cls()
        form.feed(page)
        if not form.fields:
            raise SignInError(f"no form on the sign-in page: {page[:200]!r}")
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what matters of a form and its inputs."""
        found = dict(attrs)
        if tag == "form":
            self.action = found.get("action") or ""
        elif tag == "input" and found.get("name"):
            self.fields[str(found["name"])] = found

    def filled(self, login: dict[str, str]) -> dict[str, str]:
        """The fields' values with a person's own put where they are asked for."""
        return {name: _value(attributes, login) for name, attributes in self.fields.items()}


def _value(attributes: dict[str, str | None], login: dict[str, str]) -> str:
    kind, hint = attributes.get("type") or "text", attributes.get("autocomplete") or ""
    if kind in ("hidden", "submit", "checkbox"):
        return attributes.get("value") or ""
    if kind == "password":
        return login["password"]
    return one_time_code(login["totp_secret"], time.time()) if "one-time-code" in hint else login["username"]


def one_time_code(secret: str, now: float) -> str:
    """The six digits of RFC 6238 for a base32 secret: 30 seconds, SHA-1."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(now) // 30), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"
