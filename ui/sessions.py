"""Who is signed in: sessions kept on the server, so that no token ever reaches a browser."""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

COOKIE = "jml_session"
IDLE_SECONDS = 30 * 60.0
ABSOLUTE_SECONDS = 10 * 3600.0
FLOW_SECONDS = 10 * 60.0


class TokenSource(Protocol):
    """Gives the signed-in person's access token for the API, renewed before it expires; None once it cannot."""

    def access_token(self) -> str | None: ...


@dataclass
class Session:
    """One sign-in of one person."""

    name: str
    username: str
    roles: frozenset[str]
    tokens: TokenSource
    began: float = 0.0
    used: float = 0.0


@dataclass(frozen=True)
class Flow:
    """A sign-in under way: MSAL's authorization code flow and the page to come back to."""

    flow: dict[str, Any]
    back_to: str
    began: float


@dataclass
class SessionStore:
    """Sessions and sign-ins under way, in memory: a restart of the console signs everybody out.

    A session ends 30 minutes after the person last did something and 10 hours after it began, whatever comes first.
    """

    clock: Callable[[], float] = time.monotonic
    _sessions: dict[str, Session] = field(default_factory=dict)
    _flows: dict[str, Flow] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, flow: dict[str, Any], back_to: str) -> str:
        """Keep a sign-in under way; the answer is the secret that only this browser gets to know."""
        with self._lock:
            self._forget_old()
            flow_id = secrets.token_urlsafe(32)
            self._flows[flow_id] = Flow(flow, back_to, self.clock())
            return flow_id

    def take_flow(self, flow_id: str | None) -> Flow | None:
        """The sign-in under way, once: a second callback with the same code finds nothing."""
        with self._lock:
            self._forget_old()
            return self._flows.pop(flow_id or "", None)

    def open(self, session: Session) -> str:
        """A new session under a new random id, which is never one that came from outside."""
        with self._lock:
            session.began = session.used = self.clock()
            session_id = secrets.token_urlsafe(32)
            self._sessions[session_id] = session
            return session_id

    def get(self, session_id: str | None, *, used: bool = True) -> Session | None:
        """The session if it still holds. ``used=False`` for what a page does by itself, such as a live view."""
        with self._lock:
            self._forget_old()
            session = self._sessions.get(session_id or "")
            if session is not None and used:
                session.used = self.clock()
            return session

    def close(self, session_id: str | None) -> None:
        """Forget a session and its tokens."""
        with self._lock:
            self._sessions.pop(session_id or "", None)

    def _forget_old(self) -> None:
        now = self.clock()
        self._flows = {key: flow for key, flow in self._flows.items() if now - flow.began < FLOW_SECONDS}
        self._sessions = {
            key: session
            for key, session in self._sessions.items()
            if now - session.used < IDLE_SECONDS and now - session.began < ABSOLUTE_SECONDS
        }
