"""``$expand`` of role management: several relations at once, each with options that may expand further."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.graph.call import Call
from sandbox.graph.errors import malformed
from sandbox.graph.schema import Resource
from sandbox.store import Doc

Expansion = Callable[[Call, Doc, dict[str, str]], Any]
"""Reads a relation of an object, by the options in parentheses; None where there is nothing."""


def several(call: Call, text: str, resource: Resource, known: Mapping[str, Expansion]) -> Callable[[Doc], Doc]:
    """The reader of all relations that ``$expand`` names."""
    spelled = {name.lower(): name for name in known}
    asked: dict[str, dict[str, str]] = {}
    for part in _parts(text, ","):
        name, _, rest = part.strip().partition("(")
        if name.lower() not in spelled:
            raise malformed(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'microsoft.graph.{resource.name}'."
            )
        asked[spelled[name.lower()]] = _options(rest.rstrip().removesuffix(")"))

    def read(doc: Doc) -> Doc:
        found = {name: known[name](call, doc, options) for name, options in asked.items()}
        return {name: value for name, value in found.items() if value is not None}

    return read


def _options(text: str) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in _parts(text, ";") if "=" in part)
    return {name.strip().lstrip("$").lower(): value for name, value in pairs}


def _parts(text: str, mark: str) -> Iterator[str]:
    """The parts of a list, marks inside of parentheses aside."""
    depth, start = 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == mark and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
