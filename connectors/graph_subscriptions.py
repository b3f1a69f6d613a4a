"""Change notifications: Graph calls an address of ours when users or groups change (Microsoft Graph v1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from pydantic import SecretStr

from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import written


@dataclass(frozen=True)
class Subscription:
    """What is told to ``address`` until ``ends``. Source: Graph resource type ``subscription``."""

    id: str
    resource: str
    changes: str
    address: str
    ends: datetime

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """From an answer; the secret that comes back with it is left out."""
        ends = datetime.fromisoformat(body["expirationDateTime"])
        return cls(body["id"], body["resource"], body["changeType"], body["notificationUrl"], ends)


class Subscriptions:
    """Subscriptions to changes. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(
        self, resource: str, address: str, ends: datetime, secret: SecretStr, changes: str = "updated,deleted"
    ) -> Subscription:
        """Have changes of ``users``, ``groups`` or one of them told to an address, which is validated first.

        Every notification carries ``secret``, which shows that Graph sent it. ``POST /subscriptions`` → 201;
        User.Read.All or Group.Read.All, as the resource is. ``Refused`` for an address that does not answer, or an end
        more than 41,760 minutes away. Graph, subscription-post-subscriptions.
        """
        body = {
            "resource": resource,
            "changeType": changes,
            "notificationUrl": address,
            "expirationDateTime": written(ends),
            "clientState": secret.get_secret_value(),
        }
        return Subscription.read((await self._wire.request("POST", "/subscriptions", body=body)).json())

    async def all(self) -> list[Subscription]:
        """The application's own. ``GET /subscriptions``; User.Read.All or Group.Read.All. Graph, subscription-list."""
        return [Subscription.read(item) async for item in pages(self._wire, "/subscriptions")]

    async def renew(self, subscription_id: str, ends: datetime) -> Subscription:
        """Have it end later. Raises ``NotFound`` once it has ended.

        ``PATCH /subscriptions/{id}`` → 200; User.Read.All or Group.Read.All. Graph, subscription-update.
        """
        body = {"expirationDateTime": written(ends)}
        return Subscription.read((await self._wire.request("PATCH", _one(subscription_id), body=body)).json())

    async def end(self, subscription_id: str) -> None:
        """Be told no more; ``NotFound`` if it has ended.

        ``DELETE /subscriptions/{id}`` → 204; User.Read.All or Group.Read.All. Graph, subscription-delete.
        """
        await self._wire.request("DELETE", _one(subscription_id))


def _one(subscription_id: str) -> str:
    return f"/subscriptions/{quote(subscription_id, safe='')}"
