"""Names: always what Entra takes, and what people would choose themselves where that is possible."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import usernames
from domain.usernames import RESERVED, candidates, display_name, given_name, surname

NAMES = st.text(min_size=1, max_size=256)
PREFERRED = st.none() | NAMES
IDS = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=64)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(NAMES, NAMES, PREFERRED, IDS)
def test_every_candidate_is_a_valid_local_part_and_mail_nickname(
    first: str, family: str, preferred: str | None, employee_id: str
) -> None:
    """wire.md's rules: A–Z a–z 0–9 ' . - _ ! # ^ ~, under 64, no dot at an end, no two dots; nickname: ASCII, 64."""
    for name in candidates(first, family, preferred, employee_id):
        assert re.fullmatch(r"[a-z0-9._-]{1,63}", name)
        assert not name.startswith(".")
        assert not name.endswith(".")
        assert ".." not in name
        assert name not in RESERVED


@given(NAMES, NAMES, PREFERRED, IDS, st.integers(1, 200))
def test_candidates_differ_and_are_the_same_every_time(
    first: str, family: str, preferred: str | None, employee_id: str, count: int
) -> None:
    names = candidates(first, family, preferred, employee_id, count)
    assert len(set(names)) == len(names) >= count
    assert names == candidates(first, family, preferred, employee_id, count)


@given(NAMES, NAMES, PREFERRED, IDS)
def test_names_to_be_shown_fit_and_are_never_empty(
    first: str, family: str, preferred: str | None, employee_id: str
) -> None:
    shown = display_name(first, family, preferred, employee_id)
    assert 0 < utf16(shown) <= 256
    for name in (given_name(first), surname(family)):
        assert name is None or 0 < utf16(name) <= 64
    assert not re.search(r"[\r\n\t\0]", shown)


@pytest.mark.parametrize(
    ("first", "family", "expected"),
    [
        ("Ada", "Lovelace", "ada.lovelace"),
        ("Łukasz", "Groß", "lukasz.gross"),
        ("İpek", "Çelik", "ipek.celik"),
        ("Siobhán", "O'Neill", "siobhan.oneill"),
        ("Siobhán", "O\N{RIGHT SINGLE QUOTATION MARK}Neill", "siobhan.oneill"),
        ("Anne\N{EN DASH}Marie", "Müller-Lüdenscheidt", "anne-marie.muller-ludenscheidt"),
        ("Mary Ann", "de la Cruz", "maryann.delacruz"),
        ("伟", "王", "wei.wang"),
        ("Ольга", "Щукина", "olga.shchukina"),
        ("محمد", "علي", "mhmd.ly"),
        ("Zo\N{ZERO WIDTH JOINER}ë", "A\N{ZERO WIDTH SPACE}bel", "zoe.abel"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}da", "\N{LATIN SMALL LIGATURE FI}nch", "ada.finch"),
        ("N", "Null", "n.null"),
        ("Madonna", "-", "madonna"),
        ("Ada \N{GRINNING FACE}", "Byron", "ada.byron"),
        ("\N{GRINNING FACE}", "\N{PARTY POPPER}", "1941a"),
        ("\N{GRINNING FACE}", "-", "1941a"),
        ("Root", "-", "root.1941a"),
        ("Ada.", ".Byron", "ada.byron"),
        ("-_-", "_", "1941a"),
    ],
)
def test_names_are_spelled_as_one_would_expect(first: str, family: str, expected: str) -> None:
    assert candidates(first, family, None, "1941A")[0] == expected


def test_namesakes_are_numbered_from_two_and_the_last_resort_is_the_employee_id() -> None:
    assert candidates("Ada", "Byron", None, "1941A", 4) == ["ada.byron", "ada.byron2", "ada.byron3", "ada.byron.1941a"]


def test_long_names_are_cut_so_that_a_number_fits() -> None:
    names = candidates("x" * 81, "Byron", None, "E" * 64, 1200)
    assert max(map(len, names)) == 63
    assert names[0] == "x" * 60
    assert names[1] == "x" * 60 + "2"
    assert names[-2].endswith("1199")


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        ("Bob", "bob.smith"),
        ("Bob Smith", "bob.smith"),
        (" Bobby ", "bobby.smith"),
        ("\N{GRINNING FACE}", "robert.smith"),
        (None, "robert.smith"),
    ],
)
def test_the_preferred_name_wins_where_it_can_be_spelled(preferred: str | None, expected: str) -> None:
    assert candidates("Robert", "Smith", preferred, "1")[0] == expected


def test_hrs_own_latin_spelling_wins_over_ours() -> None:
    assert candidates("晓明", "Wong", "Samuel", "1")[0] == "samuel.wong"


@pytest.mark.parametrize("employee_id", ["...", "-", "_._", ".a..b."])
def test_ids_of_punctuation_still_give_a_name(employee_id: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(\.[a-z0-9]+)*", candidates("\N{GRINNING FACE}", "-", None, employee_id)[0])


def test_ids_of_punctuation_alone_differ() -> None:
    assert candidates("-", "-", None, "...")[0] != candidates("-", "-", None, "..")[0]


def test_names_are_shown_as_written() -> None:
    assert display_name("Łucja", "Groß", None, "1") == "Łucja Groß"
    assert display_name("Robert", "Smith", "Bob", "1") == "Bob Smith"
    assert display_name("Anjali", "-", None, "1") == "Anjali"
    assert display_name("  Ada \n King ", "Byron", None, "1") == "Ada King Byron"
    assert (given_name("Ada"), surname("Byron"), surname("-")) == ("Ada", "Byron", None)


def test_what_cannot_be_shown_is_left_out() -> None:
    assert given_name("\0") is None
    assert display_name("\0", "-", None, "1941A") == "1941A"


def test_a_name_is_cut_neither_through_a_letter_nor_off_its_accent() -> None:
    assert given_name("a" * 63 + "\N{GRINNING FACE}") == "a" * 63
    assert given_name("a" * 63 + "e\N{COMBINING ACUTE ACCENT}") == "a" * 63
    assert given_name("é" * 80) == "é" * 64


def test_the_numbers_never_end() -> None:
    endless = usernames.all_candidates("ada")
    assert [next(endless) for _ in range(3)] == ["ada", "ada2", "ada3"]
