"""The tenant's logs: who else has changed an object, and who has signed in. Rows come minutes after the fact."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import literal, written


@dataclass(frozen=True)
class Actor:
    """Who did it: a person, or an application with its two ids."""

    name: str | None
    user_id: str | None = None
    app_id: str | None = None
    service_principal_id: str | None = None

    @property
    def ids(self) -> frozenset[str]:
        """All ids it is known by."""
        return frozenset(one for one in (self.user_id, self.app_id, self.service_principal_id) if one)


@dataclass(frozen=True)
class Property:
    """One property that changed, old and new as the log writes them (JSON)."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Entry:
    """One activity of the directory's audit log."""

    id: str
    at: datetime
    activity: str
    category: str
    succeeded: bool
    actor: Actor
    correlation_id: str | None
    target_ids: tuple[str, ...]
    properties: tuple[Property, ...]

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """From Graph's resource type directoryAudit."""
        targets = item.get("targetResources") or ()
        changed = [one for target in targets for one in target.get("modifiedProperties") or ()]
        return cls(
            id=str(item["id"]),
            at=datetime.fromisoformat(item["activityDateTime"]),
            activity=str(item.get("activityDisplayName")),
            category=str(item.get("category")),
            succeeded=item.get("result") == "success",
            actor=_actor(item.get("initiatedBy") or {}),
            correlation_id=item.get("correlationId"),
            target_ids=tuple(str(target["id"]) for target in targets if target.get("id")),
            properties=tuple(Property(one["displayName"], one.get("oldValue"), one.get("newValue")) for one in changed),
        )


@dataclass(frozen=True)
class SignIn:
    """One attempt to sign in; ``error_code`` is the AADSTS number, 0 for success."""

    id: str
    at: datetime
    app_id: str | None
    app_name: str | None
    error_code: int
    interactive: bool

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        """From Graph's resource type signIn."""
        return cls(
            id=str(item["id"]),
            at=datetime.fromisoformat(item["createdDateTime"]),
            app_id=item.get("appId"),
            app_name=item.get("appDisplayName"),
            error_code=int((item.get("status") or {}).get("errorCode") or 0),
            interactive=bool(item.get("isInteractive")),
        )


class AuditLogs:
    """Reads the logs: five requests in ten seconds, then ``Throttled``. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def changes(self, object_id: str, since: datetime) -> list[Entry]:
        """What was done to an object since a moment, newest first, by whomever.

        ``GET /auditLogs/directoryAudits?$filter=activityDateTime ge … and targetResources/any(t: t/id eq '…')``;
        AuditLog.Read.All. Raises ``Forbidden``. Graph, directoryaudit-list.
        """
        condition = f"activityDateTime ge {written(since)} and targetResources/any(t: t/id eq {literal(object_id)})"
        items = pages(self._wire, "/auditLogs/directoryAudits", {"$filter": condition})
        return [Entry.read(item) async for item in items]

    async def changes_by_others(self, object_id: str, since: datetime, own_ids: Iterable[str]) -> list[Entry]:
        """What somebody else has done to an object since a moment, which is what explains a drift, newest first.

        ``own_ids`` are the caller's client id and object id. The same call as ``changes``: the log cannot be asked for
        all but one.
        """
        own = frozenset(own_ids)
        return [entry for entry in await self.changes(object_id, since) if not entry.actor.ids & own]

    async def sign_ins(self, object_id: str, since: datetime) -> list[SignIn]:
        """A person's attempts to sign in since a moment, newest first.

        ``GET /auditLogs/signIns?$filter=userId eq '…' and createdDateTime ge …``; AuditLog.Read.All. Graph,
        signin-list.
        """
        condition = f"userId eq {literal(object_id)} and createdDateTime ge {written(since)}"
        items = pages(self._wire, "/auditLogs/signIns", {"$filter": condition})
        return [SignIn.read(item) async for item in items]

    async def last_sign_in(self, object_id: str) -> datetime | None:
        """When a person last signed in with success; None if never, or not in the log yet.

        ``GET /users/{id}?$select=signInActivity``, by object id only; AuditLog.Read.All beside User.Read.All. Raises
        ``NotFound``. Graph, user-get (signInActivity).
        """
        query = {"$select": "id,signInActivity"}
        body = (await self._wire.request("GET", f"/users/{quote(object_id, safe='')}", query=query)).json()
        moment = (body.get("signInActivity") or {}).get("lastSuccessfulSignInDateTime")
        return datetime.fromisoformat(moment) if moment else None


def _actor(initiated_by: Mapping[str, Any]) -> Actor:
    user, app = initiated_by.get("user") or {}, initiated_by.get("app") or {}
    if user.get("id"):
        return Actor(user.get("displayName") or user.get("userPrincipalName"), user_id=user["id"])
    return Actor(app.get("displayName"), app_id=app.get("appId"), service_principal_id=app.get("servicePrincipalId"))
