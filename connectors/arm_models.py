"""What is read from Azure Resource Manager, with the names and types of the platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr


@dataclass(frozen=True)
class Subscription:
    """A subscription; ``state`` is ``Enabled`` where resources can be changed."""

    id: str
    name: str
    state: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Subscription":
        """From an answer."""
        return cls(body["subscriptionId"], body["displayName"], body.get("state", "Enabled"))


@dataclass(frozen=True)
class AzureRole:
    """A role definition; ``id`` is its GUID, the same in every tenant for built-in ones."""

    id: str
    name: str
    description: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "AzureRole":
        """From an answer."""
        properties = body["properties"]
        return cls(body["name"], properties["roleName"], properties.get("description") or "")


@dataclass(frozen=True)
class AzureAssignment:
    """A role assignment: ``principal_id`` has the role ``role_id`` at ``scope``; ``id`` is what removes it."""

    id: str
    scope: str
    role_id: str
    principal_id: str
    principal_type: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "AzureAssignment":
        """From an answer."""
        properties = body["properties"]
        role = str(properties["roleDefinitionId"]).rpartition("/")[2]
        kind = properties.get("principalType") or ""
        return cls(body["id"], properties["scope"], role.lower(), properties["principalId"].lower(), kind)


@dataclass(frozen=True)
class Eligibility:
    """A role that somebody may activate through Privileged Identity Management."""

    scope: str
    role_id: str
    principal_id: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Eligibility":
        """From an answer."""
        properties = body["properties"]
        role = str(properties["roleDefinitionId"]).rpartition("/")[2]
        return cls(properties["scope"], role.lower(), properties["principalId"].lower())


@dataclass(frozen=True)
class Resource:
    """Any resource, or a resource group, with its tags."""

    id: str
    name: str
    type: str
    location: str
    tags: Mapping[str, str]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Resource":
        """From an answer."""
        return cls(body["id"], body["name"], body.get("type", ""), body.get("location", ""), body.get("tags") or {})


@dataclass(frozen=True)
class VirtualMachine:
    """A virtual machine; ``power`` is ``running``, ``stopped``, ``deallocated`` … where it was asked for."""

    id: str
    name: str
    tags: Mapping[str, str]
    provisioning_state: str
    power: str | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "VirtualMachine":
        """From an answer, with or without ``instanceView``."""
        properties = body["properties"]
        statuses = (properties.get("instanceView") or {}).get("statuses") or []
        return cls(body["id"], body["name"], body.get("tags") or {}, properties["provisioningState"], power(statuses))

    def tagged(self, name: str, value: str) -> bool:
        """Does it carry the tag? Names of tags are compared without case, and here values too: they hold UPNs."""
        return any(key.lower() == name.lower() and held.lower() == value.lower() for key, held in self.tags.items())


def power(statuses: list[Mapping[str, Any]]) -> str | None:
    """The power state among a machine's statuses; None while it has none."""
    codes = (str(status.get("code")) for status in statuses)
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)


@dataclass(frozen=True)
class StorageKey:
    """One of an account's two keys; its value shows itself nowhere."""

    name: str
    value: SecretStr
    created: str

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "StorageKey":
        """From an answer."""
        return cls(body["keyName"], SecretStr(body["value"]), body.get("creationTime") or "")


@dataclass(frozen=True)
class AccessPolicy:
    """What a principal may do with a vault's secrets, keys and certificates."""

    object_id: str
    permissions: Mapping[str, list[str]]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "AccessPolicy":
        """From an answer."""
        return cls(body["objectId"].lower(), body.get("permissions") or {})


@dataclass(frozen=True)
class Vault:
    """A key vault; with ``rbac`` its access policies count for nothing."""

    id: str
    name: str
    location: str
    uri: str
    tenant_id: str
    rbac: bool
    policies: tuple[AccessPolicy, ...]

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "Vault":
        """From an answer."""
        properties = body["properties"]
        policies = tuple(AccessPolicy.read(one) for one in properties.get("accessPolicies") or ())
        return cls(
            body["id"],
            body["name"],
            body["location"],
            properties["vaultUri"],
            properties["tenantId"],
            bool(properties.get("enableRbacAuthorization")),
            policies,
        )
