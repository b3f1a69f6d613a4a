"""Authentication methods and temporary access passes of a person (Microsoft Graph v1.0)."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.graph_objects import AccessPass, Method
from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import written

_COLLECTIONS = {
    "phone": "phoneMethods",
    "email": "emailMethods",
    "fido2": "fido2Methods",
    "microsoftAuthenticator": "microsoftAuthenticatorMethods",
    "softwareOath": "softwareOathMethods",
    "windowsHelloForBusiness": "windowsHelloForBusinessMethods",
    "platformCredential": "platformCredentialMethods",
    "temporaryAccessPass": "temporaryAccessPassMethods",
}


class Authentication:
    """How a person signs in. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def methods(self, object_id: str) -> list[Method]:
        """All methods of a person, the password and passes among them.

        ``GET /users/{id}/authentication/methods``; UserAuthenticationMethod.Read.All. Graph,
        authentication-list-methods.
        """
        return [Method.read(item) async for item in pages(self._wire, f"{_root(object_id)}/methods")]

    async def delete_method(self, object_id: str, method: Method) -> None:
        """Remove a method; ``DefaultMethod`` while it is the default one and others are there: remove those first.

        ``DELETE /users/{id}/authentication/{phone|email|fido2|…}Methods/{id}`` → 204, ``NotFound`` if it is gone;
        UserAuthenticationMethod.ReadWrite.All. A kind that has no deletion is a ``ValueError``. Graph,
        phoneauthenticationmethod-delete, and so on.
        """
        if method.kind not in _COLLECTIONS:
            raise ValueError(f"a method of kind {method.kind!r} cannot be deleted")
        path = f"{_root(object_id)}/{_COLLECTIONS[method.kind]}/{quote(method.id, safe='')}"
        await self._wire.request("DELETE", path)

    async def create_pass(
        self, object_id: str, *, lifetime_minutes: int | None = None, once: bool = True, starts: datetime | None = None
    ) -> AccessPass:
        """Make a temporary access pass; its value is in this answer and never again. An earlier pass is gone then.

        ``POST /users/{id}/authentication/temporaryAccessPassMethods`` → 201; UserAuthMethod-TAP.ReadWrite.All.
        ``Refused`` where the policy does not allow it so. Graph, authentication-post-temporaryaccesspassmethods.
        """
        body: dict[str, Any] = {"isUsableOnce": once}
        if lifetime_minutes is not None:
            body["lifetimeInMinutes"] = lifetime_minutes
        if starts is not None:
            body["startDateTime"] = written(starts)
        answer = await self._wire.request("POST", f"{_root(object_id)}/temporaryAccessPassMethods", body=body)
        return AccessPass.model_validate(answer.json())

    async def passes(self, object_id: str) -> list[AccessPass]:
        """The passes of a person, without their values.

        ``GET /users/{id}/authentication/temporaryAccessPassMethods``; UserAuthMethod-TAP.Read.All. Graph,
        authentication-list-temporaryaccesspassmethods.
        """
        items = pages(self._wire, f"{_root(object_id)}/temporaryAccessPassMethods")
        return [AccessPass.model_validate(item) async for item in items]

    async def delete_pass(self, object_id: str, pass_id: str) -> None:
        """Remove a pass; ``NotFound`` if it is gone.

        ``DELETE /users/{id}/authentication/temporaryAccessPassMethods/{id}`` → 204; UserAuthMethod-TAP.ReadWrite.All.
        Graph, temporaryaccesspassauthenticationmethod-delete.
        """
        await self._wire.request(
            "DELETE", f"{_root(object_id)}/temporaryAccessPassMethods/{quote(pass_id, safe='')}"
        )  # fmt: skip


def _root(object_id: str) -> str:
    return f"/users/{quote(object_id, safe='')}/authentication"
