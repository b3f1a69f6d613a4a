"""The pages by name: their titles, who is offered them, and how one goes from one to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import streamlit as st

READERS = frozenset({"Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor"})
STARTERS = frozenset({"Hr.Operator"})
ADMINS = frozenset({"Iam.Admin"})
EVERYBODY = READERS | STARTERS | ADMINS


@dataclass(frozen=True)
class Place:
    """A page of the console."""

    title: str
    icon: str
    roles: frozenset[str]
    section: str = ""
    visible: bool = True


PLACES = {
    "today": Place("Today", "wb_sunny", READERS),
    "lifecycles": Place("Lifecycles", "conversion_path", READERS),
    "people": Place("People", "group", READERS),
    "new-hire": Place("New hire", "person_add", STARTERS, "Start"),
    "update": Place("Update", "edit", STARTERS, "Start"),
    "termination": Place("Termination", "person_remove", STARTERS, "Start"),
    "lifecycle": Place("Lifecycle", "conversion_path", READERS, visible=False),
    "person": Place("Person", "person", READERS, visible=False),
}
_PAGES = "pages"


def offered(roles: frozenset[str]) -> list[str]:
    """The places for somebody with these roles."""
    return [name for name, place in PLACES.items() if place.roles & roles]


def navigation(roles: frozenset[str], views: Mapping[str, Callable[[], None]], *, hidden: bool = False) -> Any:
    """Streamlit's navigation over the places offered; the page to run. ``hidden``: addresses only, no menu."""
    pages = {name: _page(name, views[name]) for name in offered(roles)}
    st.session_state[_PAGES] = pages
    sections: dict[str, list[Any]] = {}
    for name, page in pages.items():
        sections.setdefault(PLACES[name].section, []).append(page)
    return st.navigation(sections, position="hidden" if hidden else "sidebar")


def _page(name: str, view: Callable[[], None]) -> Any:
    place = PLACES[name]
    return st.Page(
        view,
        title=place.title,
        icon=f":material/{place.icon}:",
        url_path=name,
        default=name == "today",
        visibility="visible" if place.visible else "hidden",
    )


def has(name: str) -> bool:
    """Whether this person is offered the place."""
    return name in st.session_state.get(_PAGES, {})


def go(name: str, **query: str) -> NoReturn:
    """Open a place; what stands in ``query`` is in its address."""
    st.switch_page(st.session_state[_PAGES][name], query_params=query)


def link(name: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a place, if this person is offered it."""
    if has(name):
        shown = f":material/{icon}:" if icon else None
        st.page_link(st.session_state[_PAGES][name], label=label, icon=shown, query_params=query)


def back(name: str) -> None:
    """The link at the top of a page to the list that it belongs to."""
    with st.container(key="back"):
        link(name, PLACES[name].title, "arrow_back")


def asked(name: str) -> str:
    """A value from the page's address, or empty."""
    return str(st.query_params.get(name, ""))
