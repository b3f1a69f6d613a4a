"""One Exchange cmdlet in hand, the table of all of them, and how their parameters and failures read.

Sources: Exchange Online PowerShell reference; failures as public recordings of the REST calls show them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.graph.mail.delivery import user_at
from sandbox.graph.mail.services import any_mailbox
from sandbox.store import Doc, Store

SERVER = "PRACTICE01DC001.PROD.OUTLOOK.COM"
_COMMON = [
    "Confirm",
    "Force",
    "WhatIf",
    "ErrorAction",
    "WarningAction",
    "InformationAction",
    "Verbose",
    "Debug",
    "ResultSize",
]
_SYNCED = (
    "The operation on mailbox \"{0}\" failed because it's out of the current user's write scope. The action '{1}', "
    "'{2}', can't be performed on the object '{0}' because the object is being synchronized from your on-premises "
    "organization. This action should be performed on the object in your on-premises organization."
)


@dataclass
class Failed(Exception):  # noqa: N818 - it is the cmdlet's exception, by its name
    """A cmdlet that threw; ``type`` is the exception's .NET name."""

    type: str
    message: str
    status: int = 400
    code: str = "BadRequest"
    text: str = "Error executing cmdlet"
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


@dataclass
class Command:
    """A cmdlet with its parameters, names in lower case; ``warnings`` go into the answer beside the objects."""

    store: Store
    name: str
    parameters: Doc
    warnings: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Was the parameter given?"""
        return name.lower() in self.parameters

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter's value as it came."""
        return self.parameters.get(name.lower(), default)

    def text(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.get(name)
        if value in (None, ""):
            raise Failed(
                "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterBindingException",
                f"Cannot process command because of one or more missing mandatory parameters: {name}.",
                text="Invalid Operation",
            )
        return str(value)

    def flag(self, name: str) -> bool:
        """A switch or a boolean, also as text."""
        value = self.get(name, False)
        return value if isinstance(value, bool) else str(value).lower().strip("$") == "true"

    def many(self, name: str) -> list[str]:
        """A parameter that takes several values."""
        value = self.get(name)
        if value is None or isinstance(value, dict):
            return []
        return [str(item) for item in (value if isinstance(value, list) else str(value).split(","))]

    def one_of(self, name: str, allowed: Iterable[str]) -> str:
        """An enumeration's member."""
        return member(name, self.text(name), allowed)


def member(parameter: str, value: object, allowed: Iterable[str]) -> str:
    """The member of an enumeration that a value names."""
    names = list(allowed)
    found = next((name for name in names if name.lower() == str(value).lower()), None)
    if found is None:
        raise Failed(
            "Microsoft.Exchange.AdminApi.CommandInvocation.ParameterTransformationException",
            f"Cannot process argument transformation on parameter '{parameter}'. Cannot convert value \"{value}\". "
            f'Error: "Unable to match the identifier name {value} to a valid enumerator name. Specify one of the '
            f'following enumerator names and try again: {", ".join(names)}"',
            text="Invalid Operation",
        )
    return found


Cmdlet = Callable[[Command], Sequence[Doc]]
CMDLETS: dict[str, tuple[str, frozenset[str], Cmdlet]] = {}
"""Name in lower case → its spelling, its parameters in lower case, what it does."""


def cmdlet(name: str, parameters: str) -> Callable[[Cmdlet], Cmdlet]:
    """Register a cmdlet with the parameters that it takes."""

    def register(function: Cmdlet) -> Cmdlet:
        CMDLETS[name.lower()] = name, frozenset(p.lower() for p in [*parameters.split(), *_COMMON]), function
        return function

    return register


def run(store: Store, name: str, parameters: Doc) -> tuple[list[Doc], list[str]]:
    """Carry a cmdlet out: its objects and its warnings."""
    if name.lower() not in CMDLETS:
        raise Failed(
            "System.Management.Automation.CommandNotFoundException",
            f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program.",
            text="Invalid Operation",
        )
    spelled, known, function = CMDLETS[name.lower()]
    given = {key.lower(): value for key, value in parameters.items() if "@" not in key}
    if unknown := [key for key in parameters if "@" not in key and key.lower() not in known]:
        raise Failed(
            "Microsoft.Exchange.AdminApi.CommandInvocation.AmbiguousParameterSetException",
            "Parameter set cannot be resolved using the specified named parameters. Invalid cmdlet parameters "
            f"specified. {', '.join(unknown)}",
            text="Invalid Operation",
        )
    command = Command(store, spelled, given)
    objects = function(command)
    size = str(command.get("ResultSize", 1000))
    return list(objects[: int(size)] if size.isdecimal() else objects), command.warnings


# -- who is meant ------------------------------------------------------------------------------------------------------


def not_found(identity: str) -> Failed:
    """Nothing here goes by that name."""
    return Failed(
        "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
        f"The operation couldn't be performed because object '{identity}' couldn't be found on '{SERVER}'.",
        404,
        "NotFound",
        mark="Ex6F9304",
    )


def synced(action: str, parameter: str, identity: str) -> Failed:
    """What is mastered on premises is not changed here."""
    return Failed("System.InvalidOperationException", _SYNCED.format(identity, action, parameter))


def user(store: Store, identity: str) -> Doc | None:
    """A user by object id, address, alias or display name."""
    found = store.get("users", identity.lower()) or user_at(store, identity.removeprefix("smtp:"))
    for name in ("mailNickname", "displayName"):
        if found is None:
            found = next(iter(store.find("users", name, identity)), None)
    return found


def mail_group(store: Store, identity: str) -> Doc | None:
    """A mail-enabled group that is no Microsoft 365 group, by id, address, alias or display name."""
    group = store.get("groups", identity.lower())
    candidates = [group] if group else []
    for name in ("mail", "mailNickname", "displayName"):
        candidates += store.find("groups", name, identity)
    fitting = (g for g in candidates if g.get("mailEnabled") and "Unified" not in (g.get("groupTypes") or ()))
    return next(fitting, None)


def recipient(store: Store, identity: str) -> Doc:
    """A user with an address, or a mail-enabled group."""
    found = user(store, identity)
    if found is not None and (found.get("mail") or any_mailbox(store, found["id"])):
        return found
    group = mail_group(store, identity)
    if group is None:
        raise not_found(identity)
    return group


def mailbox(store: Store, identity: str) -> tuple[Doc, Doc]:
    """A user and their mailbox in use."""
    found = user(store, identity)
    box = any_mailbox(store, found["id"]) if found else None
    if found is None or box is None or box["state"] != "active":
        raise not_found(identity)
    return found, box


def address(doc: Doc) -> str:
    """The primary address of a recipient."""
    return str(doc.get("mail") or doc.get("userPrincipalName") or doc.get("displayName"))
