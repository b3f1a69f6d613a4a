"""What is read from Microsoft Graph, with the names and types of the platform."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.alias_generators import to_camel

USER_SELECT = (
    "id,userPrincipalName,displayName,givenName,surname,mail,mailNickname,accountEnabled,employeeId,employeeType,"
    "employeeHireDate,jobTitle,department,companyName,officeLocation,usageLocation,assignedLicenses,"
    "licenseAssignmentStates,signInSessionsValidFromDateTime,lastPasswordChangeDateTime,onPremisesSyncEnabled,"
    "onPremisesExtensionAttributes,userType,deletedDateTime"
)

GroupKind = Literal["static", "dynamic", "synced", "mail_enabled", "role_assignable"]


class _Read(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore", frozen=True)


class AssignedLicence(_Read):
    """One of ``assignedLicenses``: the union over all sources."""

    sku_id: str
    disabled_plans: list[str] = []


class LicenceState(_Read):
    """One of ``licenseAssignmentStates``: a licence and where it comes from (``assigned_by_group`` None: direct)."""

    sku_id: str
    disabled_plans: list[str] = []
    assigned_by_group: str | None = None
    state: str | None = None
    error: str | None = None

    @property
    def direct(self) -> bool:
        """True when it was assigned to the user, not to a group."""
        return self.assigned_by_group is None


class User(_Read):
    """A user of the directory with the properties of ``USER_SELECT``; what was not returned is None.

    Source: Graph resource type ``user``.
    """

    id: str
    user_principal_name: str
    display_name: str | None = None
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    account_enabled: bool | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    employee_hire_date: datetime | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    usage_location: str | None = None
    assigned_licenses: list[AssignedLicence] = []
    license_assignment_states: list[LicenceState] = []
    sign_in_sessions_valid_from_date_time: datetime | None = None
    last_password_change_date_time: datetime | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_extension_attributes: dict[str, str | None] | None = None
    user_type: str | None = None
    deleted_date_time: datetime | None = None

    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> "User":
        """The user of a Graph answer; the answer itself stays at hand for :meth:`differences`."""
        user = cls.model_validate(body)
        user._raw = dict(body)
        return user

    @property
    def direct_licences(self) -> dict[str, list[str]]:
        """SKU id → disabled plans, of the licences assigned to the user directly."""
        return {state.sku_id: state.disabled_plans for state in self.license_assignment_states if state.direct}

    def carries_id(self, employee_id: str, extension: str | None = None) -> bool:
        """True when this is the employee's account: by ``employeeId``, or by the ``extension`` attribute if given."""
        held = self.employee_id if extension is None else (self.on_premises_extension_attributes or {}).get(extension)
        return held is not None and held.lower() == employee_id.lower()

    def differences(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The part of ``wanted`` (Graph property → value) that this user does not have; objects by their members."""
        return _differences(self._raw, wanted)


def _differences(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, Mapping):
            inner = _differences(has.get(name) or {}, value)
            if inner:
                found[name] = inner
        elif not _same(has.get(name), value):
            found[name] = value
    return found


def _same(one: Any, other: Any) -> bool:
    if one == other:
        return True
    if not (isinstance(one, str) and isinstance(other, str)):
        return (one or None) is None and (other or None) is None and not isinstance(one or other, bool)
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (ValueError, TypeError):
        return False


class Group(_Read):
    """A group. Source: Graph resource type ``group``, which comes with all these by default."""

    id: str
    display_name: str | None = None
    group_types: list[str] = []
    mail_enabled: bool | None = None
    security_enabled: bool | None = None
    on_premises_sync_enabled: bool | None = None
    is_assignable_to_role: bool | None = None
    membership_rule: str | None = None

    @property
    def kind(self) -> GroupKind:
        """How its members are kept; only ``static`` and ``role_assignable`` ones take members through Graph."""
        if "DynamicMembership" in self.group_types:
            return "dynamic"
        if self.on_premises_sync_enabled:
            return "synced"
        if self.mail_enabled and "Unified" not in self.group_types:
            return "mail_enabled"
        return "role_assignable" if self.is_assignable_to_role else "static"

    @property
    def writable(self) -> bool:
        """True when Graph can add and remove members."""
        return self.kind in ("static", "role_assignable")


def is_group(item: Mapping[str, Any]) -> bool:
    """Is one of mixed directory objects a group?"""
    return str(item.get("@odata.type", "")).lower() == "#microsoft.graph.group"


class RoleDefinition(_Read):
    """A directory role. Source: Graph resource type ``unifiedRoleDefinition``."""

    id: str
    display_name: str | None = None
    template_id: str | None = None
    is_built_in: bool | None = None
    is_privileged: bool | None = None


class RoleAssignment(_Read):
    """A directory role held by a principal, directly. Source: Graph resource type ``unifiedRoleAssignment``."""

    id: str
    role_definition_id: str
    principal_id: str
    directory_scope_id: str | None = "/"
    role_definition: RoleDefinition | None = None

    @property
    def role_name(self) -> str | None:
        """The role's display name, where the answer carried the definition."""
        return self.role_definition.display_name if self.role_definition else None


class PrepaidUnits(_Read):
    """The seats of a subscription."""

    enabled: int = 0
    suspended: int = 0
    warning: int = 0


class ServicePlan(_Read):
    """One service of a SKU."""

    service_plan_id: str
    service_plan_name: str | None = None


class Sku(_Read):
    """A subscription and its seats. Source: Graph resource type ``subscribedSku``."""

    sku_id: str
    sku_part_number: str
    capability_status: str | None = None
    consumed_units: int = 0
    prepaid_units: PrepaidUnits = Field(default_factory=PrepaidUnits)
    service_plans: list[ServicePlan] = []

    @property
    def free(self) -> int:
        """Seats nobody uses."""
        return self.prepaid_units.enabled + self.prepaid_units.warning - self.consumed_units
