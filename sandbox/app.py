"""The ASGI application: one origin, every request one exchange through one pipeline."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from sandbox import controls, entra, signin
from sandbox.exchange import Dropped, Exchange
from sandbox.pipeline import Pipeline, serve
from sandbox.seed_catalogue import TENANT_ID
from sandbox.store import Store

ROOMS = (
    "sandbox.graph", "sandbox.scim", "sandbox.exchange_admin", "sandbox.sharepoint", "sandbox.azure",
    "sandbox.azure.blobs",
)  # fmt: skip
"""Modules that export ``routes``: a list of Starlette routes whose endpoints take a request.

``sandbox.exchange.exchange(request)`` gives the exchange (state, caller, origin, request id);
``sandbox.entra.caller(request, audience)`` gives the caller or refuses. Paths match whatever their case.
Blobs come last: their paths begin with the name of an account.
"""


def build(store: Store, reseed: Callable[[], None]) -> Starlette:
    """The tenant over a store, seeded already; ``reseed`` fills it with the company anew."""
    pipeline = Pipeline(store, TENANT_ID, [*entra.routes, *signin.routes, *_rooms()])

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _answer(pipeline, scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        writer = asyncio.create_task(_write_behind(store))
        yield
        writer.cancel()
        store.close()

    app = Starlette(routes=[Mount("/_sandbox", routes=controls.routes), Mount("/", app=answer)], lifespan=lifespan)
    app.state.pipeline, app.state.reseed = pipeline, reseed
    return app


def _rooms() -> list[BaseRoute]:
    """The routes of those rooms that exist."""
    return [route for name in ROOMS if find_spec(name) for route in import_module(name).routes]


async def _write_behind(store: Store) -> None:
    """Write what happened outside of any exchange (dynamic groups, delayed provisioning)."""
    while True:
        await asyncio.sleep(0.2)
        store.flush()


async def _answer(pipeline: Pipeline, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    sent = Exchange(
        pipeline,
        request.method,
        unquote(scope["path"]) if "%" in scope["path"] else scope["path"],
        scope["query_string"].decode("latin-1"),
        Headers(scope=scope),
        await request.body(),
        f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
    )
    try:
        response = await serve(sent)
    except Dropped:
        _connection(receive).abort()
        return
    if sent.cut:
        await _half(response, receive, send)
    else:
        await response(scope, receive, send)


async def _half(response: Response, receive: Receive, send: Send) -> None:
    """A fault's truncated answer: all headers, half the body, then the connection closes."""
    body = bytes(response.body)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    _connection(receive).close()


def _connection(receive: Receive) -> asyncio.Transport:
    """The connection of a request; ASGI has no way to close one without an answer, uvicorn's cycle knows it."""
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    return transport
