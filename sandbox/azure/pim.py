"""Privileged Identity Management for Azure resources: who may become what, and who is it now.

Source: learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-requests (2020-10-01).
"""

import re
import uuid
from datetime import timedelta

from starlette.responses import Response

from sandbox.azure import assignments, scopes
from sandbox.azure.call import Call, Router, stamp
from sandbox.azure.errors import ArmError, bad_request
from sandbox.azure.filters import Filter
from sandbox.azure.paging import page
from sandbox.azure.rbac import principals
from sandbox.azure.resources import drop, put
from sandbox.azure.roles import missing, path_of
from sandbox.store import Doc

router = Router()
_ROOT = "{scope}/providers/Microsoft.Authorization"
_TYPE = "Microsoft.Authorization/roleEligibilityScheduleRequests"
_FILTERS = ("atscope", "principalid", "assignedto", "astarget", "roledefinitionid", "status")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


@router.add("PUT", f"{_ROOT}/roleEligibilityScheduleRequests/{{name}}", f"{_TYPE}/write")
def request(call: Call) -> Response:
    """``PUT {scope}/…/roleEligibilityScheduleRequests/{guid}``: ``AdminAssign`` or ``AdminRemove``; 201, done."""
    given = call.properties()
    role = str(given.get("roleDefinitionId")).rstrip("/").rpartition("/")[2].lower()
    if call.store.get("azure_roles", role) is None:
        raise missing(role)
    held = _held(call, str(given.get("principalId")).lower(), role)
    kind = given.get("requestType")
    if kind == "AdminAssign":
        doc = _assigned(call, given, role, held)
    elif kind == "AdminRemove":
        doc = _removed(call, held)
    else:
        raise bad_request("InvalidRequestType", f"The request type '{kind}' is not supported for this request.")
    done = {**doc, "request": call.params["name"].lower(), "kind": kind, "justification": given.get("justification")}
    put(call.store, "azure_pim_requests", {**done, "id": scopes.key(call.resource), "path": call.resource})
    status = "Provisioned" if kind == "AdminAssign" else "Revoked"
    return call.answer(_request_shown(call, done, call.resource, status), 201)


def _held(call: Call, principal: str, role: str) -> Doc | None:
    at = scopes.key(call.params["scope"])
    there = call.store.all("azure_eligibilities")
    return next((d for d in there if (d["principalId"], d["role"], d["_scope"]) == (principal, role, at)), None)


def _assigned(call: Call, given: Doc, role: str, held: Doc | None) -> Doc:
    if held is not None:
        raise bad_request("RoleAssignmentExists", "The Role assignment already exists.")
    scope, name = call.params["scope"], str(uuid.uuid4())
    doc = {
        "id": name,
        "name": name,
        "scope": scope or "/",
        "_scope": scopes.key(scope),
        "role": role,
        "principalId": str(given.get("principalId")).lower(),
        "principalType": given.get("principalType") or "User",
        "start": call.moment(),
        "end": _end(call, given),
        "condition": given.get("condition"),
    }
    return put(call.store, "azure_eligibilities", doc)


def _removed(call: Call, held: Doc | None) -> Doc:
    if held is None:
        raise bad_request("RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    drop(call.store, "azure_eligibilities", held["id"])
    return held


def _end(call: Call, given: Doc) -> str | None:
    """When eligibility ends, from ``scheduleInfo.expiration``."""
    expiration = (given.get("scheduleInfo") or {}).get("expiration") or {}
    if expiration.get("type") == "AfterDateTime":
        return str(expiration.get("endDateTime"))
    if expiration.get("type") != "AfterDuration":
        return None
    read = _DURATION.fullmatch(str(expiration.get("duration")))
    if read is None:
        raise bad_request("InvalidDuration", f"The duration '{expiration.get('duration')}' is invalid.")
    days, hours, minutes = (int(part or 0) for part in read.groups())
    return stamp(call.store.now() + timedelta(days=days, hours=hours, minutes=minutes))


@router.add("GET", f"{_ROOT}/roleEligibilityScheduleRequests/{{name}}", f"{_TYPE}/read")
def show_request(call: Call) -> Response:
    """``GET {scope}/…/roleEligibilityScheduleRequests/{guid}``."""
    found = call.store.seen("azure_pim_requests", scopes.key(call.resource))
    if found is None:
        text = f"The role eligibility schedule request '{call.params['name']}' is not found."
        raise ArmError(404, "RoleEligibilityScheduleRequestNotFound", text)
    status = "Provisioned" if found["kind"] == "AdminAssign" else "Revoked"
    return call.answer(_request_shown(call, found, found["path"], status))


@router.add("GET", f"{_ROOT}/roleEligibilityScheduleInstances", f"{_TYPE}/read")
@router.add("GET", f"{_ROOT}/roleEligibilitySchedules", f"{_TYPE}/read")
def eligibilities(call: Call) -> Response:
    """``GET {scope}/…/roleEligibilityScheduleInstances?$filter=principalId eq '…'``."""
    kind = call.sent.path.rstrip("/").rpartition("/")[2]
    now = call.moment()
    found = [
        doc
        for doc in call.store.seen_all("azure_eligibilities")
        if _asked(call, doc) and (doc["end"] is None or doc["end"] > now)
    ]
    return page(call, found, lambda doc: _instance(call, doc, kind))


@router.add("GET", f"{_ROOT}/roleAssignmentScheduleInstances", "Microsoft.Authorization/roleAssignments/read")
@router.add("GET", f"{_ROOT}/roleAssignmentSchedules", "Microsoft.Authorization/roleAssignments/read")
def active(call: Call) -> Response:
    """``GET {scope}/…/roleAssignmentScheduleInstances``: the role assignments, as PIM shows them."""
    kind = call.sent.path.rstrip("/").rpartition("/")[2]
    found = [doc for doc in call.store.seen_all("azure_assignments") if _asked(call, doc)]
    return page(call, found, lambda doc: _active(call, doc, kind))


def _asked(call: Call, doc: Doc) -> bool:
    asked = Filter(call.query.get("filter", "")).only(*_FILTERS)
    wanted = asked.equals.get("principalid")
    who = {wanted.lower()} if wanted else None
    if "astarget" in asked.functions:
        who = principals(call.store, call.caller.object_id)
    if "assignedto" in asked.functions:
        who = principals(call.store, asked.functions["assignedto"].lower())
    seen = assignments.in_sight(call.store, doc, call.params["scope"], asked)
    return seen and (who is None or doc["principalId"] in who)


def _base(call: Call, doc: Doc) -> Doc:
    return {
        "scope": doc["scope"],
        "roleDefinitionId": path_of(call.params["scope"], doc["role"]),
        "principalId": doc["principalId"],
        "principalType": doc["principalType"],
        "condition": doc["condition"],
    }


def _instance(call: Call, doc: Doc, kind: str) -> Doc:
    root = doc["scope"].rstrip("/") + "/providers/Microsoft.Authorization"
    properties = {
        "roleEligibilityScheduleId": f"{root}/roleEligibilitySchedules/{doc['name']}",
        **_base(call, doc),
        "status": "Provisioned",
        "startDateTime": doc["start"],
        "endDateTime": doc["end"],
        "memberType": "Direct",
        "createdOn": doc["start"],
    }
    key = f"{root}/{kind}/{doc['name']}"
    return {"properties": properties, "id": key, "name": doc["name"], "type": f"Microsoft.Authorization/{kind}"}


def _active(call: Call, doc: Doc, kind: str) -> Doc:
    root = doc["scope"].rstrip("/") + "/providers/Microsoft.Authorization"
    properties = {
        "roleAssignmentScheduleId": f"{root}/roleAssignmentSchedules/{doc['name']}",
        "originRoleAssignmentId": doc["path"],
        **_base(call, doc),
        "status": "Accepted",
        "startDateTime": doc["updated"],
        "endDateTime": None,
        "assignmentType": "Assigned",
        "memberType": "Direct",
        "createdOn": doc["updated"],
    }
    key = f"{root}/{kind}/{doc['name']}"
    return {"properties": properties, "id": key, "name": doc["name"], "type": f"Microsoft.Authorization/{kind}"}


def _request_shown(call: Call, doc: Doc, path: str, status: str) -> Doc:
    ends = {"type": "AfterDateTime" if doc["end"] else "NoExpiration", "endDateTime": doc["end"], "duration": None}
    properties = {
        **_base(call, doc),
        "targetRoleEligibilityScheduleId": doc["name"],
        "targetRoleEligibilityScheduleInstanceId": None,
        "scheduleInfo": {"startDateTime": doc["start"], "expiration": ends},
        "justification": doc.get("justification"),
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None},
        "requestType": doc["kind"],
        "status": status,
        "requestorId": call.caller.object_id,
        "createdOn": doc["start"],
    }
    return {"properties": properties, "id": path, "name": doc["request"], "type": _TYPE}
