"""Filters over single texts, truths and moments, evaluated on documents as they are kept.

Building the model of every resource to ask its title would take seconds for a large company. What a filter compares
beyond that (elements of lists, members, selections) is asked of the models.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scim2_models import EnterpriseUser
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ScimFilter,
    ValuePath,
)

from sandbox.scim.kinds import POLICY, Kind
from sandbox.store import Doc

Test = Callable[[Doc], bool]
_ENTERPRISE = str(EnterpriseUser.__schema__)
_MOMENTS = {"meta.created": "created", "meta.lastModified": "changed"}
_TEXT: dict[CompareOperator, Callable[[Any, Any], bool]] = {
    CompareOperator.eq: lambda held, wanted: bool(held == wanted),
    CompareOperator.ne: lambda held, wanted: bool(held != wanted),
    CompareOperator.co: lambda held, wanted: wanted in held,
    CompareOperator.sw: lambda held, wanted: held.startswith(wanted),
    CompareOperator.ew: lambda held, wanted: held.endswith(wanted),
}
_MOMENT: dict[CompareOperator, Callable[[Any, Any], bool]] = {
    CompareOperator.eq: lambda held, wanted: bool(held == wanted),
    CompareOperator.ne: lambda held, wanted: bool(held != wanted),
    CompareOperator.gt: lambda held, wanted: bool(held > wanted),
    CompareOperator.ge: lambda held, wanted: bool(held >= wanted),
    CompareOperator.lt: lambda held, wanted: bool(held < wanted),
    CompareOperator.le: lambda held, wanted: bool(held <= wanted),
}


class NotPlain(Exception):  # noqa: N818 - the answer is: ask the models
    """The filter compares more than single values."""


def plain(clause: Any, kind: Kind) -> Test | None:
    """The test that a filter is, if documents suffice to decide it."""
    try:
        return _Compiler(clause, kind).visit(clause.ast)
    except NotPlain:
        return None


def plain_key(asked: Any, kind: Kind) -> Callable[[Doc], tuple[bool, Any]] | None:
    """What orders documents as ``sortBy`` asks, if one value does; without a value last, as RFC 7644, 3.4.2.3 says."""
    binding = asked.sort_binding(kind.model)
    try:
        read = _single(binding)
    except NotPlain:
        return None

    def key(doc: Doc) -> tuple[bool, Any]:
        held = read(doc)
        return held is None, "" if held is None else binding.comparable(held, POLICY)

    return key


class _Compiler(FilterVisitor[Test]):
    def __init__(self, clause: Any, kind: Kind) -> None:
        self._filter = ScimFilter[kind.model](str(clause))  # type: ignore[name-defined]

    def visit_logical_expr(self, node: LogicalExpr) -> Test:
        """All, or any, of the terms."""
        tests = [self.visit(term) for term in node.terms]
        decide = all if node.op == LogicalOperator.and_ else any
        return lambda doc: decide(test(doc) for test in tests)

    def visit_not(self, node: Not) -> Test:
        """The opposite."""
        test = self.visit(node.expr)
        return lambda doc: not test(doc)

    def visit_value_path(self, node: ValuePath) -> Test:
        """Elements of a list are asked of the models."""
        raise NotPlain

    def visit_present(self, node: Present) -> Test:
        """Is there a value?"""
        read, _ = self._reader(node.attr_path)
        return lambda doc: read(doc) not in (None, "")

    def visit_comparison(self, node: Comparison) -> Test:
        """One value compared with another."""
        read, binding = self._reader(node.attr_path)
        if binding.target_type is datetime:
            return _moment_test(node, read)
        compare = _TEXT.get(node.op)
        if compare is None or not isinstance(node.value, str | bool):
            raise NotPlain
        wanted = binding.comparable(node.value, POLICY)

        def test(doc: Doc) -> bool:
            held = read(doc)
            if held is None:
                return node.op == CompareOperator.ne
            return compare(binding.comparable(held, POLICY), wanted)

        return test

    def _reader(self, path: AttrPath) -> tuple[Callable[[Doc], Any], AttributeBinding]:
        binding = self._filter.resolve(path, strict=False)
        if binding is None:
            raise NotPlain
        return _single(binding), binding


def _single(binding: AttributeBinding | None) -> Callable[[Doc], Any]:
    """The reader of a single text, truth or moment."""
    if binding is None or binding.is_multivalued or binding.target_type not in (str, bool, datetime):
        raise NotPlain
    urn = binding.urn
    if urn.startswith(f"{_ENTERPRISE}:"):
        parts = [_ENTERPRISE, *urn.removeprefix(f"{_ENTERPRISE}:").split(".")]
    else:
        parts = urn.removeprefix(f"{binding.model.__schema__}:").split(".")  # type: ignore[attr-defined]
    if (kept := _MOMENTS.get(".".join(parts))) is not None:
        return lambda doc: doc[kept]
    if parts[0] == "meta" or (parts[-1] == "displayName" and "manager" in parts):
        raise NotPlain

    def read(doc: Doc) -> Any:
        held: Any = doc["resource"]
        for part in parts:
            held = held.get(part) if isinstance(held, dict) else None
        return held

    return read


def _moment_test(node: Comparison, read: Callable[[Doc], Any]) -> Test:
    compare = _MOMENT.get(node.op)
    if compare is None or not isinstance(node.value, str):
        raise NotPlain
    wanted = _moment(node.value)
    return lambda doc: compare(_moment(read(doc)), wanted)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
