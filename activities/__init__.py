"""The side effects of run sheets: one idempotent step each, through the wrapper of ``activities.step``."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.accounts import Accounts
from activities.groups import Groups
from activities.licences import Licences
from activities.notices import Notices
from activities.roles import Roles
from activities.step import StepRunner
from connectors.graph import GraphClient
from connectors.scim import ScimClient
from ledger import Ledger

__all__ = ["step_activities"]


def step_activities(
    graph: GraphClient,
    scim: ScimClient | None,
    ledger: Ledger,
    settle: float,
    *,
    sender: str = "",
    attention_to: Sequence[str] = (),
) -> list[Callable[..., Any]]:
    """All step activities of this room for a worker to register.

    ``settle`` are the seconds after which a read shows a write (2 in the practice profile, else 30); ``scim`` is None
    where no target is set. ``sender`` and ``attention_to`` are the policy's, for notices about parked steps.
    """
    runner = StepRunner(ledger, settle)
    rooms = (
        Accounts(graph, scim, runner),
        Groups(graph, runner),
        Licences(graph, runner),
        Roles(graph, runner),
        Notices(graph, runner, sender=sender, attention_to=attention_to),
    )
    return [activity for room in rooms for activity in room.activities]
