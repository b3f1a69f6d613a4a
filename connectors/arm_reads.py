"""What all parts of the Resource Manager client share: addresses with an ``api-version``, and lists page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from connectors.answers import Answer
from connectors.http import Wire


def address(resource_id: str, rest: str = "") -> str:
    """A resource id as the path of a request; anything that is no id (``ValueError``) is not sent anywhere."""
    if resource_id and not resource_id.startswith("/"):
        raise ValueError(f"{resource_id!r} is no resource id: it begins with a slash")
    return quote(resource_id.rstrip("/"), safe="/()-_.~") + rest


def group_id(subscription_id: str, name: str) -> str:
    """The id of a resource group."""
    return f"/subscriptions/{subscription_id}/resourceGroups/{name}"


class ArmPart:
    """One part of the client: its requests all carry the same ``api-version``.

    Raises the types of ``connectors.errors``; ``Forbidden`` is ``AuthorizationFailed``: a role is missing.
    """

    version = ""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> Answer:
        """One request; ``reads`` tells that a POST changes nothing."""
        asked = {"api-version": self.version, **(query or {})}
        return await self._wire.request(method, path, query=asked, body=body, writes=0 if reads else None)

    async def _values(self, path: str, query: Mapping[str, str] | None = None) -> AsyncIterator[dict[str, Any]]:
        """The items of a list, page by page; ``nextLink`` is called as it stands, empty pages are turned."""
        answer = (await self._call("GET", path, query=query)).json()
        while True:
            for item in answer.get("value") or ():
                yield item
            link = answer.get("nextLink")
            if not link:
                return
            answer = (await self._wire.request("GET", link)).json()
