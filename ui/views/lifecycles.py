"""All lifecycles: filtered by kind, state and words, newest first."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from ui import clock, look, places, who
from ui.calls import ApiError
from ui.components import table
from ui.names import with_names
from ui.problems import show as show_problem
from ui.shapes import Lifecycle, Page
from ui.words import KINDS, STATUSES, kind_look, status_look

COLUMNS = ("Who", "What", "State", "Takes effect", "Started", "Employee id")
KEPT = "lifecycles_filters"
PATH = "lifecycles_path"
KEYS = ("q", "kind", "status")


def show() -> None:
    """The page."""
    look.heading("Lifecycles", "Everybody who joins, moves or leaves, newest first.")
    _take_from_address()
    filters = _filters()
    _to_address(filters)
    _live(filters)


def _take_from_address() -> None:
    """An address with filters sets them, unless the page has them already; so links, Back and reload keep them."""
    kept = st.session_state.setdefault(KEPT, {})
    for key in KEYS:
        if f"lifecycles_{key}" not in st.session_state:
            value = places.asked(key) or kept.get(key, "")
            st.session_state[f"lifecycles_{key}"] = value if key == "q" or value in _options(key) else ""


def _options(key: str) -> list[str]:
    return ["", *(KINDS if key == "kind" else STATUSES)]


def _filters() -> dict[str, str]:
    words, kind, status = st.columns([3, 1.3, 1.5], vertical_alignment="bottom")
    with words:
        st.text_input(
            "Search",
            key="lifecycles_q",
            placeholder="Name or employee id",
            icon=":material/search:",
            label_visibility="collapsed",
            live=True,
        )
    with kind:
        _choice("kind", "Kind", "All kinds", lambda name: kind_look(name).word)
    with status:
        _choice("status", "State", "All states", lambda name: status_look(name).word)
    return {key: str(st.session_state[f"lifecycles_{key}"] or "") for key in KEYS}


def _choice(key: str, label: str, everything: str, word: Any) -> None:
    st.selectbox(
        label,
        _options(key),
        key=f"lifecycles_{key}",
        format_func=lambda name: word(name) if name else everything,
        label_visibility="collapsed",
    )


def _to_address(filters: dict[str, str]) -> None:
    given = {key: value for key, value in filters.items() if value}
    if given != st.query_params.to_dict():
        st.query_params.from_dict(given)
    if given != st.session_state[KEPT]:
        st.session_state[KEPT] = given
        st.session_state[PATH] = [None]


@st.fragment(run_every="5s")
def _live(filters: dict[str, str]) -> None:
    path: list[str | None] = st.session_state.setdefault(PATH, [None])
    try:
        api = who.api(used=False)
        page = api.lifecycles(path[-1], **{key: value or None for key, value in filters.items()})
        items = with_names(api, page.items)
    except ApiError as error:
        show_problem(error, "The lifecycles cannot be shown")
        return
    _list(items, filtered=any(filters.values()))
    _pages(path, page)


def _list(items: Sequence[Lifecycle], *, filtered: bool) -> None:
    if not items:
        _empty(filtered)
        return
    opened = table.show("lifecycles", "Lifecycles", COLUMNS, [row(found) for found in items])
    if opened:
        places.go("lifecycle", id=opened)


def row(lifecycle: Lifecycle) -> table.Row:
    """A lifecycle as a row that leads to its page."""
    kind = kind_look(lifecycle.kind)
    cells = (
        table.Cell(lifecycle.who, tone="strong", more=lifecycle.id),
        table.Cell(kind.word, icon=kind.icon),
        table.Cell(look=status_look(lifecycle.status)),
        table.Cell(clock.when(lifecycle.effective_at), more=clock.utc(lifecycle.effective_at)),
        table.Cell(clock.when(lifecycle.started_at), tone="muted", more=clock.utc(lifecycle.started_at)),
        table.Cell(lifecycle.employee_id, tone="muted"),
    )
    return table.Row(lifecycle.id, cells, f"/lifecycle?{urlencode({'id': lifecycle.id})}")


def _empty(filtered: bool) -> None:
    if filtered:
        look.note("No lifecycle fits these filters. Take one away to see more.")
    else:
        look.note("Nobody joins, moves or leaves yet. A lifecycle stands here as soon as HR sends an event.")
        places.link("new-hire", "Start with a new hire", "person_add")


def _pages(path: list[str | None], page: Page[Lifecycle]) -> None:
    if len(path) == 1 and not page.next_page_token:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        if st.button("Newer", key="lifecycles_newer", icon=":material/chevron_left:", disabled=len(path) == 1):
            st.session_state[PATH] = path[:-1]
            st.rerun(scope="fragment")
        st.caption(f"Page {len(path)}", width="content")
        older = st.button(
            "Older", key="lifecycles_older", icon=":material/chevron_right:", disabled=not page.next_page_token
        )
        if older:
            st.session_state[PATH] = [*path, page.next_page_token]
            st.rerun(scope="fragment")
