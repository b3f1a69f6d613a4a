"""The client of authentication methods and temporary access passes against the practice tenant."""

from typing import Any

import pytest

from connectors.errors import DefaultMethod, Forbidden, NotFound, Refused
from connectors.graph import GraphClient
from connectors.graph_objects import Method
from tests.connectors.company import employees
from tests.connectors.identities import eventually, hired, tokens
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant) -> None:
    """Nothing here is about the lag of replicas."""
    tenant.control("POST", "settings", lag_ms=0)


async def _methods(graph: GraphClient, object_id: str, *, count: int) -> list[Method] | None:
    found = await graph.authentication.methods(object_id)
    return found if len(found) == count else None


async def _with_two_factors(graph: GraphClient) -> str:
    """Somebody of the seeded company who has an authenticator and a phone."""
    async for user in employees(graph):
        kinds = {method.kind for method in await graph.authentication.methods(user.id)}
        if {"phone", "microsoftAuthenticator"} <= kinds:
            return user.id
    raise AssertionError("nobody has two factors")


async def test_methods_have_kinds_and_the_password_stays(graph: GraphClient) -> None:
    user = await hired(graph)
    (password,) = await graph.authentication.methods(user.id)
    assert (password.kind, password.removable) == ("password", False)
    with pytest.raises(ValueError, match="password"):
        await graph.authentication.delete_method(user.id, password)


async def test_the_default_method_goes_last(graph: GraphClient) -> None:
    user = await _with_two_factors(graph)
    held = [method for method in await graph.authentication.methods(user) if method.removable]
    refused: list[Method] = []
    for method in held:
        try:
            await graph.authentication.delete_method(user, method)
        except DefaultMethod:
            refused.append(method)
    assert len(refused) == 1
    await graph.authentication.delete_method(user, refused[0])
    assert await eventually(lambda: _methods(graph, user, count=1))
    with pytest.raises(NotFound):
        await graph.authentication.delete_method(user, refused[0])


async def test_a_pass_is_made_listed_without_its_value_and_deleted(graph: GraphClient) -> None:
    user = await hired(graph)
    made = await graph.authentication.create_pass(user.id, lifetime_minutes=60)
    assert made.value is not None
    value = made.value.get_secret_value()
    assert len(value) >= 8
    assert value not in repr(made)
    assert value not in str(made.model_dump())
    (listed,) = await eventually(lambda: graph.authentication.passes(user.id))
    assert (listed.id, listed.value, listed.is_usable) == (made.id, None, True)
    await graph.authentication.delete_pass(user.id, made.id)
    assert await eventually(lambda: _none_left(graph, user.id))
    with pytest.raises(NotFound):
        await graph.authentication.delete_pass(user.id, made.id)


async def _none_left(graph: GraphClient, object_id: str) -> bool:
    return not await graph.authentication.passes(object_id)


@pytest.mark.parametrize("asked", [{"lifetime_minutes": 1}, {"lifetime_minutes": 50_000}])
async def test_a_pass_that_the_policy_does_not_allow_is_refused(graph: GraphClient, asked: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="LifetimeInMinutes"):
        await graph.authentication.create_pass((await hired(graph)).id, **asked)


async def test_methods_take_a_permission(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    limited = GraphClient(tenant.base_url, tokens(tenant, "limited"), ca_file=tenant.ca_file)
    with pytest.raises(Forbidden):
        await limited.authentication.methods(user.id)
    await limited.aclose()
