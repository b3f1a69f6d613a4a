"""Conditional Access policies (Microsoft Graph v1.0, resource type conditionalAccessPolicy).

Kind ``conditional_access_policies``: Graph's own properties. They act at the next sign-in and the next refresh.
"""

import uuid
from typing import Any

from starlette.responses import Response

from sandbox import moments
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError
from sandbox.graph.query import collection, entity, wanted
from sandbox.graph.schema import Resource
from sandbox.store import Doc

router = Router()

_PATH = "identity/conditionalAccess/policies"
_READ = frozenset({"Policy.Read.All", "Policy.Read.ConditionalAccess"})
_WRITE = frozenset({"Policy.ReadWrite.ConditionalAccess"})
_NAMES = (
    "id", "templateId", "displayName", "createdDateTime", "modifiedDateTime", "state", "deletedDateTime",
    "partialEnablementStrategy", "sessionControls", "conditions", "grantControls",
)  # fmt: skip
_POLICY = Resource(
    "conditionalAccessPolicy",
    "#microsoft.graph.conditionalAccessPolicy",
    _NAMES,
    {name.lower(): name for name in (*_NAMES, "description")},
)
_WRITABLE = frozenset(
    {"displayName", "description", "state", "conditions", "grantControls", "sessionControls", "templateId"}
)
_STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")
_CONTROLS = frozenset({"block", "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication",
                       "compliantApplication", "passwordChange", "riskRemediation"})  # fmt: skip
_USERS: Doc = {name: [] for name in ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles",
                                     "excludeRoles")}  # fmt: skip
_APPLICATIONS: Doc = {
    "includeApplications": [],
    "excludeApplications": [],
    "includeUserActions": [],
    "includeAuthenticationContextClassReferences": [],
    "applicationFilter": None,
}
_CONDITIONS: Doc = {
    "userRiskLevels": [],
    "signInRiskLevels": [],
    "clientAppTypes": ["all"],
    "servicePrincipalRiskLevels": [],
    "insiderRiskLevels": None,
    "platforms": None,
    "locations": None,
    "devices": None,
    "clientApplications": None,
    "authenticationFlows": None,
}
_GRANT: Doc = {
    "operator": "OR",
    "builtInControls": [],
    "customAuthenticationFactors": [],
    "termsOfUse": [],
    "authenticationStrength": None,
}


@router.add("GET", _PATH, _READ | _WRITE)
def policies(call: Call) -> Response:
    """``GET /identity/conditionalAccess/policies``."""
    found = call.store.seen_all("conditional_access_policies")
    return collection(call, found, _POLICY, _PATH, clause=wanted(call, _POLICY))


@router.add("GET", _PATH + "/{policy}", _READ | _WRITE)
def policy(call: Call) -> Response:
    """``GET /identity/conditionalAccess/policies/{id}``."""
    found = call.store.seen("conditional_access_policies", call.params["policy"].lower())
    if found is None:
        raise _absent(call)
    return entity(call, found, _POLICY, _PATH)


@router.add("POST", _PATH, _WRITE)
def create(call: Call) -> Response:
    """``POST /identity/conditionalAccess/policies``: 201."""
    body = _read(call)
    if not body.get("displayName") or "state" not in body or not isinstance(body.get("conditions"), dict):
        raise _malformed()
    doc = document(str(uuid.uuid4()), moments.ticks(call.store.now()), body)
    call.store.put("conditional_access_policies", doc)
    location = {"Location": f"{call.root}/{_PATH}('{doc['id']}')"}
    return entity(call, doc, _POLICY, _PATH, status=201, headers=location)


@router.add("PATCH", _PATH + "/{policy}", _WRITE)
def update(call: Call) -> Response:
    """``PATCH /identity/conditionalAccess/policies/{id}``: 204; a complex property is replaced as a whole."""
    held, body = _live(call), _read(call)
    doc = document(held["id"], held["createdDateTime"], {**held, **body})
    call.store.put("conditional_access_policies", {**doc, "modifiedDateTime": moments.ticks(call.store.now())})
    return Response(status_code=204)


@router.add("DELETE", _PATH + "/{policy}", _WRITE)
def delete(call: Call) -> Response:
    """``DELETE /identity/conditionalAccess/policies/{id}``: 204."""
    call.store.remove("conditional_access_policies", _live(call)["id"])
    return Response(status_code=204)


def document(key: str, created: str, values: Doc) -> Doc:
    """A policy with every property; what is not given has the documented default."""
    conditions = values["conditions"]
    parts = {
        "users": {**_USERS, "includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None},
        "applications": _APPLICATIONS,
    }
    whole = {name: {**default, **(conditions.get(name) or {})} for name, default in parts.items()}
    grant = values.get("grantControls")
    return {
        "id": key,
        "templateId": values.get("templateId"),
        "displayName": values["displayName"],
        "description": values.get("description"),
        "createdDateTime": created,
        "modifiedDateTime": None,
        "state": values["state"],
        "deletedDateTime": None,
        "partialEnablementStrategy": None,
        "sessionControls": values.get("sessionControls"),
        "conditions": {**_CONDITIONS, **conditions, **whole},
        "grantControls": {**_GRANT, **grant} if grant else None,
    }


def _live(call: Call) -> Doc:
    found = call.store.get("conditional_access_policies", call.params["policy"].lower())
    if found is None:
        raise _absent(call)
    return found


def _read(call: Call) -> Doc:
    """The body without annotations and read-only properties; what does not fit the schema is refused."""
    body = {name: _plain(value) for name, value in call.body().items() if name in _WRITABLE}
    unknown = {n for n in call.body() if n.lower() not in _POLICY.names and "@odata." not in n}
    grant = body.get("grantControls") or {}
    controls = set(grant.get("builtInControls") or ()) if isinstance(grant, dict) else {None}
    fits = (
        not unknown
        and body.get("state", "enabled") in _STATES
        and isinstance(body.get("conditions", {}), dict)
        and controls <= _CONTROLS
        and grant.get("operator", "OR") in ("AND", "OR", None)
    )
    if not fits or ("block" in controls and len(controls) > 1):
        raise _malformed()
    return body


def _plain(value: Any) -> Any:
    """A value without OData's annotations, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if "@odata." not in name}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _malformed() -> GraphError:
    text = (
        "1007: Incoming ConditionalAccessPolicy object is null or does not match the schema of ConditionalAccessPolicy "
        "type. For examples, please see API documentation at "
        "https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies"
    )
    return GraphError(400, "BadRequest", text)


def _absent(call: Call) -> GraphError:
    text = f"1004: The ConditionalAccessPolicy with id '{call.params['policy']}' does not exist in the directory."
    return GraphError(404, "NotFound", text)
