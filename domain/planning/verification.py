"""What a verify step looks for, and whether the tenant shows it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from domain.runsheet import Step
from domain.snapshot import Account, Grant

Aspect = Literal[
    "enabled",
    "attributes",
    "manager",
    "sessions",
    "password",
    "group",
    "licence",
    "inherited_licence",
    "directory_role",
    "deleted",
]


class Check(BaseModel):
    """One thing to be seen. ``want`` False: that it is gone; ``value`` is what a property should (not) be.

    ``step`` is the step that is begun again if it is missing at a second look; ``mend`` is a step of its own for what
    cannot be written by repeating (an account is not created twice).
    """

    aspect: Aspect
    id: str | None = None
    name: str | None = None
    want: bool = True
    value: Any = None
    step: str | None = None
    mend: Step | None = None

    @property
    def label(self) -> str:
        """The check in an administrator's words."""
        subject = f"{self.aspect.replace('_', ' ')} {self.name}" if self.name else self.aspect
        return subject if self.want else f"no {subject}"


class Verdict(BaseModel):
    """A check and whether it was seen, with what was seen instead."""

    check: Check
    seen: bool
    found: Any = None


def judge(checks: Iterable[Check], account: Account | None, grants: Iterable[Grant]) -> list[Verdict]:
    """Compare what should be with what was read; ``account`` None: the tenant shows no such user."""
    held = tuple(grants)
    return [_judged(check, account, held) for check in checks]


def _judged(check: Check, account: Account | None, grants: tuple[Grant, ...]) -> Verdict:
    if check.aspect == "deleted":
        return Verdict(check=check, seen=account is None or account.deleted)
    if account is None or account.deleted:
        return Verdict(check=check, seen=False, found="no such account")
    match check.aspect:
        case "enabled":
            return Verdict(check=check, seen=account.enabled == check.want, found=account.enabled)
        case "attributes":
            differing = differences(account.attributes, check.value)
            return Verdict(check=check, seen=not differing, found=_excerpt(account.attributes, differing) or None)
        case "manager":
            return Verdict(check=check, seen=account.manager_id == check.value, found=account.manager_id)
        case "sessions":
            return _moved(check, account.sessions_valid_from)
        case "password":
            return _moved(check, account.password_changed_at)
        case _:
            held = any(_is(check, grant) for grant in grants)
            return Verdict(check=check, seen=held == check.want)


def _moved(check: Check, stamp: str | None) -> Verdict:
    """Done when the tenant's own stamp differs from the one read before the first write."""
    return Verdict(check=check, seen=stamp is not None and not same(stamp, check.value), found=stamp)


def _is(check: Check, grant: Grant) -> bool:
    if check.aspect == "inherited_licence":
        return grant.kind == "licence" and grant.id == check.id
    same_thing = grant.kind == check.aspect and grant.id == check.id
    return same_thing and (grant.kind != "licence" or grant.source == "direct")


def differences(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The part of ``wanted`` that is not there; objects are compared by their members, moments as moments."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, Mapping):
            inner = differences(has.get(name) or {}, value)
            found |= {name: inner} if inner else {}
        elif not same(has.get(name), value):
            found[name] = value
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values of a Graph property say the same; nothing and the empty text do."""
    if one == other or (one or None) == (other or None):
        return True
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (ValueError, TypeError):
        return False


def _excerpt(has: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    return {name: has.get(name) for name in of}
