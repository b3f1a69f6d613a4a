"""``/auditLogs``: who changed what in the directory, who signed in, what provisioning did.

Sources: Graph resource types directoryAudit, signIn, provisioningObjectSummary, signInActivity.
"""

import re

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.errors import GraphError, logs_forbidden
from sandbox.graph.logs.audit_notes import note_sign_in, noted, noted_for
from sandbox.graph.logs.audit_query import Log, one, page
from sandbox.graph.permissions import LOGS_READ, PROVISIONING_LOGS_READ
from sandbox.store import Doc

__all__ = ["note_sign_in", "noted", "noted_for", "router", "sign_in_activity"]

router = Router()
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ACTIVITY = (
    "lastSignInDateTime lastSignInRequestId lastNonInteractiveSignInDateTime lastNonInteractiveSignInRequestId "
    "lastSuccessfulSignInDateTime lastSuccessfulSignInRequestId"
)
_AUDIT = (
    "id category correlationId result resultReason activityDisplayName activityDateTime loggedByService operationType "
    "initiatedBy targetResources additionalDetails"
)
_SIGN_IN = (
    "id createdDateTime userDisplayName userPrincipalName userId appId appDisplayName ipAddress clientAppUsed "
    "userAgent correlationId conditionalAccessStatus isInteractive riskDetail riskLevelAggregated "
    "riskLevelDuringSignIn riskState riskEventTypes riskEventTypes_v2 resourceDisplayName resourceId status "
    "deviceDetail location appliedConditionalAccessPolicies"
)
_SUMMARY = (
    "id activityDateTime tenantId jobId cycleId changeId provisioningAction durationInMilliseconds "
    "provisioningStatusInfo provisioningSteps modifiedProperties servicePrincipal sourceSystem targetSystem "
    "initiatedBy sourceIdentity targetIdentity"
)
_AUDITS = Log("directory_audits", "directoryAudit", tuple(_AUDIT.split()), "activityDateTime",
              "auditLogs/directoryAudits")  # fmt: skip
_SIGN_INS = Log("sign_ins", "signIn", tuple(_SIGN_IN.split()), "createdDateTime", "auditLogs/signIns")
_PROVISIONING = Log("provisioning_logs", "provisioningObjectSummary", tuple(_SUMMARY.split()), "activityDateTime",
                    "auditLogs/provisioning")  # fmt: skip
_TARGET = re.compile(r"targetResources/any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'([^']*)'\s*\)", re.IGNORECASE)
_JOB = re.compile(r"\bjobId\s+eq\s+'([^']*)'", re.IGNORECASE)
_USER = re.compile(r"\buserId\s+eq\s+'([^']*)'", re.IGNORECASE)


def _narrowed(call: Call, log: Log, pattern: re.Pattern[str], field: str) -> list[Doc]:
    """The rows that an indexed condition leaves to look at; with an ``or`` or a ``not``, all."""
    text = call.query.get("filter", "")
    match = None if re.search(r"\b(or|not)\b", text, re.IGNORECASE) else pattern.search(text)
    if match is None:
        return call.store.all(log.documents)
    return call.store.find(log.documents, field, match[match.lastindex or 1])


@router.add("GET", "auditLogs/directoryAudits", LOGS_READ)
def directory_audits(call: Call) -> Response:
    """``GET /auditLogs/directoryAudits``."""
    return page(call, _AUDITS, _narrowed(call, _AUDITS, _TARGET, "_targets"))


@router.add("GET", "auditLogs/directoryAudits/{row}", LOGS_READ)
def directory_audit(call: Call) -> Response:
    """``GET /auditLogs/directoryAudits/{id}``."""
    return one(call, _AUDITS, call.params["row"])


@router.add("GET", "auditLogs/signIns", LOGS_READ)
def sign_ins(call: Call) -> Response:
    """``GET /auditLogs/signIns``."""
    return page(call, _SIGN_INS, _narrowed(call, _SIGN_INS, _USER, "userId"))


@router.add("GET", "auditLogs/signIns/{row}", LOGS_READ)
def sign_in(call: Call) -> Response:
    """``GET /auditLogs/signIns/{id}``."""
    return one(call, _SIGN_INS, call.params["row"])


@router.add("GET", "auditLogs/provisioning", PROVISIONING_LOGS_READ)
def provisioning(call: Call) -> Response:
    """``GET /auditLogs/provisioning``."""
    return page(call, _PROVISIONING, _narrowed(call, _PROVISIONING, _JOB, "jobId"))


def sign_in_activity(call: Call, user_id: str, asked_by: str) -> Doc | None:
    """A user's ``signInActivity``, for whoever may read the logs and asks by object id; null without any sign-in.

    ``asked_by`` is the key in the path. Source: Graph resource type user, property signInActivity.
    """
    if not call.caller.roles & LOGS_READ:
        raise logs_forbidden()
    if not _GUID.fullmatch(asked_by):
        raise GraphError(400, "BadRequest", "Get By Key only supports UserId and the key has to be a valid Guid")
    held = call.store.get("sign_in_activities", user_id)
    return None if held is None else {name: held.get(name) for name in _ACTIVITY.split()}
