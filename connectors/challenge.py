"""Claims challenges: what a resource demands of the next token when it refuses one that has not expired.

"Claims challenges, claims requests, and client capabilities" (Microsoft identity platform); RFC 6750, section 3.
"""

import base64
import json
import re

_PARAMETER = re.compile(r'(?:^|[\s,])(?P<name>[A-Za-z_]+)="(?P<value>[^"]*)"')


def demanded(header: str | None) -> str | None:
    """The claims that a ``WWW-Authenticate`` header demands, as JSON text; None if it is no claims challenge."""
    found = {part["name"].lower(): part["value"] for part in _PARAMETER.finditer(header or "")}
    if found.get("error") != "insufficient_claims" or not found.get("claims"):
        return None
    value = found["claims"].rstrip("=").replace("+", "-").replace("/", "_")
    try:
        text = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
        return text if isinstance(json.loads(text), dict) else None
    except ValueError:
        return None
