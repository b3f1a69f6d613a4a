"""Following the directory's changes by delta queries (Graph, "Use delta query to track changes")."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.errors import Refused
from connectors.http import Wire

_LOST = frozenset({"syncstatenotfound", "resyncrequired"})
_SUFFIX = "@delta"

Removed = Literal["changed", "deleted"]


@dataclass(frozen=True)
class Moved:
    """Somebody in a relation (a member, a manager): there now, or gone from it."""

    id: str
    odata_type: str | None
    gone: bool


@dataclass(frozen=True)
class Change:
    """One object of a round, as it is now; it may come again, and in any order.

    ``removed`` is ``changed`` for one in the recycle bin, ``deleted`` for one that cannot come back, else None.
    """

    id: str
    removed: Removed | None
    properties: Mapping[str, Any] = field(default_factory=dict)
    relations: Mapping[str, Sequence[Moved]] = field(default_factory=dict)

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> "Change":
        """The change of an item of Graph's answer."""
        gone = item.get("@removed")
        relations = {
            name.removesuffix(_SUFFIX): tuple(_moved(one) for one in value)
            for name, value in item.items()
            if name.endswith(_SUFFIX)
        }
        properties = {name: value for name, value in item.items() if "@" not in name}
        return cls(str(item["id"]), gone and gone.get("reason", "deleted"), properties, relations)


def _moved(item: Mapping[str, Any]) -> Moved:
    return Moved(str(item["id"]), item.get("@odata.type"), "@removed" in item)


@dataclass(frozen=True)
class DeltaPage:
    """Part of a round. ``link`` stands on the last page only: keep it, it is where the next round begins.

    ``full`` says that the round tells everything there is, so what it does not mention is gone. Where a page is the
    first of a full round that nobody asked for, ``restarted`` is True: forget what this round told so far.
    """

    changes: Sequence[Change]
    link: str | None
    full: bool
    restarted: bool = False


class Delta:
    """Changes of users and groups."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def users(self, link: str | None = None, *, select: Sequence[str] = (), size: int | None = None) -> "Round":
        """A round of ``GET /users/delta``; ``manager`` may be selected too. User.Read.All. Source: Graph, user-delta.

        Without a link everything there is. Iterating raises the types of ``connectors.errors``; a link that counts no
        longer (410, or 4xx ``syncStateNotFound`` after seven days) makes it a full round by itself.
        """
        return Round(self._wire, "/users/delta", link, select, size)

    def groups(self, link: str | None = None, *, select: Sequence[str] = (), size: int | None = None) -> "Round":
        """A round of ``GET /groups/delta``; members come with it unless other properties are selected.

        Group.Read.All, or GroupMember.Read.All for members alone. Source: Graph, group-delta. As ``users`` otherwise.
        """
        return Round(self._wire, "/groups/delta", link, select, size)

    async def latest_users(self, *, select: Sequence[str] = ()) -> str:
        """The link from which on changes are wanted, without reading anybody. ``GET /users/delta?$deltatoken=latest``.

        User.Read.All. Source: Graph, delta-query-overview ("sync from now").
        """
        return await self._latest("/users/delta", select)

    async def latest_groups(self, *, select: Sequence[str] = ()) -> str:
        """The same for groups.

        ``GET /groups/delta?$deltatoken=latest``; Group.Read.All. Graph, delta-query-overview.
        """
        return await self._latest("/groups/delta", select)

    async def _latest(self, path: str, select: Sequence[str]) -> str:
        query = {"$deltatoken": "latest", **({"$select": ",".join(select)} if select else {})}
        return str((await self._wire.request("GET", path, query=query)).json()["@odata.deltaLink"])


class Round:
    """The pages of one round, to be iterated once."""

    def __init__(self, wire: Wire, path: str, link: str | None, select: Sequence[str], size: int | None) -> None:
        self._wire, self._path, self._link = wire, path, link
        self._query = {"$select": ",".join(select)} if select else {}
        self._headers = {"Prefer": f"odata.maxpagesize={size}"} if size else {}

    async def __aiter__(self) -> AsyncIterator[DeltaPage]:
        """Each page as it comes; a reset by the other side begins anew."""
        full, following, restarted = self._link is None, self._link, False
        while True:
            try:
                body = await self._page(following)
            except Refused as error:
                if following is None or not _lost(error):
                    raise
                full, following, restarted = True, None, True
                continue
            changes = [Change.read(item) for item in body.get("value", [])]
            following = body.get("@odata.nextLink")
            yield DeltaPage(changes, body.get("@odata.deltaLink"), full, restarted)
            restarted = False
            if following is None:
                return

    async def _page(self, link: str | None) -> dict[str, Any]:
        query = self._query if link is None else None
        answer = await self._wire.request("GET", link or self._path, query=query, headers=self._headers)
        return answer.json()


def _lost(error: Refused) -> bool:
    return error.status == 410 or (error.code or "").lower() in _LOST
