"""The practice controls under ``/_sandbox``: loopback only, no sign-in; no real tenant has them."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import entra_controls, faults
from sandbox.entra_resources import LOOPBACK
from sandbox.pipeline import Pipeline
from sandbox.settings import Settings
from sandbox.store import Doc
from sandbox.throttle import units_per_10s
from sandbox.tls import NAMES

PAGE = 1000
SPENT = 50
"""How many faults are shown after they have struck for the last time."""

Control = Callable[[Request, Pipeline], Awaitable[Response]]


def _local(control: Control) -> Callable[[Request], Awaitable[Response]]:
    """Nobody but this machine; what does not fit is a 400 that says why."""

    async def guarded(request: Request) -> Response:
        if not _from_here(request):
            return JSONResponse({"error": "The controls answer to this machine only."}, 404)
        try:
            return await control(request, request.app.state.pipeline)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return guarded


def _from_here(request: Request) -> bool:
    """Sent on this machine to one of its own names, and by no page of another site that a browser has open."""
    asked = [request.url.hostname]
    if origin := request.headers.get("origin"):
        asked.append(urlsplit(origin).hostname)
    return request.client is not None and request.client.host in LOOPBACK and set(asked) <= set(NAMES)


async def _object(request: Request) -> Doc:
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


async def requests(request: Request, pipeline: Pipeline) -> Response:
    """``GET /_sandbox/requests?since=N``: the record after row N; ask on from ``next`` until nothing comes."""
    since = int(request.query_params.get("since", "0"))
    items = pipeline.store.requests(since, PAGE)
    return JSONResponse({"items": items, "next": items[-1]["n"] if items else since})


async def show_faults(_: Request, pipeline: Pipeline) -> Response:
    """``GET /_sandbox/faults``: each with what is left of its count, and how often it struck; spent ones too."""
    return JSONResponse({"items": [fault.document() for fault in pipeline.faults]})


async def add_fault(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/faults``: inject one, or ``{clear: true}``."""
    body = await _object(request)
    if body.get("clear"):
        pipeline.faults.clear()
    else:
        fault = faults.parse(body)
        spent = [f for f in pipeline.faults if f.count == 0][-SPENT:]
        pipeline.faults[:] = [*(f for f in pipeline.faults if f.count != 0 or f in spent), fault]
        pipeline.store.keep_s = max(pipeline.store.keep_s, fault.stale_ms / 1000 + 1)
    return await show_faults(request, pipeline)


async def show_settings(_: Request, pipeline: Pipeline) -> Response:
    """``GET /_sandbox/settings``: all of them, and the seats of every product."""
    store = pipeline.store
    seats = {sku["skuPartNumber"]: store.seats(sku) for sku in store.all("skus")}
    units = units_per_10s(store, store.settings)
    return JSONResponse({**store.settings.document(), "throttle_units_per_10s": units, "seats": seats})


async def change_settings(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/settings``: change some, or ``{reset: true}``."""
    body = await _object(request)
    if body.pop("reset", False):
        pipeline.store.set_settings(Settings())
        pipeline.budget.clear()
    if "seats" in body:
        known = {sku["skuPartNumber"] for sku in pipeline.store.all("skus")}
        if unknown := set(body["seats"]) - known:
            raise ValueError(
                f"seats: the tenant has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}"
            )
    pipeline.store.set_settings(pipeline.store.settings.changed(body))
    pipeline.store.flush()
    return await show_settings(request, pipeline)


async def reset(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/reset``: the seeded company again; ids and secrets stay as they were, faults go."""
    pipeline.faults.clear()
    pipeline.budget.clear()
    request.app.state.reseed()
    return JSONResponse({"users": len(pipeline.store.all("users"))})


async def secrets(_: Request, pipeline: Pipeline) -> Response:
    """``GET /_sandbox/secrets``: every password, secret and token ever issued or given."""
    return JSONResponse({"items": list(pipeline.store.secrets())})


async def tokens(request: Request, pipeline: Pipeline) -> Response:
    """``POST /_sandbox/tokens``: exactly these claims, signed with the tenant's key."""
    claims = (await _object(request)).get("claims")
    if not isinstance(claims, dict):
        raise ValueError("claims: an object is needed")
    return JSONResponse({"access_token": pipeline.tokens.sign(claims)})


routes = [
    Route("/requests", _local(requests)),
    Route("/faults", _local(show_faults)),
    Route("/faults", _local(add_fault), methods=["POST"]),
    Route("/settings", _local(show_settings)),
    Route("/settings", _local(change_settings), methods=["POST"]),
    Route("/reset", _local(reset), methods=["POST"]),
    Route("/secrets", _local(secrets)),
    Route("/tokens", _local(tokens), methods=["POST"]),
    *((Route(path, _local(control), methods=["POST"])) for path, control in entra_controls.CONTROLS.items()),
]
