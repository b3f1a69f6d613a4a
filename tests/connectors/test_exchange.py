"""Exchange administration over REST: every command of the port."""

from collections.abc import AsyncIterator

import pytest

from connectors.errors import (
    AlreadyGranted,
    AlreadyMember,
    Forbidden,
    NoMember,
    NotFound,
    NotGranted,
    ReadOnlyObject,
    Unavailable,
    UnknownCommand,
)
from connectors.exchange import ExchangeRest
from connectors.exchange_port import ExchangePort
from connectors.graph import GraphClient
from tests.connectors.collaboration import SPE_E3, administering, licensed
from tests.connectors.identities import eventually, fault
from tests.tenant import Tenant


@pytest.fixture
async def exchange(tenant: Tenant) -> AsyncIterator[ExchangeRest]:
    async with administering(tenant) as client:
        yield client


async def test_a_mailbox_is_made_shared_before_its_licence_goes(graph: GraphClient, exchange: ExchangePort) -> None:
    user = await licensed(graph)
    await exchange.convert(user.id, "Shared")

    async def shared() -> bool:
        return (await exchange.mailbox(user.id)).shared and (await graph.mailboxes.settings(user.id)).shared

    assert await eventually(shared)
    await graph.remove_licences(user.id, [SPE_E3])
    assert (await exchange.mailbox(user.id)).shared


async def test_holds_forwarding_and_hiding_are_set_and_read_back(graph: GraphClient, exchange: ExchangePort) -> None:
    user = await licensed(graph)
    assert not (await exchange.mailbox(user.id)).held
    await exchange.set_hold(user.id, True, 365)
    await exchange.forward(user.id, "iam-admins@practice.example")
    await exchange.hide(user.id)
    found = await exchange.mailbox(user.id)
    assert (found.litigation_hold, found.held, found.hidden) == (True, True, True)
    assert (found.forwards_to, found.keeps_copy) == ("iam-admins@practice.example", True)
    await exchange.set_hold(user.id, False)
    await exchange.forward(user.id, None)
    found = await exchange.mailbox(user.id)
    assert (found.litigation_hold, found.delay_hold, found.forwards_to) == (False, True, None)


async def test_a_mailbox_on_hold_is_inactive_without_its_user(graph: GraphClient, exchange: ExchangePort) -> None:
    user = await licensed(graph)
    await exchange.set_hold(user.id, True)
    await graph.delete_user(user.id)
    with pytest.raises(NotFound):
        await exchange.mailbox(user.id)
    assert (await exchange.inactive_mailbox(user.id)).inactive


async def test_rights_on_a_mailbox_are_given_and_taken(graph: GraphClient, exchange: ExchangePort) -> None:
    user, manager = await licensed(graph), await licensed(graph)
    assert (await exchange.grant_full_access(user.id, manager.id)).changed
    assert not (await exchange.grant_full_access(user.id, manager.id)).changed
    assert [right.user for right in await exchange.mailbox_rights(user.id)] == [manager.user_principal_name]
    assert (await exchange.revoke_full_access(user.id, manager.id)).changed
    assert not (await exchange.revoke_full_access(user.id, manager.id)).changed
    await exchange.grant_send_as(user.id, manager.id)
    assert len(await exchange.send_as_rights(manager.id)) == 1
    assert (await exchange.revoke_send_as(user.id, manager.id)).changed
    await exchange.set_send_on_behalf(user.id, [manager.id])
    assert (await exchange.mailbox(user.id)).send_on_behalf == (manager.user_principal_name,)


async def test_rights_on_a_calendar_are_given_and_taken(graph: GraphClient, exchange: ExchangePort) -> None:
    user, manager = await licensed(graph), await licensed(graph)
    with pytest.raises(NotGranted):
        await exchange.revoke_calendar(user.id, manager.id)
    await exchange.grant_calendar(user.id, manager.id, "Editor")
    with pytest.raises(AlreadyGranted):
        await exchange.grant_calendar(user.id, manager.id, "Reviewer")
    held = {right.user: right.rights for right in await exchange.calendar_rights(user.id)}
    assert held[manager.user_principal_name] == ("Editor",)
    await exchange.revoke_calendar(user.id, manager.id)


async def test_protocols_go_off(graph: GraphClient, exchange: ExchangePort) -> None:
    user = await licensed(graph)
    assert all((await exchange.protocols(user.id)).values())
    await exchange.protocols_off(user.id)
    assert not any((await exchange.protocols(user.id)).values())


async def test_members_of_a_mail_enabled_group_come_and_go(graph: GraphClient, exchange: ExchangePort) -> None:
    user, group = await licensed(graph), "all-offices@practice.example"
    await exchange.add_to_group(group, user.id)
    with pytest.raises(AlreadyMember):
        await exchange.add_to_group(group, user.id)
    assert user.id in await exchange.group_members(group)
    await exchange.remove_from_group(group, user.id)
    with pytest.raises(NoMember):
        await exchange.remove_from_group(group, user.id)
    with pytest.raises(ReadOnlyObject):
        await exchange.add_to_group("Works council", user.id)


async def test_meetings_holds_and_devices(graph: GraphClient, exchange: ExchangePort) -> None:
    user = await licensed(graph)
    await exchange.cancel_meetings(user.id, 365)
    assert all(hold.startswith("mbx") for hold in await exchange.organisation_holds())
    assert await exchange.mobile_devices(user.id) == []
    with pytest.raises(NotFound):
        await exchange.wipe_account("nothing")
    with pytest.raises(NotFound):
        await exchange.remove_device("nothing")


async def test_all_pages_are_read(exchange: ExchangeRest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exchange._headers, "Prefer", "odata.maxpagesize=7")
    found = [item["Guid"] async for item in exchange._objects("Get-Mailbox")]
    assert len(found) == len(set(found)) > 14


async def test_failures_say_what_the_cmdlet_said(exchange: ExchangeRest, tenant: Tenant) -> None:
    with pytest.raises(NotFound, match="object 'nobody' couldn't be found"):
        await exchange.mailbox("nobody")
    with pytest.raises(UnknownCommand):
        await exchange._run("Get-Everything")
    fault(tenant, "/InvokeCommand$", status=503, count=1)
    with pytest.raises(Unavailable):
        await exchange.hide("reception@practice.example")


async def test_permission_or_role_missing_is_forbidden(tenant: Tenant) -> None:
    async with administering(tenant, "helpdesk") as exchange:
        with pytest.raises(Forbidden):
            await exchange.organisation_holds()
