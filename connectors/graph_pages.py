"""Reading a Graph collection page by page."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from connectors.http import Wire


async def pages(
    wire: Wire,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    cost: float = 1,
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """The items of all pages; a page may be empty and still have a next one, headers are repeated on each.

    Source: Graph, "Paging Microsoft Graph data in your app".
    """
    body = (await wire.request("GET", path, query=query or {}, headers=headers, cost=cost)).json()
    while True:
        for item in body.get("value", []):
            yield item
        following = body.get("@odata.nextLink")
        if not following:
            return
        body = (await wire.request("GET", following, headers=headers, cost=cost)).json()
