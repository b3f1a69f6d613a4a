"""Is each permission there? What is granted is read, and each is called harmlessly; the two are judged together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from connectors.errors import Forbidden, Throttled, Unauthorized, Unavailable, WireError
from connectors.graph import GraphClient
from connectors.graph_batch import Part
from connectors.permissions import GRAPH, PERMISSIONS, Permission

State = Literal["there", "missing", "refused", "unknown"]
"""``refused``: granted, and yet the call is answered 403; ``unknown``: nothing that was asked can tell."""
_PATIENCE = 20.0


@dataclass(frozen=True)
class Verdict:
    """What is known of one permission, with the error that shows it."""

    permission: Permission
    state: State
    error: WireError | None = None


@dataclass(frozen=True)
class Granted:
    """The names of what a principal was granted, by the resource's application id; None where it cannot be read."""

    names: Mapping[str, frozenset[str]] | None = None
    error: WireError | None = field(default=None, compare=False)

    def of(self, permission: Permission) -> frozenset[str] | None:
        """What was granted of a permission's resource."""
        return None if self.names is None else self.names.get(permission.resource.app_id, frozenset())


async def granted_to(graph: GraphClient, principal_id: str, resource_app_ids: Collection[str]) -> Granted:
    """What a service principal was granted of some resources.

    A resource that the tenant has no principal of is left out. ``Tenancy.granted`` and ``Tenancy.app_roles``;
    Application.Read.All. Raises the types of ``connectors.errors``.
    """
    held = await graph.tenancy.granted(principal_id)
    names: dict[str, frozenset[str]] = {}
    for app_id in resource_app_ids:
        roles = await graph.tenancy.app_roles(app_id)
        names[app_id] = frozenset(roles[one.app_role_id] for one in held if one.app_role_id in roles)
    return Granted(names)


async def examine(graph: GraphClient, permissions: Sequence[Permission], granted: Granted) -> list[Verdict]:
    """Call every permission of Graph, all together, and judge them; those of other resources by what is granted only.

    ``POST /$batch`` of reads, and of writes to an object that cannot exist. Raises the types of ``connectors.errors``
    if the tenant cannot be asked at all.
    """
    parts = [
        Part(f"{one.name} {number}", probe.method, probe.path, probe.body)
        for one in permissions
        if one.resource == GRAPH
        for number, probe in enumerate(one.probes)
    ]
    answers = await graph.batch.send(parts, patience=_PATIENCE)
    return [
        judge(
            one,
            granted.of(one),
            [answers[part.name].error for part in parts if part.name.rpartition(" ")[0] == one.name],
        )
        for one in permissions
    ]


def judge(permission: Permission, granted: Collection[str] | None, answers: Sequence[WireError | None]) -> Verdict:
    """One verdict, from what is granted (None: not known) and how the probes were answered (None: with success)."""
    held = granted is not None and not _holders(permission).isdisjoint(granted)
    refused = next((error for error in answers if isinstance(error, Forbidden)), None)
    if refused:
        return Verdict(permission, "refused" if held else "missing", refused)
    unheard = next((error for error in answers if isinstance(error, Throttled | Unavailable | Unauthorized)), None)
    if unheard:
        return Verdict(permission, "unknown", unheard)
    proved = bool(answers) and all(probe.proves for probe in permission.probes)
    if held or proved:
        return Verdict(permission, "there")
    return Verdict(permission, "unknown" if granted is None else "missing")


def _holders(permission: Permission) -> set[str]:
    """The names that stand for a permission: its own, and those that contain it."""
    return {permission.name} | {one.name for one in PERMISSIONS if permission.name in one.contains}
