"""What belongs to an identity, as it is read from Microsoft Graph: methods, devices, app roles, consents, ownership."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

OwnedKind = Literal["group", "application", "servicePrincipal"]


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore", frozen=True)


class Method(_Read):
    """One authentication method; ``kind`` is its type without namespace (``phone``, ``fido2``, ``password`` …)."""

    id: str
    kind: str
    created_date_time: datetime | None = None
    display_name: str | None = None
    phone_type: str | None = None

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> "Method":
        """The method of an answer, its kind from ``@odata.type``."""
        kind = str(item.get("@odata.type", "")).rpartition(".")[2].removesuffix("AuthenticationMethod")
        return cls.model_validate({**item, "kind": kind})

    @property
    def removable(self) -> bool:
        """False for the password, which everybody has."""
        return self.kind != "password"


class AccessPass(_Read):
    """A temporary access pass; ``value`` only in the answer to its creation. It prints as asterisks."""

    id: str
    value: SecretStr | None = Field(default=None, alias="temporaryAccessPass")
    start_date_time: datetime | None = None
    lifetime_in_minutes: int = 0
    is_usable_once: bool = True
    is_usable: bool = False
    method_usability_reason: str | None = None


class Device(_Read):
    """A device of the directory. Source: Graph resource type ``device``."""

    id: str
    device_id: str | None = None
    display_name: str | None = None
    account_enabled: bool | None = None
    operating_system: str | None = None
    trust_type: str | None = None
    is_managed: bool | None = None


class ManagedDevice(_Read):
    """A device under Intune. Source: Graph resource type ``managedDevice``; ``device_id`` is the directory's."""

    id: str
    device_name: str | None = None
    device_id: str | None = Field(default=None, alias="azureADDeviceId")
    user_id: str | None = None
    managed_device_owner_type: str | None = None
    operating_system: str | None = None
    management_state: str | None = None

    @property
    def personal(self) -> bool:
        """True for the person's own device, from which only company data may be removed."""
        return self.managed_device_owner_type == "personal"


class AppRole(_Read):
    """An app role somebody has. Source: Graph resource type ``appRoleAssignment``."""

    id: str
    app_role_id: str
    principal_id: str
    principal_type: str | None = None
    resource_id: str
    resource_display_name: str | None = None

    @property
    def direct(self) -> bool:
        """False where a group gives it: then the membership must go, the assignment cannot."""
        return self.principal_type != "Group"


class Consent(_Read):
    """What a person let an application do on their behalf. Source: Graph resource type ``oAuth2PermissionGrant``."""

    id: str
    client_id: str
    resource_id: str
    principal_id: str | None = None
    consent_type: str | None = None
    scope: str | None = None


class Owned(_Read):
    """Something a person owns; what may not be read has no name."""

    id: str
    kind: OwnedKind
    display_name: str | None = None


class ExpiringCredential(_Read):
    """A secret or certificate of an application that ends soon (``kind`` password or key)."""

    application_id: str
    app_id: str
    application_name: str | None = None
    kind: Literal["password", "key"]
    key_id: str
    display_name: str | None = None
    end_date_time: datetime
