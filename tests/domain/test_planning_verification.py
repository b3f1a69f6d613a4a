"""Whether the tenant shows what a plan wanted."""

from typing import Any

import pytest

from domain.planning import Check, judge
from domain.planning.verification import differences, same
from domain.snapshot import Account, Grant
from tests.domain.planning_cases import E3, FINANCE, HELPDESK, account


def seen(check: Check, found: Account | None, *grants: Grant) -> bool:
    """The verdict on one check."""
    return judge([check], found, grants)[0].seen


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        (Check(aspect="enabled"), {"enabled": False}),
        (Check(aspect="enabled", want=False), {"enabled": True}),
        (Check(aspect="manager", value="o-other"), {}),
        (Check(aspect="manager", value=None), {}),
        (Check(aspect="attributes", value={"jobTitle": "Director"}), {}),
        (Check(aspect="attributes", value={"companyName": "Fabrikam"}), {}),
        (Check(aspect="sessions", value="2026-03-01T00:00:00Z"), {}),
        (Check(aspect="password", value="2026-03-01T00:00:01+00:00"), {}),
        (Check(aspect="sessions", value=None), {"sessions_valid_from": None}),
        (Check(aspect="deleted"), {}),
        (Check(aspect="group", id="g-finance"), {}),
    ],
)
def test_what_is_not_so_is_not_seen(check: Check, changes: dict[str, Any]) -> None:
    assert not seen(check, account(**changes))


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        (Check(aspect="enabled"), {}),
        (Check(aspect="enabled", want=False), {"enabled": False}),
        (Check(aspect="manager", value="o-manager"), {}),
        (Check(aspect="manager", value=None), {"manager_id": None}),
        (Check(aspect="attributes", value={"jobTitle": "Analyst", "companyName": None}), {}),
        (Check(aspect="attributes", value={"employeeHireDate": "2026-03-01T00:00:00+00:00"}), {}),
        (Check(aspect="sessions", value="2026-03-01T00:00:00Z"), {"sessions_valid_from": "2026-03-02T00:00:00Z"}),
        (Check(aspect="sessions", value=None), {}),
        (Check(aspect="deleted"), {"deleted": True}),
        (Check(aspect="group", id="g-finance", want=False), {}),
    ],
)
def test_what_is_so_is_seen(check: Check, changes: dict[str, Any]) -> None:
    assert seen(check, account(**changes))


def test_grants_are_seen_by_kind_and_id() -> None:
    assert seen(Check(aspect="group", id="g-finance"), account(), FINANCE)
    assert seen(Check(aspect="directory_role", id="role-helpdesk"), account(), HELPDESK)
    assert not seen(Check(aspect="directory_role", id="g-finance"), account(), FINANCE)
    assert not seen(Check(aspect="group", id="g-finance", want=False), account(), FINANCE)


def test_a_direct_licence_is_not_the_inherited_one() -> None:
    by_group = E3.model_copy(update={"source": "by_group"})
    assert not seen(Check(aspect="licence", id="sku-e3"), account(), by_group)
    assert seen(Check(aspect="licence", id="sku-e3", want=False), account(), by_group)
    assert seen(Check(aspect="inherited_licence", id="sku-e3"), account(), by_group)


@pytest.mark.parametrize("gone", [None, account(deleted=True)])
def test_of_an_account_that_is_not_there_only_the_deletion_is_seen(gone: Account | None) -> None:
    assert seen(Check(aspect="deleted"), gone)
    assert not seen(Check(aspect="enabled", want=False), gone)
    assert not seen(Check(aspect="group", id="g", want=False), gone)


def test_what_was_found_instead_is_told() -> None:
    check = Check(aspect="attributes", value={"jobTitle": "Director", "department": "Finance"})
    assert judge([check], account(), ())[0].found == {"jobTitle": "Analyst"}


def test_a_check_reads_well() -> None:
    assert Check(aspect="group", name="Finance", id="g").label == "group Finance"
    assert Check(aspect="directory_role", name="King", id="r", want=False).label == "no directory role King"
    assert Check(aspect="enabled").label == "enabled"


def test_objects_are_compared_by_their_members() -> None:
    has = {"onPremisesExtensionAttributes": {"extensionAttribute1": "a", "extensionAttribute15": "e"}}
    wanted = {"onPremisesExtensionAttributes": {"extensionAttribute15": "e"}}
    assert differences(has, wanted) == {}
    assert differences({}, wanted) == wanted


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a", "a", True),
        (None, "", True),
        ("a", None, False),
        ("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", True),
        ("2026-03-01", "2026-03-01T00:00:00", True),
        ("Analyst", "analyst", False),
        ("2026-03-01T00:00:00", "2026-03-01T00:00:00Z", False),
    ],
)
def test_values_are_the_same_when_they_say_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
