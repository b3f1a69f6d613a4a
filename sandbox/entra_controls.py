"""Practice controls of Entra: rolling the signing keys, and other identity providers whose tokens are trusted."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.pipeline import Pipeline
from sandbox.store import Doc

Control = Callable[[Request, Pipeline], Awaitable[Response]]


async def keys(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/keys``: ``{roll: true}`` and then ``{withdraw: kid | "old"}``; answers the ring.

    After a roll a new key signs and the others stay published; a withdrawn one is published no more, and what it
    signed is worth nothing.
    """
    body = await _body(request, {"roll", "withdraw"})
    ring = pipeline.tokens.keys
    if body.get("roll"):
        ring.roll()
    published = [key["kid"] for key in ring.published("")]
    asked = body.get("withdraw")
    for key_id in published[:-1] if asked == "old" else [str(asked)] if asked else []:
        ring.withdraw(key_id)
    pipeline.tokens.forget()
    pipeline.store.flush()
    return JSONResponse({"current": ring.current, "published": [key["kid"] for key in ring.published("")]})


async def issuers(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/issuers``: ``{issuer, keys: [RSA JWK]}``, another identity provider's signing keys.

    Microsoft fetches them from the issuer's own discovery document; the practice tenant calls nobody.
    """
    body = await _body(request, {"issuer", "keys"})
    given = body.get("keys")
    if not isinstance(body.get("issuer"), str) or not isinstance(given, list):
        raise ValueError("issuers: give {issuer: its address, keys: [public RSA keys as JWK]}")
    if not all(isinstance(key, dict) and {"n", "e"} <= key.keys() for key in given):
        raise ValueError("issuers: every key needs n and e (RFC 7518, section 6.3)")
    pipeline.store.put("issuers", {"id": body["issuer"], "keys": given})
    pipeline.store.flush()
    return JSONResponse({"issuer": body["issuer"], "keys": len(given)})


async def _body(request: Request, known: set[str]) -> Doc:
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict) or body.keys() - known:
        raise ValueError(f"the body must be a JSON object of {', '.join(sorted(known))}")
    return body


CONTROLS: dict[str, Control] = {"/keys": keys, "/issuers": issuers}
