"""The console's composition root: one ASGI application of Streamlit's pages and the sign-in routes."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from settings import Settings
from ui.calls import open_http
from ui.directory import http_session
from ui.headers import SecurityHeaders
from ui.problems import on_script_error
from ui.routes import SignInRoutes
from ui.sessions import SessionStore
from ui.sign_in import SignIn
from ui.wiring import Wiring, install

SCRIPT = Path(__file__).with_name("console.py")


def create_app(settings: Settings) -> st.App:
    """The console for ``settings``; uvicorn serves it."""
    sessions = SessionStore()
    install(Wiring(sessions, open_http(settings.api_url), settings.temporal_ui_url))
    secure = settings.ui_url.startswith("https:")
    app = st.App(
        SCRIPT,
        routes=SignInRoutes(_sign_in(settings), sessions, secure).routes(),
        middleware=[Middleware(SecurityHeaders, secure=secure)],
        on_script_error=on_script_error,
    )
    config.set_option("server.port", settings.ui_port)
    return app


def _sign_in(settings: Settings) -> SignIn:
    secret = settings.console_client_secret
    return SignIn(
        tenant_id=settings.tenant_id,
        authority_url=settings.authority_url,
        client_id=settings.console_client_id,
        client_secret=secret.get_secret_value() if secret else "",
        redirect_uri=settings.console_redirect_uri,
        home_uri=f"{settings.ui_url}/",
        scope=settings.api_user_scope,
        http=http_session(settings.ca_file),
    )
