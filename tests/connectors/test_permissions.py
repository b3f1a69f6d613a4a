"""The table of permissions, and how what is granted and what is answered are judged together."""

import pytest

from connectors.azure_rights import NEEDS, Held, Need, Permissions
from connectors.clients import Clients
from connectors.errors import Forbidden, NotFound, Throttled, WireError
from connectors.permission_check import Granted, State, examine, granted_to, judge
from connectors.permissions import EXCHANGE, GRAPH, NOBODY, PERMISSIONS, Permission, Probe, needless, wanted
from tests.connectors.applications import application, settings_of
from tests.tenant import Tenant

SURE = Permission("Thing.ReadWrite.All", "1", "does things", (Probe("DELETE", f"/things/{NOBODY}", proves=True),))
UNSURE = Permission("Thing.ReadWrite.All", "1", "does things", (Probe("DELETE", f"/things/{NOBODY}"),))
NO, ABSENT, LATER = Forbidden("no", status=403), NotFound("gone", status=404), Throttled("later", status=429)


@pytest.mark.parametrize(
    ("permission", "granted", "answer", "state"),
    [
        (SURE, {SURE.name}, ABSENT, "there"),
        (SURE, set(), ABSENT, "there"),
        (SURE, None, ABSENT, "there"),
        (SURE, set(), NO, "missing"),
        (SURE, None, NO, "missing"),
        (SURE, {SURE.name}, NO, "refused"),
        (SURE, {SURE.name}, LATER, "unknown"),
        (UNSURE, {UNSURE.name}, ABSENT, "there"),
        (UNSURE, set(), ABSENT, "missing"),
        (UNSURE, None, ABSENT, "unknown"),
    ],
)
def test_what_is_granted_and_what_is_answered_make_one_verdict(
    permission: Permission, granted: set[str] | None, answer: WireError, state: State
) -> None:
    assert judge(permission, granted, [answer]).state == state


def test_one_refused_call_of_several_is_enough() -> None:
    assert judge(SURE, set(), [None, ABSENT, NO]).error is NO


def test_a_permission_that_contains_another_stands_for_it() -> None:
    members = next(one for one in PERMISSIONS if one.name == "GroupMember.ReadWrite.All")
    assert judge(members, {"Group.ReadWrite.All"}, [ABSENT]).state == "there"
    assert judge(members, {"Group.ReadWrite.All"}, [NO]).state == "refused"


def test_nothing_is_asked_for_that_something_else_asked_for_contains() -> None:
    names = {one.name for one in wanted()}
    assert {"Group.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "Exchange.ManageAsApp"} <= names
    assert names.isdisjoint(inner for one in wanted() for inner in one.contains)


def test_a_company_without_a_feature_is_asked_for_less() -> None:
    without = {one.name for one in wanted({"owners", "roles", "exchange", "teams"})}
    assert {"GroupMember.ReadWrite.All", "RoleEligibilitySchedule.ReadWrite.Directory"} <= without
    assert without.isdisjoint({"Group.ReadWrite.All", "TeamMember.ReadWrite.All", "Exchange.ManageAsApp"})


def test_what_is_granted_without_need_is_named_but_not_what_a_needed_one_contains() -> None:
    granted = {"Mail.Send", "Mail.ReadWrite", "User.RevokeSessions.All", "Group.ReadWrite.All"}
    assert needless(granted, GRAPH) == ["Mail.ReadWrite"]
    assert needless(granted, GRAPH, {"owners"}) == ["Group.ReadWrite.All", "Mail.ReadWrite"]
    assert needless({"Exchange.ManageAsApp"}, EXCHANGE, {"exchange"}) == ["Exchange.ManageAsApp"]


def test_every_probe_is_a_read_or_names_nobody() -> None:
    for permission in PERMISSIONS:
        assert permission.probes or permission.resource == EXCHANGE
        for probe in permission.probes:
            assert probe.method == "GET" or NOBODY in probe.path or NOBODY in str(probe.body), probe


async def test_ids_and_names_are_those_that_the_tenant_has(tenant: Tenant) -> None:
    async with Clients(settings_of(tenant)) as clients:
        for resource in (GRAPH, EXCHANGE):
            roles = await clients.graph().tenancy.app_roles(resource.app_id)
            ours = {one.id: one.name for one in PERMISSIONS if one.resource == resource}
            assert ours == {key: roles.get(key) for key in ours}
    assert len({one.id for one in PERMISSIONS}) == len({one.name for one in PERMISSIONS}) == len(PERMISSIONS)


async def test_the_least_set_is_all_that_is_called_for(tenant: Tenant) -> None:
    asked = [one for one in wanted() if one.resource == GRAPH]
    with application(tenant) as mine:
        mine.grant(one.name for one in asked)
        async with Clients(mine.settings()) as clients:
            graph = clients.graph()
            granted = await granted_to(graph, mine.object_id, [GRAPH.app_id])
            verdicts = await examine(graph, asked, granted)
    assert [verdict for verdict in verdicts if verdict.state != "there"] == []
    assert needless((granted.names or {})[GRAPH.app_id], GRAPH) == []


async def test_probes_of_all_permissions_change_nothing(tenant: Tenant) -> None:
    before = tenant.mark()
    async with Clients(settings_of(tenant)) as clients:
        await examine(clients.graph(), PERMISSIONS, Granted())
    rows = [row for row in tenant.requests(before) if not row["path"].endswith("/$batch")]
    assert len([row for row in rows if row.get("batch")]) == sum(len(one.probes) for one in PERMISSIONS)
    assert [row for row in rows if row["mutating"] and row["status"] < 400] == []


def test_a_role_that_excludes_an_action_does_not_take_it_from_another_role() -> None:
    need = Need("gives roles", "User Access Administrator", ("Microsoft.Authorization/roleAssignments/write",))
    contributor = Permissions(("*",), ("Microsoft.Authorization/*/Write",))
    administrator = Permissions(("Microsoft.Authorization/*",), ())
    assert Held((contributor,)).missing(need) == list(need.actions)
    assert Held((contributor, administrator)).missing(need) == []


def test_the_roles_named_have_the_actions_they_are_named_for() -> None:
    owner = Held((Permissions(("*",), ()),))
    assert [need.purpose for need in NEEDS if owner.missing(need)] == []
    reader = Held((Permissions(("*/read",), ()),))
    assert [need.role for need in NEEDS if not reader.missing(need)] == ["Reader"]
