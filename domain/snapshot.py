"""What the tenant says: one person's account and grants, and the groups, licences and roles that a policy may name.

A snapshot is read once, before the first write of a plan; run sheets and their inverses are derived from it alone.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

GrantKind = Literal["group", "licence", "directory_role"]
Source = Literal["direct", "dynamic", "by_group", "synced", "exchange"]

MAX_EMPLOYEE_ID = 16
"""Entra's limit for ``employeeId``; a longer id stands in the extension attribute that the policy names."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Grant(_Fact):
    """Something the account has, and where it comes from. Only ``direct`` ones can be taken away one by one.

    ``dynamic``: a membership rule gives it. ``by_group``: a licence inherited from a group. ``synced``: mastered on
    premises. ``exchange``: a mail-enabled group, which Graph reads but does not change. ``privileged``: a directory
    role, or a group that can hold one; its holder is protected from less privileged applications. ``scope``: where a
    directory role holds, by Graph's ``directoryScopeId`` (``/`` or None: in the whole directory).
    """

    kind: GrantKind
    name: str
    id: str
    source: Source = "direct"
    privileged: bool = False
    disabled_plans: tuple[str, ...] = ()
    scope: str | None = None


class Account(_Fact):
    """A user object. ``attributes`` are Graph properties by Graph's names; the two stamps are the tenant's own."""

    object_id: str
    upn: str
    mail: str | None = None
    enabled: bool
    deleted: bool = False
    synced: bool = False
    attributes: dict[str, Any] = Field(default_factory=dict)
    manager_id: str | None = None
    sessions_valid_from: str | None = None
    password_changed_at: str | None = None
    licences: tuple[Grant, ...] = ()


class GroupFact(_Fact):
    """A group of the tenant by display name."""

    id: str
    name: str
    source: Source = "direct"
    privileged: bool = False


class SkuFact(_Fact):
    """A subscribed licence: its id, its part number and its service plans (name → id)."""

    id: str
    part: str
    plans: dict[str, str] = Field(default_factory=dict)


class Catalogue(_Fact):
    """The ids behind the names that a policy uses, as far as the tenant knows them."""

    groups: dict[str, GroupFact] = Field(default_factory=dict)
    skus: dict[str, SkuFact] = Field(default_factory=dict)
    roles: dict[str, str] = Field(default_factory=dict)


class Contact(_Fact):
    """Somebody whom a person's lifecycle concerns: the manager. ``via`` says for whom they stand in, if they do."""

    object_id: str
    mail: str
    via: str | None = None


class Snapshot(_Fact):
    """The facts a plan is made from. ``account`` is None when the tenant does not know the person."""

    account: Account | None = None
    grants: tuple[Grant, ...] = ()
    catalogue: Catalogue = Catalogue()
    manager: Contact | None = None
