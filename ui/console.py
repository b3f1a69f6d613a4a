"""The script that Streamlit runs for each page: who looks, what they are offered, and the page itself."""

import gc
from functools import partial
from html import escape
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st

from ui import look, places, who
from ui.calls import SignedOutError
from ui.problems import SIGNED_OUT
from ui.sessions import Session
from ui.views import lifecycle, lifecycles, new_hire, people, person, termination, today, update
from ui.words import literal

VIEWS = {
    "today": today.show,
    "lifecycles": lifecycles.show,
    "lifecycle": lifecycle.show,
    "people": people.show,
    "person": person.show,
    "new-hire": new_hire.show,
    "update": update.show,
    "termination": termination.show,
}
REFUSALS = {
    "declined": "The sign-in was broken off. Nothing happened.",
    "expired": "That sign-in took too long or was already used. Sign in again.",
    "refused": "The sign-in was refused. Try again; if it stays, ask your administrator to look at the console's log.",
    "unreachable": "The sign-in service is not answering. Try again in a minute.",
}


@st.cache_resource
def _settle() -> None:
    """Streamlit collects garbage after each run: what is loaded by now is taken out of its way, once."""
    gc.collect()
    gc.freeze()


def _door(words: str) -> None:
    path = urlsplit(st.context.url or "").path or "/"
    query = urlencode({name: value for name, value in st.query_params.to_dict().items() if name != "sign_in"})
    back = quote(f"{path}?{query}" if query else path, safe="")
    said = f'<div class="jml-note jml-orange" role="status">{escape(words)}</div>' if words else ""
    st.html(
        f'<div class="jml-door">{said}<h1>Lifecycle console</h1><p>Joining, moving and leaving, watched and proved.</p>'
        f'<a class="jml-button" href="/auth/sign-in?back_to={back}" target="_self">Sign in</a></div>'
    )


def _no_role(session: Session) -> None:
    look.heading("No role yet", f"You are signed in as {session.name}.")
    st.info(
        "Ask whoever administers the console in Entra for one of Hr.Operator, Iam.Admin, Iam.Approver or Iam.Auditor, "
        "then sign out and in again.",
        title="Your account has no role here",
    )


def _person_menu(session: Session) -> None:
    with st.sidebar, st.popover(literal(session.name), icon=":material/account_circle:", type="tertiary"):
        st.caption(literal(session.username))
        st.caption(", ".join(sorted(session.roles)) or "no role")
        st.html('<a class="jml-link" href="/auth/sign-out" target="_self">Sign out</a>')


def _signed_in(session: Session) -> None:
    _person_menu(session)
    if not places.offered(session.roles):
        _no_role(session)
        return
    try:
        places.navigation(session.roles, VIEWS).run()
    except SignedOutError:
        st.rerun()


def main() -> None:
    """One run of the script."""
    st.set_page_config(
        page_title="Lifecycle console",
        page_icon=look.icon_file(),
        layout="wide",
        menu_items={"About": "Joiner, mover and leaver automation."},
    )
    look.apply()
    _settle()
    session = who.session()
    if session is not None:
        _signed_in(session)
        return
    words = REFUSALS.get(places.asked("sign_in")) or (SIGNED_OUT if who.was_signed_in() else "")
    places.navigation(places.EVERYBODY, dict.fromkeys(VIEWS, partial(_door, words)), hidden=True).run()


if __name__ == "__main__":
    main()
