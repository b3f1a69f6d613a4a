"""The documented properties of roles, their schedules, policies and administrative units (Microsoft Graph v1.0).

Resource types unifiedRole…, privilegedAccessGroup…, unifiedRoleManagementPolicy…, administrativeUnit,
scopedRoleMembership, directoryRole, directoryRoleTemplate.
"""

from sandbox.graph.schema import Resource


def _resource(name: str, properties: str, selected: str = "", navigations: str = "") -> Resource:
    default = tuple(properties.split())
    names = {one.lower(): one for one in (*default, *selected.split())}
    related = frozenset(navigations.split())
    several = name.startswith(("unifiedRole", "privilegedAccess"))
    return Resource(name, f"#microsoft.graph.{name}", default, names, navigations=related, expands_several=several)


ADMINISTRATIVE_UNIT = _resource(
    "administrativeUnit",
    "id deletedDateTime displayName description membershipRule membershipType membershipRuleProcessingState visibility "
    "isMemberManagementRestricted",
    navigations="members scopedRoleMembers",
)
DIRECTORY_ROLE = _resource("directoryRole", "id deletedDateTime description displayName roleTemplateId",
                           navigations="members")  # fmt: skip
ROLE_TEMPLATE = _resource("directoryRoleTemplate", "id deletedDateTime description displayName")

_ROLE_KEY = "id principalId roleDefinitionId directoryScopeId appScopeId"
_MADE = "createdUsing createdDateTime modifiedDateTime status"
_RELATED = "principal roleDefinition directoryScope appScope activatedUsing targetSchedule"
ELIGIBILITY = _resource(
    "unifiedRoleEligibilitySchedule", f"{_ROLE_KEY} {_MADE} memberType scheduleInfo", navigations=_RELATED
)
ELIGIBILITY_INSTANCE = _resource(
    "unifiedRoleEligibilityScheduleInstance",
    f"{_ROLE_KEY} startDateTime endDateTime memberType roleEligibilityScheduleId",
    navigations=_RELATED,
)
ACTIVE = _resource(
    "unifiedRoleAssignmentSchedule",
    f"{_ROLE_KEY} {_MADE} assignmentType memberType scheduleInfo",
    navigations=_RELATED,
)
ACTIVE_INSTANCE = _resource(
    "unifiedRoleAssignmentScheduleInstance",
    f"{_ROLE_KEY} startDateTime endDateTime assignmentType memberType roleAssignmentOriginId roleAssignmentScheduleId",
    navigations=_RELATED,
)
_REQUEST = "id status createdDateTime completedDateTime approvalId customData action"
_ASKED = "isValidationOnly targetScheduleId justification createdBy scheduleInfo ticketInfo"
_ROLE_REQUEST = f"{_REQUEST} principalId roleDefinitionId directoryScopeId appScopeId {_ASKED}"
ELIGIBILITY_REQUEST = _resource("unifiedRoleEligibilityScheduleRequest", _ROLE_REQUEST, navigations=_RELATED)
ACTIVE_REQUEST = _resource("unifiedRoleAssignmentScheduleRequest", _ROLE_REQUEST, navigations=_RELATED)

_GROUP_KEY = "id principalId groupId accessId"
_GROUP_RELATED = "principal group activatedUsing targetSchedule"
GROUP_ELIGIBILITY = _resource(
    "privilegedAccessGroupEligibilitySchedule",
    f"{_GROUP_KEY} {_MADE} memberType scheduleInfo",
    navigations=_GROUP_RELATED,
)
GROUP_ELIGIBILITY_INSTANCE = _resource(
    "privilegedAccessGroupEligibilityScheduleInstance",
    f"{_GROUP_KEY} startDateTime endDateTime memberType eligibilityScheduleId",
    navigations=_GROUP_RELATED,
)
GROUP_ACTIVE = _resource(
    "privilegedAccessGroupAssignmentSchedule",
    f"{_GROUP_KEY} {_MADE} assignmentType memberType scheduleInfo",
    navigations=_GROUP_RELATED,
)
GROUP_ACTIVE_INSTANCE = _resource(
    "privilegedAccessGroupAssignmentScheduleInstance",
    f"{_GROUP_KEY} startDateTime endDateTime assignmentType memberType assignmentScheduleId",
    navigations=_GROUP_RELATED,
)
_GROUP_REQUEST = f"{_REQUEST} {_ASKED} accessId principalId groupId"
GROUP_ELIGIBILITY_REQUEST = _resource(
    "privilegedAccessGroupEligibilityScheduleRequest", _GROUP_REQUEST, navigations=_GROUP_RELATED
)
GROUP_ACTIVE_REQUEST = _resource(
    "privilegedAccessGroupAssignmentScheduleRequest", _GROUP_REQUEST, navigations=_GROUP_RELATED
)

ROLE_POLICY = _resource(
    "unifiedRoleManagementPolicy",
    "id displayName description isOrganizationDefault scopeId scopeType lastModifiedDateTime lastModifiedBy",
    navigations="rules effectiveRules",
)
ROLE_POLICY_ASSIGNMENT = _resource(
    "unifiedRoleManagementPolicyAssignment", "id policyId roleDefinitionId scopeId scopeType", navigations="policy"
)
