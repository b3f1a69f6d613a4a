"""Application registrations (Microsoft Graph v1.0, resource type application).

A principal of the same tenant follows its application: name, roles, scopes, addresses.
"""

import uuid
from typing import Any

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.apps import app_objects
from sandbox.graph.apps.app_objects import add_password, first_owners, just_made, live, precise, remove_password, seen
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError, bad_request, conflict, invalid_value, missing
from sandbox.graph.permissions import APPLICATIONS_READ, APPLICATIONS_WRITE
from sandbox.graph.query import collection, count, entity, shape, wanted
from sandbox.graph.schema import APPLICATION, spelled
from sandbox.store import Doc, Store

router = Router()

INFO = dict.fromkeys(("logoUrl", "marketingUrl", "privacyStatementUrl", "supportUrl", "termsOfServiceUrl"))
_NESTED: dict[str, Doc] = {
    "api": {
        "acceptMappedClaims": None,
        "knownClientApplications": [],
        "requestedAccessTokenVersion": None,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    },
    "info": INFO,
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "publicClient": {"redirectUris": []},
    "spa": {"redirectUris": []},
    "verifiedPublisher": app_objects.NO_PUBLISHER,
    "web": {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": [],
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
    },
}
_ROLE: Doc = {
    "allowedMemberTypes": [],
    "description": None,
    "displayName": None,
    "id": None,
    "isEnabled": True,
    "origin": "Application",
    "value": None,
}
_SCOPE: Doc = {
    "adminConsentDescription": None,
    "adminConsentDisplayName": None,
    "id": None,
    "isEnabled": True,
    "type": "User",
    "userConsentDescription": None,
    "userConsentDisplayName": None,
    "value": None,
}
_READ_ONLY = frozenset(
    {"id", "appId", "applicationTemplateId", "createdDateTime", "deletedDateTime", "disabledByMicrosoftStatus",
     "publisherDomain", "verifiedPublisher"}
)  # fmt: skip
_LISTS = frozenset({"identifierUris", "tags", "appRoles", "addIns", "requiredResourceAccess", "passwordCredentials"})
_ENABLED = GraphError(
    400,
    "CannotDeleteOrUpdateEnabledEntitlement",
    "Permission (scope or role) cannot be deleted or updated unless disabled first.",
)


def view(doc: Doc) -> Doc:
    """An application with every part of its complex properties."""
    return {**doc, **{name: {**parts, **(doc.get(name) or {})} for name, parts in _NESTED.items()}}


@router.add("GET", "applications", APPLICATIONS_READ)
def applications(call: Call) -> Response:
    """``GET /applications``."""
    found = (view(doc) for doc in call.store.seen_all("applications"))
    return collection(call, found, APPLICATION, "applications", clause=wanted(call, APPLICATION))


@router.add("GET", "applications/$count", APPLICATIONS_READ)
def applications_count(call: Call) -> Response:
    """``GET /applications/$count``."""
    return count(call, call.store.seen_all("applications"), wanted(call, APPLICATION))


@router.add("GET", "applications/{object}", APPLICATIONS_READ)
def application(call: Call) -> Response:
    """``GET /applications/{object id}`` or ``/applications(appId='…')``."""
    return entity(call, view(seen(call, "applications")), APPLICATION, "applications")


def _properties(path: str, kind: str, names: str) -> None:
    """``GET /{path}/{id}/{property}``: one collection of an object by itself."""
    for name in names.split():
        _property(path, kind, name)


def _property(path: str, kind: str, name: str) -> None:
    @router.add("GET", f"{path}/{{object}}/{name}", APPLICATIONS_READ)
    def read(call: Call) -> Response:
        return call.answer({"value": seen(call, kind).get(name) or []}, f"{path}('{call.params['object']}')/{name}")


_properties("applications", "applications", "appRoles identifierUris keyCredentials passwordCredentials tags")
_properties("servicePrincipals", "service_principals", "appRoles keyCredentials oauth2PermissionScopes tags")


@router.add("POST", "applications", APPLICATIONS_WRITE)
def create(call: Call) -> Response:
    """``POST /applications``: 201, ``createdDateTime`` with seven decimals; reads give whole seconds."""
    values = spelled(call.body(), APPLICATION)
    if not values.get("displayName"):
        raise missing("displayName", "Application")
    _check(call.store, values, {})
    now = call.store.now()
    key, app_id = str(uuid.uuid4()), str(uuid.uuid4())
    doc: Doc = {
        "id": key,
        "appId": app_id,
        "createdDateTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "publisherDomain": directory.DOMAINS[0],
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": None,
        "identifierUris": [],
        "appRoles": [],
        "tags": [],
        "_owners": first_owners(call),
        "_creator": call.caller.object_id,
        "_secrets": [],
        "_certificates": [],
    }
    doc = view({**doc, **_written(doc, values)})
    call.store.put("applications", doc)
    body = shape({**doc, "createdDateTime": precise(now)}, APPLICATION.default)
    return call.answer(body, "applications/$entity", 201, call.location(APPLICATION.odata, key))


@router.add("PATCH", "applications/{object}", APPLICATIONS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /applications/{id}``: 204; a role or scope goes only when it is disabled."""
    values, target = spelled(call.body(), APPLICATION), live(call, "applications")
    _check(call.store, values, target)
    changed = {**target, **_written(target, values)}
    call.store.put("applications", changed)
    _follow(call.store, changed)
    return Response(status_code=204)


def _written(target: Doc, values: Doc) -> Doc:
    """Values as they are kept: parts of complex properties are merged, credentials lead to secrets and certificates."""
    written: dict[str, Any] = {}
    for name, value in values.items():
        if name in _NESTED:
            written[name] = {**(target.get(name) or {}), **(value or {})}
        elif name == "keyCredentials":
            written |= app_objects.with_keys(target, value)
        elif name == "passwordCredentials":
            written |= app_objects.with_passwords(target, value)
        elif name == "appRoles":
            written[name] = _whole(value or [], _ROLE)
        else:
            written[name] = [] if value is None and name in _LISTS else value
    if (written.get("api") or {}).get("oauth2PermissionScopes"):
        written["api"]["oauth2PermissionScopes"] = _whole(written["api"]["oauth2PermissionScopes"], _SCOPE)
    return written


def _whole(given: list[Doc], parts: Doc) -> list[Doc]:
    """Roles or scopes with all their parts; one without an id gets one, and it is enabled unless told otherwise."""
    return [{**parts, "id": str(uuid.uuid4()), **{k: v for k, v in one.items() if v is not None}} for one in given]


def _check(store: Store, values: Doc, target: Doc) -> None:
    for name, value in values.items():
        if name in _READ_ONLY and value != target.get(name):
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if name in _LISTS and not isinstance(value, (list, type(None))):
            raise invalid_value(name, "Application")
        if name in _NESTED and not isinstance(value, (dict, type(None))):
            raise invalid_value(name, "Application")
    if "displayName" in values and not values["displayName"]:
        raise invalid_value("displayName", "Application")
    if "appRoles" in values:
        check_entitlements(target.get("appRoles") or [], values["appRoles"] or [])
    scopes = (values.get("api") or {}).get("oauth2PermissionScopes")
    if scopes is not None:
        check_entitlements((target.get("api") or {}).get("oauth2PermissionScopes") or [], scopes)
    _check_uris(store, values.get("identifierUris") or [], target.get("id"))


def check_entitlements(before: list[Doc], after: list[Doc]) -> None:
    """What is enabled cannot go or change its value, and ids and values are unique."""
    left = {item["id"]: item for item in after if item.get("id")}
    for item in before:
        kept = left.get(item["id"])
        if item["isEnabled"] and (kept is None or (kept.get("isEnabled") and kept.get("value") != item["value"])):
            raise _ENABLED
    values = [item["value"] for item in after if item.get("value")]
    named = [item["id"] for item in after if item.get("id")]
    if len(left) != len(named) or len(set(values)) != len(values):
        raise bad_request("It contains duplicate value. Please provide a unique value for each permission.")


def _check_uris(store: Store, uris: list[str], but: str | None) -> None:
    for other in store.all("applications"):
        if other["id"] != but and set(uris) & set(other["identifierUris"]):
            raise conflict("identifierUris", f"Application_{other['id']}")


def _follow(store: Store, application: Doc) -> None:
    """The principal in the same tenant takes over what changed."""
    for principal in store.find("service_principals", "appId", application["appId"]):
        store.put("service_principals", {**principal, **followed(application)})


def followed(application: Doc) -> Doc:
    """What a principal has from its application."""
    return {
        "displayName": application["displayName"],
        "appDisplayName": application["displayName"],
        "appDescription": application.get("description"),
        "servicePrincipalNames": [application["appId"], *application["identifierUris"]],
        "signInAudience": application["signInAudience"],
        "appRoles": application["appRoles"],
        "oauth2PermissionScopes": (application.get("api") or {}).get("oauth2PermissionScopes") or [],
        "replyUrls": (application.get("web") or {}).get("redirectUris") or [],
        "homepage": (application.get("web") or {}).get("homePageUrl"),
        "logoutUrl": (application.get("web") or {}).get("logoutUrl"),
        "info": {**INFO, **(application.get("info") or {})},
    }


@router.add("DELETE", "applications/{object}", APPLICATIONS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /applications/{id}``: 204, into the recycle bin for 30 days, its principal too."""
    target = live(call, "applications")
    now = call.moment()
    call.store.remove("applications", target["id"])
    call.store.put("deleted_applications", {**view(target), "deletedDateTime": now})
    for principal in call.store.find("service_principals", "appId", target["appId"]):
        call.store.remove("service_principals", principal["id"])
        call.store.put("deleted_service_principals", {**principal, "deletedDateTime": now})
    return Response(status_code=204)


@router.add("POST", "applications/{object}/addPassword", APPLICATIONS_WRITE)
def new_secret(call: Call) -> Response:
    """``POST /applications/{id}/addPassword``: 200 with ``secretText``, this once."""
    credential = add_password(call, just_made(call, "applications"), "applications")
    return call.answer(credential, "microsoft.graph.passwordCredential")


@router.add("POST", "applications/{object}/removePassword", APPLICATIONS_WRITE)
def end_secret(call: Call) -> Response:
    """``POST /applications/{id}/removePassword {"keyId"}``: 204."""
    remove_password(call, live(call, "applications"), "applications")
    return Response(status_code=204)
