"""The ``$filter`` of ARM: equalities joined by ``and``, and the functions of role assignments."""

import re

from sandbox.azure.errors import bad_request

_CLAUSE = re.compile(
    r"(?P<function>atScope|assignedTo|asTarget|asRequestor)\(\s*(?:'(?P<argument>[^']*)')?\s*\)"
    r"|(?P<name>[\w./]+)\s+eq\s+'(?P<value>(?:[^']|'')*)'"
    r"|substringof\(\s*'(?P<part>(?:[^']|'')*)'\s*,\s*(?P<within>\w+)\s*\)",
    re.IGNORECASE,
)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


class Filter:
    """What was asked: ``equals`` by lower-case name, ``functions`` by lower-case name, ``contains`` likewise."""

    def __init__(self, text: str) -> None:
        self.equals: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.contains: dict[str, str] = {}
        at = 0
        while text.strip() and at < len(text):
            at = self._read(text, at)

    def _read(self, text: str, at: int) -> int:
        clause = _CLAUSE.match(text, at)
        if clause is None:
            raise invalid(text)
        self._note(clause)
        joined = _AND.match(text, clause.end())
        if joined is None and text[clause.end() :].strip():
            raise invalid(text)
        return joined.end() if joined else len(text)

    def _note(self, clause: re.Match[str]) -> None:
        if clause["function"]:
            self.functions[clause["function"].lower()] = clause["argument"] or ""
        elif clause["name"]:
            self.equals[clause["name"].lower()] = clause["value"].replace("''", "'")
        else:
            self.contains[clause["within"].lower()] = clause["part"].replace("''", "'")

    def only(self, *names: str) -> "Filter":
        """This filter, which may ask for nothing else; names and functions in lower case."""
        unknown = ({*self.equals, *self.functions, *self.contains}) - set(names)
        if unknown:
            raise bad_request("InvalidFilterInQueryString", f"The filter cannot be used on '{', '.join(unknown)}'.")
        return self


def invalid(text: str) -> Exception:
    """400 of a filter that cannot be read."""
    return bad_request("InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string.")
