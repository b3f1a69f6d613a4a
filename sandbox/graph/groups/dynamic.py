"""Rules of dynamic groups: parsed once, evaluated over a user or device (Entra, "Manage rules for dynamic groups").

Grammar: ``user.<property> <operator> <value>``, joined by ``-and -or -not`` (the hyphen may be left out), parentheses;
``<collection> -any (<condition>)`` and ``-all``; ``Direct Reports for "<manager's id>"``. Comparisons ignore case; a
comparison with a missing value is false, except ``-ne`` and the negated operators.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sandbox import moments
from sandbox.graph.groups.rule_properties import COLLECTIONS, PROPERTIES

Test = Callable[[Any], bool]
LONGEST = 3072
DEEPEST = 100

_TOKEN = re.compile(
    r"\s*(?:\"(?P<string>(?:[^\"`]|`.)*)\"|'(?P<single>[^']*)'|(?P<mark>[()\[\],])|(?P<word>[^\s()\[\],\"']+))"
)
_REPORTS = re.compile(r"\s*direct\s+reports\s+for\s+[\"']([0-9a-f-]{36})[\"']\s*$", re.IGNORECASE)
_AGO = re.compile(r"^p(\d+)([dhm])$", re.IGNORECASE)
_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "contains": str.__contains__,
    "match": lambda held, wanted: re.search(wanted, held, re.IGNORECASE) is not None,
}
_ORDERS: dict[str, Callable[[datetime, datetime], bool]] = {
    "ge": lambda held, wanted: held >= wanted,
    "gt": lambda held, wanted: held > wanted,
    "le": lambda held, wanted: held <= wanted,
    "lt": lambda held, wanted: held < wanted,
}


class RuleError(ValueError):
    """A rule that the directory would refuse; says where."""


@dataclass(frozen=True)
class Rule:
    """A parsed rule: whom it is about (``user`` or ``device``), and the test."""

    entity: str
    test: Test
    plans: bool = False

    def __call__(self, item: Mapping[str, Any]) -> bool:
        return self.test(item)


@lru_cache(maxsize=256)
def rule(text: str) -> Rule:
    """The predicate of a membership rule; RuleError if it is not one."""
    if len(text) > LONGEST:
        raise RuleError(f"the rule has {len(text)} characters, {LONGEST} are allowed")
    if (reports := _REPORTS.match(text)) is not None:
        manager = reports[1].lower()
        return Rule("user", lambda user: user.get("_manager") == manager)
    parser = _Parser(text)
    test = parser.disjunction()
    parser.end()
    if parser.entity is None:
        raise RuleError("No object type")
    return Rule(parser.entity, test, "assignedPlans" in parser.collections)


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise RuleError(f"{pattern!r} is no regular expression: {error}") from error


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        self.entity: str | None = None
        self.collections: set[str] = set()
        self._item: str | None = None
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise RuleError(f"the rule cannot be read at {text[at:]!r}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind)))
            at = match.end()
        if sum(text.lower() in ("(", "not", "-not") for _, text in self._tokens) > DEEPEST:
            raise RuleError(f"the rule is nested more than {DEEPEST} levels deep")

    def end(self) -> None:
        """Refuse what is left over."""
        if self._at < len(self._tokens):
            raise RuleError(f"unexpected {self._tokens[self._at][1]!r} in the rule {self._text!r}")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise RuleError(f"the rule {self._text!r} ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *words: str) -> bool:
        if self._at >= len(self._tokens):
            return False
        kind, text = self._tokens[self._at]
        if kind in ("string", "single") or text.lower().removeprefix("-") not in words:
            return False
        self._at += 1
        return True

    def disjunction(self) -> Test:
        """Conditions joined by ``-or``; ``-and`` and ``-not`` bind closer."""
        terms = [self._conjunction()]
        while self._take("or"):
            terms.append(self._conjunction())
        return lambda item: any(term(item) for term in terms)

    def _conjunction(self) -> Test:
        terms = [self._negation()]
        while self._take("and"):
            terms.append(self._negation())
        return lambda item: all(term(item) for term in terms)

    def _negation(self) -> Test:
        if self._take("not"):
            inner = self._negation()
            return lambda item: not inner(item)
        if self._take("("):
            inner = self.disjunction()
            if not self._take(")"):
                raise RuleError(f"a parenthesis of the rule {self._text!r} is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        name, value = self._property()
        if self._item is None and name in COLLECTIONS:
            return self._quantified(name, value)
        operator = self._next()[1].lower().removeprefix("-")
        negated = operator.startswith("not") or operator == "ne"
        test = self._test(operator.removeprefix("not") if operator != "ne" else "eq")
        return lambda item: test(value(item)) is not negated

    def _quantified(self, name: str, value: Callable[[Any], Any]) -> Test:
        """``-any`` or ``-all`` of a collection; its items are ``_``, or objects under their own name."""
        self.collections.add(name)
        word = self._next()[1].lower().removeprefix("-")
        if word not in ("any", "all"):
            raise RuleError(f"Invalid operands found for operator -{word}")
        if not self._take("("):
            raise RuleError(f"-{word} takes a condition in parentheses")
        self._item = COLLECTIONS[name]
        inner = self.disjunction()
        self._item = None
        if not self._take(")"):
            raise RuleError(f"the condition of -{word} is not closed")
        many = any if word == "any" else all
        return lambda item: many(inner(one) for one in value(item) or ())

    def _test(self, operator: str) -> Test:
        if operator == "in":
            allowed = self._list()
            return lambda held: _fold(held) in allowed
        if operator in _ORDERS:
            return self._ordered(operator)
        wanted = _fold(self._value())
        if operator == "eq":
            return lambda held: bool(_fold(held) == wanted)
        test = _STRINGS.get(operator)
        if test is None:
            raise RuleError(f"{operator!r} is no operator of membership rules")
        if operator == "match":
            _check_pattern(str(wanted))
        return lambda held: isinstance(held, str) and test(held.casefold(), str(wanted))

    def _ordered(self, operator: str) -> Test:
        """Moments, compared with another or with ``system.now -plus p1d`` as it is when the rule is asked."""
        test, wanted = _ORDERS[operator], self._moment()
        return lambda held: isinstance(held, str) and test(_read(held), wanted())

    def _moment(self) -> Callable[[], datetime]:
        kind, text = self._next()
        if kind in ("string", "single"):
            fixed = _read(text)
            return lambda: fixed
        if text.lower() != "system.now":
            raise RuleError(f"{text!r} is no moment")
        sign = 1 if self._take("plus") else -1 if self._take("minus") else 0
        shift = sign * _span(self._next()[1]) if sign else timedelta()
        return lambda: datetime.now(UTC) + shift

    def _property(self) -> tuple[str, Callable[[Any], Any]]:
        """A property's stored name, and how it is read."""
        kind, text = self._next()
        if kind != "word":
            raise RuleError(f"{text!r} is no property that rules can use")
        if self._item is not None:
            return self._inner(text)
        entity, _, name = text.partition(".")
        known = PROPERTIES.get(entity.lower(), {}).get(name.lower())
        if known is None:
            raise RuleError(f"Wrong property applied: {text!r}")
        if self.entity not in (None, entity.lower()):
            raise RuleError("users and devices cannot be members of the same group")
        self.entity = entity.lower()
        holder, _, part = known.rpartition(".")
        if holder:
            return known, lambda item: (item.get(holder) or {}).get(part)
        return known, lambda item: item.get(known)

    def _inner(self, text: str) -> tuple[str, Callable[[Any], Any]]:
        """Inside of ``-any``: ``_`` is the item itself, ``assignedPlan.servicePlanId`` a part of it."""
        if self._item == "_" and text == "_":
            return "_", lambda item: item
        owner, _, name = text.partition(".")
        if owner.lower() != str(self._item).lower() or not name:
            raise RuleError(f"Wrong property applied: {text!r}")
        spelling = {"serviceplanid": "servicePlanId", "capabilitystatus": "capabilityStatus"}.get(name.lower(), name)
        return spelling, lambda item: item.get(spelling) if isinstance(item, Mapping) else None

    def _list(self) -> set[Any]:
        if not self._take("["):
            raise RuleError("-in takes a list in square brackets")
        found = {_fold(self._value())}
        while self._take(","):
            found.add(_fold(self._value()))
        if not self._take("]"):
            raise RuleError("the list is not closed")
        return found

    def _value(self) -> Any:
        kind, text = self._next()
        if kind in ("string", "single"):
            return re.sub(r"`(.)", r"\1", text)
        words = {"true": True, "false": False, "null": None, "$true": True, "$false": False, "$null": None}
        if text.lower() not in words:
            raise RuleError(f"{text!r} is no value; strings stand in quotation marks")
        return words[text.lower()]


def _read(text: str) -> datetime:
    try:
        return moments.read(text)
    except ValueError:
        raise RuleError(f"{text!r} is no moment") from None


def _span(text: str) -> timedelta:
    match = _AGO.match(text)
    if match is None:
        raise RuleError(f"{text!r} is no span of time such as p1d")
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes"}[match[2].lower()]: int(match[1])})
