"""What every page looks like: the style sheet, the logo, and the small parts that pages are put together from."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from ui.words import Look

STYLE = Path(__file__).with_name("style.css")
_MARK = (
    '<path d="M5 14V8.5A3.5 3.5 0 0 1 8.5 5H19a5.5 5.5 0 0 1 0 11H13" fill="none" stroke="{accent}"'
    ' stroke-width="3" stroke-linecap="round"/><circle cx="6.5" cy="18" r="2.6" fill="{accent}"/>'
)
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="190" height="26" viewBox="0 0 190 26">{mark}'
    '<text x="33" y="17.5" font-family="Inter, sans-serif" font-size="13.5" font-weight="650" fill="{text}">'
    "Lifecycle console</text></svg>"
)


def dark() -> bool:
    """Whether the page is dark, by the system's or the person's choice."""
    return bool(st.context.theme.type == "dark")


def apply() -> None:
    """The style sheet and the logo; once a run, before anything else is drawn."""
    st.html(STYLE)
    st.html(f"<style>:root{{color-scheme:{'dark' if dark() else 'light'}}}</style>")
    accent, ink = ("#5CC4D4", "#E8ECF0") if dark() else ("#0E5F70", "#18212B")
    st.logo(_LOGO.format(mark=_MARK.format(accent=accent), text=ink), size="large")


def icon_file() -> str:
    """The browser tab's icon: our own drawing, so that no font host is asked."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 26">{_MARK.format(accent="#0E7C8F")}</svg>'


def icon(name: str) -> str:
    """A Material Symbol in HTML of ours."""
    return f'<span class="jml-icon" aria-hidden="true">{escape(name)}</span>'


def chip(look: Look) -> str:
    """A state as HTML: word and icon with the colour."""
    return f'<span class="jml-chip jml-{look.colour}">{icon(look.icon)}{escape(look.word)}</span>'


def subtitle(words: str, *looks: Look) -> None:
    """The grey line under a title, after its chips."""
    chips = "".join(chip(look) for look in looks)
    st.html(f'<p class="jml-subtitle">{chips}{escape(words)}</p>')


def heading(title: str, words: str, *looks: Look) -> None:
    """A page's title with its grey line."""
    st.title(title, anchor=False)
    subtitle(words, *looks)


def strip(facts: Sequence[tuple[str, str, str]]) -> None:
    """The strip of facts: label, value, and what one sees on pointing at it."""
    cells = "".join(
        f'<div><dt>{escape(label)}</dt><dd title="{escape(more)}">{escape(value)}</dd></div>'
        for label, value, more in facts
        if value
    )
    st.html(f'<dl class="jml-facts">{cells}</dl>')


def plan(lines: Sequence[tuple[str, str, str]]) -> None:
    """What will happen: when, what, and the words under it."""
    items = "".join(
        f'<li><span class="jml-when">{escape(at)}</span><span class="jml-dot" aria-hidden="true"></span>'
        f'<span><strong>{escape(what)}</strong><span class="jml-what">{escape(more)}</span></span></li>'
        for at, what, more in lines
    )
    st.html(f'<ol class="jml-plan">{items}</ol>')


def note(words: str, colour: str = "gray") -> None:
    """A quiet tinted sentence."""
    st.html(f'<div class="jml-note jml-{colour}">{escape(words)}</div>')
