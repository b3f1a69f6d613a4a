"""The addresses of signing in and out, beside Streamlit's own."""

import logging
from dataclasses import dataclass
from urllib.parse import urlencode

from requests import RequestException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ui.id_token import IdTokenError
from ui.sessions import ABSOLUTE_SECONDS, COOKIE, FLOW_SECONDS, SessionStore
from ui.sign_in import SignIn, SignInError

log = logging.getLogger(__name__)

FLOW_COOKIE = "jml_sign_in"
CALLBACK = "/auth/callback"


def back_to(wanted: str | None) -> str:
    """A path of this console to return to; anything that could lead elsewhere becomes the first page."""
    plain = wanted is not None and wanted.startswith("/") and wanted.isprintable()
    if not plain or wanted is None or wanted[1:2] in ("/", "\\") or wanted.startswith("/auth/"):
        return "/"
    return wanted


@dataclass(frozen=True)
class SignInRoutes:
    """``/auth/sign-in``, ``/auth/callback`` and ``/auth/sign-out``."""

    sign_in: SignIn
    sessions: SessionStore
    secure: bool

    def routes(self) -> list[Route]:
        """What the ASGI application mounts."""
        return [
            Route("/auth/sign-in", self.start, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
            Route("/auth/sign-out", self.sign_out, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Send the browser to Entra, remembering where it was."""
        wanted = back_to(request.query_params.get("back_to"))
        try:
            flow = await run_in_threadpool(self.sign_in.start)
        except (SignInError, RequestException, ValueError) as wrong:
            return _refused("unreachable", wrong, wanted)
        answer = RedirectResponse(flow["auth_uri"], status_code=303)
        self._set(answer, FLOW_COOKIE, self.sessions.begin(flow, wanted), FLOW_SECONDS)
        return answer

    async def callback(self, request: Request) -> Response:
        """Entra's answer: redeem the code, check the ID token, open a session under a new id."""
        flow = self.sessions.take_flow(request.cookies.get(FLOW_COOKIE))
        if flow is None:
            return _refused("expired", "no sign-in under way in this browser", "/")
        try:
            session = await run_in_threadpool(self.sign_in.finish, flow.flow, dict(request.query_params))
        except (SignInError, IdTokenError) as wrong:
            return _refused(_reason(wrong), wrong, flow.back_to)
        except (RequestException, ValueError) as wrong:
            return _refused("unreachable", wrong, flow.back_to)
        self.sessions.close(request.cookies.get(COOKIE))
        answer = RedirectResponse(flow.back_to, status_code=303)
        self._set(answer, COOKIE, self.sessions.open(session), ABSOLUTE_SECONDS)
        answer.delete_cookie(FLOW_COOKIE)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Forget the session here, then at Entra."""
        self.sessions.close(request.cookies.get(COOKIE))
        try:
            leave = await run_in_threadpool(self.sign_in.sign_out_uri)
        except (RequestException, ValueError, KeyError) as wrong:
            log.warning("signed out here, but Entra's sign-out page is not known: %s", wrong)
            leave = "/"
        answer = RedirectResponse(leave, status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    def _set(self, answer: Response, name: str, value: str, seconds: float) -> None:
        answer.set_cookie(name, value, max_age=int(seconds), httponly=True, samesite="lax", secure=self.secure)


def _reason(wrong: SignInError | IdTokenError) -> str:
    return "declined" if isinstance(wrong, SignInError) and wrong.code == "access_denied" else "refused"


def _refused(reason: str, detail: object, wanted: str) -> Response:
    """Back to the sign-in page with a word for what happened; the detail goes to the log only."""
    log.warning("sign-in %s: %s", reason, detail)
    path, _, query = wanted.partition("?")
    return RedirectResponse(f"{path}?{query + '&' if query else ''}{urlencode({'sign_in': reason})}", status_code=303)
