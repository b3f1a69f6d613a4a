"""Subscriptions, resource groups and tags."""

from collections.abc import Mapping
from typing import Literal

from connectors.arm_models import Resource, Subscription
from connectors.arm_polling import Operation, started
from connectors.arm_reads import ArmPart, address, group_id
from connectors.errors import NotFound
from connectors.odata import literal


class Subscriptions(ArmPart):
    """The subscriptions the platform has any role in.

    Source: learn.microsoft.com/rest/api/resources/subscriptions/list.
    """

    version = "2022-12-01"

    async def all(self) -> list[Subscription]:
        """``GET /subscriptions``; needs no permission: those without a role in them are left out."""
        return [Subscription.read(item) async for item in self._values("/subscriptions")]


class ResourceGroups(ArmPart):
    """Resource groups, personal workspaces among them, and the tags of anything.

    Source: learn.microsoft.com/rest/api/resources/resource-groups.
    """

    version = "2024-11-01"

    async def group(self, subscription_id: str, name: str) -> Resource | None:
        """A resource group; None if there is none.

        ``GET /subscriptions/{id}/resourcegroups/{name}``; Microsoft.Resources/subscriptions/resourceGroups/read.
        """
        try:
            return Resource.read((await self._call("GET", address(group_id(subscription_id, name)))).json())
        except NotFound:
            return None

    async def tagged_groups(self, subscription_id: str, tag: str, value: str) -> list[Resource]:
        """The resource groups that carry a tag with a value.

        ``GET /subscriptions/{id}/resourcegroups?$filter=tagName eq '…' and tagValue eq '…'``;
        Microsoft.Resources/subscriptions/resourceGroups/read.
        """
        path = address(f"/subscriptions/{subscription_id}", "/resourcegroups")
        return [Resource.read(item) async for item in self._values(path, {"$filter": _by_tag(tag, value)})]

    async def tagged_resources(self, subscription_id: str, tag: str, value: str) -> list[Resource]:
        """The resources of every kind that carry a tag with a value.

        ``GET /subscriptions/{id}/resources?$filter=tagName eq '…' and tagValue eq '…'``, which cannot be combined with
        another filter; needs no permission: those whose ``read`` is not permitted are left out. Source:
        learn.microsoft.com/rest/api/resources/resources/list.
        """
        path = address(f"/subscriptions/{subscription_id}", "/resources")
        return [Resource.read(item) async for item in self._values(path, {"$filter": _by_tag(tag, value)})]

    async def create(self, subscription_id: str, name: str, location: str, tags: Mapping[str, str]) -> Resource:
        """Make a resource group, or set its tags if it is there.

        ``PUT /subscriptions/{id}/resourcegroups/{name}`` → 201 or 200;
        Microsoft.Resources/subscriptions/resourceGroups/write. In another location ``Conflict``.
        """
        body = {"location": location, "tags": dict(tags)}
        return Resource.read((await self._call("PUT", address(group_id(subscription_id, name)), body)).json())

    async def tag(
        self, scope: str, tags: Mapping[str, str], operation: Literal["Merge", "Replace", "Delete"] = "Merge"
    ) -> dict[str, str]:
        """Change the tags of a resource, a group or a subscription; those it has then.

        ``PATCH {scope}/providers/Microsoft.Resources/tags/default``; Microsoft.Resources/tags/write (Tag Contributor).
        Source: learn.microsoft.com/rest/api/resources/tags/update-at-scope.
        """
        body = {"operation": operation, "properties": {"tags": dict(tags)}}
        path = address(scope, "/providers/Microsoft.Resources/tags/default")
        return dict((await self._call("PATCH", path, body)).json()["properties"]["tags"])

    async def delete(self, subscription_id: str, name: str) -> Operation | None:
        """Begin to delete a group with all that is in it; None if it was gone already.

        ``DELETE /subscriptions/{id}/resourcegroups/{name}`` → 202 and ``Location``;
        Microsoft.Resources/subscriptions/resourceGroups/delete. A lock on it, or on anything in it, is ``Locked``. Ends
        by ``Polling.finish_deletion``.
        """
        path = address(group_id(subscription_id, name))
        try:
            return started(await self._call("DELETE", path), f"{path}?api-version={self.version}")
        except NotFound:
            return None


def _by_tag(tag: str, value: str) -> str:
    return f"tagName eq {literal(tag)} and tagValue eq {literal(value)}"
