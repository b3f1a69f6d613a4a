"""What the routes work with: made once in the application's life span, asked for by type."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.auth import SigningKeys
from api.metrics import Metrics
from api.receipts import Reception
from api.visit import Caller, Visit, visit_of
from connectors.graph_reads import GraphReads
from ledger import Ledger


@dataclass(frozen=True)
class Services:
    """The API's ways to everything else. ``graph`` can only read."""

    ledger: Ledger
    temporal: Client
    graph: GraphReads
    keys: SigningKeys
    reception: Reception
    metrics: Metrics
    long_id_attribute: str


async def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)  # noqa: S101 - set by the life span, for the type checker
    return services


async def _visit(request: Request) -> Visit:
    return visit_of(request.scope)


async def _caller(request: Request) -> Caller:
    caller = visit_of(request.scope).caller
    assert caller is not None  # noqa: S101 - the gate lets nobody else in
    return caller


ServicesDep = Annotated[Services, Depends(_services)]
VisitDep = Annotated[Visit, Depends(_visit)]
CallerDep = Annotated[Caller, Depends(_caller)]
