"""A table whose rows are links: Ctrl-click and Enter work, text can be selected, tests find it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.components import component, nothing
from ui.words import Look

_draw = component("table")


@dataclass(frozen=True)
class Cell:
    """A cell: text, perhaps with an icon, or a chip; ``tone`` is ``strong`` or ``muted``, ``more`` is its tooltip."""

    text: str = ""
    icon: str = ""
    look: Look | None = None
    tone: str = ""
    more: str = ""

    def data(self) -> dict[str, Any]:
        """As the component draws it."""
        chip = self.look.chip() if self.look else None
        return {"text": self.text, "icon": self.icon, "chip": chip, "tone": self.tone, "more": self.more}


@dataclass(frozen=True)
class Row:
    """A row and where it leads; without ``href`` it leads nowhere."""

    id: str
    cells: Sequence[Cell] = field(default_factory=tuple)
    href: str = ""

    def data(self) -> dict[str, Any]:
        """As the component draws it."""
        return {"id": self.id, "href": self.href, "cells": [cell.data() for cell in self.cells]}


def show(key: str, label: str, columns: Sequence[str], rows: Sequence[Row]) -> str | None:
    """Draw it; the id of the row that was opened, once."""
    data = {"label": label, "columns": list(columns), "rows": [row.data() for row in rows]}
    opened = _draw(key=key, data=data, on_open_change=nothing).open
    return str(opened) if opened else None
