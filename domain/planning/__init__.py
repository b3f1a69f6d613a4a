"""From an event, HR's truth, the policy and the tenant's facts to a run sheet. Pure: the same facts, the same plan."""

from domain.planning.joiner import join, prepare
from domain.planning.leaver import contain, delete, strip
from domain.planning.mover import move
from domain.planning.request import Phase, Plan, PlanRefused, Request
from domain.planning.verification import Check, Verdict, judge

__all__ = ["Check", "Phase", "Plan", "PlanRefused", "Request", "Verdict", "judge", "make_plan"]

_PHASES = {"prepare": prepare, "join": join, "move": move, "contain": contain, "strip": strip, "delete": delete}


def make_plan(request: Request) -> Plan:
    """The steps of one phase. Raises :class:`PlanRefused` where nothing may be written."""
    account = request.snapshot.account
    if account is not None and request.policy.protects(account.object_id):
        raise PlanRefused(
            "Protected",
            f"{request.envelope.employee_id} is account {account.object_id}, which the policy protects; nothing was "
            "written. Take it off the policy's list of protected accounts and retry, or cancel this lifecycle.",
        )
    return _PHASES[request.phase](request)
