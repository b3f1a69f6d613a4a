"""Asking a membership rule about somebody before it decides (beta: ``evaluateDynamicMembership``)."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_group, seen_object
from sandbox.graph.errors import bad_request, missing, unknown_segment
from sandbox.graph.groups.dynamic import RuleError, rule
from sandbox.graph.groups.memberships import is_dynamic, matches
from sandbox.graph.permissions import GROUPS_READ

router = Router()
_NAME = "evaluateDynamicMembership"


@router.add("POST", f"groups/{_NAME}", GROUPS_READ)
def of_a_rule(call: Call) -> Response:
    """``POST /beta/groups/evaluateDynamicMembership {"memberId", "membershipRule"}``."""
    return _answer(call, _body(call).get("membershiprule"))


@router.add("POST", f"groups/{{group}}/{_NAME}", GROUPS_READ)
def of_a_group(call: Call) -> Response:
    """``POST /beta/groups/{g}/evaluateDynamicMembership {"memberId"}``."""
    group = seen_group(call.store, call.params["group"])
    if not is_dynamic(group):
        raise bad_request("The group has no dynamic membership.")
    return _answer(call, group["membershipRule"])


def _body(call: Call) -> dict[str, object]:
    if call.version != "beta":
        raise unknown_segment(_NAME)
    return {name.lower(): value for name, value in call.body().items()}


def _answer(call: Call, text: object) -> Response:
    member_id = _body(call).get("memberid")
    if not isinstance(member_id, str):
        raise missing("memberId", "Group")
    if not isinstance(text, str) or not text:
        raise missing("membershipRule", "Group")
    item, _ = seen_object(call.store, member_id)
    try:
        entity, held = rule(text).entity, matches(call.store, text, item)
    except RuleError as error:
        raise bad_request(f"Dynamic membership rule validation error: {error}.") from error
    details = {
        "expression": text,
        "expressionEvaluationDetails": [],
        "expressionResult": held,
        "propertyToEvaluate": {"propertyName": entity, "propertyValue": item["id"]},
    }
    body = {
        "membershipRule": text,
        "membershipRuleEvaluationResult": held,
        "membershipRuleEvaluationDetails": details,
    }
    return call.answer(body, "microsoft.graph.evaluateDynamicMembershipResult")
