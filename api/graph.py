"""``/graph``: search in the tenant, for pickers."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from api.models import FoundGroup, FoundUser, Listed
from api.services import ServicesDep

router = APIRouter(prefix="/graph", tags=["graph"])

Beginning = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]+$"),
    Query(description="How the name begins."),
]


@router.get("/users")
async def users(services: ServicesDep, q: Beginning) -> Listed[FoundUser]:
    """Users whose display name, surname or user name begins with ``q``; the first twenty."""
    return Listed(
        items=[
            FoundUser(
                id=user.id,
                display_name=user.display_name,
                user_principal_name=user.user_principal_name,
                employee_id=user.employee_id,
                title=user.job_title,
                department=user.department,
                account_enabled=user.account_enabled,
            )
            for user in await services.graph.search_users(q)
        ]
    )


@router.get("/groups")
async def groups(services: ServicesDep, q: Beginning) -> Listed[FoundGroup]:
    """Groups whose display name begins with ``q``; the first twenty."""
    found = await services.graph.search_groups(q)
    return Listed(items=[FoundGroup(id=group.id, display_name=group.display_name, kind=group.kind) for group in found])
