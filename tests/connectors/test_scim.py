"""The SCIM client against the practice tenant's target."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from connectors.errors import NameTaken, Refused, Unauthorized
from connectors.scim import ScimClient, belongs_to, scim_user
from connectors.tokens import StaticToken
from tests.connectors.identities import last_request
from tests.tenant import Tenant


@pytest.fixture
async def scim(tenant: Tenant) -> AsyncIterator[ScimClient]:
    """The target, with its long-lived token."""
    client = target(tenant, tenant.json["scim"]["token"])
    yield client
    await client.aclose()


def target(tenant: Tenant, token: str) -> ScimClient:
    return ScimClient(f"{tenant.base_url}/scim/v2", StaticToken(token), ca_file=tenant.ca_file)


def person(**attributes: Any) -> tuple[str, str, dict[str, Any]]:
    """A name, an employee id and Graph properties."""
    name = f"s{uuid4().hex[:10]}"
    given = {"displayName": "Scim Person", "givenName": "Scim", "surname": "Person", "usageLocation": "GB"}
    return f"{name}@practice.example", name.upper(), given | attributes


async def test_a_person_is_created_and_found_by_name_without_case(scim: ScimClient) -> None:
    upn, employee_id, attributes = person(jobTitle="Clerk", department="Sales", companyName="Practice Ltd")
    assert await scim.user_by_name(upn) is None
    await scim.create_user(scim_user(upn, employee_id, attributes, enabled=False))
    found = await scim.user_by_name(upn.upper())
    assert found is not None
    assert (found.title, found.active, found.user_name) == ("Clerk", False, upn)
    assert belongs_to(found, employee_id)
    assert not belongs_to(found, "somebody else")


async def test_a_taken_name_is_its_own_error(scim: ScimClient) -> None:
    upn, employee_id, attributes = person()
    user = scim_user(upn, employee_id, attributes, enabled=True)
    await scim.create_user(user)
    with pytest.raises(NameTaken):
        await scim.create_user(user)


async def test_what_the_target_refuses_says_why(scim: ScimClient) -> None:
    upn, employee_id, attributes = person()
    user = scim_user(upn, employee_id, attributes, enabled=True).model_copy(update={"user_name": None})
    with pytest.raises(Refused) as caught:
        await scim.create_user(user)
    assert caught.value.status == 400


async def test_a_wrong_token_is_unauthorized(tenant: Tenant) -> None:
    client = target(tenant, "wrong")
    with pytest.raises(Unauthorized):
        await client.user_by_name("somebody@practice.example")
    await client.aclose()


async def test_a_quote_in_a_name_stays_in_its_filter(scim: ScimClient, tenant: Tenant) -> None:
    since = last_request(tenant)
    assert await scim.user_by_name('a"b\\c@practice.example') is None
    assert [row["status"] for row in tenant.requests(since)] == [200]


def test_only_what_is_known_is_sent() -> None:
    user = scim_user("a@practice.example", "E1", {"displayName": "A", "jobTitle": None}, enabled=True)
    sent = user.model_dump(exclude_none=True)
    assert "title" not in sent
    assert "addresses" not in sent
