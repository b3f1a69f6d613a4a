"""Client assertions (RFC 7523, section 3): signed by a registered certificate, or by a trusted identity provider.

They are taken as client libraries really send them: float times, no ``nbf``, thumbprints padded or not, ``x5c`` with
line feeds. Their times are real ones: clients do not know of the tenant's own clock.
"""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from sandbox.exchange import Exchange
from sandbox.store import Doc

SKEW_S = 300
_PADS: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH),
}
_CERTIFICATE_WRONG = (
    "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: '{used}'. "
    "Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{app}'.]"
)


class BadAssertion(Exception):  # noqa: N818 - it is an answer more than an error
    """An assertion that proves nothing, with the AADSTS code and text that say why."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(frozen=True)
class Assertion:
    """A JSON web token as it came, not yet verified."""

    header: Doc
    claims: Doc
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, token: str) -> "Assertion":
        """The parts of a token; what is none is a BadAssertion."""
        try:
            signed, _, signature = token.rpartition(".")
            header, claims = (json.loads(_unbase64(part)) for part in signed.split("."))
            if not (isinstance(header, dict) and isinstance(claims, dict)):
                raise ValueError("a token's parts are objects")
            return cls(header, claims, signed.encode(), _unbase64(signature))
        except ValueError as error:
            text = "Client assertion is malformed: it is not a signed JSON web token."
            raise BadAssertion(700027, text) from error

    def signed_by(self, key: object) -> bool:
        """Does the signature verify with an RSA public key?"""
        pad = _PADS.get(str(self.header.get("alg")))
        if pad is None or not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            key.verify(self.signature, self.signed, pad, hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def check_times(self) -> None:
        """``exp`` is needed, ``nbf`` is not; five minutes of difference between clocks are forgiven."""
        expires, begins, now = self.claims.get("exp"), self.claims.get("nbf", 0), time.time()
        numbers = isinstance(expires, int | float) and isinstance(begins, int | float)
        if not numbers or expires + SKEW_S < now or begins - SKEW_S > now:  # type: ignore[operator]
            raise BadAssertion(
                700024,
                f"Client assertion is not within its valid time range. Current time: {_moment(now)}, assertion valid "
                f"from {_moment(begins)}, expiry time of assertion {_moment(expires)}.",
            )


def _moment(seconds: object) -> str:
    if not isinstance(seconds, int | float) or not 0 <= seconds < 253402300800:
        return str(seconds)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


# -- certificates ------------------------------------------------------------------------------------------------------


def certificate_proof(sent: Exchange, application: Doc, principal: Doc, assertion: Assertion, tenant: str) -> None:
    """The assertion's key is the application's, still valid, and the claims name client and token endpoint."""
    app_id = application["appId"]
    wanted = _thumbprints(assertion.header)
    found = next((one for one in _certificates(application, principal) if wanted & _digests(one)), None)
    used = ", ".join(sorted(digest.hex().upper() for digest in wanted))
    if found is None:
        raise BadAssertion(700027, _CERTIFICATE_WRONG.format(reason="The key was not found.", used=used, app=app_id))
    if not assertion.signed_by(found.public_key()):
        raise BadAssertion(700027, _CERTIFICATE_WRONG.format(reason="The key was found, but use of the key to verify "
                           "the signature failed.", used=used, app=app_id))  # fmt: skip
    if found.not_valid_after_utc <= sent.store.now():
        raise BadAssertion(700027, _CERTIFICATE_WRONG.format(reason="The key used is expired.", used=used, app=app_id))
    _check_names(sent, app_id, assertion.claims, tenant)
    assertion.check_times()


def _check_names(sent: Exchange, app_id: str, claims: Doc, tenant: str) -> None:
    if claims.get("iss") != app_id or claims.get("sub") != app_id:
        text = "Client assertion application identifier doesn't match 'client_id' parameter."
        raise BadAssertion(700021, text)
    hosts = (sent.origin, "https://login.microsoftonline.com")
    ends = ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/", "")
    if str(claims.get("aud")) not in {f"{host}/{tenant}{end}" for host in hosts for end in ends}:
        text = (
            f"Client assertion audience claim does not match Realm issuer. The assertion's audience is "
            f"'{claims.get('aud')}'; it must be '{sent.origin}/{tenant}/oauth2/v2.0/token'."
        )
        raise BadAssertion(700023, text)


def _thumbprints(header: Doc) -> set[bytes]:
    """The certificate that a header names, as bytes; ``x5c`` is the certificate itself, line feeds and all."""
    try:
        found = {_unbase64(str(header[name])) for name in ("x5t#S256", "x5t") if header.get(name)}
        if not found and header.get("x5c"):
            der = base64.b64decode("".join(str(header["x5c"][0]).split()))
            found = {hashlib.sha256(der).digest()}
    except (ValueError, IndexError, TypeError) as error:
        raise BadAssertion(700027, "Client assertion names its certificate in a way that cannot be read.") from error
    return found


def _digests(certificate: x509.Certificate) -> set[bytes]:
    der = certificate.public_bytes(serialization.Encoding.DER)
    return {hashlib.sha256(der).digest(), hashlib.sha1(der, usedforsecurity=False).digest()}


def _certificates(*holders: Doc) -> Iterator[x509.Certificate]:
    """The certificates of an application and its principal."""
    for holder in holders:
        for pem in holder.get("_certificates") or ():
            yield x509.load_pem_x509_certificate(pem.encode())


# -- federated identity credentials ------------------------------------------------------------------------------------


def federated_proof(sent: Exchange, application: Doc, assertion: Assertion) -> None:
    """A token of another issuer that a federated identity credential of the application names, word for word.

    Microsoft fetches the issuer's keys from its discovery document. Here the issuer is this tenant itself (a managed
    identity's token), or one whose keys were given to ``POST /_sandbox/issuers``.
    """
    claims = assertion.claims
    trusted = [held for held in federated(sent, application) if held["issuer"] == claims.get("iss")]
    _known("issuer", claims.get("iss"), trusted, 700211)
    trusted = [held for held in trusted if held["subject"] == claims.get("sub")]
    _known("subject", claims.get("sub"), trusted, 700213)
    audiences = claims.get("aud") if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    trusted = [held for held in trusted if set(held["audiences"]) & set(audiences or ())]
    _known("audience", claims.get("aud"), trusted, 700212)
    if not any(assertion.signed_by(key) for key in _issuer_keys(sent, str(claims["iss"]))):
        raise BadAssertion(50013, "Assertion failed signature validation. [Reason - The key was not found.]")
    assertion.check_times()


def federated(sent: Exchange, application: Doc) -> list[Doc]:
    """The federated identity credentials of an application."""
    return sent.store.find("federated_credentials", "_application", application["id"])


def _known(what: str, value: object, trusted: list[Doc], code: int) -> None:
    if not trusted:
        text = (
            f"No matching federated identity record found for presented assertion {what} '{value}'. Please check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion. "
            "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        )
        raise BadAssertion(code, text)


def _issuer_keys(sent: Exchange, issuer: str) -> Iterator[object]:
    registered = sent.store.get("issuers", issuer)
    own = issuer in (f"{sent.origin}/{sent.pipeline.tenant_id}/v2.0", sent.pipeline.tokens.issuer_v1)
    for key in registered["keys"] if registered else sent.pipeline.tokens.keys.published(issuer) if own else ():
        try:
            yield RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]}).public_key
        except (JoseError, ValueError, KeyError) as error:
            raise BadAssertion(50013, f"Assertion failed signature validation. [{error}]") from error


def _unbase64(text: str) -> bytes:
    plain = text.rstrip("=")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
