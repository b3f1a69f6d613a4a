"""The application: settings become services, services get routes, and all of it stands behind the gate."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware

from api import audit, errors, graph, health, hr, lifecycles, people
from api.auth import SigningKeys, Tokens
from api.document import Api
from api.frame import Frame
from api.gate import Gate
from api.links import Addresses
from api.metrics import Metrics
from api.receipts import Reception
from api.refusals import Refusals
from api.services import Services
from api.signatures import Signatures
from connectors.clients import Clients
from domain.policy import Policy
from domain.time import Timing
from ledger import Ledger
from settings import Settings
from workflows.client import connect

DESCRIPTION = """HR events in, durable lifecycles out. Every error is a problem document (RFC 9457);
lists are `{items, next_page_token}`; moments are ISO 8601 with a zone."""


def create_app(settings: Settings) -> FastAPI:
    """The API for these settings. A wrong policy or webhook secret raises here; the rest opens with the life span."""
    policy = Policy.load(settings.policy_file, settings.profile)
    signatures = Signatures([secret.get_secret_value() for secret in settings.webhook_secrets])

    @asynccontextmanager
    async def life_span(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, policy, stack)
            yield

    app = Api(
        title="IAM Automation Platform",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        # No cookies, so nothing for a foreign page to ride on: a sender may forget the header.
        strict_content_type=False,
        lifespan=life_span,
        middleware=[Middleware(Frame), Middleware(Gate)],
    )
    app.state.signatures = signatures
    app.state.metrics = Metrics()
    for module in (hr, lifecycles, people, graph, audit, health):
        app.include_router(module.router)
    errors.install(app)
    return app


async def _open(app: FastAPI, settings: Settings, policy: Policy, stack: AsyncExitStack) -> None:
    ledger = Ledger.open(settings.database_url, full_sync=settings.profile == "production")
    stack.callback(ledger.close)
    keys = SigningKeys(_configuration_url(settings), settings.ca_file)
    stack.push_async_callback(keys.close)
    clients = await stack.enter_async_context(Clients(settings, read_only=True))
    temporal = await connect(
        settings.temporal_target, payload_keys=[key.get_secret_value() for key in settings.payload_keys], lazy=True
    )
    addresses = Addresses(settings.api_url, settings.ui_url, settings.temporal_ui_url, temporal.namespace)
    metrics: Metrics = app.state.metrics
    app.state.tokens = Tokens(keys, tenant_id=settings.tenant_id, audiences=_audiences(settings))
    app.state.refusals = Refusals(ledger)
    app.state.services = Services(
        ledger=ledger,
        temporal=temporal,
        graph=clients.graph(),
        keys=keys,
        reception=Reception(ledger, temporal, _timing(policy), addresses, metrics),
        metrics=metrics,
        long_id_attribute=policy.naming.long_employee_id_attribute,
    )


def _configuration_url(settings: Settings) -> str:
    return f"{settings.authority_url.rstrip('/')}/{settings.tenant_id}/v2.0/.well-known/openid-configuration"


def _audiences(settings: Settings) -> set[str]:
    """Entra names our API by its client id, or (for tokens asked for by scope, version 1) by its URI."""
    return {settings.api_client_id, settings.api_scope.removesuffix("/.default")} - {""}


def _timing(policy: Policy) -> Timing:
    timings = policy.timings
    return Timing(zone=policy.defaults.time_zone, last_day_time=timings.leaver_hour, prepare_days=timings.prepare_days)
