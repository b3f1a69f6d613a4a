"""Rules of dynamic groups: parsed once, evaluated over a user (Entra, "Manage rules for dynamic membership groups").

Grammar: ``user.<property> <operator> <value>``, joined by ``-and -or -not`` (the hyphen may be left out), parentheses.
Comparisons ignore case; a comparison with a missing value is false, except ``-ne`` and the negated operators.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

User = Mapping[str, Any]
Rule = Callable[[User], bool]

_TOKEN = re.compile(
    r"\s*(?:\"(?P<string>(?:[^\"`]|`.)*)\"|'(?P<single>[^']*)'|(?P<mark>[()\[\],])|(?P<word>[^\s()\[\],\"']+))"
)
_PROPERTIES = (
    "accountEnabled city companyName country department displayName employeeHireDate employeeId employeeType "
    "givenName jobTitle mail mailNickname mobilePhone objectId officeLocation onPremisesSyncEnabled "
    "postalCode preferredLanguage state streetAddress surname usageLocation userPrincipalName userType"
)
_READABLE = {name.lower(): name for name in _PROPERTIES.split()}
_STORED = {"objectId": "id"}
_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "contains": str.__contains__,
    "match": lambda held, wanted: re.search(wanted, held, re.IGNORECASE) is not None,
}


class RuleError(ValueError):
    """A rule that the directory would refuse; says where."""


@lru_cache(maxsize=256)
def rule(text: str) -> Rule:
    """The predicate of a membership rule; RuleError if it is not one."""
    parser = _Parser(text)
    test = parser.disjunction()
    parser.end()
    return test


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
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise RuleError(f"the rule cannot be read at {text[at:]!r}")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind)))
            at = match.end()

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

    def disjunction(self) -> Rule:
        """Conditions joined by ``-or``; ``-and`` and ``-not`` bind closer."""
        terms = [self._conjunction()]
        while self._take("or"):
            terms.append(self._conjunction())
        return lambda user: any(term(user) for term in terms)

    def _conjunction(self) -> Rule:
        terms = [self._negation()]
        while self._take("and"):
            terms.append(self._negation())
        return lambda user: all(term(user) for term in terms)

    def _negation(self) -> Rule:
        if self._take("not"):
            inner = self._negation()
            return lambda user: not inner(user)
        if self._take("("):
            inner = self.disjunction()
            if not self._take(")"):
                raise RuleError(f"a parenthesis of the rule {self._text!r} is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Rule:
        name = self._property()
        operator = self._next()[1].lower().removeprefix("-")
        negated = operator.startswith("not") or operator == "ne"
        test = self._test(operator.removeprefix("not") if operator != "ne" else "eq")
        return lambda user: test(user.get(name)) is not negated

    def _test(self, operator: str) -> Callable[[Any], bool]:
        if operator == "in":
            allowed = self._list()
            return lambda held: _fold(held) in allowed
        wanted = _fold(self._value())
        if operator == "eq":
            return lambda held: bool(_fold(held) == wanted)
        test = _STRINGS.get(operator)
        if test is None:
            raise RuleError(f"{operator!r} is no operator of membership rules")
        if operator == "match":
            _check_pattern(str(wanted))
        return lambda held: isinstance(held, str) and test(held.casefold(), str(wanted))

    def _property(self) -> str:
        kind, text = self._next()
        entity, _, name = text.partition(".")
        if kind != "word" or entity.lower() != "user" or name.lower() not in _READABLE:
            raise RuleError(f"{text!r} is no property of users that rules can use")
        spelling = _READABLE[name.lower()]
        return _STORED.get(spelling, spelling)

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
