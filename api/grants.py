"""What a person has in the tenant now, and where each thing comes from."""

import asyncio
from collections.abc import Mapping

from api.models import Grant
from connectors.errors import NotFound
from connectors.graph_models import Group, RoleAssignment, User
from connectors.graph_reads import GraphReads

LONGEST_EMPLOYEE_ID = 16


async def account_of(graph: GraphReads, employee_id: str, object_id: str | None, long_ids: str) -> User | None:
    """The person's account: by object id if the ledger knows it, else by employee id; None if there is none."""
    if object_id is None:
        extension = long_ids if len(employee_id) > LONGEST_EMPLOYEE_ID else None
        found = await graph.users_by_employee_id(employee_id, extension)
        return found[0] if found else None
    try:
        return await graph.user(object_id)
    except NotFound:
        return None


async def grants_of(graph: GraphReads, user: User) -> list[Grant]:
    """Groups, licences and directory roles of an account, three reads side by side."""
    groups, roles, skus = await asyncio.gather(
        graph.groups_of(user.id), graph.role_assignments(user.id), graph.subscribed_skus()
    )
    names = {sku.sku_id: sku.sku_part_number for sku in skus}
    return [
        *(_of_group(group) for group in groups),
        *_licences(user, names, {group.id: group.display_name or group.id for group in groups}),
        *(_of_role(role) for role in roles),
    ]


def _of_group(group: Group) -> Grant:
    name = group.display_name or group.id
    if group.kind in ("dynamic", "synced"):
        return Grant(kind="group", name=name, id=group.id, source="dynamic" if group.kind == "dynamic" else "synced")
    return Grant(kind="group", name=name, id=group.id, source="direct")


def _licences(user: User, skus: Mapping[str, str], groups: Mapping[str, str]) -> list[Grant]:
    return [
        Grant(
            kind="licence",
            name=skus.get(state.sku_id, state.sku_id),
            id=state.sku_id,
            source="direct" if state.direct else "by group",
            via=groups.get(state.assigned_by_group, state.assigned_by_group) if state.assigned_by_group else None,
        )
        for state in user.license_assignment_states
    ]


def _of_role(role: RoleAssignment) -> Grant:
    name = role.role_name or role.role_definition_id
    return Grant(kind="directory_role", name=name, id=role.role_definition_id, source="direct")
