"""The ID token, checked by ourselves: MSAL takes it from the wire without looking at signature or audience."""

from dataclasses import dataclass
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from ui.directory import Directory

LEEWAY_SECONDS = 120


class IdTokenError(Exception):
    """The ID token is not one that this tenant issued to this console for this sign-in."""


@dataclass(frozen=True)
class IdTokenCheck:
    """Signature, ``iss``, ``aud``, ``exp``, ``tid`` and ``nonce`` (OpenID Connect Core 1.0, section 3.1.3.7)."""

    directory: Directory
    tenant_id: str
    client_id: str

    def claims(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that passes; else IdTokenError says what is wrong with it."""
        try:
            key_id = str(jws.extract_compact(token.encode()).headers().get("kid", ""))
            decoded = jwt.decode(token, self.directory.keys(key_id), algorithms=["RS256"])
            self._registry(nonce).validate(decoded.claims)
        except (JoseError, ValueError) as wrong:
            raise IdTokenError(f"the ID token does not hold: {wrong}") from wrong
        return dict(decoded.claims)

    def _registry(self, nonce: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.directory.configuration()["issuer"]},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            tid={"essential": True, "value": self.tenant_id},
            nonce={"essential": True, "value": nonce},
            oid={"essential": True},
        )
