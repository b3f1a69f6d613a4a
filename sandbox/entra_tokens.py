"""The tokens that the tenant signs, and whom a token speaks for."""

import base64
import json
import secrets
import time
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.entra_keys import Keys
from sandbox.entra_resources import Resource
from sandbox.exchange import Caller
from sandbox.store import Doc, Store

ID_LIFETIME_S = 3600
LONG_LIFETIME_S = 86400
"""Of tokens for clients that take claims challenges, and of applications' tokens for Key Vault."""
SKEW_S = 300
"""By how much a client's clock and the tenant's may differ."""
CACHED = 1000
"""Of how many tokens the tenant remembers whom they speak for."""


def lifetime() -> int:
    """How long an ordinary access token lives: at random between 60 and 90 minutes ("Access tokens", lifetime)."""
    return 3600 + secrets.randbelow(1801)


class Tokens:
    """Issues and reads access and ID tokens; every one verifies with the published keys."""

    def __init__(self, store: Store, tenant_id: str) -> None:
        self._store, self.tenant_id = store, tenant_id
        self.keys = Keys(store)
        self._known: dict[str, tuple[float, float, Caller]] = {}

    @property
    def issuer_v1(self) -> str:
        """The issuer of tokens for Microsoft's own resources, whatever the host."""
        return f"https://sts.windows.net/{self.tenant_id}/"

    def sign(self, claims: Doc) -> str:
        """Any claims as a token of this tenant."""
        current = self.keys.current
        header = {"typ": "JWT", "alg": "RS256", "kid": current, "x5t": current}
        return self._store.secret("token", jwt.encode(header, claims, self.keys.private(current)))

    def access(self, resource: Resource, origin: str, specific: Doc, lives_s: int) -> str:
        """An access token with what all of them carry and ``specific`` claims, in the resource's version."""
        now = int(time.time())
        issuer = f"{origin}/{self.tenant_id}/v2.0" if resource.version == 2 else self.issuer_v1
        claims = {
            "aud": resource.audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + lives_s,
            **specific,
            "aio": base64.b64encode(uuid4().bytes + uuid4().bytes).decode(),
            "rh": f"1.{uuid4().hex}.",
            "tid": self.tenant_id,
            "uti": unique(),
            "ver": f"{resource.version}.0",
        }
        return self.sign(claims)

    def identify(self, authorization: str) -> Caller | None:
        """Whom a bearer token speaks for; None without one, or if it is forged, has expired or is not valid yet."""
        token = bearer(authorization)
        if token is None:
            return None
        known = self._known.get(token)
        if known is None:
            claims = self.read(token)
            if claims is None:
                return None
            self._trim()
            known = self._known[token] = (*_valid(claims), caller_of(claims))
        begins, ends, caller = known
        return caller if begins - SKEW_S <= time.time() < ends + SKEW_S else None

    def read(self, token: str) -> Doc | None:
        """The claims of a token that a published key signed, expired or not; else None."""
        try:
            return dict(jwt.decode(token, self._key_of(token), algorithms=["RS256"]).claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None

    def forget(self) -> None:
        """Check every token anew: keys have changed."""
        self._known.clear()

    def _key_of(self, token: str) -> RSAKey:
        return self.keys.private(json.loads(_unbase64(token.partition(".")[0]))["kid"])

    def _trim(self) -> None:
        """Keep the cache of read tokens small: what has expired goes, and the older half where that is too little."""
        if len(self._known) < CACHED:
            return
        now = time.time()
        good = [(token, known) for token, known in self._known.items() if known[1] + SKEW_S > now]
        self._known = dict(good[-CACHED // 2 :])


def _valid(claims: Doc) -> tuple[float, float]:
    """From when until when a token is good."""
    return float(claims.get("nbf", 0)), float(claims.get("exp", 0))


def unique() -> str:
    """A token's ``uti``: 16 random bytes."""
    return base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")


def bearer(authorization: str) -> str | None:
    """The token of an ``Authorization`` header."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def caller_of(claims: Doc) -> Caller:
    """The caller that claims describe, in either version's names."""
    scopes = frozenset(str(claims.get("scp", "")).split())
    return Caller(
        app_id=str(claims.get("appid") or claims.get("azp") or ""),
        object_id=str(claims.get("oid", "")),
        roles=frozenset(claims.get("roles") or ()) if not scopes else frozenset(),
        user=bool(scopes),
        scp=scopes,
        claims=claims,
    )


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
