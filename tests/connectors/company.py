"""The employees whom the practice tenant is seeded with."""

from collections.abc import AsyncIterator

from connectors.graph import GraphClient
from connectors.graph_models import User


async def employees(graph: GraphClient) -> AsyncIterator[User]:
    """The seeded employees, those who belong to the directory on premises left out."""
    for number in range(1, 61):
        for user in await graph.users_by_employee_id(f"P{number:05d}"):
            if not user.on_premises_sync_enabled:
                yield user
