"""How the platform's principal proves itself: secret, certificate, federated token or managed identity, all by MSAL.

MSAL blocks; whoever calls ``ask`` and ``forget`` does so in a thread, one call at a time.
"""

import logging
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import msal
from cryptography import x509

from connectors.http import BlockingHttp

log = logging.getLogger(__name__)

CAPABILITIES = ("CP1",)
"""We take claims challenges, so tokens may live for a day and are refused as soon as the principal is revoked."""
_IMDS = "http://169.254.169.254"
_MICROSOFT = re.compile(
    r"(^|\.)(microsoftonline\.(com|us|cn)|chinacloudapi\.cn|sovcloud-identity\.(fr|de|sg))$", re.IGNORECASE
)
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_SOON = timedelta(days=30)

Identity = Literal["system", "user"]


class Credential(Protocol):
    """Something that Entra gives application tokens for."""

    def ask(self, claims: str | None) -> Mapping[str, Any]:
        """MSAL's answer: a token, perhaps a kept one (never with ``claims``), or ``error``.

        Raises ``ValueError`` with a sentence if the credential itself cannot be used, ``Unavailable`` if nobody
        answers.
        """

    def forget(self) -> None:
        """Keep no token; the next ``ask`` goes to the identity provider."""

    def reopen(self) -> None:
        """Begin anew: read files again, and no stored refusal is replayed."""


class ApplicationCredential:
    """An application with a secret, a certificate or a token file of a workload's own identity provider.

    A certificate or token file that has been replaced is read anew: the token file each time, as Kubernetes rotates
    it; the certificate when the one in use is refused or over.
    """

    def __init__(
        self,
        authority: str,
        client_id: str,
        scope: str,
        *,
        client_secret: str | None,
        certificate_file: Path | None,
        federated_token_file: Path | None,
        ca_file: Path | None,
    ) -> None:
        self._authority, self._client_id, self._scope = authority, client_id, scope
        self._secret = client_secret
        self._certificate_file = certificate_file
        self._token_file = federated_token_file
        self._ca_file = ca_file
        self._application: msal.ConfidentialClientApplication | None = None
        self._ends: datetime | None = None

    def ask(self, claims: str | None) -> Mapping[str, Any]:
        """Client credentials grant, from MSAL's cache unless a token is nearly over or ``claims`` are wanted."""
        if self._ends and self._ends <= datetime.now(UTC):
            self.reopen()
        self._application = self._application or self._open()
        answer: dict[str, Any] = self._application.acquire_token_for_client([self._scope], claims_challenge=claims)
        return answer

    def forget(self) -> None:
        """Drop the tokens that MSAL keeps."""
        if self._application:
            self._application.remove_tokens_for_client()

    def reopen(self) -> None:
        """Make the MSAL application anew at the next ``ask``."""
        self._application = None

    def _open(self) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._proof(),
            authority=self._authority,
            instance_discovery=bool(_MICROSOFT.search(urlsplit(self._authority).hostname or "")),
            client_capabilities=list(CAPABILITIES),
            http_client=BlockingHttp(self._authority, self._ca_file),
        )

    def _proof(self) -> str | dict[str, Any]:
        if self._certificate_file:
            proof, self._ends = certificate(self._certificate_file)
            return proof
        if self._secret:
            return self._secret
        if self._token_file:
            return {"client_assertion": self._token}
        raise ValueError("neither a certificate, a client secret nor a federated token file is set")

    def _token(self) -> str:
        """The workload's token as it is now."""
        try:
            token = self._token_file.read_text("ascii").strip() if self._token_file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"the federated token file cannot be read: {error}") from error
        if not token:
            raise ValueError(f"the federated token file {self._token_file} is empty")
        return token


class ManagedIdentityCredential:
    """The identity that Azure gives a workload: App Service's endpoint if its variables are there, else IMDS.

    ``user`` is the user-assigned identity of that client id, ``system`` the workload's own.
    """

    def __init__(self, identity: Identity, client_id: str, scope: str, *, ca_file: Path | None) -> None:
        self._identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id)
            if identity == "user"
            else msal.SystemAssignedManagedIdentity()
        )
        self._resource = scope.removesuffix("/.default")
        self._ca_file = ca_file
        self._client: msal.ManagedIdentityClient | None = None

    def ask(self, claims: str | None) -> Mapping[str, Any]:
        """A token from the endpoint, or the kept one while it is good."""
        self._client = self._client or self._open()
        try:
            answer = self._client.acquire_token_for_client(resource=self._resource, claims_challenge=claims)
        except msal.ManagedIdentityError as error:
            raise ValueError(f"the managed identity cannot be used: {error}") from error
        return dict(answer)

    def forget(self) -> None:
        """MSAL has no way to drop one token of a managed identity, so its client is made anew."""
        self._client = None

    def reopen(self) -> None:
        """The same."""
        self._client = None

    def _open(self) -> msal.ManagedIdentityClient:
        endpoint = os.environ.get("IDENTITY_ENDPOINT") or os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or _IMDS
        return msal.ManagedIdentityClient(
            self._identity,
            http_client=BlockingHttp(endpoint, self._ca_file, direct=True),
            client_capabilities=list(CAPABILITIES),
        )


def certificate(file: Path) -> tuple[dict[str, Any], datetime]:
    """Key and certificate of a PEM file, for an assertion signed with PS256 and named by SHA-256, and its end.

    Raises ``ValueError`` with a sentence for a file that cannot be read, holds too little, or whose certificate is not
    valid now; one that ends within 30 days is logged.
    """
    try:
        blocks = {found.group(1): found.group(0) for found in _PEM.finditer(file.read_text("ascii"))}
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the certificate file cannot be read: {error}") from error
    key = next((text for label, text in blocks.items() if label.endswith("PRIVATE KEY")), None)
    if key is None or "CERTIFICATE" not in blocks:
        raise ValueError(f"{file.name} does not hold both a private key and a certificate")
    ends = _check_validity(file, x509.load_pem_x509_certificate(blocks["CERTIFICATE"].encode()))
    return {"private_key": key, "public_certificate": blocks["CERTIFICATE"]}, ends


def _check_validity(file: Path, found: x509.Certificate) -> datetime:
    now, begins, ends = datetime.now(UTC), found.not_valid_before_utc, found.not_valid_after_utc
    advice = "make a new one, add it to the application registration, and put key and certificate into the file"
    if ends <= now:
        raise ValueError(f"the certificate in {file.name} expired on {ends:%Y-%m-%d}: {advice}")
    if begins > now:
        raise ValueError(f"the certificate in {file.name} is valid only from {begins:%Y-%m-%d %H:%M} UTC")
    if ends - now < _SOON:
        log.warning("the certificate expires soon", extra={"file": file.name, "expires": f"{ends:%Y-%m-%d}"})
    return ends
