"""Who looks at this page, and the API as that person."""

import streamlit as st

from ui.calls import Api, SignedOutError
from ui.sessions import COOKIE, Session
from ui.wiring import wired

SESSION_ID = "session_id"


def _session_id() -> str | None:
    """The cookie of the page's connection; kept with the page, whose connection may be made anew."""
    if SESSION_ID not in st.session_state:
        st.session_state[SESSION_ID] = st.context.cookies.get(COOKIE)
    found: str | None = st.session_state[SESSION_ID]
    return found


def was_signed_in() -> bool:
    """Whether the browser brought a session, be it one that holds no longer."""
    return _session_id() is not None


def session(*, used: bool = True) -> Session | None:
    """The session of whoever looks, if it holds; a live view asks with ``used=False``."""
    return wired().sessions.get(_session_id(), used=used)


def api(*, used: bool = True) -> Api:
    """The API with this person's token, which is asked for anew at each call and so never expired."""

    def token() -> str:
        found = session(used=used)
        access = found.tokens.access_token() if found else None
        if access is None:
            sign_out_here()
            raise SignedOutError
        return access

    return Api(wired().http, token, sign_out_here)


def sign_out_here() -> None:
    """Forget a session that is of no use any more; the sign-in page then says so."""
    wired().sessions.close(_session_id())


def may(*roles: str) -> bool:
    """Whether the page should offer this; whether it is allowed is for the API to say."""
    found = session(used=False)
    return found is not None and bool(found.roles & set(roles))
