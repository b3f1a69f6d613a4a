"""Storage accounts, their keys and their containers."""

from typing import Literal

from connectors.arm_models import Resource, StorageKey
from connectors.arm_reads import ArmPart, address

KeyName = Literal["key1", "key2"]


class StorageAccounts(ArmPart):
    """Accounts, keys, containers. Least role: Storage Account Contributor; for keys alone the Key Operator's.

    Source: learn.microsoft.com/rest/api/storagerp/storage-accounts.
    """

    version = "2024-01-01"

    async def all(self, subscription_id: str) -> list[Resource]:
        """Every account of a subscription.

        ``GET /subscriptions/{id}/providers/Microsoft.Storage/storageAccounts``; Microsoft.Storage/storageAccounts/read.
        """
        path = address(f"/subscriptions/{subscription_id}", "/providers/Microsoft.Storage/storageAccounts")
        return [Resource.read(item) async for item in self._values(path)]

    async def keys(self, resource_id: str) -> list[StorageKey]:
        """Both keys of an account; whoever reads them can do everything there.

        ``POST {account}/listKeys``; Microsoft.Storage/storageAccounts/listKeys/action. It changes nothing, yet a
        read-only lock forbids it (``Locked``).
        """
        answer = await self._call("POST", address(resource_id, "/listKeys"), reads=True)
        return [StorageKey.read(item) for item in answer.json()["keys"]]

    async def regenerate(self, resource_id: str, key_name: KeyName) -> StorageKey:
        """Renew one key: the old one is refused from then on. The other is left as it is.

        ``POST {account}/regenerateKey``; Microsoft.Storage/storageAccounts/regenerateKey/action. Whether it was done
        shows in the key's ``created``.
        """
        answer = await self._call("POST", address(resource_id, "/regenerateKey"), {"keyName": key_name})
        keys = [StorageKey.read(item) for item in answer.json()["keys"]]
        return next(key for key in keys if key.name == key_name)

    async def containers(self, resource_id: str) -> list[str]:
        """The names of an account's blob containers.

        ``GET {account}/blobServices/default/containers``;
        Microsoft.Storage/storageAccounts/blobServices/containers/read. Source:
        learn.microsoft.com/rest/api/storagerp/blob-containers/list.
        """
        path = address(resource_id, "/blobServices/default/containers")
        return [str(item["name"]) async for item in self._values(path)]

    async def create_container(self, resource_id: str, name: str) -> bool:
        """Make a container without public access; False if it was there.

        ``PUT {account}/blobServices/default/containers/{name}`` → 201 or 200;
        Microsoft.Storage/storageAccounts/blobServices/containers/write. A name that blob storage does not take is
        ``Refused``. Source: learn.microsoft.com/rest/api/storagerp/blob-containers/create.
        """
        path = address(f"{resource_id}/blobServices/default/containers/{name}")
        return (await self._call("PUT", path, {"properties": {"publicAccess": "None"}})).status == 201

    async def delete_container(self, resource_id: str, name: str) -> bool:
        """Delete a container with its blobs; False if it was gone already.

        ``DELETE {account}/blobServices/default/containers/{name}`` → 200 or 204;
        Microsoft.Storage/storageAccounts/blobServices/containers/delete. Source:
        learn.microsoft.com/rest/api/storagerp/blob-containers/delete.
        """
        path = address(f"{resource_id}/blobServices/default/containers/{name}")
        return (await self._call("DELETE", path)).status == 200
