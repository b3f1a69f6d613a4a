"""``/people``: what HR said, beside what the tenant says."""

import asyncio

from fastapi import APIRouter

from api.errors import not_found
from api.grants import accounts_of, grants_of
from api.models import LifecycleLine, Listed, PersonDetail, PersonLine
from api.query import Limit, PageToken, Words, employee_id_or_404, listed
from api.services import ServicesDep
from connectors.graph_models import User
from ledger import PersonRow

router = APIRouter(prefix="/people", tags=["people"])


@router.get("")
async def people(
    services: ServicesDep, q: Words = None, page_token: PageToken = None, limit: Limit = 50
) -> Listed[PersonLine]:
    """People that HR has told us of, by employee id."""
    return await asyncio.to_thread(
        listed, lambda: services.ledger.people(q=q, page_token=page_token, limit=limit), _line
    )


@router.get("/{employee_id}")
async def person(employee_id: str, services: ServicesDep) -> PersonDetail:
    """One person, known to HR or only to the tenant; grants are read from the tenant at this moment."""
    row = await asyncio.to_thread(services.ledger.person, employee_id_or_404(employee_id))
    object_id = row.object_id if row else None
    found = await accounts_of(services.graph, employee_id, object_id, services.long_id_attribute)
    if row is None and not found:
        not_found(f"Neither HR nor the tenant knows a person {employee_id!r}.")
    user = found[0] if len(found) == 1 else None
    grants = await grants_of(services.graph, user) if user else []
    page = await asyncio.to_thread(services.ledger.lifecycles, employee_id=employee_id, limit=200)
    line = _line(row) if row else _line_from_tenant(employee_id, user)
    return PersonDetail(
        **line.model_dump(exclude={"object_id", "upn"}),
        object_id=user.id if user else line.object_id,
        upn=user.user_principal_name if user else line.upn,
        account_enabled=user.account_enabled if user else None,
        ambiguous=[] if user else [account.id for account in found],
        grants=grants,
        lifecycles=[LifecycleLine.model_validate(item) for item in page.items],
    )


def _line(row: PersonRow) -> PersonLine:
    said = {name: value for name, value in row.attributes.items() if name in PersonLine.model_fields}
    known = {"employee_id": row.employee_id, "object_id": row.object_id, "upn": row.upn, "time_zone": row.time_zone}
    return PersonLine(**{**said, **known})


def _line_from_tenant(employee_id: str, user: User | None) -> PersonLine:
    if user is None:
        return PersonLine(employee_id=employee_id, object_id=None, upn=None)
    return PersonLine(
        employee_id=employee_id,
        object_id=user.id,
        upn=user.user_principal_name,
        given_name=user.given_name,
        family_name=user.surname,
        title=user.job_title,
        department=user.department,
        company=user.company_name,
        office=user.office_location,
        country=user.usage_location,
        employee_type=user.employee_type,
    )
