"""People around a person, and the recycle bin (Microsoft Graph v1.0)."""

from urllib.parse import quote

from connectors.graph_models import USER_SELECT, User
from connectors.graph_pages import pages
from connectors.http import Wire

_BIN = "/directory/deletedItems"
_PAGE = {"$top": "999"}


class People:
    """Direct reports, sponsors, and who was deleted. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire, origin: str) -> None:
        self._wire, self._origin = wire, origin

    async def direct_reports(self, object_id: str) -> list[str]:
        """The object ids of those whose manager somebody is.

        ``GET /users/{id}/directReports?$select=id``; User.Read.All. Raises ``NotFound``. Graph,
        user-list-directreports.
        """
        return await self._ids(f"{_user(object_id)}/directReports")

    async def sponsors(self, object_id: str) -> list[str]:
        """The object ids of the users and groups that answer for somebody's being here.

        ``GET /users/{id}/sponsors?$select=id``; User.Read.All. Raises ``NotFound``. Graph, user-list-sponsors.
        """
        return await self._ids(f"{_user(object_id)}/sponsors")

    async def add_sponsor(self, object_id: str, sponsor_id: str) -> None:
        """Have a user or group answer for somebody; once more is ``AlreadyMember``, a sixth ``Refused``.

        ``POST /users/{id}/sponsors/$ref`` → 204; User.ReadWrite.All. Graph, user-post-sponsors.
        """
        body = {"@odata.id": f"{self._origin}/v1.0/directoryObjects/{sponsor_id}"}
        await self._wire.request("POST", f"{_user(object_id)}/sponsors/$ref", body=body)

    async def remove_sponsor(self, object_id: str, sponsor_id: str) -> None:
        """Have somebody answer no more; ``NotFound`` for who does not.

        ``DELETE /users/{id}/sponsors/{sponsor}/$ref`` → 204; User.ReadWrite.All. Graph, user-delete-sponsors.
        """
        await self._wire.request("DELETE", f"{_user(object_id)}/sponsors/{quote(sponsor_id, safe='')}/$ref")

    async def deleted(self) -> list[User]:
        """Everybody who was deleted in the last 30 days.

        ``GET /directory/deletedItems/microsoft.graph.user``; User.Read.All. Graph, directory-deleteditems-list.
        """
        items = pages(self._wire, f"{_BIN}/microsoft.graph.user", {**_PAGE, "$select": USER_SELECT})
        return [User.read(item) async for item in items]

    async def purge(self, object_id: str) -> None:
        """Delete a deleted user for good; ``NotFound`` if gone already, or not deleted yet.

        ``DELETE /directory/deletedItems/{id}`` → 204; User.DeleteRestore.All. Graph, directory-deleteditems-delete.
        """
        await self._wire.request("DELETE", f"{_BIN}/{quote(object_id, safe='')}")

    async def _ids(self, path: str) -> list[str]:
        return [str(item["id"]) async for item in pages(self._wire, path, {**_PAGE, "$select": "id"}, cost=2)]


def _user(object_id: str) -> str:
    return f"/users/{quote(object_id, safe='')}"
