"""A person's OneDrive through Microsoft Graph v1.0: who may see it.

An application cannot have a drive made; methods raise ``NoDrive`` while there is none. A drive outlives its user by the
tenant's retention, so it is addressed by its own id once that is known.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from connectors.collaboration_models import Drive, ItemPermission
from connectors.errors import NoDrive
from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import written

Role = Literal["read", "write"]


class Files:
    """Drives and the permissions on them. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def drive(self, object_id: str) -> Drive:
        """A person's drive. ``GET /users/{id}/drive``; Files.Read.All. Raises ``NoDrive``. Graph, drive-get."""
        body = (await self._wire.request("GET", f"/users/{quote(object_id, safe='')}/drive")).json()
        return Drive(body["id"], body.get("webUrl") or "", int((body.get("quota") or {}).get("used") or 0))

    async def drive_or_none(self, object_id: str) -> Drive | None:
        """The same as ``drive``; None instead of ``NoDrive``."""
        try:
            return await self.drive(object_id)
        except NoDrive:
            return None

    async def share(
        self, drive_id: str, emails: Sequence[str], role: Role = "write", *, expires: datetime | None = None
    ) -> list[ItemPermission]:
        """Let people of the tenant into the whole drive, without telling them, until ``expires`` if given.

        ``POST /drives/{d}/items/root/invite`` → 200; Files.ReadWrite.All. Somebody who is not in the tenant is
        ``NobodyToInvite``. Doing it again changes nothing. Graph, driveitem-invite.
        """
        body = {
            "recipients": [{"email": email} for email in emails],
            "requireSignIn": True,
            "sendInvitation": False,
            "roles": [role],
            **({"expirationDateTime": written(expires)} if expires else {}),
        }
        answer = await self._wire.request("POST", f"{_root(drive_id)}/invite", body=body)
        return [ItemPermission.read(item) for item in answer.json().get("value", [])]

    async def permissions(self, drive_id: str) -> list[ItemPermission]:
        """Who may do what with the whole drive, its owner included.

        ``GET /drives/{d}/items/root/permissions``; Files.Read.All. Graph, driveitem-list-permissions.
        """
        return [ItemPermission.read(item) async for item in pages(self._wire, f"{_root(drive_id)}/permissions")]

    async def limit(self, drive_id: str, permission_id: str, expires: datetime) -> None:
        """Let a permission on the whole drive end.

        ``PATCH /drives/{d}/items/root/permissions/{p}`` → 200; Files.ReadWrite.All. Graph, permission-update.
        """
        path = f"{_root(drive_id)}/permissions/{quote(permission_id, safe='')}"
        await self._wire.request("PATCH", path, body={"expirationDateTime": written(expires)})

    async def revoke(self, drive_id: str, permission_id: str) -> None:
        """Take a permission on the whole drive away; ``NotFound`` if it is gone.

        ``DELETE /drives/{d}/items/root/permissions/{p}`` → 204; Files.ReadWrite.All. Graph, permission-delete.
        """
        await self._wire.request("DELETE", f"{_root(drive_id)}/permissions/{quote(permission_id, safe='')}")


def _root(drive_id: str) -> str:
    return f"/drives/{quote(drive_id, safe='!')}/items/root"
