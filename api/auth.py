"""Bearer tokens of the tenant: who signed them, for whom, until when, and which roles they carry."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import Key, KeySet

from api.errors import Problem, unauthorized, unavailable
from api.visit import Caller
from connectors.http import is_loopback, trust

ALGORITHM = "RS256"
LEEWAY_SECONDS = 60
FRESH_SECONDS = 24 * 3600
REFETCH_SECONDS = 60

log = logging.getLogger(__name__)


class SigningKeys:
    """The tenant's published keys (OpenID Connect Discovery 1.0 section 4), cached.

    They are read again daily, and at once for a key id nobody knew (a roll-over), though at most once a minute:
    strangers must not make us hammer the tenant.
    """

    def __init__(
        self, configuration_url: str, ca_file: Path | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        trust_env = not is_loopback(configuration_url)
        self._http = httpx.AsyncClient(verify=trust(ca_file), timeout=5, trust_env=trust_env)
        self._url = configuration_url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, Key] = {}
        self._tried_at: float | None = None
        self._read_at: float | None = None
        self.issuer = ""

    async def find(self, kid: str) -> Key | None:
        """The key of that id, or None if the tenant publishes none. Raises a 503 problem if it cannot be asked."""
        if kid not in self._keys or self._older_than(FRESH_SECONDS, self._read_at):
            await self._refetch(kid)
        if self._read_at is None:
            raise unavailable(
                "keys-unavailable", "The tenant's signing keys cannot be read, so no token can be judged."
            )
        return self._keys.get(kid)

    async def ready(self) -> bool:
        """Whether keys are at hand, asking the tenant if they are not."""
        if self._read_at is None:
            await self._refetch("")
        return self._read_at is not None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _older_than(self, seconds: float, moment: float | None) -> bool:
        return moment is None or self._clock() - moment >= seconds

    async def _refetch(self, kid: str) -> None:
        async with self._lock:
            fresh = kid in self._keys and not self._older_than(FRESH_SECONDS, self._read_at)
            pause = REFETCH_SECONDS if self._read_at is not None else 1
            if fresh or not self._older_than(pause, self._tried_at):
                return
            self._tried_at = self._clock()
            try:
                await self._read()
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                log.warning("signing keys of %s: %s: %s", self._url, type(error).__name__, error)

    async def _read(self) -> None:
        configuration = (await self._http.get(self._url)).raise_for_status().json()
        published = (await self._http.get(configuration["jwks_uri"])).raise_for_status().json()
        usable = [key for key in published["keys"] if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
        keys = {str(key.kid): key for key in KeySet.import_key_set({"keys": usable}).keys}
        self.issuer = str(configuration["issuer"])
        self._keys, self._read_at = keys, self._clock()


class Tokens:
    """Validates access tokens for our API (Microsoft identity platform, *Access tokens: validate tokens*)."""

    def __init__(self, keys: SigningKeys, *, tenant_id: str, audiences: set[str]) -> None:
        self._keys = keys
        self._tenant_id = tenant_id
        self._audiences = sorted(audiences)

    async def caller(self, token: str) -> Caller:
        """Whose token this is; raises a 401 problem that names what is wrong, never the token."""
        kid = _key_id(token)
        key = await self._keys.find(kid)
        if key is None:
            raise unauthorized("token-key-unknown", "The token is signed with a key that the tenant does not publish.")
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, RecursionError):
            raise unauthorized("token-signature", "The token's signature does not fit.") from None
        self._check(claims)
        return _caller(claims)

    def _check(self, claims: dict[str, Any]) -> None:
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._keys.issuer},
            aud={"essential": True, "values": list(self._audiences)},
            tid={"essential": True, "value": self._tenant_id},
            exp={"essential": True},
        )
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise unauthorized("token-expired", "The token has expired; ask for a new one.") from None
        except ClaimError as error:
            raise _wrong_claim(error.claim) from None


def _key_id(token: str) -> str:
    """The key id in the token's header, before anything is believed (RFC 7515 section 4.1.4)."""
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError):
        raise unauthorized("token-malformed", "The bearer token is not a JSON Web Token.") from None
    if header.get("alg") != ALGORITHM:
        raise unauthorized("token-algorithm", f"The token must be signed with {ALGORITHM}.")
    return str(header.get("kid"))


def _wrong_claim(claim: str) -> Problem:
    words = {
        "aud": ("token-audience", "The token is meant for another audience than this API."),
        "iss": ("token-issuer", "The token comes from another issuer than this tenant."),
        "tid": ("token-tenant", "The token belongs to another tenant."),
        "nbf": ("token-not-yet-valid", "The token is not valid yet."),
    }
    return unauthorized(*words.get(claim, ("token-claims", "The token lacks a claim or has one that makes no sense.")))


def _caller(claims: dict[str, Any]) -> Caller:
    roles = claims.get("roles")
    named = frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset()
    key = claims.get("oid") or claims.get("sub")
    if not isinstance(key, str):
        raise unauthorized("token-claims", "The token names no object id (oid) of its caller.")
    name = claims.get("preferred_username")
    return Caller(key, name if isinstance(name, str) and name else key, named)
