"""How an application proves itself at the token endpoint: a secret, posted or by Basic, or a signed assertion."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.answers import aadsts_error
from sandbox.entra_resources import service_principal
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW_S = 300
_ALIASES = frozenset({"common", "organizations", "practice.example", "practice.onmicrosoft.com"})


@dataclass(frozen=True)
class Client:
    """An application that proved itself: ``method`` is 0 for none, 1 for a secret, 2 for a certificate."""

    application: Doc
    principal: Doc
    method: str

    @property
    def app_id(self) -> str:
        """The client id."""
        return str(self.application["appId"])


def refuse(sent: Exchange, code: int, error: str, text: str, **extra: object) -> NoReturn:
    """Answer with an AADSTS envelope."""
    correlation = sent.client_request_id
    raise Refused(aadsts_error(sent.store.now(), code, error, text, correlation_id=correlation, **extra))


def tenant_of(sent: Exchange, name: str) -> str:
    """The tenant's id for a path's first segment; an unknown one is AADSTS90002."""
    if name.lower() in _ALIASES or name.lower() == sent.pipeline.tenant_id:
        return sent.pipeline.tenant_id
    text = f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID."
    refuse(sent, 90002, "invalid_request", text)


def find(sent: Exchange, client_id: str) -> tuple[Doc, Doc]:
    """An application and its enabled principal, or the refusal that Entra gives."""
    application = next(iter(sent.store.find("applications", "appId", client_id)), None)
    principal = service_principal(sent.store, client_id)
    if application is None or principal is None:
        text = f"Application with identifier '{client_id}' was not found in the directory 'Practice'."
        refuse(sent, 700016, "unauthorized_client", text)
    if not principal["accountEnabled"]:
        refuse(
            sent, 7000112, "unauthorized_client", f"Application '{client_id}' ({principal['displayName']}) is disabled."
        )
    return application, principal


def authenticate(sent: Exchange, form: Mapping[str, str], tenant: str) -> Client:
    """The client of a token request, proven; refusals as AADSTS errors."""
    client_id, secret = _basic(sent) or (form.get("client_id", ""), form.get("client_secret"))
    if not client_id:
        refuse(sent, 900144, "invalid_request", "The request body must contain the following parameter: 'client_id'.")
    sent.app_id = client_id
    application, principal = find(sent, client_id)
    if secret is not None:
        sent.store.secret("client_secret", secret)
        _check_secret(sent, application, secret)
        return Client(application, principal, "1")
    if assertion := form.get("client_assertion"):
        sent.store.secret("client_assertion", assertion)
        _check_assertion(sent, application, assertion, tenant)
        return Client(application, principal, "2")
    if application["isFallbackPublicClient"]:
        return Client(application, principal, "0")
    text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    refuse(sent, 7000218, "invalid_client", text)


def _basic(sent: Exchange) -> tuple[str, str] | None:
    """RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined."""
    scheme, _, value = sent.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        refuse(sent, 7000215, "invalid_client", "The Authorization header cannot be read.")
    return unquote_plus(name), unquote_plus(secret)


def _check_secret(sent: Exchange, application: Doc, secret: str) -> None:
    if not any(hmac.compare_digest(secret.encode(), held.encode()) for held in application["_secrets"]):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{application['appId']}'."
        )
        refuse(sent, 7000215, "invalid_client", text)


def _check_assertion(sent: Exchange, application: Doc, assertion: str, tenant: str) -> None:
    """RFC 7523, section 3, as MSAL libraries really send it: float times, no ``nbf``, thumbprints padded or not."""
    try:
        signed, _, signature = assertion.rpartition(".")
        header, claims = (json.loads(_unbase64(part)) for part in signed.split("."))
        certificate = _certificate(application, header)
        proven = certificate is not None and _verified(certificate, header, signed.encode(), _unbase64(signature))
    except (ValueError, TypeError, AttributeError):
        proven = False
    if not proven:
        text = "Client assertion contains an invalid signature, or its key is not registered on the application."
        refuse(sent, 700027, "invalid_client", text)
    _check_claims(sent, application["appId"], claims, tenant)


def _check_claims(sent: Exchange, app_id: str, claims: Doc, tenant: str) -> None:
    now = time.time()
    if claims.get("iss") != app_id or claims.get("sub") != app_id:
        text = "Client assertion application identifier doesn't match 'client_id' parameter."
        refuse(sent, 700021, "invalid_client", text)
    hosts = (sent.origin, "https://login.microsoftonline.com")
    if str(claims.get("aud")) not in {
        f"{host}/{tenant}{end}" for host in hosts for end in ("/oauth2/v2.0/token", "/v2.0")
    }:
        refuse(sent, 700023, "invalid_client", "Client assertion audience claim does not match Realm issuer.")
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires, (int, float)) or expires + SKEW_S < now or begins - SKEW_S > now:
        refuse(sent, 700024, "invalid_client", "Client assertion is not within its valid time range.")


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _certificate(application: Doc, header: Doc) -> x509.Certificate | None:
    """The registered certificate that the header's thumbprint names; compared as bytes."""
    wanted = {_unbase64(header[name]) for name in ("x5t#S256", "x5t") if name in header}
    for pem in application["_certificates"]:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        der = certificate.public_bytes(serialization.Encoding.DER)
        if wanted & {hashlib.sha256(der).digest(), hashlib.sha1(der, usedforsecurity=False).digest()}:
            return certificate
    return None


def _verified(certificate: x509.Certificate, header: Doc, signed: bytes, signature: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    pads: dict[str, padding.AsymmetricPadding] = {
        "RS256": padding.PKCS1v15(),
        "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
    }
    pad = pads.get(header.get("alg", ""))
    if pad is None:
        return False
    try:
        key.verify(signature, signed, pad, hashes.SHA256())
    except InvalidSignature:
        return False
    return True
