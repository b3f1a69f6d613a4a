"""The ``$filter`` language as directory objects take it (OData 4.0, section 11.2.6.1, and its advanced queries).

A filter is parsed once into a predicate over plain documents. Property names match whatever their case, strings compare
without case, and an unknown name is refused.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.graph.errors import GraphError, malformed, unsupported_query

Document = Mapping[str, Any]
Value = Callable[[Document], Any]
Predicate = Callable[[Document], bool]
Lead = tuple[str, str, Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_@$][\w.@$]*)"
    r"|(?P<mark>[(),/:]))"
)
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}
_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
}
_ENDS_WITH = frozenset({"mail", "othermails", "userprincipalname", "proxyaddresses"})
_LITERALS = {"true": True, "false": False, "null": None}


@dataclass
class Filter:
    """A parsed filter: ``test`` decides on one document, ``advanced`` says whether the eventual index is needed.

    ``equals`` holds the top-level ``property eq value`` conditions, for lookups that need no scan.
    """

    test: Predicate
    advanced: bool = False
    equals: dict[str, Any] = field(default_factory=dict)
    uses: list[tuple[str, str, bool]] = field(default_factory=list)
    """Each property with the operator applied to it, and whether it is compared with null."""
    leads: list[Lead] = field(default_factory=list)
    """Lookups that together find all that can fit (operator, property, value); none where only a scan does."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


DEEPEST = 100
"""How many parentheses and negations a filter may have; each is read one level down."""


def parse(text: str, names: Mapping[str, str], resource: str) -> Filter:
    """Parse a filter over documents whose documented names are ``names`` (lower case → spelling)."""
    parser = _Parser(_tokens(text), names, resource)
    test = parser.expression()
    if parser.peek() is not None:
        raise _syntax(text)
    return Filter(test, parser.advanced, parser.equals, parser.uses, parser.leads.get(test, []))


def comparable(value: Any) -> Any:
    """A value as the directory compares it: strings without case."""
    return value.casefold() if isinstance(value, str) else value


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _syntax(text)
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind)))
        at = match.end()
    if sum(token.text.lower() in ("(", "not") for token in found) > DEEPEST:
        raise malformed("Invalid filter clause: Recursion depth exceeded allowed limit.")
    return found


def _syntax(text: str) -> GraphError:
    return malformed(f"Invalid filter clause: There is a syntax error in '{text}'.")


class _Parser:
    def __init__(self, tokens: list[_Token], names: Mapping[str, str], resource: str) -> None:
        self._tokens, self._at = tokens, 0
        self._names, self._resource = names, resource
        self._variables: set[str] = set()
        self._nested = 0
        self.advanced = False
        self.equals: dict[str, Any] = {}
        self.uses: list[tuple[str, str, bool]] = []
        self.leads: dict[Predicate, list[Lead]] = {}

    def peek(self) -> _Token | None:
        """The token to come."""
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> _Token:
        token = self.peek()
        if token is None:
            raise malformed("Invalid filter clause: The expression ends too early.")
        self._at += 1
        return token

    def _use(self, path: str, operator: str, *, null: bool = False) -> None:
        self.advanced = self.advanced or operator in ("ne", "endswith")
        self.uses.append((path.partition("/")[0], operator, null))

    def _word(self) -> str:
        token = self.peek()
        return token.text.lower() if token and token.kind in ("name", "mark") else ""

    def _take(self, text: str) -> bool:
        if self._word() != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise malformed(f"Invalid filter clause: '{text}' expected.")

    def expression(self) -> Predicate:
        """Conditions joined by ``or``; ``and`` and ``not`` bind closer."""
        terms = [self._conjunction()]
        while self._take("or"):
            terms.append(self._conjunction())
        if len(terms) == 1:
            return terms[0]
        self.equals.clear()
        leads = [self.leads.get(term, []) for term in terms]
        together = [lead for some in leads for lead in some] if all(leads) else []
        return self._led(lambda document: any(term(document) for term in terms), together)

    def _conjunction(self) -> Predicate:
        terms = [self._negation()]
        while self._take("and"):
            terms.append(self._negation())
        if len(terms) == 1:
            return terms[0]
        leads = min((self.leads[term] for term in terms if term in self.leads), key=_is_range, default=[])
        return self._led(lambda document: all(term(document) for term in terms), leads)

    def _led(self, test: Predicate, leads: list[Lead]) -> Predicate:
        """Note which lookups find all that a test can let through."""
        if leads:
            self.leads[test] = leads
        return test

    def _negation(self) -> Predicate:
        if not self._take("not"):
            return self._primary()
        self.advanced = True
        self._nested += 1
        inner = self._negation()
        self._nested -= 1
        self._use("", "not")
        return lambda document: not inner(document)

    def _primary(self) -> Predicate:
        if self._take("("):
            self._nested += 1
            inner = self.expression()
            self._nested -= 1
            self._expect(")")
            return inner
        if self._word() in _FUNCTIONS:
            return self._function(self._next().text.lower())
        return self._comparison()

    def _function(self, name: str) -> Predicate:
        self._expect("(")
        path, value = self._path()
        self._expect(",")
        wanted = str(self._literal()).casefold()
        self._expect(")")
        if self._word() == "eq":
            self._next()
            self._expect("true")
        self._use(path, name)
        if name == "endswith":
            self._ends_with(path)
        elif name == "contains":
            raise unsupported_query(f"Unsupported or invalid query filter clause specified for property '{path}'.")
        test = _FUNCTIONS[name]
        return self._led(
            lambda document: isinstance(held := value(document), str) and test(held.casefold(), wanted),
            [(name, path, wanted)] if name == "startswith" else [],
        )

    def _ends_with(self, path: str) -> None:
        if path.lower() not in _ENDS_WITH and path not in self._variables:
            raise unsupported_query(f"Operator endsWith is not supported on property '{path}'.")

    def _comparison(self) -> Predicate:
        path, value = self._path()
        if self._take("any"):
            return self._any(value)
        verb = self._next().text.lower()
        if verb == "in":
            allowed = self._list()
            self._use(path, verb)
            return self._led(
                lambda document: comparable(value(document)) in allowed, [("eq", path, one) for one in allowed]
            )
        wanted = comparable(self._literal())
        self._use(path, verb, null=wanted is None)
        if verb == "eq":
            if not self._nested:
                self.equals.setdefault(path, wanted)
            return self._led(lambda document: comparable(value(document)) == wanted, [(verb, path, wanted)])
        if verb == "ne":
            return lambda document: comparable(value(document)) != wanted
        return self._ordered(verb, path, value, wanted)

    def _ordered(self, verb: str, path: str, value: Value, wanted: Any) -> Predicate:
        test = _ORDERS.get(verb)
        if test is None:
            raise malformed(f"Invalid filter clause: '{verb}' is no operator.")
        kind = type(wanted)
        return self._led(
            lambda document: isinstance(held := comparable(value(document)), kind) and bool(test(held, wanted)),
            [(verb, path, wanted)],
        )

    def _any(self, value: Value) -> Predicate:
        self._expect("(")
        if self._take(")"):
            return lambda document: bool(value(document))
        variable = self._next().text
        self._expect(":")
        self._variables.add(variable)
        self._nested += 1
        inner = self.expression()
        self._nested -= 1
        self._variables.discard(variable)
        self._expect(")")
        return lambda document: any(inner({**document, variable: item}) for item in value(document) or ())

    def _list(self) -> set[Any]:
        self._expect("(")
        found = {comparable(self._literal())}
        while self._take(","):
            found.add(comparable(self._literal()))
        self._expect(")")
        return found

    def _literal(self) -> Any:
        token = self._next()
        if token.kind == "string":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "name":
            if token.text.lower() not in _LITERALS:
                raise malformed(f"Invalid filter clause: '{token.text}' is no value.")
            return _LITERALS[token.text.lower()]
        return token.text

    def _path(self) -> tuple[str, Value]:
        """A property, or one below it (``onPremisesExtensionAttributes/extensionAttribute1``), or ``x/$count``."""
        token = self._next()
        if token.kind != "name":
            raise malformed(f"Invalid filter clause: '{token.text}' is no property.")
        head = token.text if token.text in self._variables else self._property(token.text)
        parts = [head]
        while self._take("/"):
            if self._word() == "any":
                break
            parts.append(self._next().text)
        if parts[-1] == "$count":
            self.advanced = True
            self._use(head, "$count")
            return "/".join(parts), _counted(_reader(parts[:-1]))
        return "/".join(parts), _reader(parts)

    def _property(self, name: str) -> str:
        spelling = self._names.get(name.lower())
        if spelling is None:
            raise malformed(
                f"Invalid filter clause: Could not find a property named '{name}' on type "
                f"'microsoft.graph.{self._resource}'."
            )
        return spelling


def _is_range(leads: list[Lead]) -> bool:
    """Do lookups go by order? They find more than others."""
    return any(verb in _ORDERS for verb, _, _ in leads)


def _reader(parts: list[str]) -> Value:
    if len(parts) == 1:
        name = parts[0]
        return lambda document: document.get(name)

    def read(document: Document) -> Any:
        held: Any = document
        for part in parts:
            held = held.get(part) if isinstance(held, Mapping) else None
        return held

    return read


def _counted(value: Value) -> Value:
    return lambda document: len(value(document) or ())
