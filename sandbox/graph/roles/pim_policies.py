"""The rules of a role in privileged identity management: how long, with what reason, with whose approval.

Every role has a policy of its own with the service's default rules; ``PATCH`` of a rule changes it. Source: Microsoft
Graph v1.0, resource types unifiedRoleManagementPolicy, unifiedRoleManagementPolicyAssignment and their rules.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.permissions import ROLE_POLICIES_READ, ROLE_POLICIES_WRITE
from sandbox.graph.query import Expansion, collection, entity, shape, wanted
from sandbox.graph.roles.pim_periods import duration
from sandbox.graph.schema_roles import ROLE_POLICY, ROLE_POLICY_ASSIGNMENT
from sandbox.store import Doc, Store

router = Router()
_POLICIES = "policies/roleManagementPolicies"
_ASSIGNMENTS = "policies/roleManagementPolicyAssignments"
_PREFIX = "DirectoryRole_"


@dataclass(frozen=True)
class Policy:
    """What the rules of one role, or of a group's membership, come to."""

    longest_eligible: timedelta | None = None
    longest_active: timedelta | None = None
    activation: timedelta = timedelta(hours=8)
    justified: bool = True
    approved: bool = False

    def longest(self, *, active: bool) -> timedelta | None:
        """For how long an administrator may give it; None is for ever."""
        return self.longest_active if active else self.longest_eligible


def policy_of(store: Store, role_id: str) -> Policy:
    """The policy of a directory role."""
    rules = _rules(store, role_id)
    return Policy(
        _longest(rules["Expiration_Admin_Eligibility"]),
        _longest(rules["Expiration_Admin_Assignment"]),
        duration(rules["Expiration_EndUser_Assignment"]["maximumDuration"]),
        "Justification" in rules["Enablement_EndUser_Assignment"]["enabledRules"],
        bool(rules["Approval_EndUser_Assignment"]["setting"]["isApprovalRequired"]),
    )


def _longest(rule: Doc) -> timedelta | None:
    return duration(rule["maximumDuration"]) if rule["isExpirationRequired"] else None


# -- rules -------------------------------------------------------------------------------------------------------------


def _rules(store: Store, role_id: str) -> dict[str, Doc]:
    """The rules of a role by their ids: the service's defaults, changed as they were changed."""
    changed = (store.get("role_policies", role_id) or {}).get("rules", {})
    return {rule["id"]: {**rule, **changed.get(rule["id"], {})} for rule in _defaults()}


def _defaults() -> list[Doc]:
    approval = {
        "isApprovalRequired": False,
        "isApprovalRequiredForExtension": False,
        "isRequestorJustificationRequired": True,
        "approvalMode": "SingleStage",
        "approvalStages": [],
    }
    return [
        _rule("Expiration", "Admin", "Eligibility", isExpirationRequired=False, maximumDuration="P365D"),
        _rule("Enablement", "Admin", "Eligibility", enabledRules=[]),
        _rule("Expiration", "Admin", "Assignment", isExpirationRequired=False, maximumDuration="P180D"),
        _rule("Enablement", "Admin", "Assignment", enabledRules=[]),
        _rule("Expiration", "EndUser", "Assignment", isExpirationRequired=True, maximumDuration="PT8H"),
        _rule("Enablement", "EndUser", "Assignment", enabledRules=["Justification"]),
        _rule("Approval", "EndUser", "Assignment", setting=approval),
    ]


def _rule(kind: str, caller: str, level: str, **values: Any) -> Doc:
    target = {
        "caller": caller,
        "operations": ["All"],
        "level": level,
        "inheritableSettings": [],
        "enforcedSettings": [],
    }
    return {
        "@odata.type": f"#microsoft.graph.unifiedRoleManagementPolicy{kind}Rule",
        "id": f"{kind}_{caller}_{level}",
        **values,
        "target": target,
    }


# -- calls -------------------------------------------------------------------------------------------------------------


def _policy(role: Doc) -> Doc:
    return {
        "id": _PREFIX + role["id"],
        "displayName": "DirectoryRole",
        "description": "DirectoryRole",
        "isOrganizationDefault": False,
        "scopeId": "/",
        "scopeType": "DirectoryRole",
        "lastModifiedDateTime": None,
        "lastModifiedBy": {"displayName": None, "id": None},
        "_role": role["id"],
    }


def _assignment(role: Doc) -> Doc:
    policy_id = _PREFIX + role["id"]
    return {
        "id": f"{policy_id}_{role['id']}",
        "policyId": policy_id,
        "roleDefinitionId": role["id"],
        "scopeId": "/",
        "scopeType": "DirectoryRole",
        "_role": role["id"],
    }


def _role(call: Call) -> Doc:
    key = call.params["policy"]
    found = call.store.seen("role_definitions", key.removeprefix(_PREFIX).partition("_")[0].lower())
    if found is None or not key.startswith(_PREFIX):
        raise not_found(key)
    return found


def _expand_rules(call: Call, doc: Doc, options: dict[str, str]) -> list[Doc]:
    return list(_rules(call.store, doc["_role"]).values())


def _expand_policy(call: Call, doc: Doc, options: dict[str, str]) -> Doc:
    role = call.store.seen("role_definitions", doc["_role"]) or {"id": doc["_role"]}
    policy = shape(_policy(role), ROLE_POLICY.default)
    return {**policy, "rules": _expand_rules(call, doc, {})} if "rules" in options.get("expand", "") else policy


_OF_POLICY: dict[str, Expansion] = {"rules": _expand_rules, "effectiveRules": _expand_rules}
_OF_ASSIGNMENT: dict[str, Expansion] = {"policy": _expand_policy}


@router.add("GET", _POLICIES, ROLE_POLICIES_READ)
def policies(call: Call) -> Response:
    """``GET /policies/roleManagementPolicies?$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'``."""
    found = [_policy(role) for role in call.store.seen_all("role_definitions")]
    return collection(call, found, ROLE_POLICY, _POLICIES, clause=wanted(call, ROLE_POLICY), expansions=_OF_POLICY)


@router.add("GET", f"{_POLICIES}/{{policy}}", ROLE_POLICIES_READ)
def policy(call: Call) -> Response:
    """``GET /policies/roleManagementPolicies/{id}[?$expand=rules]``."""
    return entity(call, _policy(_role(call)), ROLE_POLICY, _POLICIES, expansions=_OF_POLICY)


@router.add("GET", f"{_POLICIES}/{{policy}}/rules", ROLE_POLICIES_READ)
def rules(call: Call) -> Response:
    """``GET /policies/roleManagementPolicies/{id}/rules``."""
    found = list(_rules(call.store, _role(call)["id"]).values())
    return call.answer({"value": found}, f"{_POLICIES}('{call.params['policy']}')/rules")


@router.add("GET", f"{_POLICIES}/{{policy}}/rules/{{rule}}", ROLE_POLICIES_READ)
def rule(call: Call) -> Response:
    """``GET /policies/roleManagementPolicies/{id}/rules/{rule}``."""
    return call.answer(_find_rule(call), f"{_POLICIES}('{call.params['policy']}')/rules/$entity")


def _find_rule(call: Call) -> Doc:
    found = _rules(call.store, _role(call)["id"])
    for name, one in found.items():
        if name.lower() == call.params["rule"].lower():
            return one
    raise not_found(call.params["rule"])


@router.add("PATCH", f"{_POLICIES}/{{policy}}/rules/{{rule}}", ROLE_POLICIES_WRITE)
def change_rule(call: Call) -> Response:
    """``PATCH /policies/roleManagementPolicies/{id}/rules/{rule}``: 200 with the rule."""
    role, before = _role(call), _find_rule(call)
    values = {name: value for name, value in call.body().items() if name not in ("@odata.type", "id", "target")}
    if unknown := [name for name in values if name not in before]:
        raise bad_request(f"Invalid property '{unknown[0]}'.")
    if "maximumDuration" in values:
        duration(values["maximumDuration"])
    if isinstance(values.get("setting"), dict):
        values["setting"] = {**before["setting"], **values["setting"]}
    held = (call.store.get("role_policies", role["id"]) or {}).get("rules", {})
    changed = {**held, before["id"]: {**held.get(before["id"], {}), **values}}
    call.store.put("role_policies", {"id": role["id"], "rules": changed})
    return call.answer({**before, **values}, f"{_POLICIES}('{call.params['policy']}')/rules/$entity")


@router.add("GET", _ASSIGNMENTS, ROLE_POLICIES_READ)
def policy_assignments(call: Call) -> Response:
    """``GET /policies/roleManagementPolicyAssignments?$filter=… and roleDefinitionId eq '…'``."""
    clause = wanted(call, ROLE_POLICY_ASSIGNMENT)
    found = [_assignment(role) for role in call.store.seen_all("role_definitions")]
    return collection(call, found, ROLE_POLICY_ASSIGNMENT, _ASSIGNMENTS, clause=clause, expansions=_OF_ASSIGNMENT)
