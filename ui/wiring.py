"""What the composition root hands to the pages, which Streamlit runs as a script of its own."""

from dataclasses import dataclass

import httpx

from ui.sessions import SessionStore


@dataclass(frozen=True)
class Wiring:
    """The console's parts that outlive a page: sessions, the way to the API, the address of Temporal's console."""

    sessions: SessionStore
    http: httpx.Client
    temporal_ui_url: str


_installed: list[Wiring] = []


def install(wiring: Wiring) -> None:
    """Make ``wiring`` the one that pages find."""
    _installed[:] = [wiring]


def wired() -> Wiring:
    """The wiring of this process."""
    if not _installed:
        raise RuntimeError("the console's pages run inside ui.app only: start it with python -m ui")
    return _installed[0]
