"""The tenant's SCIM 2.0 target ``/scim/v2`` (RFC 7643, RFC 7644): users that then appear in the directory.

Payloads are read as Entra's provisioning client sends them: operation names in any case, booleans as strings, dotted
keys, filters that describe a missing element, unknown schemas.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from scim2_models import Context, EnterpriseUser, Error, PatchOp, SCIMException, ScimFilter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import scim_error
from sandbox.entra import caller
from sandbox.exchange import Exchange, Refused, exchange
from sandbox.graph import background
from sandbox.graph.directory import name_holder
from sandbox.scim_discovery import MAX_RESULTS, configuration, json_answer, me, resource_types, schemas
from sandbox.scim_model import POLICY, Person, body_of, in_dialect, person_of, read, resource_of, stored, version
from sandbox.scim_provisioning import provision, withdraw
from sandbox.store import Doc, Store

Handler = Callable[[Request, Exchange], Response]


def _served(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Check the bearer token, do the tenant's due work, answer refusals in SCIM's shape."""

    async def serve(request: Request) -> Response:
        caller(request, "scim")
        sent = exchange(request)
        background.run_due(sent.store)
        try:
            return handler(request, sent)
        except ValidationError as errors:
            return _refusal(Error.from_validation_errors(errors)[0])
        except SCIMException as error:
            return _refusal(error.to_error())

    return serve


def _refusal(error: Error) -> Response:
    return scim_error(error.status or 400, error.detail or "The request is not valid.", error.scim_type)


# -- users -------------------------------------------------------------------------------------------------------------


def create(request: Request, sent: Exchange) -> Response:
    """``POST /Users``: 201; 409 where the userName is taken."""
    person = read(body_of(sent), Context.RESOURCE_CREATION_REQUEST)
    key, now = str(uuid4()), sent.store.now().isoformat(timespec="milliseconds")
    _check_unique(sent.store, person, None)
    doc = stored(person, {"id": key, "created": now, "object_id": None, "version": 0}, now)
    return _answer(sent, _keep(sent.store, doc), 201)


def show(request: Request, sent: Exchange) -> Response:
    """``GET /Users/{id}``: 304 where the caller has this version."""
    doc = _found(request, sent.store)
    if request.headers.get("if-none-match") == version(doc):
        return Response(status_code=304, headers={"ETag": version(doc)})
    return _answer(sent, doc)


def replace(request: Request, sent: Exchange) -> Response:
    """``PUT /Users/{id}``: 200; what is left out is cleared."""
    doc = _matched(request, sent.store)
    person = read(body_of(sent), Context.RESOURCE_REPLACEMENT_REQUEST)
    _check_unique(sent.store, person, doc["id"])
    return _answer(sent, _keep(sent.store, stored(person, doc, _now(sent))))


def patch(request: Request, sent: Exchange) -> Response:
    """``PATCH /Users/{id}``: 200, all operations or none."""
    doc = _matched(request, sent.store)
    operations = PatchOp[Person].model_validate(
        in_dialect(body_of(sent)), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )
    person = person_of(doc)
    if not operations.patch(person, scim_policy=POLICY):
        return _answer(sent, doc)
    _check_unique(sent.store, person, doc["id"])
    return _answer(sent, _keep(sent.store, stored(person, doc, _now(sent))))


def delete(request: Request, sent: Exchange) -> Response:
    """``DELETE /Users/{id}``: 204; the name is free again."""
    doc = _matched(request, sent.store)
    sent.store.remove("scim_users", doc["id"])
    withdraw(sent.store, doc)
    return Response(status_code=204)


def listed(request: Request, sent: Exchange) -> Response:
    """``GET /Users?filter=&startIndex=&count=``: always 200, nothing found is an empty list."""
    return _page(sent, dict(request.query_params))


def search(request: Request, sent: Exchange) -> Response:
    """``POST /Users/.search``: the same, asked in a body."""
    return _page(sent, body_of(sent))


def _page(sent: Exchange, asked: Doc) -> Response:
    found = _filtered(sent.store, asked.get("filter"))
    start = max(1, _number(asked, "startIndex", 1))
    count = min(MAX_RESULTS, max(0, _number(asked, "count", MAX_RESULTS)))
    page = found[start - 1 : start - 1 + count]
    return json_answer(
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(found),
            "startIndex": start,
            "itemsPerPage": len(page),
            "Resources": [resource_of(sent, doc, asked) for doc in page],
        }
    )


def _number(asked: Doc, name: str, default: int) -> int:
    try:
        return int(asked.get(name, default))
    except (TypeError, ValueError):
        raise Refused(scim_error(400, f"{name} must be a number.", "invalidValue")) from None


def _filtered(store: Store, text: Any) -> list[Doc]:
    documents = store.all("scim_users")
    if not text:
        return documents
    clause = ScimFilter[Person](text)
    return [doc for doc in documents if clause.match(person_of(doc))]


# -- resources ---------------------------------------------------------------------------------------------------------


def _keep(store: Store, doc: Doc) -> Doc:
    store.put("scim_users", doc)
    provision(store, doc)
    return doc


def _check_unique(store: Store, person: Any, but: str | None) -> None:
    """A userName is one person's: another SCIM user's is refused, and so is that of a stranger in the directory."""
    name = str(person.user_name).casefold()
    others = [doc for doc in store.all("scim_users") if doc["id"] != but]
    if any(doc["resource"]["userName"].casefold() == name for doc in others) or _a_strangers(store, person, but):
        raise Refused(scim_error(409, f"A user with the userName {person.user_name!r} exists already.", "uniqueness"))


def _a_strangers(store: Store, person: Any, but: str | None) -> bool:
    """Is the name held by a directory user that provisioning would not match with this one?"""
    own = (store.get("scim_users", but) or {}).get("object_id") if but else None
    holder = name_holder(store, str(person.user_name), own)
    enterprise = person[EnterpriseUser]
    employee_id = (enterprise.employee_number if enterprise else None) or person.external_id
    return holder is not None and (employee_id is None or holder.get("employeeId") != employee_id)


def _found(request: Request, store: Store) -> Doc:
    key = request.path_params["id"]
    doc = store.get("scim_users", key)
    if doc is None:
        raise Refused(scim_error(404, f"Resource {key} not found."))
    return doc


def _matched(request: Request, store: Store) -> Doc:
    """The resource, if the caller's ``If-Match`` is its version."""
    doc = _found(request, store)
    if request.headers.get("if-match", "*") not in ("*", version(doc)):
        raise Refused(scim_error(412, "The resource has changed since it was read.", "invalidVers"))
    return doc


def _now(sent: Exchange) -> str:
    return sent.store.now().isoformat(timespec="milliseconds")


def _answer(sent: Exchange, doc: Doc, status: int = 200) -> Response:
    resource = resource_of(sent, doc, {})
    return json_answer(resource, status, {"ETag": version(doc), "Location": resource["meta"]["location"]})


def _route(path: str, handler: Handler, *methods: str) -> Route:
    return Route(f"/scim/v2{path}", _served(handler), methods=list(methods or ("GET",)))


routes = [
    _route("/Users", listed),
    _route("/Users", create, "POST"),
    _route("/Users/.search", search, "POST"),
    _route("/Users/{id}", show),
    _route("/Users/{id}", replace, "PUT"),
    _route("/Users/{id}", patch, "PATCH"),
    _route("/Users/{id}", delete, "DELETE"),
    _route("/ServiceProviderConfig", configuration),
    _route("/ResourceTypes", resource_types),
    _route("/ResourceTypes/{id}", resource_types),
    _route("/Schemas", schemas),
    _route("/Schemas/{id}", schemas),
    _route("/Me", me, "GET", "POST", "PUT", "PATCH", "DELETE"),
]
