"""Rows that wait for somebody: who, what is wrong in words, for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ui.components import component, nothing
from ui.words import Look

_draw = component("rows")


@dataclass(frozen=True)
class Line:
    """One row. With ``since`` a clock runs at its right in place of ``big``."""

    id: str
    href: str
    look: Look
    who: str
    what: str
    words: str
    big: str = ""
    small: str = ""
    since: datetime | None = None

    def data(self) -> dict[str, Any]:
        """As the component draws it."""
        shown = {name: getattr(self, name) for name in ("id", "href", "who", "what", "words", "big", "small")}
        return shown | {"look": self.look.chip(), "since": self.since.timestamp() if self.since else None}


def show(key: str, lines: Sequence[Line]) -> str | None:
    """Draw them; the id of the row that was opened, once."""
    opened = _draw(key=key, data={"rows": [line.data() for line in lines]}, on_open_change=nothing).open
    return str(opened) if opened else None
