"""What the SCIM service says of itself (RFC 7643, sections 5 to 7): configuration, resource types, schemas."""

from typing import Any, cast

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    EnterpriseUser,
    ETag,
    Filter,
    Patch,
    ResourceType,
    ServiceProviderConfig,
    Sort,
    User,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.answers import scim_error
from sandbox.exchange import Exchange, Refused
from sandbox.scim_model import Person
from sandbox.store import Doc

MEDIA = "application/scim+json"
MAX_RESULTS = 200

_BEARER = AuthenticationScheme(
    type=AuthenticationScheme.Type.oauthbearertoken,
    name="Bearer token",
    description="The tenant's own token.",
    primary=True,
)
_CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=True),
    authentication_schemes=[_BEARER],
)


def configuration(request: Request, sent: Exchange) -> Response:
    """``GET /ServiceProviderConfig``."""
    _no_filter(request)
    return json_answer({**_dumped(_CONFIG), "meta": _meta(sent, "ServiceProviderConfig", "ServiceProviderConfig")})


def resource_types(request: Request, sent: Exchange) -> Response:
    """``GET /ResourceTypes``."""
    return _documents(request, sent, "ResourceType", [ResourceType.from_resource(Person)])


def schemas(request: Request, sent: Exchange) -> Response:
    """``GET /Schemas``."""
    return _documents(request, sent, "Schema", [User.to_schema(), EnterpriseUser.to_schema()])


def _documents(request: Request, sent: Exchange, kind: str, found: list[Any]) -> Response:
    """All documents of a kind, or the one asked for."""
    _no_filter(request)
    dumped = [{**(doc := _dumped(one)), "meta": _meta(sent, kind, f"{kind}s/{doc['id']}")} for one in found]
    if (key := request.path_params.get("id")) is not None:
        one = next((doc for doc in dumped if doc["id"].lower() == key.lower()), None)
        return json_answer(one) if one else scim_error(404, f"Resource {key} not found.")
    return json_answer(
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(dumped),
            "startIndex": 1,
            "itemsPerPage": len(dumped),
            "Resources": dumped,
        }
    )


def _dumped(model: Any) -> Doc:
    return cast(Doc, model.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _meta(sent: Exchange, kind: str, path: str) -> Doc:
    return {"resourceType": kind, "location": f"{sent.origin}/scim/v2/{path}"}


def _no_filter(request: Request) -> None:
    if "filter" in request.query_params:
        raise Refused(scim_error(403, "These documents cannot be filtered."))


def me(request: Request, sent: Exchange) -> Response:
    """``/Me``: a provisioning client is nobody."""
    return scim_error(501, "This service has no /Me.")


def json_answer(body: Doc, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer of SCIM's media type."""
    return JSONResponse(body, status, headers, media_type=MEDIA)
