"""How people prove who they are: password or temporary access pass, then a one-time code."""

import base64
import hashlib
import hmac
import secrets
import struct

from sandbox.entra_clients import same_secret
from sandbox.exchange import Exchange
from sandbox.store import Doc


def first_factor(sent: Exchange, person: Doc, given: str) -> list[str] | None:
    """The ``amr`` that what was typed stands for; None if it is neither the password nor a valid pass.

    A temporary access pass counts as strong authentication on its own ("Configure Temporary Access Pass").
    """
    held = person.get("_password") or ""
    if held and same_secret(held, given):
        return ["pwd"]
    for one in sent.store.find("temporary_access_passes", "_user", person["id"]):
        if same_secret(one["temporaryAccessPass"], given) and _usable(sent, one):
            sent.store.change("temporary_access_passes", one["id"], _used=True)
            return ["pwd", "mfa"]
    return None


def _usable(sent: Exchange, one: Doc) -> bool:
    # Graph's package imports Entra's check of tokens, so it can only be imported once both are there.
    from sandbox.graph.people.access_passes import usability

    return usability(sent.store, one)[0]


def new_secret() -> str:
    """A secret for an authenticator app."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def is_code(secret: str, code: str, now: float) -> bool:
    """RFC 6238: SHA-1, 6 digits, 30 s; one step of clock difference either way."""
    key = base64.b32decode(secret)
    return any(hmac.compare_digest(_code(key, int(now // 30) + step).encode(), code.encode()) for step in (0, -1, 1))


def _code(key: bytes, counter: int) -> str:
    digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"
