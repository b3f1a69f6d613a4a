"""The SCIM client against the practice tenant's target."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from connectors.errors import ChangedMeanwhile, NameTaken, NotFound, ReadOnlyAttribute, Refused, Unauthorized
from connectors.scim import ScimClient, ScimUser, belongs_to, scim_user
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


async def test_groups_of_one_name_are_found_on_all_pages(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.scim.PAGE", 2)
    name = f"Team {uuid4().hex[:8]}"
    made = {str((await scim.create_group(name)).id) for _ in range(5)}
    assert {group.id for group in await scim.groups_by_name(name)} == made


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


async def made(scim: ScimClient, **attributes: Any) -> ScimUser:
    """A person at the target."""
    upn, employee_id, given = person(**attributes)
    return await scim.create_user(scim_user(upn, employee_id, given, enabled=True))


async def test_a_person_is_read_found_replaced_and_deleted(scim: ScimClient) -> None:
    created = await made(scim, jobTitle="Clerk")
    assert created.id is not None
    assert created.external_id is not None
    found = await scim.user_by_external_id(created.external_id)
    assert found is not None
    assert found.id == created.id
    found.title = "Boss"
    replaced = await scim.replace_user(found)
    assert (await scim.user(created.id)).title == replaced.title == "Boss"
    await scim.delete_user(created.id)
    with pytest.raises(NotFound):
        await scim.user(created.id)
    assert await scim.user_by_external_id(created.external_id) is None


async def test_whoever_writes_on_an_old_version_is_told(scim: ScimClient) -> None:
    created = await made(scim)
    assert created.id is not None
    assert created.meta is not None
    change = [{"op": "replace", "path": "title", "value": "Boss"}]
    patched = await scim.patch_user(created.id, change, created.meta.version)
    assert patched is not None
    assert patched.title == "Boss"
    created.title = "Late"
    for late in (
        scim.replace_user(created),
        scim.patch_user(created.id, change, created.meta.version),
        scim.delete_user(created.id, created.meta.version),
    ):
        with pytest.raises(ChangedMeanwhile):
            await late


async def test_refusals_of_a_patch_are_types(scim: ScimClient) -> None:
    first, second = await made(scim), await made(scim)
    assert first.id is not None
    with pytest.raises(ReadOnlyAttribute):
        await scim.patch_user(first.id, [{"op": "replace", "path": "id", "value": "1"}])
    with pytest.raises(NameTaken):
        await scim.patch_user(first.id, [{"op": "replace", "path": "userName", "value": second.user_name}])


async def test_a_person_is_deactivated_and_activated(scim: ScimClient) -> None:
    created = await made(scim)
    assert created.id is not None
    await scim.deactivate_user(created.id)
    assert (await scim.user(created.id)).active is False
    await scim.activate_user(created.id)
    assert (await scim.user(created.id)).active is True


async def test_people_come_into_groups_and_leave_them(scim: ScimClient) -> None:
    created, group = await made(scim), await scim.create_group(f"Group {uuid4()}")
    assert created.id is not None
    assert group.id is not None
    assert group.display_name is not None
    await scim.add_members(group.id, [created.id])
    assert await scim.is_member(group.id, created.id)
    found = (await scim.groups_by_name(group.display_name))[0]
    assert (found.id, found.members) == (group.id, None)
    for _ in range(2):
        await scim.remove_member(group.id, created.id)
    assert not await scim.is_member(group.id, created.id)
    await scim.delete_group(group.id)
    assert await scim.groups_by_name(group.display_name) == []


async def test_who_was_never_read_cannot_be_replaced(scim: ScimClient) -> None:
    with pytest.raises(ValueError, match="has not been read"):
        await scim.replace_user(scim_user("a@practice.example", "E1", {"displayName": "A"}, enabled=True))
