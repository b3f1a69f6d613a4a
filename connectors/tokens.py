"""Bearer tokens: the platform's own, by client credentials through MSAL, or one that never changes."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.credentials import ApplicationCredential, Credential, Identity, ManagedIdentityCredential
from connectors.errors import Unauthorized, Unavailable
from connectors.http import TokenSource

__all__ = ["EntraTokens", "StaticToken", "TokenSource"]

_EARLY = 300.0
_PAUSE = 15.0
"""How long an old token is used without asking again, while the identity provider is away."""


class StaticToken:
    """A long-lived bearer token, as SCIM targets issue them."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def token(self) -> str:
        """The token."""
        return self._value

    async def renew(self, refused: str, claims: str | None = None) -> str:
        """The same: there is no other. The second 401 is then the answer."""
        return self._value


class EntraTokens:
    """Access tokens of the platform's service principal for one resource (``scope`` ends in ``/.default``).

    The client-credentials grant gives no refresh token: before one expires the next is asked for; if that fails for
    the moment, the old one serves until it is really over. A ``managed_identity`` is used if one is named (``user``:
    the one whose client id is ``client_id``), else ``certificate_file`` (PEM of key and certificate), ``client_secret``
    or ``federated_token_file``, the first that is there.
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
        federated_token_file: Path | None = None,
        managed_identity: Identity | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._who = client_id if managed_identity != "system" else "the system-assigned identity"
        self._credential: Credential
        if managed_identity:
            self._credential = ManagedIdentityCredential(managed_identity, client_id, scope, ca_file=ca_file)
        else:
            self._credential = ApplicationCredential(
                f"{authority_url.rstrip('/')}/{tenant_id}",
                client_id,
                scope,
                client_secret=client_secret,
                certificate_file=certificate_file,
                federated_token_file=federated_token_file,
                ca_file=ca_file,
            )
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

    async def renew(self, refused: str, claims: str | None = None) -> str:
        """A new token, unless somebody else has fetched one since ``refused`` was handed out.

        ``claims`` is what the resource demands of it (a claims challenge of continuous access evaluation). Raises as
        ``token`` does: the refused token is not used again.
        """
        async with self._lock:
            if self._value == refused:
                if claims is None:
                    await asyncio.to_thread(self._credential.forget)
                await self._acquire(claims)
        return self._value

    async def _acquire_or_keep(self) -> None:
        try:
            await self._acquire()
        except Unavailable:
            now = time.monotonic()
            if now >= self._expires_at:
                raise
            self._renew_at = min(now + _PAUSE, self._expires_at)

    async def _acquire(self, claims: str | None = None) -> None:
        answer = await asyncio.to_thread(self._ask, claims)
        if "access_token" not in answer:
            # A refusal must not be replayed from MSAL's cache of answers once the secret has been put right.
            self._credential.reopen()
            raise Unauthorized(_explain(self._who, answer), status=401, code=answer.get("error"), sent=False)
        now, lifetime = time.monotonic(), float(answer.get("expires_in", 0))
        self._value = str(answer["access_token"])
        self._expires_at = now + lifetime
        self._renew_at = now + max(lifetime - _EARLY, lifetime / 2)

    def _ask(self, claims: str | None) -> Mapping[str, Any]:
        try:
            return self._credential.ask(claims)
        except ValueError as error:
            self._credential.reopen()
            raise Unauthorized(f"No token for {self._who}: {error}", status=401, sent=False) from error


def _explain(who: str, answer: Mapping[str, Any]) -> str:
    first = str(answer.get("error_description", "no reason was given")).splitlines()[0]
    return f"No token for {who}: {answer.get('error')}: {first}"
