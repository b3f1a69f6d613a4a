"""Makes ``docs/tenant.md``: every call of the connectors, from their own docstrings, and who serves it in practice.

``python -m tests.tenant_page --write`` (``make tenant-page``) writes the page; a test holds it to the code. A method's
docstring names its call (``GET /users/{id}``, or an Exchange command), the least permission, and Microsoft's page for
it; a method that only calls others of its class names one of them after the word "as".
"""

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import connectors
from connectors.azure_rights import NEEDS
from connectors.http import BlockingHttp, Wire
from connectors.permissions import PERMISSIONS
from sandbox.azure import vault_secrets
from sandbox.azure.arm import _router as arm_router
from sandbox.exchange_admin import CMDLETS
from sandbox.graph import _router as graph_router
from sandbox.graph.errors import GraphError
from sandbox.scim import resources as scim_resources
from sandbox.scim.kinds import KINDS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tenant.md"
_ID = "00000000-0000-0000-0000-000000000000"
_CALL = re.compile(r"``(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*|\{[^`\s?]+)[^`]*``")
_NO_NEED = re.compile(r"needs no permission[^:.]*|the permissions are those of the parts|the target's own bearer token")
_CMDLET = re.compile(r"``([A-Z][a-z]+-[A-Z]\w+)[^`]*``")
_PERMISSION = re.compile(
    r"\b[A-Z][A-Za-z-]+\.(?:\w+\.(?:All|Directory|OwnedBy)|Read\w*|Send|Upload|ManageAsApp)\b(?!\.\w)"
)
_ACTION = re.compile(r"\bMicrosoft\.\w+/[\w/*]*\w")
_POLICY = re.compile(r"polic(?:y|ies) ((?:``\w+``(?: and |, )?)+)")
_GRAPH_PAGE = re.compile(r"Graph, ([a-z][a-z0-9-]+)")
_REST_PAGE = re.compile(r"learn\.microsoft\.com/([\w/-]*[\w-])")
_RFC = re.compile(r"RFC (7644), ([\d.]*\d)")
_SAME = re.compile(r"\b[Aa]s ``((?:[A-Z]\w+\.)?[a-z_]+)``")
_CONCEPTS = ("aad-advanced-queries", "delta-query-overview", "json-batching", "search-query-parameter")
KNOWN = {one.name for one in PERMISSIONS} | {name for one in PERMISSIONS for name in one.contains}
"""Every permission that the platform's table names."""


@dataclass(frozen=True)
class Row:
    """One method of a connector: its calls, what they need, where they are documented, and who serves them here."""

    module: str
    method: str
    calls: tuple[str, ...]
    needs: tuple[str, ...]
    document: str
    served_by: tuple[str, ...]
    same_as: str = ""


def connector_classes() -> Iterator[type]:
    """Every class of ``connectors`` that speaks to the tenant: it is opened with a wire, or opens one."""
    for module in sorted(pkgutil.iter_modules(connectors.__path__), key=lambda one: one.name):
        found = importlib.import_module(f"connectors.{module.name}")
        for _, one in inspect.getmembers(found, inspect.isclass):
            if one.__module__ == found.__name__ and not issubclass(one, Wire | BlockingHttp) and _speaks(one):
                yield one


def _speaks(one: type) -> bool:
    try:
        names = set(inspect.signature(one).parameters)
    except (TypeError, ValueError):
        return False
    return bool(names & {"wire", "base_url", "vault_url"})


def methods(one: type) -> list[str]:
    """The public methods that a class itself adds."""
    found = [name for name, value in vars(one).items() if inspect.isfunction(value) and not name.startswith("_")]
    return [name for name in found if name != "aclose"]


def row(one: type, name: str) -> Row:
    """What a method's docstring, or its class's, says."""
    text, about = _plain(getattr(one, name).__doc__), _plain(one.__doc__)
    cmdlets = _CMDLET.findall(text) if one.__name__ == "ExchangeRest" else []
    calls = tuple(f"{verb} {path}" for verb, path in _CALL.findall(text))
    same = _SAME.search(text)
    return Row(
        one.__module__,
        f"{one.__name__}.{name}",
        tuple(cmdlets) or calls,
        _needs(text) or _needs(about),
        _document(text, cmdlets) or _document(about, []),
        tuple(dict.fromkeys(served_by(one, call) for call in (cmdlets or calls))),
        same[1] if same and not (cmdlets or calls) else "",
    )


def rows() -> list[Row]:
    """All rows, class by class."""
    return [row(one, name) for one in connector_classes() for name in methods(one)]


def _plain(text: str | None) -> str:
    """A docstring as one line; names broken after a slash are whole again."""
    return " ".join(re.sub(r"/\s*\n\s*", "/", text or "").split())


def _needs(text: str) -> tuple[str, ...]:
    if no_need := _NO_NEED.search(text):
        return (no_need[0],)
    text = _CALL.sub("", text)
    found = _PERMISSION.findall(text)
    found += _ACTION.findall(text)
    found += [
        f"policy {name}" for group in _POLICY.findall(text) for name in re.findall(r"\w+", group) if name != "and"
    ]
    return tuple(dict.fromkeys(found))


def _document(text: str, cmdlets: list[str]) -> str:
    if cmdlets:
        return f"https://learn.microsoft.com/powershell/module/exchange/{cmdlets[0].lower()}"
    if page := _GRAPH_PAGE.search(text):
        kind = "" if page[1] in _CONCEPTS else "api/"
        kind = "api/resources/" if page[1].startswith("resources-") else kind
        return f"https://learn.microsoft.com/graph/{kind}{page[1].removeprefix('resources-')}"
    if page := _REST_PAGE.search(text):
        return f"https://learn.microsoft.com/{page[1]}"
    if page := _RFC.search(text):
        return f"https://www.rfc-editor.org/rfc/rfc{page[1]}#section-{page[2]}"
    return ""


# -- who serves a call in the practice tenant --------------------------------------------------------------------------


def served_by(one: type, call: str) -> str:
    """The file of the practice tenant that serves a call; empty where nothing does."""
    handler = _handler(one, call)
    while isinstance(handler, partial):
        handler = handler.func
    return f"{handler.__module__.replace('.', '/')}.py" if handler else ""


def _handler(one: type, call: str) -> Callable[..., Any] | None:
    verb, _, path = call.partition(" ")
    path = re.sub(r"\{(\w+)\|[^}]*\}", r"\1", path)
    filled = re.sub(r"\{[^}]*\}", _ID, path)
    place = one.__module__.rpartition(".")[2]
    if one.__name__ == "ExchangeRest":
        return CMDLETS[call.lower()][2] if call.lower() in CMDLETS else None
    if place == "scim":
        return _scim(verb, filled)
    if place == "key_vault":
        found = vault_secrets.router.find(verb, filled)
        return found[0].handler if found else None
    if place.startswith(("arm", "azure")):
        return _arm(verb, path)
    return _graph(verb, filled)


def _graph(verb: str, path: str) -> Callable[..., Any] | None:
    if path == "/$batch":
        return importlib.import_module("sandbox.graph.batch").batch  # type: ignore[no-any-return]
    try:
        return graph_router.find(verb, path)[0]
    except GraphError:
        return None


_GROUP = f"/subscriptions/{_ID}/resourceGroups/group"
_RESOURCES = {
    "scope": _GROUP,
    "machine": f"{_GROUP}/providers/Microsoft.Compute/virtualMachines/name",
    "account": f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/name",
    "network": f"{_GROUP}/providers/Microsoft.Network/virtualNetworks/name",
    "vault": f"{_GROUP}/providers/Microsoft.KeyVault/vaults/name",
    "operation": f"/subscriptions/{_ID}/operationresults/name",
}
"""What a docstring's names of Azure resources stand for."""


def _arm(verb: str, path: str) -> Callable[..., Any] | None:
    filled = re.sub(r"\{(\w+)\}", lambda name: _RESOURCES.get(name[1], _ID), path)
    found = arm_router.find(verb, filled)
    return found[0].handler if found else None


def _scim(verb: str, path: str) -> Callable[..., Any] | None:
    known = any(path.lstrip("/").partition("/")[0] == kind.endpoint for kind in KINDS)
    return scim_resources.show if known and verb in ("GET", "POST", "PUT", "PATCH", "DELETE") else None


# -- the page ----------------------------------------------------------------------------------------------------------

_HEAD = """# What the platform calls

Made from the connectors' docstrings by `make tenant-page`; a test holds the page to the code. The last column is what
serves the call in the practice tenant. How to give the permissions: [A real tenant](real-tenant.md); whether they are
there: `jml doctor`, which takes them from the same table.

## Permissions

Application permissions; those that another one asked for contains are not asked for. *Without* is the word for
`JML_WITHOUT` that leaves a permission out.

| permission | of | what the platform does with it | without | contains |
|---|---|---|---|---|
"""
_ROLES = """
## Roles

In Entra: *Privileged Authentication Administrator*, for accounts that have directory roles themselves (without:
`privileged`); *Exchange Administrator*, or a role group of its own in Exchange (without: `exchange`). In each
subscription (without: `azure`):

| least built-in role | what the platform does with it | actions |
|---|---|---|
"""
_PLACES = (
    ("Microsoft Graph", "graph"),
    ("Exchange administration", "exchange"),
    ("Azure Resource Manager", ("arm", "azure")),
    ("Key vaults", "key_vault"),
    ("SCIM target", "scim"),
)
_COLUMNS = "| method | call | least permission | document | in practice |\n|---|---|---|---|---|\n"


def page() -> str:
    """The whole page."""
    text = _HEAD + "".join(_permission_lines()) + _ROLES + "".join(_role_lines())
    for title, beginning in _PLACES:
        classes = [one for one in connector_classes() if one.__module__.rpartition(".")[2].startswith(beginning)]
        lines = [_line(row(one, name)) for one in classes for name in methods(one)]
        note = _EXCHANGE if title.startswith("Exchange") else ""
        text += f"\n## {title}\n\n{note}{_COLUMNS}{''.join(lines)}"
    return text


_EXCHANGE = "Each is a command sent by `POST /adminapi/beta/{tenant}/InvokeCommand`.\n\n"


def _permission_lines() -> Iterator[str]:
    for one in PERMISSIONS:
        contained = ", ".join(f"`{name}`" for name in one.contains)
        yield f"| `{one.name}` | {one.resource.name} | {one.purpose} | {one.feature or ''} | {contained} |\n"


def _role_lines() -> Iterator[str]:
    for need in NEEDS:
        yield f"| {need.role} | {need.purpose} | {'<br>'.join(f'`{action}`' for action in need.actions)} |\n"


def _line(one: Row) -> str:
    if one.same_as:
        return f"| `{one.method}` | as `{one.same_as}` | | | |\n"
    calls = "<br>".join(f"`{call}`".replace("|", "\\|") for call in one.calls)
    served = ", ".join(f"`{file}`" for file in one.served_by)
    name = one.document.rpartition("#")[2] if "rfc-editor" in one.document else one.document.rpartition("/")[2]
    return f"| `{one.method}` | {calls} | {', '.join(one.needs)} | [{name}]({one.document}) | {served} |\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
