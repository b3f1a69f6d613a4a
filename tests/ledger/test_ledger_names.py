"""Reserving names: one owner each."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger import Ledger, NoNameLeft

NAMES = [f"ada.byron{number}" for number in ("", *range(2, 41))]


def test_the_first_free_names_are_reserved_in_order(ledger: Ledger) -> None:
    assert ledger.reserve("1", NAMES) == [*NAMES[:3], NAMES[-1]]
    assert ledger.reserve("2", NAMES, count=2) == NAMES[3:5]


def test_the_name_of_last_resort_is_among_them_however_many_are_free(ledger: Ledger) -> None:
    assert ledger.reserve("1", ["ada.byron", "ada.byron2", "ada.byron.1"], count=1) == ["ada.byron", "ada.byron.1"]
    ledger.release("1", "ada.byron")
    again = ["ada.byron", "ada.byron2", "ada.byron.1"]
    assert ledger.reserve("1", again, count=1) == ["ada.byron", "ada.byron.1"]


def test_asking_again_gives_the_same_answer(ledger: Ledger) -> None:
    first = ledger.reserve("1", NAMES)
    assert ledger.reserve("1", ["somebody.else", *NAMES]) == first


def test_a_name_is_one_name_whatever_its_case(ledger: Ledger) -> None:
    ledger.reserve("1", ["Ada.Byron"], count=1)
    assert ledger.reserve("2", ["ada.byron", "ada.byron2"]) == ["ada.byron2"]
    assert ledger.reserve("1", ["ADA.BYRON"]) == ["Ada.Byron"]


def test_released_names_are_free_and_the_kept_one_stays_first(ledger: Ledger) -> None:
    first = ledger.reserve("1", NAMES)
    ledger.release("1", first[1].upper())
    assert ledger.reserve("2", NAMES, count=1) == [NAMES[0], NAMES[-1]]
    assert ledger.reserve("1", NAMES) == [NAMES[1], NAMES[2], NAMES[3]]


def test_a_name_of_elsewhere_releases_none(ledger: Ledger) -> None:
    first = ledger.reserve("1", NAMES)
    ledger.release("1", "named.elsewhere")
    assert ledger.reserve("1", NAMES) == first


def test_nobodys_name_is_released_by_another(ledger: Ledger) -> None:
    ledger.reserve("1", NAMES)
    ledger.release("2", NAMES[0])
    assert ledger.reserve("1", NAMES)[:3] == NAMES[:3]


def test_no_name_left_says_whose_and_which(ledger: Ledger) -> None:
    ledger.reserve("1", NAMES, count=40)
    with pytest.raises(NoNameLeft, match=r"names for 2, ada\.byron, ada\.byron2"):
        ledger.reserve("2", NAMES)


def test_namesakes_who_come_at_once_get_different_names(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda person: ledger.reserve(str(person), NAMES, count=2), range(16)))
    names = [name for names in given for name in names]
    assert len(set(names)) == len(names) == 33
