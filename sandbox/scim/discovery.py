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
    ForbiddenException,
    Group,
    NotFoundException,
    Patch,
    ResourceType,
    ServiceProviderConfig,
    Sort,
    User,
)

from sandbox.scim.ask import Ask, Reply, listing
from sandbox.scim.bulk import MAX_OPERATIONS, MAX_PAYLOAD
from sandbox.scim.kinds import KINDS
from sandbox.scim.listing import MAX_RESULTS
from sandbox.store import Doc

_BEARER = AuthenticationScheme(
    type=AuthenticationScheme.Type.oauthbearertoken,
    name="OAuth Bearer Token",
    description="A long-lived bearer token of this tenant.",
    spec_uri="https://www.rfc-editor.org/rfc/rfc6750",
    documentation_uri="https://www.rfc-editor.org/rfc/rfc7644#section-2",
    primary=True,
)
_CONFIG = ServiceProviderConfig(
    documentation_uri="https://www.rfc-editor.org/rfc/rfc7644",
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=MAX_OPERATIONS, max_payload_size=MAX_PAYLOAD),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[_BEARER],
)
_DOCUMENTS: dict[str, tuple[str, list[Any]]] = {
    "resourcetypes": ("ResourceType", [ResourceType.from_resource(kind.model) for kind in KINDS]),
    "schemas": ("Schema", [User.to_schema(), EnterpriseUser.to_schema(), Group.to_schema()]),
}


def configuration(ask: Ask) -> Reply:
    """``GET /ServiceProviderConfig``."""
    _no_filter(ask)
    return Reply(200, {**_dumped(_CONFIG), "meta": _meta(ask, "ServiceProviderConfig", "ServiceProviderConfig")})


def documents(ask: Ask) -> Reply:
    """``GET /ResourceTypes`` and ``/Schemas``: all of them, or the one asked for."""
    _no_filter(ask)
    kind, found = _DOCUMENTS[ask.segments[0].lower()]
    dumped = [{**(doc := _dumped(one)), "meta": _meta(ask, kind, f"{kind}s/{doc['id']}")} for one in found]
    if len(ask.segments) == 1:
        return Reply(200, listing(len(dumped), 1, dumped))
    key = ask.segments[1]
    one = next((doc for doc in dumped if doc["id"].lower() == key.lower()), None)
    if one is None:
        raise NotFoundException(detail=f"Resource {key} not found.")
    return Reply(200, one)


def _dumped(model: Any) -> Doc:
    return cast(Doc, model.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _meta(ask: Ask, kind: str, path: str) -> Doc:
    return {"resourceType": kind, "location": f"{ask.root}/{path}"}


def _no_filter(ask: Ask) -> None:
    """RFC 7644, section 4: a filter here is answered with 403."""
    if any(name.lower() == "filter" for name in ask.query):
        raise ForbiddenException(detail="These documents cannot be filtered.")
