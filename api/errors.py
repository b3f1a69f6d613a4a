"""Every error of the API is a problem document (RFC 9457) that says what happened and what to do next."""

import logging
from collections.abc import Sequence
from typing import Any, NoReturn

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.fields import errors_of
from api.visit import visit_of
from connectors.errors import NotFound, WireError

MEDIA_TYPE = "application/problem+json"
SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
TRY_AGAIN_SECONDS = 5

log = logging.getLogger(__name__)


class FieldError(BaseModel):
    """What is wrong with one field of the request."""

    field: str = Field(description="Where in the body or the query, parts joined by dots.", examples=["hire_date"])
    message: str


class ProblemDocument(BaseModel):
    """RFC 9457 section 3, with the fields that do not fit in ``errors``."""

    model_config = ConfigDict(json_schema_extra={"required": ["type", "title", "status", "detail", "errors"]})

    type: str = Field(description="`urn:jml:problem:` and a stable word for the reason.")
    title: str
    status: int
    detail: str
    instance: str | None = Field(default=None, description="The path that was asked for.")
    request_id: str | None = Field(default=None, description="As in the header X-Request-Id.")
    errors: list[FieldError] = []


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal on its way to the caller. ``reason`` is a stable word; refusals are counted and recorded by it."""

    def __init__(
        self,
        status: int,
        reason: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers = headers or {}
        self.errors = list(errors)


def unauthorized(reason: str, detail: str) -> Problem:
    """401 with the challenge of RFC 6750 section 3; without any credentials the challenge names no error."""
    challenge = (
        "Bearer" if reason == "no-credentials" else f'Bearer error="invalid_token", error_description="{detail}"'
    )
    return Problem(401, reason, detail, headers={"WWW-Authenticate": challenge})


def unavailable(reason: str, detail: str) -> Problem:
    """503: nothing was done; the same request may be sent again."""
    return Problem(503, reason, detail, headers={"Retry-After": str(TRY_AGAIN_SECONDS)})


def unfit(field: str, message: str) -> Problem:
    """422 that names one field."""
    return Problem(422, "unfit", f"{field}: {message}", errors=[FieldError(field=field, message=message)])


def not_found(detail: str) -> NoReturn:
    """404 for a thing that is not there."""
    raise Problem(404, "not-found", detail)


def answer(request: Request, problem: Problem) -> JSONResponse:
    """The problem as a response; its reason is left with the visit, for the ledger and the metrics."""
    visit = visit_of(request.scope)
    visit.reason = problem.reason
    document = ProblemDocument(
        type=f"urn:jml:problem:{problem.reason}",
        title=problem.reason.replace("-", " ").capitalize(),
        status=problem.status,
        detail=problem.detail,
        instance=request.url.path,
        request_id=visit.request_id,
        errors=problem.errors,
    )
    headers = {**SECURITY_HEADERS, "X-Request-Id": visit.request_id, **problem.headers}
    return JSONResponse(document.model_dump(), problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every way an answer can go wrong end in a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(WireError, _wire)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(lost, _ledger)
    app.add_exception_handler(Exception, _defect)


async def _problem(request: Request, error: Any) -> JSONResponse:
    return answer(request, error)


async def _validation(request: Request, error: Any) -> JSONResponse:
    errors = [FieldError(field=field, message=message) for field, message in errors_of(error)]
    detail = "; ".join(f"{item.field}: {item.message}" for item in errors)
    return answer(request, Problem(422, "unfit", f"The request does not fit: {detail}", errors=errors))


async def _http(request: Request, error: Any) -> JSONResponse:
    if error.status_code == 400:
        # FastAPI's answer to a body that is no text at all, e.g. not UTF-8.
        return answer(request, unfit("body", "cannot be read as JSON"))
    reasons = {404: "not-found", 405: "method-not-allowed"}
    reason = reasons.get(error.status_code, "refused")
    return answer(request, Problem(error.status_code, reason, str(error.detail), headers=dict(error.headers or {})))


async def _wire(request: Request, error: Any) -> JSONResponse:
    """The tenant did not answer a read: that is no fault of the caller, and may be over soon."""
    log.warning("tenant: %s", error)
    if isinstance(error, NotFound):
        return answer(request, Problem(404, "not-found", "The tenant does not know this object (any more)."))
    retry_after = max(1, round(getattr(error, "retry_after", None) or TRY_AGAIN_SECONDS))
    problem = unavailable("tenant-unavailable", f"The tenant could not be read: {error}")
    problem.headers["Retry-After"] = str(retry_after)
    return answer(request, problem)


async def _ledger(request: Request, error: Any) -> JSONResponse:
    # The whole text would carry the statement's parameters, which are people's data.
    log.error("ledger: %s", getattr(error, "orig", error))
    return answer(request, unavailable("ledger-unavailable", "The ledger does not answer; send the same again."))


async def _defect(request: Request, error: Any) -> JSONResponse:
    request_id = visit_of(request.scope).request_id
    return answer(
        request,
        Problem(500, "defect", f"Something is wrong on our side; the log has it under request id {request_id}."),
    )
