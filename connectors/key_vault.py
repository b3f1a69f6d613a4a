"""The secrets of one key vault (Key Vault REST API 7.4). Values are ``SecretStr``: they show themselves nowhere."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from connectors.answers import Answer
from connectors.errors import NotFound
from connectors.http import TokenSource, Wire

_VERSION = {"api-version": "7.4"}


class KeyVault:
    """Secrets of a vault. Least: the access policies named, or Key Vault Secrets Officer where the vault uses RBAC.

    ``host`` is the vault's host name where ``vault_url`` leads to it by another one (a private endpoint, or the
    practice tenant). Raises the types of ``connectors.errors``; a new role counts only after some minutes, until then
    ``Forbidden``. Source: learn.microsoft.com/rest/api/keyvault/secrets.
    """

    def __init__(
        self,
        vault_url: str,
        tokens: TokenSource,
        *,
        ca_file: Path | None = None,
        host: str | None = None,
        read_only: bool = False,
    ) -> None:
        self._headers = {"Host": host} if host else {}
        self._wire = Wire(vault_url, tokens, ca_file=ca_file, read_only=read_only, id_header="x-ms-client-request-id")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def names(self) -> list[str]:
        """The names of all secrets. ``GET /secrets``; policy ``list``."""
        return [str(item["id"]).rpartition("/")[2] async for item in self._values("/secrets")]

    async def get(self, name: str) -> SecretStr:
        """The newest value. ``GET /secrets/{name}``; policy ``get``. A disabled secret is ``Forbidden``."""
        return SecretStr((await self._call("GET", _secret(name))).json()["value"])

    async def set(self, name: str, value: SecretStr, tags: Mapping[str, str] | None = None) -> str:
        """Give a secret a new value; the version it has then.

        ``PUT /secrets/{name}``; policy ``set``. The name of a deleted secret is ``NameTaken`` until it is purged.
        """
        body: dict[str, Any] = {"value": value.get_secret_value()}
        if tags is not None:
            body["tags"] = dict(tags)
        return _version_of((await self._call("PUT", _secret(name), body)).json())

    async def versions(self, name: str) -> dict[str, bool]:
        """Version → enabled; an unknown secret has none. ``GET /secrets/{name}/versions``; policy ``list``."""
        items = self._values(f"{_secret(name)}/versions")
        return {_version_of(item): bool(item["attributes"]["enabled"]) async for item in items}

    async def disable(self, name: str, version: str) -> None:
        """Let nobody read one version any more. ``PATCH /secrets/{name}/{version}``; policy ``set``."""
        path = f"{_secret(name)}/{quote(version, safe='')}"
        await self._call("PATCH", path, {"attributes": {"enabled": False}})

    async def rotate(self, name: str, value: SecretStr) -> str:
        """Give a secret a new value and disable all older versions; the version it has then.

        As ``set``, then ``versions`` and ``disable``. Once more is once more a new
        version: whoever repeats it looks at ``versions`` first.
        """
        made = await self.set(name, value)
        for version, enabled in (await self.versions(name)).items():
            if enabled and version != made:
                await self.disable(name, version)
        return made

    async def delete(self, name: str) -> None:
        """Soft-delete a secret: it can be recovered for the vault's retention. Gone already: ``NotFound``.

        ``DELETE /secrets/{name}``; policy ``delete``. It shows among the deleted ones only some seconds later.
        """
        await self._call("DELETE", _secret(name))

    async def is_deleted(self, name: str) -> bool:
        """Has the deletion come through? ``GET /deletedsecrets/{name}``; policy ``get``."""
        try:
            await self._call("GET", _deleted(name))
        except NotFound:
            return False
        return True

    async def recover(self, name: str) -> None:
        """Bring a deleted secret back. ``POST /deletedsecrets/{name}/recover``; policy ``recover``."""
        await self._call("POST", f"{_deleted(name)}/recover")

    async def purge(self, name: str) -> None:
        """Delete a deleted secret for good. ``DELETE /deletedsecrets/{name}`` → 204; policy ``purge``.

        ``NotFound`` while the deletion has not come through; ``Forbidden`` with purge protection.
        """
        await self._call("DELETE", _deleted(name))

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        return await self._wire.request(method, path, query=_VERSION, body=body, headers=self._headers)

    async def _values(self, path: str) -> AsyncIterator[dict[str, Any]]:
        answer = (await self._call("GET", path)).json()
        while True:
            for item in answer.get("value") or ():
                yield item
            if not answer.get("nextLink"):
                return
            answer = (await self._wire.request("GET", _path_of(answer["nextLink"]), headers=self._headers)).json()


def _secret(name: str) -> str:
    return f"/secrets/{quote(name, safe='')}"


def _deleted(name: str) -> str:
    return f"/deletedsecrets/{quote(name, safe='')}"


def _version_of(body: Mapping[str, Any]) -> str:
    return str(body["id"]).rpartition("/")[2]


def _path_of(link: str) -> str:
    """A link without its host, which Key Vault writes with a port: it is asked of this vault, wherever it leads."""
    split = urlsplit(link)
    return f"{split.path}?{split.query}"
