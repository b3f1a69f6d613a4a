"""What went wrong, in words: what happened, what it means, what to do."""

import logging
import secrets
from collections.abc import Mapping

import streamlit as st

from ui import calls
from ui.calls import ApiError, SignedOutError
from ui.words import literal

log = logging.getLogger(__name__)

SIGNED_OUT = "You were signed out. Sign in again; you come back here."


def explain(error: ApiError) -> str:
    """A refusal in words for the person who asked."""
    match error.status:
        case calls.NOT_SENT:
            return "The platform is not answering. Nothing was changed. Try again in a minute; what you typed is kept."
        case 403:
            return f"Your role may not do this. {_sentence(error.detail)} Ask somebody whose role may."
        case 404:
            return f"{_sentence(error.detail)} Check the address or the id."
        case 409:
            return f"{_sentence(error.detail)} Nothing was changed. The page shows how it is now."
        case 422 if not error.problems:
            return f"{_sentence(error.detail)} Nothing was changed; what you typed is kept."
        case 422:
            return "Some fields do not fit. Nothing was changed; each says what is wrong."
        case 429:
            return "Too many requests at once. Nothing was changed. Try again in a few seconds; what you typed is kept."
        case 503:
            return f"{_sentence(error.detail)} Nothing was changed. Try again in a minute; what you typed is kept."
        case 504:
            return "The platform did not answer in time. It may have accepted it: look before you try again."
        case _:
            return f"{_sentence(error.detail)} What you typed is kept."


def show(error: ApiError | SignedOutError, headline: str) -> None:
    """Say in place what did not work; the page goes on drawing."""
    if isinstance(error, SignedOutError):
        st.error(SIGNED_OUT, title=headline)
    else:
        st.error(explain(error), title=headline)


def fields(error: ApiError) -> Mapping[str, str]:
    """Messages of a 422 by the field's last name, as forms know it (``changes.title`` is ``title``)."""
    return {problem.field.rsplit(".", 1)[-1]: problem.message for problem in error.problems}


def on_script_error(error: Exception) -> bool:
    """What no page foresaw: a reference for the log, and no trace on the page."""
    reference = secrets.token_hex(4)
    log.error("page failed, reference %s", reference, exc_info=error)
    st.error(
        f"The console could not draw this. What runs goes on. Load the page again; if it stays, say {reference}.",
        title="Something went wrong here",
    )
    return True


def _sentence(words: str) -> str:
    words = literal(words)
    return words if words.endswith((".", "?", "!")) or not words else f"{words}."
