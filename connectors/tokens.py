"""Bearer tokens: the platform's own, by client credentials through MSAL, or one that never changes."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msal

from connectors.errors import Unauthorized, Unavailable
from connectors.http import BlockingHttp, TokenSource

__all__ = ["EntraTokens", "StaticToken", "TokenSource"]

_MICROSOFT = re.compile(r"(^|\.)(microsoftonline\.(com|us)|chinacloudapi\.cn|microsoftonline\.cn)$")
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_EARLY = 300.0


class StaticToken:
    """A long-lived bearer token, as SCIM targets issue them."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def token(self) -> str:
        """The token."""
        return self._value

    async def renew(self, refused: str) -> str:
        """The same: there is no other. The second 401 is then the answer."""
        return self._value


class EntraTokens:
    """Access tokens of the platform's service principal for one resource (``scope`` ends in ``/.default``).

    The client-credentials grant gives no refresh token: shortly before one expires the next is asked for; if that
    fails for the moment, the old one serves until it is really over. MSAL blocks, so it runs in a thread, one call at
    a time. ``certificate_file`` (PEM of key and certificate) is preferred to ``client_secret``.
    """

    def __init__(
        self,
        *,
        authority_url: str,
        tenant_id: str,
        client_id: str,
        scope: str,
        client_secret: str | None = None,
        certificate_file: Path | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._authority = f"{authority_url.rstrip('/')}/{tenant_id}"
        self._client_id = client_id
        self._scope = scope
        self._secret = client_secret
        self._certificate_file = certificate_file
        self._ca_file = ca_file
        self._application: msal.ConfidentialClientApplication | None = None
        self._lock = asyncio.Lock()
        self._value = ""
        self._renew_at = 0.0
        self._expires_at = 0.0

    async def token(self) -> str:
        """A valid token. Raises ``Unauthorized`` if the identity provider refuses, ``Unavailable`` if it is away."""
        if time.monotonic() >= self._renew_at:
            async with self._lock:
                if time.monotonic() >= self._renew_at:
                    await self._acquire_or_keep()
        return self._value

    async def renew(self, refused: str) -> str:
        """A new token, unless somebody else has fetched one since ``refused`` was handed out."""
        async with self._lock:
            if self._value == refused:
                await asyncio.to_thread(self._forget)
                await self._acquire()
        return self._value

    async def _acquire_or_keep(self) -> None:
        try:
            await self._acquire()
        except Unavailable:
            if time.monotonic() >= self._expires_at:
                raise

    async def _acquire(self) -> None:
        answer = await asyncio.to_thread(self._ask)
        if "access_token" not in answer:
            # A refusal must not be replayed from MSAL's cache of answers once the secret has been put right.
            self._application = None
            raise Unauthorized(_explain(self._client_id, answer), status=401, code=answer.get("error"), sent=False)
        lifetime = float(answer.get("expires_in", 0))
        self._value = str(answer["access_token"])
        self._expires_at = time.monotonic() + lifetime
        self._renew_at = time.monotonic() + max(lifetime - _EARLY, lifetime / 2)

    def _ask(self) -> dict[str, Any]:
        try:
            self._application = self._application or self._open()
            answer: dict[str, Any] = self._application.acquire_token_for_client([self._scope])
        except ValueError as error:
            self._application = None
            raise Unauthorized(f"No token for {self._client_id}: {error}", status=401, sent=False) from error
        return answer

    def _forget(self) -> None:
        if self._application:
            self._application.remove_tokens_for_client()

    def _open(self) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._credential(),
            authority=self._authority,
            instance_discovery=bool(_MICROSOFT.search(urlsplit(self._authority).hostname or "")),
            http_client=BlockingHttp(self._authority, self._ca_file),
        )

    def _credential(self) -> str | dict[str, str]:
        if self._certificate_file:
            return _certificate(self._certificate_file)
        if self._secret:
            return self._secret
        raise ValueError("neither a client secret nor a certificate is set")


def _certificate(file: Path) -> dict[str, str]:
    """The key and the certificate of a PEM file, for an assertion signed with PS256 and named by SHA-256."""
    try:
        blocks = {found.group(1): found.group(0) for found in _PEM.finditer(file.read_text("ascii"))}
    except OSError as error:
        raise ValueError(f"the certificate file cannot be read: {error}") from error
    key = next((text for label, text in blocks.items() if label.endswith("PRIVATE KEY")), None)
    if key is None or "CERTIFICATE" not in blocks:
        raise ValueError(f"{file.name} does not hold both a private key and a certificate")
    return {"private_key": key, "public_certificate": blocks["CERTIFICATE"]}


def _explain(client_id: str, answer: dict[str, Any]) -> str:
    first = str(answer.get("error_description", "no reason was given")).splitlines()[0]
    return f"No token for {client_id}: {answer.get('error')}: {first}"
