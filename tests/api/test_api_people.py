"""People: what HR said beside what the tenant says, grants with their source."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import NotFound
from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.tokens import EntraTokens
from ledger import Entry, Ledger, LifecyclePatch, PersonPatch
from settings import Settings
from tests.api.samples import somebody
from tests.api.serving import Api, fields, problem


@pytest.fixture
async def graph(settings: Settings) -> AsyncIterator[GraphClient]:
    assert settings.client_secret is not None
    tokens = EntraTokens(
        authority_url=settings.authority_url,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        scope=settings.graph_scope,
        client_secret=settings.client_secret.get_secret_value(),
        ca_file=settings.ca_file,
    )
    client = GraphClient(settings.graph_url, tokens, ca_file=settings.ca_file)
    yield client
    await client.aclose()


@pytest.fixture
async def account(graph: GraphClient) -> AsyncIterator[User]:
    """An account in Sales with a group, a licence of its own, one by group, and a directory role."""
    who = somebody()
    user = await graph.create_user(
        {
            "accountEnabled": True,
            "displayName": f"Picker {who}",
            "givenName": "Picker",
            "surname": who,
            "mailNickname": who,
            "userPrincipalName": f"{who}@practice.example",
            "employeeId": who,
            "department": "Sales",
            "usageLocation": "NL",
            "passwordProfile": {"password": "correct-Horse-9-battery", "forceChangePasswordNextSignIn": True},
        }
    )
    groups = [(await graph.groups_by_name(name))[0].id for name in ("Sales", "Licence AAD_PREMIUM_P2")]
    await seen(graph, user.id)
    assert set((await graph.add_to_groups(user.id, groups)).values()) == {None}
    sku = next(sku for sku in await graph.subscribed_skus() if sku.sku_part_number == "SPE_E3")
    await graph.assign_licence(user.id, sku.sku_id)
    role = next(role for role in await graph.role_definitions() if role.display_name == "Helpdesk Administrator")
    await graph.assign_role(user.id, role.id)
    yield user
    await graph.delete_user(user.id)


async def seen(graph: GraphClient, object_id: str) -> None:
    """Wait until the directory has heard of its new user."""
    for _ in range(100):
        try:
            await graph.user(object_id)
        except NotFound:
            await asyncio.sleep(0.1)
        else:
            return


async def grants(api: Api, employee_id: str) -> set[tuple[str, str, str]]:
    answer = await api.get(f"/people/{employee_id}", role="Iam.Approver")
    assert answer.status_code == 200, answer.text
    return {(grant["kind"], grant["name"], grant["source"]) for grant in answer.json()["grants"]}


async def test_grants_are_read_from_the_tenant_with_their_source(api: Api, account: User) -> None:
    who = account.user_principal_name.split("@")[0]
    expected = {
        ("group", "Sales", "direct"),
        ("group", "Sales (dynamic)", "dynamic"),
        ("licence", "SPE_E3", "direct"),
        ("licence", "AAD_PREMIUM_P2", "by group"),
        ("directory_role", "Helpdesk Administrator", "direct"),
    }
    for _ in range(50):
        if expected <= await grants(api, who):
            break
        await asyncio.sleep(0.2)
    assert expected <= await grants(api, who)


async def test_somebody_whom_only_the_tenant_knows_is_shown(api: Api, account: User) -> None:
    who = account.user_principal_name.split("@")[0]
    person = (await api.get(f"/people/{who}", role="Hr.Operator")).json()
    assert (person["employee_id"], person["object_id"], person["upn"]) == (
        who,
        account.id,
        account.user_principal_name,
    )
    assert (person["department"], person["account_enabled"], person["lifecycles"]) == ("Sales", True, [])


async def test_accounts_with_one_employee_id_are_not_guessed_at(api: Api, graph: GraphClient, account: User) -> None:
    who = account.user_principal_name.split("@")[0]
    body = {
        "accountEnabled": False,
        "displayName": "Picker again",
        "mailNickname": f"{who}2",
        "employeeId": who,
        "passwordProfile": {"password": "correct-Horse-9-battery", "forceChangePasswordNextSignIn": True},
    }
    guest = await graph.create_user(body | {"userPrincipalName": f"{who}g@practice.example", "userType": "Guest"})
    await seen(graph, guest.id)
    person = (await api.get(f"/people/{who}", role="Iam.Admin")).json()
    assert (person["object_id"], person["ambiguous"]) == (account.id, [])
    other = await graph.create_user(body | {"userPrincipalName": f"{who}2@practice.example"})
    for _ in range(50):
        person = (await api.get(f"/people/{who}", role="Iam.Admin")).json()
        if person["ambiguous"]:
            break
        await asyncio.sleep(0.2)
    assert (person["object_id"], person["grants"]) == (None, [])
    assert set(person["ambiguous"]) == {account.id, other.id}
    for user in (guest, other):
        await graph.delete_user(user.id)


async def test_somebody_whom_only_hr_knows_is_shown_with_their_lifecycles(api: Api, ledger: Ledger) -> None:
    who = somebody()
    said = {"given_name": "Ada", "family_name": "Byron", "hire_date": "2027-01-01", "personal_email": "a@b.example"}
    lifecycle_id = f"joiner:{who}:e1"
    ledger.append(
        Entry(f"event:{who}:e1", "event", "hr", who, "e1", lifecycle_id),
        person=PersonPatch(who, datetime.now(UTC), said),
        lifecycle=LifecyclePatch(lifecycle_id, status="scheduled"),
    )
    answer = await api.get(f"/people/{who}", role="Iam.Auditor")
    person: dict[str, Any] = answer.json()
    assert (person["given_name"], person["hire_date"]) == ("Ada", "2027-01-01")
    assert (person["object_id"], person["account_enabled"], person["grants"]) == (None, None, [])
    assert [lifecycle["id"] for lifecycle in person["lifecycles"]] == [lifecycle_id]
    assert "a@b.example" not in answer.text
    found = (await api.get("/people", role="Iam.Admin", params={"q": who})).json()
    assert [item["employee_id"] for item in found["items"]] == [who]


async def test_an_account_that_is_gone_gives_no_grants(api: Api, ledger: Ledger) -> None:
    who = somebody()
    person = PersonPatch(
        who, datetime.now(UTC), {"given_name": "Ada"}, object_id="00000000-0000-4000-8000-000000000000"
    )
    ledger.append(Entry(f"event:{who}:e1", "event", "hr", who, "e1"), person=person)
    answer = await api.get(f"/people/{who}", role="Iam.Auditor")
    assert (answer.status_code, answer.json()["grants"], answer.json()["account_enabled"]) == (200, [], None)


@pytest.mark.parametrize("who", ["nobody-at-all", "a%20b", "%00", "x" * 65])
async def test_somebody_whom_nobody_knows_is_404(api: Api, who: str) -> None:
    problem(await api.get(f"/people/{who}", role="Iam.Auditor"), 404)


async def _found(api: Api, account: User) -> None:
    """The search index is the last to show somebody new."""
    async with asyncio.timeout(5):
        while True:
            users = (await api.get("/graph/users", role="Iam.Admin", params={"q": "Picker"})).json()["items"]
            if account.user_principal_name in {user["user_principal_name"] for user in users}:
                return
            await asyncio.sleep(0.1)


async def test_pickers_find_users_and_groups_by_how_they_begin(api: Api, account: User) -> None:
    await _found(api, account)
    groups = (await api.get("/graph/groups", role="Iam.Admin", params={"q": "sales"})).json()["items"]
    assert {("Sales", "static"), ("Sales (dynamic)", "dynamic")} <= {
        (item["display_name"], item["kind"]) for item in groups
    }
    assert (await api.get("/graph/users?q=O'Nobody", role="Iam.Admin")).json()["items"] == []
    for query in ("", "?q=", "?q=%20", "?q=%00"):
        assert fields(await api.get(f"/graph/users{query}", role="Iam.Admin")) == {"q"}


async def test_a_tenant_that_does_not_answer_is_503(api: Api, tenant: Any) -> None:
    tenant.control("POST", "faults", path="/users", method="GET", status=503, code="serviceNotAvailable", count=20)
    try:
        answer = await api.get("/people/somebody-new", role="Iam.Auditor")
        problem(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1
    finally:
        tenant.control("POST", "faults", clear=True)
