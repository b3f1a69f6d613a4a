"""What a person has in the tenant now, and where each thing comes from."""

import asyncio
from collections.abc import Mapping

from api.models import Grant
from connectors.errors import NotFound
from connectors.graph_models import Group, RoleAssignment, User
from connectors.graph_reads import GraphReads
from domain.snapshot import MAX_EMPLOYEE_ID


async def accounts_of(graph: GraphReads, employee_id: str, object_id: str | None, long_ids: str) -> list[User]:
    """The person's account: by object id if the ledger knows it, else by employee id.

    None if there is none; more than one if several bear the id, guests aside, and so nobody can tell which is theirs.
    """
    if object_id is None:
        extension = long_ids if len(employee_id) > MAX_EMPLOYEE_ID else None
        found = await graph.users_by_employee_id(employee_id, extension)
        return [user for user in found if user.user_type != "Guest"]
    try:
        return [await graph.user(object_id)]
    except NotFound:
        return []


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
