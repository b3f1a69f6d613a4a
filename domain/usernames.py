"""Names as people write them → names that Entra takes.

Local part of a user principal name: ``A–Z a–z 0–9 ' . - _ ! # ^ ~``, under 64 characters, no trailing dot, no two in
a row; mail nickname: at most 64 ASCII characters. What is made here is lower case letters, digits, ``- _ .`` only,
which satisfies both, and so much shorter that a number fits behind it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import count, islice

from anyascii import anyascii

LONGEST = 60
DISPLAY_NAME_MAX = 256
NAME_MAX = 64
NO_FAMILY_NAME = "-"
# Addresses that mail standards (RFC 2142), certificate authorities and administrators' habits reserve.
RESERVED = frozenset(
    {
        *("abuse", "admin", "administrator", "all", "everyone", "ftp", "guest", "helpdesk", "hostmaster", "info"),
        *("it", "mail", "mailer-daemon", "no-reply", "nobody", "noreply", "null", "office", "postmaster", "root"),
        *("sales", "security", "service", "support", "sysadmin", "system", "test", "undefined", "user", "webmaster"),
    }
)
_DASHES = {"Pd"}
# Format characters (zero-width, direction) and symbols (emoji, which anyascii would spell out).
_DROPPED = {"Cf", "Sc", "Sk", "Sm", "So"}


def _part(name: str) -> str:
    """A name as lower case ASCII; empty if nothing of it can be spelled so.

    Transliterated before it is lower-cased: ``İ`` lower-cased is two code points.
    """
    dashed = "".join("-" if unicodedata.category(char) in _DASHES else char for char in name)
    folded = unicodedata.normalize("NFKC", dashed)
    spoken = "".join(char for char in folded if unicodedata.category(char) not in _DROPPED)
    return re.sub(r"[^a-z0-9_-]", "", anyascii(spoken).lower()).strip("-_")


def _id_part(employee_id: str) -> str:
    """The employee id as a name of last resort; ids of punctuation alone are hashed."""
    plain = re.sub(r"\.{2,}", ".", employee_id.lower()).strip("._-")
    return plain[:LONGEST].rstrip("._-") or "p" + hashlib.sha256(employee_id.encode()).hexdigest()[:12]


def _first_name(given_name: str, family_name: str, preferred_name: str | None) -> str:
    """What the person is called by; a preferred name written out in full is cut before the family name."""
    if not preferred_name:
        return given_name
    first = preferred_name.strip()
    if family_name != NO_FAMILY_NAME and first.casefold().endswith(" " + family_name.casefold()):
        first = first[: -len(family_name)].strip()
    return first if _part(first) else given_name


def _base(given_name: str, family_name: str, preferred_name: str | None, employee_id: str) -> str:
    parts = (_part(_first_name(given_name, family_name, preferred_name)), _part(family_name))
    base = ".".join(part for part in parts if part)[:LONGEST].rstrip("._-")
    return base or _id_part(employee_id)


def _with_id(base: str, employee_id: str) -> str:
    suffix = _id_part(employee_id)
    room = LONGEST - len(suffix) - 1
    return f"{base[:room].rstrip('._-')}.{suffix}" if room > 0 else suffix


def all_candidates(base: str) -> Iterator[str]:
    """The name itself, then with 2, 3, … behind it."""
    yield base
    for number in count(2):
        yield f"{base[: LONGEST + 3 - len(str(number))]}{number}"


def candidates(
    given_name: str, family_name: str, preferred_name: str | None, employee_id: str, count: int = 20
) -> list[str]:
    """Local parts of a user principal name, best first; each is a valid mail nickname too.

    ``given.family``, numbered from 2 for namesakes; last of all one with the employee id, which nobody else can have.
    """
    base = _base(given_name, family_name, preferred_name, employee_id)
    if base in RESERVED:
        base = _with_id(base, employee_id)
    if base.endswith(_id_part(employee_id)):
        return list(islice(all_candidates(base), max(count, 1)))
    return [*islice(all_candidates(base), max(count - 1, 1)), _with_id(base, employee_id)]


# --- names to be shown


def _shown(name: str, longest: int) -> str | None:
    """The name on one line and cut where Entra's limit lies; None if nothing is left."""
    visible = (char for char in " ".join(name.split()) if unicodedata.category(char) not in {"Cc", "Cs"})
    return _cut("".join(visible), longest).strip() or None


def _cut(text: str, longest: int) -> str:
    """At most ``longest`` UTF-16 units, which is how the directory counts, without an accent cut off its letter."""
    if len(text.encode("utf-16-le")) <= 2 * longest:
        return text
    end = len(text.encode("utf-16-le")[: 2 * longest].decode("utf-16-le", "ignore"))
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end]


def given_name(name: str) -> str | None:
    """``givenName``, at most 64 characters; None if nothing of it can be shown."""
    return _shown(name, NAME_MAX)


def surname(name: str) -> str | None:
    """``surname``, at most 64 characters; None for a single name (written ``-``)."""
    return None if name.strip() == NO_FAMILY_NAME else _shown(name, NAME_MAX)


def display_name(given_name: str, family_name: str, preferred_name: str | None, employee_id: str) -> str:
    """What others see, at most 256 characters: the preferred, else the given name, and the family name."""
    first = given_name
    if preferred_name:
        first = _first_name(given_name, family_name, preferred_name)
    family = "" if family_name.strip() == NO_FAMILY_NAME else family_name
    return _shown(f"{first} {family}", DISPLAY_NAME_MAX) or employee_id
