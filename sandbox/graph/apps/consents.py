"""What people, or an administrator for everybody, let applications do on their behalf (oAuth2PermissionGrant).

Kind ``oauth2_permission_grants``, with Graph's own properties.
"""

import base64
import uuid

from starlette.responses import Response

from sandbox.graph.apps.service_principals import seen_principal
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError, bad_request, invalid_value, missing, not_found
from sandbox.graph.permissions import GRANTS_READ, GRANTS_WRITE
from sandbox.graph.query import collection, entity, wanted
from sandbox.graph.schema import spelled
from sandbox.graph.schema_objects import OAUTH_GRANT
from sandbox.store import Doc

router = Router()

_CONTEXT = "oauth2PermissionGrants"


def grant_id(client_id: str, resource_id: str, principal_id: str | None) -> str:
    """An id as the directory makes it: opaque, of the three ids."""
    keys = (client_id, resource_id, *([principal_id] if principal_id else []))
    raw = b"".join(uuid.UUID(key).bytes_le for key in keys)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@router.add("GET", "oauth2PermissionGrants", GRANTS_READ)
def grants(call: Call) -> Response:
    """``GET /oauth2PermissionGrants?$filter=principalId eq '…'`` (or ``clientId``, ``resourceId``)."""
    clause = wanted(call, OAUTH_GRANT)
    for field in ("principalId", "clientId", "resourceId"):
        if clause and isinstance(value := clause.equals.get(field), str):
            found = call.store.find_seen("oauth2_permission_grants", field, value)
            return collection(call, found, OAUTH_GRANT, _CONTEXT, clause=clause)
    return collection(call, call.store.seen_all("oauth2_permission_grants"), OAUTH_GRANT, _CONTEXT, clause=clause)


@router.add("GET", "oauth2PermissionGrants/{grant}", GRANTS_READ)
def grant(call: Call) -> Response:
    """``GET /oauth2PermissionGrants/{id}``."""
    found = call.store.seen("oauth2_permission_grants", call.params["grant"])
    if found is None:
        raise not_found(call.params["grant"])
    return entity(call, found, OAUTH_GRANT, _CONTEXT)


@router.add("GET", "users/{user}/oauth2PermissionGrants", GRANTS_READ)
def of_person(call: Call) -> Response:
    """``GET /users/{u}/oauth2PermissionGrants``: what this person consented to themselves."""
    person = seen_user(call.store, call.params["user"])
    found = call.store.find_seen("oauth2_permission_grants", "principalId", person["id"])
    return collection(call, found, OAUTH_GRANT, _CONTEXT, clause=wanted(call, OAUTH_GRANT))


@router.add("GET", "servicePrincipals/{object}/oauth2PermissionGrants", GRANTS_READ)
def of_client(call: Call) -> Response:
    """``GET /servicePrincipals/{id}/oauth2PermissionGrants``: what this client may do, and for whom."""
    found = call.store.find_seen("oauth2_permission_grants", "clientId", seen_principal(call)["id"])
    return collection(call, found, OAUTH_GRANT, _CONTEXT, clause=wanted(call, OAUTH_GRANT))


@router.add("POST", "oauth2PermissionGrants", GRANTS_WRITE)
def create(call: Call) -> Response:
    """``POST /oauth2PermissionGrants``: 201; the same client, resource and person once more is 409."""
    body = {name: value for name, value in call.body().items() if name.lower() not in ("starttime", "expirytime")}
    values = spelled(body, OAUTH_GRANT)
    _check(call, values)
    principal_id = values.get("principalId")
    for other in call.store.find("oauth2_permission_grants", "clientId", values["clientId"]):
        if (other["resourceId"], other["principalId"]) == (values["resourceId"], principal_id):
            raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
    key = grant_id(values["clientId"], values["resourceId"], principal_id)
    doc = {"scope": None, **values, "principalId": principal_id, "id": key}
    call.store.put("oauth2_permission_grants", doc)
    return entity(call, doc, OAUTH_GRANT, _CONTEXT, status=201)


def _check(call: Call, values: Doc) -> None:
    for name in ("clientId", "consentType", "resourceId"):
        if not isinstance(values.get(name), str):
            raise missing(name, "OAuth2PermissionGrant")
    if values["consentType"] not in ("AllPrincipals", "Principal"):
        raise invalid_value("consentType", "OAuth2PermissionGrant")
    for name in ("clientId", "resourceId"):
        values[name] = values[name].lower()
        if call.store.seen("service_principals", values[name]) is None:
            raise not_found(values[name])
    if values["consentType"] == "Principal":
        if not values.get("principalId"):
            raise missing("principalId", "OAuth2PermissionGrant")
        values["principalId"] = seen_user(call.store, values["principalId"])["id"]
    elif values.get("principalId"):
        raise bad_request("The principalId must be null when the consentType is AllPrincipals.")


def _live(call: Call) -> Doc:
    key = call.params["grant"]
    found = call.store.get("oauth2_permission_grants", key)
    if found is None or call.store.seen("oauth2_permission_grants", key) is None:
        raise not_found(key)
    return found


@router.add("PATCH", "oauth2PermissionGrants/{grant}", GRANTS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /oauth2PermissionGrants/{id} {"scope": "…"}``: 204; nothing else can change."""
    found, values = _live(call), spelled(call.body(), OAUTH_GRANT)
    for name, value in values.items():
        if name != "scope" and value != found[name]:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    call.store.put("oauth2_permission_grants", {**found, **values})
    return Response(status_code=204)


@router.add("DELETE", "oauth2PermissionGrants/{grant}", GRANTS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /oauth2PermissionGrants/{id}``: 204; 404 if it is gone."""
    call.store.remove("oauth2_permission_grants", _live(call)["id"])
    return Response(status_code=204)
