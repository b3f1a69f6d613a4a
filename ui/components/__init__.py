"""What Streamlit has no widget for: the run sheet, tables whose rows are links, and rows that wait for somebody."""

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def component(name: str) -> Any:
    """Register ``<name>.js`` and ``<name>.css`` as a component; once, at import."""
    css = (HERE / "common.css").read_text("utf-8") + (HERE / f"{name}.css").read_text("utf-8")
    js = (HERE / "common.js").read_text("utf-8") + (HERE / f"{name}.js").read_text("utf-8")
    return st.components.v2.component(f"jml_{name}", css=css, js=js)


def nothing() -> None:
    """A trigger's callback: it must be given for the trigger to be read after the run."""
