"""What becomes of a mailbox without its licence: disconnected, purged, or kept by conversion or hold."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fidelity.checklist.hands import DAY_S, calling, status_of, switch
from tests.sandbox.graph_hands import SPE_E3, eventually, hire
from tests.sandbox.mailbox_hands import Exchange, administering
from tests.tenant import Tenant


@pytest.fixture
def exchange(tenant: Tenant) -> Iterator[Exchange]:
    """Exchange administration, which Graph has no calls for."""
    with administering(tenant) as exchange:
        yield exchange


def licence(graph: httpx.Client, key: str, *, remove: bool = False) -> None:
    """Give or take the licence with the mailbox."""
    add = [] if remove else [{"skuId": SPE_E3, "disabledPlans": []}]
    body = {"addLicenses": add, "removeLicenses": [SPE_E3] if remove else []}
    assert graph.post(f"/v1.0/users/{key}/assignLicense", json=body).status_code == 200


def box(key: str) -> str:
    """The address of somebody's settings."""
    return f"/v1.0/users/{key}/mailboxSettings"


@pytest.fixture
def key(graph: httpx.Client) -> str:
    """Somebody with a mailbox that remembers something."""
    one = hire(graph)
    licence(graph, one)
    status_of(graph, box(one), 200)
    assert graph.patch(box(one), json={"timeZone": "W. Europe Standard Time"}).status_code == 200
    return one


def test_without_the_licence_it_is_disconnected_and_can_be_connected_again(
    graph: httpx.Client, exchange: Exchange, key: str
) -> None:
    licence(graph, key, remove=True)
    assert graph.get(box(key)).json()["error"]["code"] == "MailboxNotEnabledForRESTAPI"
    gone = exchange.run("Get-Mailbox", Identity=key, SoftDeletedMailbox=True)[0]
    assert gone["IsSoftDeletedByDisable"] is True
    licence(graph, key)
    assert status_of(graph, box(key), 200).json()["timeZone"] == "W. Europe Standard Time"


@pytest.mark.parametrize(("days", "zone"), [(29, "W. Europe Standard Time"), (31, "UTC")])
def test_it_is_purged_after_thirty_days(tenant: Tenant, graph: httpx.Client, key: str, days: int, zone: str) -> None:
    licence(graph, key, remove=True)
    graph.get(box(key))
    switch(tenant, clock_offset_s=days * DAY_S)
    with calling(tenant) as later:
        licence(later, key)
        assert status_of(later, box(key), 200).json()["timeZone"] == zone


def test_conversion_takes_its_time_and_must_come_before(
    tenant: Tenant, graph: httpx.Client, exchange: Exchange, key: str
) -> None:
    switch(tenant, mailbox_delay_ms=400)
    exchange.run("Set-Mailbox", Identity=key, Type="Shared")
    assert graph.get(box(key)).json()["userPurpose"] == "user"
    eventually(lambda: graph.get(box(key)).json()["userPurpose"] == "shared")
    licence(graph, key, remove=True)
    assert graph.get(box(key)).json()["userPurpose"] == "shared"
    switch(tenant, clock_offset_s=31 * DAY_S)
    with calling(tenant) as later:
        assert later.get(box(key)).json()["timeZone"] == "W. Europe Standard Time"


def test_a_licence_removed_before_the_conversion_is_through_takes_the_mailbox(
    tenant: Tenant, graph: httpx.Client, exchange: Exchange, key: str
) -> None:
    switch(tenant, mailbox_delay_ms=400)
    exchange.run("Set-Mailbox", Identity=key, Type="Shared")
    licence(graph, key, remove=True)
    assert graph.get(box(key)).status_code == 404
    exchange.fails(404, "ManagementObjectNotFoundException", "Set-Mailbox", Identity=key, Type="Shared")


def test_a_hold_keeps_it_beyond_thirty_days(tenant: Tenant, graph: httpx.Client, exchange: Exchange, key: str) -> None:
    exchange.run("Set-Mailbox", Identity=key, LitigationHoldEnabled=True)
    licence(graph, key, remove=True)
    assert graph.get(box(key)).status_code == 404
    assert exchange.run("Get-Mailbox", Identity=key, InactiveMailboxOnly=True)[0]["LitigationHoldEnabled"] is True
    switch(tenant, clock_offset_s=31 * DAY_S)
    with calling(tenant) as later:
        licence(later, key)
        assert status_of(later, box(key), 200).json()["timeZone"] == "W. Europe Standard Time"
