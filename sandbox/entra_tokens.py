"""The tenant's signing keys, the tokens signed with them, and whom a token speaks for."""

import base64
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.entra_resources import Resource
from sandbox.exchange import Caller
from sandbox.store import Doc, Store

LIFETIME_S = 3600


class Tokens:
    """Issues and reads access and ID tokens; every one verifies with the published keys."""

    def __init__(self, store: Store, tenant_id: str) -> None:
        self._store, self.tenant_id = store, tenant_id
        if not store.all("keys"):
            store.put("keys", _new_key())
        self._keys = {doc["id"]: RSAKey.import_key(doc["private_key"]) for doc in store.all("keys")}
        self._current = store.all("keys")[-1]["id"]
        self._known: dict[str, tuple[float, Caller]] = {}

    def published(self, issuer: str) -> list[Doc]:
        """The JSON web keys as ``/discovery/v2.0/keys`` shows them."""
        return [
            {
                "kty": "RSA",
                "use": "sig",
                "kid": doc["id"],
                "x5t": doc["id"],
                "n": doc["n"],
                "e": doc["e"],
                "x5c": [doc["certificate"]],
                "issuer": issuer,
            }
            for doc in self._store.all("keys")
        ]

    def sign(self, claims: Doc) -> str:
        """Any claims as a token of this tenant."""
        header = {"typ": "JWT", "alg": "RS256", "kid": self._current, "x5t": self._current}
        token = jwt.encode(header, claims, self._keys[self._current])
        return self._store.secret("token", token)

    def access(self, resource: Resource, origin: str, specific: Doc) -> str:
        """An access token with what all of them carry and ``specific`` claims: v2 for our APIs, v1 for Microsoft's."""
        now = int(time.time())
        issuer = f"{origin}/{self.tenant_id}/v2.0" if resource.ours else f"https://sts.windows.net/{self.tenant_id}/"
        claims = {
            "aud": resource.audience,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "aio": base64.b64encode(uuid4().bytes).decode(),
            "rh": f"1.{uuid4().hex}.",
            "tid": self.tenant_id,
            "uti": base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("="),
            "ver": "2.0" if resource.ours else "1.0",
            **specific,
        }
        return self.sign(claims)

    def identify(self, authorization: str) -> Caller | None:
        """Whom a bearer token speaks for; None without one, or if it is forged or has expired."""
        token = bearer(authorization)
        if token is None:
            return None
        known = self._known.get(token)
        if known is None:
            claims = self.read(token)
            if claims is None:
                return None
            self._forget()
            known = self._known[token] = (float(claims.get("exp", 0)), caller_of(claims))
        return known[1] if known[0] > time.time() else None

    def read(self, token: str) -> Doc | None:
        """The claims of a token that this tenant signed, expired or not; None if it did not sign it."""
        try:
            return dict(jwt.decode(token, self._key_of(token), algorithms=["RS256"]).claims)
        except (JoseError, ValueError, KeyError, TypeError):
            return None

    def _key_of(self, token: str) -> RSAKey:
        return self._keys[json.loads(_unbase64(token.partition(".")[0]))["kid"]]

    def _forget(self) -> None:
        """Keep the cache of read tokens small."""
        if len(self._known) > 1000:
            now = time.time()
            self._known = {token: known for token, known in self._known.items() if known[0] > now}


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


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def self_signed(common_name: str, years: int = 5) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A new key with a certificate of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * years))
    )
    return key, builder.sign(key, hashes.SHA256())


def private_pem(key: rsa.RSAPrivateKey) -> str:
    """A private key as unencrypted PKCS #8."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _new_key() -> Doc:
    """A signing key; its id is its certificate's SHA-1 thumbprint, as Entra's are."""
    key, certificate = self_signed("practice.example signing")
    der = certificate.public_bytes(serialization.Encoding.DER)
    public: dict[str, Any] = RSAKey.import_key(private_pem(key)).as_dict(private=False)
    return {
        "id": _base64(hashlib.sha1(der, usedforsecurity=False).digest()),
        "private_key": private_pem(key),
        "certificate": base64.b64encode(der).decode(),
        "n": public["n"],
        "e": public["e"],
    }
