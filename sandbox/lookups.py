"""How documents are found by other fields than those that always have an index (``sandbox.store.INDEXED``)."""

import re
from collections.abc import Callable
from typing import Any, TypeGuard

from sandbox.index import folded
from sandbox.lag import Doc

LOOKED_UP: dict[str, tuple[str, ...]] = {
    "users": (
        "department", "displayName", "jobTitle", "officeLocation", "city", "country", "companyName", "employeeType",
        "givenName", "surname", "mailNickname", "usageLocation", "userType", "accountEnabled", "employeeHireDate",
        "createdDateTime",
    ),
    "groups": ("mailNickname", "mail"),
    "service_principals": ("servicePrincipalType",),
}  # fmt: skip
"""Fields with an index that is made when somebody first filters by them."""

_WORD = re.compile(r"\w+")


def _products(user: Doc) -> list[str]:
    states = user.get("licenseAssignmentStates") or ()
    return [state["skuId"] for state in states if state["state"] in ("Active", "ActiveWithError")]


def _words(doc: Doc) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(str(doc.get("displayName") or "").casefold())))


DERIVED: dict[tuple[str, str], Callable[[Doc], Any]] = {
    ("users", "_products"): _products,
    ("deleted_users", "_products"): _products,
    ("users", "_words"): _words,
}
"""Indexed values that are no field: ``_products`` are the skuIds of which somebody takes a seat, ``_words`` the words
of the display name."""


def reader(kind: str, field: str) -> Callable[[Doc], Any]:
    """What reads the indexed value from a document."""
    return DERIVED.get((kind, field)) or (lambda doc: doc.get(field))


def has(doc: Doc | None, read: Callable[[Doc], Any], value: str | bool) -> TypeGuard[Doc]:
    """Has the document, or one of its list's items, the value?"""
    if doc is None:
        return False
    held = read(doc)
    if isinstance(held, list):
        return value in held
    return held is not None and folded(held) == folded(value)
