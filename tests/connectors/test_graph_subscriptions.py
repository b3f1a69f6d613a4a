"""Change notifications through the connector, received on this machine."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from connectors.errors import NotFound, Refused
from connectors.graph import GraphClient
from tests.connectors.identities import hired
from tests.sandbox.receiver import receiving


async def test_changes_are_told_with_our_secret_until_it_is_ended(graph: GraphClient) -> None:
    ends = datetime.now(UTC) + timedelta(hours=2)
    with receiving() as receiver:
        made = await graph.subscriptions.create("users", receiver.url, ends, SecretStr("only we know"))
        assert "only we know" not in repr(made)
        assert made in await graph.subscriptions.all()
        user = await hired(graph)
        told = receiver.wait(1)[0]
        assert (told["resourceData"]["id"], told["clientState"]) == (user.id, "only we know")
        renewed = await graph.subscriptions.renew(made.id, ends + timedelta(hours=1))
        assert renewed.ends - made.ends == timedelta(hours=1)
        await graph.subscriptions.end(made.id)
        with pytest.raises(NotFound):
            await graph.subscriptions.end(made.id)


async def test_an_address_that_does_not_answer_is_refused(graph: GraphClient) -> None:
    with receiving() as receiver:
        receiver.validated_with = "something else"
        with pytest.raises(Refused):
            await graph.subscriptions.create(
                "users", receiver.url, datetime.now(UTC) + timedelta(hours=2), SecretStr("x")
            )
