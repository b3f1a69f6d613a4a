"""The tenant's signing keys: several are published at once, the newest signs, and they roll without notice.

Clients refetch the key set on an unknown ``kid`` ("Signing key rollover in the Microsoft identity platform").
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from sandbox.store import Doc, Store


class Keys:
    """The key ring of a tenant, kept in its store; the last key of the ring signs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        while len(store.all("keys")) < 2 and not any("withdrawn" in doc for doc in store.all("keys")):
            store.put("keys", new_key())
        self._private = {doc["id"]: RSAKey.import_key(doc["private_key"]) for doc in store.all("keys")}

    @property
    def current(self) -> str:
        """The id of the key that signs now."""
        return str(self._published()[-1]["id"])

    def private(self, key_id: str) -> RSAKey:
        """A published key by its id; one that is unknown or withdrawn is a KeyError."""
        if key_id not in {doc["id"] for doc in self._published()}:
            raise KeyError(key_id)
        return self._private[key_id]

    def roll(self) -> str:
        """From now on a new key signs; the others stay published."""
        made = self._store.put("keys", new_key())
        self._private[made["id"]] = RSAKey.import_key(made["private_key"])
        return str(made["id"])

    def withdraw(self, key_id: str) -> None:
        """Publish a key no longer: what it signed is worth nothing from now on. ValueError for the one that signs."""
        published = [doc["id"] for doc in self._published()]
        if key_id not in published:
            raise ValueError(f"withdraw: {key_id} is not published; these are: {', '.join(published)}")
        if key_id == published[-1]:
            raise ValueError(f"withdraw: {key_id} is the key that signs; roll first")
        self._store.change("keys", key_id, withdrawn=True)

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
                "cloud_instance_name": "microsoftonline.com",
                "issuer": issuer,
            }
            for doc in self._published()
        ]

    def _published(self) -> list[Doc]:
        return [doc for doc in self._store.all("keys") if not doc.get("withdrawn")]


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


def new_key() -> Doc:
    """A signing key; its id is its certificate's SHA-1 thumbprint, as Entra's are."""
    key, certificate = self_signed("practice.example signing")
    der = certificate.public_bytes(serialization.Encoding.DER)
    public: dict[str, Any] = RSAKey.import_key(private_pem(key)).as_dict(private=False)
    thumbprint = hashlib.sha1(der, usedforsecurity=False).digest()
    return {
        "id": base64.urlsafe_b64encode(thumbprint).decode().rstrip("="),
        "private_key": private_pem(key),
        "certificate": base64.b64encode(der).decode(),
        "n": public["n"],
        "e": public["e"],
    }
