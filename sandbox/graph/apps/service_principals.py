"""Service principals: what an application is in this tenant (Microsoft Graph v1.0, resource type servicePrincipal)."""

import uuid

from starlette.responses import Response

from sandbox.graph.apps import app_objects
from sandbox.graph.apps.app_objects import add_password, first_owners, live, precise, remove_password, seen
from sandbox.graph.apps.app_roles import assignments_of
from sandbox.graph.apps.applications import INFO, check_entitlements, followed
from sandbox.graph.apps.deleted_applications import IN_USE
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError, bad_request, invalid_value, missing
from sandbox.graph.permissions import APPLICATIONS_READ, SERVICE_PRINCIPALS_WRITE
from sandbox.graph.query import Expansion, collection, count, entity, shape, wanted
from sandbox.graph.schema import SERVICE_PRINCIPAL, spelled
from sandbox.graph.schema_objects import APP_ROLE_ASSIGNMENT
from sandbox.store import Doc

router = Router()

_WRITABLE = frozenset(
    {"accountEnabled", "alternativeNames", "appRoleAssignmentRequired", "appRoles", "description", "displayName",
     "homepage", "info", "keyCredentials", "loginUrl", "logoutUrl", "notes", "notificationEmailAddresses",
     "oauth2PermissionScopes", "passwordCredentials", "preferredSingleSignOnMode",
     "preferredTokenSigningKeyThumbprint", "replyUrls", "samlSingleSignOnSettings", "servicePrincipalNames",
     "servicePrincipalType", "tags", "tokenEncryptionKeyId", "addIns"}
)  # fmt: skip


def seen_principal(call: Call) -> Doc:
    """The principal of the path, as a reader sees it."""
    return seen(call, "service_principals")


def view(doc: Doc) -> Doc:
    """A principal with every part of its complex properties."""
    nested = {"verifiedPublisher": app_objects.NO_PUBLISHER, "info": INFO}
    return {**doc, **{name: {**parts, **(doc.get(name) or {})} for name, parts in nested.items()}}


def _expand_assignments(call: Call, doc: Doc, options: dict[str, str]) -> list[Doc]:
    return [shape(one, APP_ROLE_ASSIGNMENT.default) for one in assignments_of(call.store, "principalId", doc["id"])]


def _expand_assigned(call: Call, doc: Doc, options: dict[str, str]) -> list[Doc]:
    return [shape(one, APP_ROLE_ASSIGNMENT.default) for one in assignments_of(call.store, "resourceId", doc["id"])]


_EXPANSIONS: dict[str, Expansion] = {"appRoleAssignments": _expand_assignments, "appRoleAssignedTo": _expand_assigned}


@router.add("GET", "servicePrincipals", APPLICATIONS_READ)
def principals(call: Call) -> Response:
    """``GET /servicePrincipals``."""
    clause = wanted(call, SERVICE_PRINCIPAL)
    app_id = clause.equals.get("appId") if clause else None
    store = call.store
    found = store.find_seen("service_principals", "appId", app_id) if app_id else store.seen_all("service_principals")
    shown = (view(doc) for doc in found)
    return collection(call, shown, SERVICE_PRINCIPAL, "servicePrincipals", clause=clause, expansions=_EXPANSIONS)


@router.add("GET", "servicePrincipals/$count", APPLICATIONS_READ)
def principals_count(call: Call) -> Response:
    """``GET /servicePrincipals/$count``."""
    return count(call, call.store.seen_all("service_principals"), wanted(call, SERVICE_PRINCIPAL))


@router.add("GET", "servicePrincipals/{object}", APPLICATIONS_READ)
def principal(call: Call) -> Response:
    """``GET /servicePrincipals/{id}`` or ``/servicePrincipals(appId='…')``."""
    return entity(
        call, view(seen_principal(call)), SERVICE_PRINCIPAL, "servicePrincipals", expansions=_EXPANSIONS
    )  # fmt: skip


@router.add("POST", "servicePrincipals", SERVICE_PRINCIPALS_WRITE)
def create(call: Call) -> Response:
    """``POST /servicePrincipals {"appId"}``: 201; one for each application."""
    values = spelled(call.body(), SERVICE_PRINCIPAL)
    app_id = values.pop("appId", None)
    if not app_id:
        raise missing("appId", "ServicePrincipal")
    application = next(iter(call.store.find("applications", "appId", str(app_id))), None)
    if application is None:
        text = f"The appId '{app_id}' of the service principal does not reference a valid application object."
        raise bad_request(text, {"code": "NoBackingApplicationObject", "message": text, "target": "appId"})
    if call.store.find("service_principals", "appId", application["appId"]):
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", IN_USE.format(application["appId"]))
    _check(values, {})
    now = call.store.now()
    doc = call.store.put("service_principals", _new(call, application, values))
    body = shape({**view(doc), "createdDateTime": precise(now)}, SERVICE_PRINCIPAL.default)
    headers = call.location(SERVICE_PRINCIPAL.odata, doc["id"])
    return call.answer(body, "servicePrincipals/$entity", 201, headers)


def _new(call: Call, application: Doc, values: Doc) -> Doc:
    return {
        "id": str(uuid.uuid4()),
        "appId": application["appId"],
        "accountEnabled": True,
        "appOwnerOrganizationId": call.sent.pipeline.tenant_id,
        "appRoleAssignmentRequired": False,
        "createdDateTime": call.moment(),
        "servicePrincipalType": "Application",
        "keyCredentials": [],
        "passwordCredentials": [],
        "tags": [],
        **followed(application),
        **values,
        "_owners": first_owners(call),
        "_creator": call.caller.object_id,
    }


def _check(values: Doc, target: Doc) -> None:
    for name, value in values.items():
        if name not in _WRITABLE and value != target.get(name):
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    for name in ("accountEnabled", "appRoleAssignmentRequired"):
        if name in values and not isinstance(values[name], bool):
            raise invalid_value(name, "ServicePrincipal")
    if "appRoles" in values:
        check_entitlements(target.get("appRoles") or [], values["appRoles"] or [])


@router.add("PATCH", "servicePrincipals/{object}", SERVICE_PRINCIPALS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /servicePrincipals/{id}``: 204; ``accountEnabled: false`` ends its sign-ins."""
    values, target = spelled(call.body(), SERVICE_PRINCIPAL), live(call, "service_principals")
    _check(values, target)
    if "keyCredentials" in values:
        values |= app_objects.with_keys(target, values.pop("keyCredentials"))
    if "passwordCredentials" in values:
        values |= app_objects.with_passwords(target, values.pop("passwordCredentials"))
    call.store.put("service_principals", {**target, **values})
    return Response(status_code=204)


@router.add("DELETE", "servicePrincipals/{object}", SERVICE_PRINCIPALS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /servicePrincipals/{id}``: 204, into the recycle bin."""
    target = live(call, "service_principals")
    call.store.remove("service_principals", target["id"])
    call.store.put("deleted_service_principals", {**target, "deletedDateTime": call.moment()})
    return Response(status_code=204)


@router.add("POST", "servicePrincipals/{object}/addPassword", SERVICE_PRINCIPALS_WRITE)
def new_secret(call: Call) -> Response:
    """``POST /servicePrincipals/{id}/addPassword``: 200 with ``secretText``, this once."""
    credential = add_password(call, live(call, "service_principals"), "service_principals")
    return call.answer(credential, "microsoft.graph.passwordCredential")


@router.add("POST", "servicePrincipals/{object}/removePassword", SERVICE_PRINCIPALS_WRITE)
def end_secret(call: Call) -> Response:
    """``POST /servicePrincipals/{id}/removePassword {"keyId"}``: 204."""
    remove_password(call, live(call, "service_principals"), "service_principals")
    return Response(status_code=204)
