"""The documented properties of roles, their schedules, policies and administrative units (Microsoft Graph v1.0).

Resource types unifiedRole…, privilegedAccessGroup…, unifiedRoleManagementPolicy…, administrativeUnit,
directoryRole, directoryRoleTemplate.
"""

from sandbox.graph.schema import Resource, resource


def _expanding(name: str, properties: str, navigations: str = "") -> Resource:
    return resource(name, properties, navigations=navigations, expands_several=True)


ADMINISTRATIVE_UNIT = resource(
    "administrativeUnit",
    "id deletedDateTime displayName description membershipRule membershipType membershipRuleProcessingState visibility "
    "isMemberManagementRestricted",
    navigations="members scopedRoleMembers",
)
DIRECTORY_ROLE = resource("directoryRole", "id deletedDateTime description displayName roleTemplateId",
                           navigations="members")  # fmt: skip
ROLE_TEMPLATE = resource("directoryRoleTemplate", "id deletedDateTime description displayName")

_ROLE_KEY = "id principalId roleDefinitionId directoryScopeId appScopeId"
_MADE = "createdUsing createdDateTime modifiedDateTime status"
_RELATED = "principal roleDefinition directoryScope appScope activatedUsing targetSchedule"
ELIGIBILITY = _expanding(
    "unifiedRoleEligibilitySchedule", f"{_ROLE_KEY} {_MADE} memberType scheduleInfo", navigations=_RELATED
)
ELIGIBILITY_INSTANCE = _expanding(
    "unifiedRoleEligibilityScheduleInstance",
    f"{_ROLE_KEY} startDateTime endDateTime memberType roleEligibilityScheduleId",
    navigations=_RELATED,
)
ACTIVE = _expanding(
    "unifiedRoleAssignmentSchedule",
    f"{_ROLE_KEY} {_MADE} assignmentType memberType scheduleInfo",
    navigations=_RELATED,
)
ACTIVE_INSTANCE = _expanding(
    "unifiedRoleAssignmentScheduleInstance",
    f"{_ROLE_KEY} startDateTime endDateTime assignmentType memberType roleAssignmentOriginId roleAssignmentScheduleId",
    navigations=_RELATED,
)
_REQUEST = "id status createdDateTime completedDateTime approvalId customData action"
_ASKED = "isValidationOnly targetScheduleId justification createdBy scheduleInfo ticketInfo"
_ROLE_REQUEST = f"{_REQUEST} principalId roleDefinitionId directoryScopeId appScopeId {_ASKED}"
ELIGIBILITY_REQUEST = _expanding("unifiedRoleEligibilityScheduleRequest", _ROLE_REQUEST, navigations=_RELATED)
ACTIVE_REQUEST = _expanding("unifiedRoleAssignmentScheduleRequest", _ROLE_REQUEST, navigations=_RELATED)

_GROUP_KEY = "id principalId groupId accessId"
_GROUP_RELATED = "principal group activatedUsing targetSchedule"
GROUP_ELIGIBILITY = _expanding(
    "privilegedAccessGroupEligibilitySchedule",
    f"{_GROUP_KEY} {_MADE} memberType scheduleInfo",
    navigations=_GROUP_RELATED,
)
GROUP_ELIGIBILITY_INSTANCE = _expanding(
    "privilegedAccessGroupEligibilityScheduleInstance",
    f"{_GROUP_KEY} startDateTime endDateTime memberType eligibilityScheduleId",
    navigations=_GROUP_RELATED,
)
GROUP_ACTIVE = _expanding(
    "privilegedAccessGroupAssignmentSchedule",
    f"{_GROUP_KEY} {_MADE} assignmentType memberType scheduleInfo",
    navigations=_GROUP_RELATED,
)
GROUP_ACTIVE_INSTANCE = _expanding(
    "privilegedAccessGroupAssignmentScheduleInstance",
    f"{_GROUP_KEY} startDateTime endDateTime assignmentType memberType assignmentScheduleId",
    navigations=_GROUP_RELATED,
)
_GROUP_REQUEST = f"{_REQUEST} {_ASKED} accessId principalId groupId"
GROUP_ELIGIBILITY_REQUEST = _expanding(
    "privilegedAccessGroupEligibilityScheduleRequest", _GROUP_REQUEST, navigations=_GROUP_RELATED
)
GROUP_ACTIVE_REQUEST = _expanding(
    "privilegedAccessGroupAssignmentScheduleRequest", _GROUP_REQUEST, navigations=_GROUP_RELATED
)

ROLE_POLICY = _expanding(
    "unifiedRoleManagementPolicy",
    "id displayName description isOrganizationDefault scopeId scopeType lastModifiedDateTime lastModifiedBy",
    navigations="rules effectiveRules",
)
ROLE_POLICY_ASSIGNMENT = _expanding(
    "unifiedRoleManagementPolicyAssignment", "id policyId roleDefinitionId scopeId scopeType", navigations="policy"
)
