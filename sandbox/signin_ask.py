"""What a browser came to sign in for: an application's authorization request, or a code shown on a device."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from sandbox import signin_pages as pages
from sandbox.answers import NO_STORE
from sandbox.entra_clients import Client, correlation, registered, single_tenant
from sandbox.entra_resources import LOOPBACK, service_principal
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc


class Ask(Protocol):
    """Somebody is to sign in to an application; ``arrive`` is what happens when they have."""

    @property
    def sent(self) -> Exchange:
        """The exchange in hand."""

    @property
    def client(self) -> Client:
        """The application."""

    @property
    def client_type(self) -> str:
        """``web``, ``spa``, ``public`` or ``device``."""

    @property
    def query(self) -> Mapping[str, str]:
        """The request's parameters."""

    @property
    def action(self) -> str:
        """Where the forms post to: this same address."""

    @property
    def scope(self) -> str:
        """The scopes asked for."""

    @property
    def question(self) -> str | None:
        """What the person must confirm before all else is done; None: nothing."""

    def arrive(self, session: Doc) -> Response:
        """Hand over what was asked for."""

    def error(self, error: str, description: str, **extra: str) -> Response:
        """End with an error."""


@dataclass(frozen=True)
class CodeAsk:
    """A checked request to the authorization endpoint."""

    sent: Exchange
    query: Mapping[str, str]
    client: Client
    client_type: str
    arrival: "Arrival"
    question: str | None = None

    @property
    def action(self) -> str:
        """Where the forms post to: this same address."""
        return f"{self.sent.path}?{self.sent.query}"

    @property
    def scope(self) -> str:
        """The scopes asked for."""
        return self.query.get("scope", "")

    @property
    def kinds(self) -> frozenset[str]:
        """The parts of ``response_type``."""
        return frozenset(self.query.get("response_type", "").split())

    def arrive(self, session: Doc) -> Response:
        """Give the application its code or ID token."""
        return self.back(self.arrival(self, session))

    def back(self, fields: Mapping[str, str]) -> Response:
        """Back to the application, in the response mode that it asked for; ``state`` unchanged."""
        values = {**fields, **({"state": self.query["state"]} if "state" in self.query else {})}
        target = self.query["redirect_uri"]
        mode = self.query.get("response_mode", "query" if self.kinds == {"code"} else "fragment")
        if mode == "form_post":
            return pages.posted(target, values)
        mark = "#" if mode == "fragment" else "&" if "?" in target else "?"
        return RedirectResponse(f"{target}{mark}{urlencode(values)}", 302, NO_STORE)

    def error(self, error: str, description: str, **extra: str) -> Response:
        """Back to the application with an error; the description ends as all of Entra's do."""
        return self.back({"error": error, "error_description": traced(self.sent, description), **extra})


class Arrival(Protocol):
    """What an application is given once somebody has signed in."""

    def __call__(self, ask: CodeAsk, session: Doc) -> dict[str, str]:
        """The fields of the answer."""


def traced(sent: Exchange, description: str) -> str:
    """A description with the ids that find it again."""
    stamp = sent.store.now().strftime("%Y-%m-%d %H:%M:%SZ")
    return f"{description} Trace ID: {uuid4()} Correlation ID: {correlation(sent) or uuid4()} Timestamp: {stamp}"


def code_ask(sent: Exchange, tenant_name: str, form: Mapping[str, str], arrival: Arrival) -> CodeAsk:
    """Check client and redirect address first: nothing is ever sent to an address that is not registered.

    The parameters may come as the body of a POST too.
    """
    query = {**form, **dict(parse_qsl(sent.query, keep_blank_values=True))}
    client_id = query.get("client_id", "")
    sent.app_id = client_id or None
    client = client_to_sign_in(sent, client_id)
    if text := single_tenant(client.application, tenant_name):
        raise Refused(pages.stopped("Sign in", text, 50194, 400))
    redirect = query.setdefault("redirect_uri", _only_address(client.application))
    kind = _kind_of(client.application, redirect)
    if kind is None:
        text = (
            f"The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for "
            f"the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your "
            "application in the Azure portal."
        )
        raise Refused(pages.stopped("Sign in", text, 50011, 400))
    return CodeAsk(sent, query, client, kind, arrival)


def client_to_sign_in(sent: Exchange, client_id: str) -> Client:
    """The application somebody signs in to; an unknown or a disabled one gets a page, never a redirect."""
    application, principal = registered(sent, client_id), service_principal(sent.store, client_id)
    if application is None or principal is None:
        text = f"Application with identifier '{client_id}' was not found in the directory 'Practice'."
        raise Refused(pages.stopped("Sign in", text, 700016, 400))
    if not principal["accountEnabled"]:
        text = f"Application '{client_id}'({application['displayName']}) is disabled."
        raise Refused(pages.stopped("Sign in", text, 7000112, 400))
    return Client(application, principal, "0")


def addresses(application: Doc) -> list[tuple[str, str]]:
    """The registered redirect addresses with the kind of client each is for."""
    kinds = (("web", "web"), ("spa", "spa"), ("publicClient", "public"))
    return [(uri, kind) for field, kind in kinds for uri in (application.get(field) or {}).get("redirectUris") or ()]


def _only_address(application: Doc) -> str:
    """Where only one address is registered, the request may leave it out."""
    known = addresses(application)
    return known[0][0] if len(known) == 1 else ""


def _kind_of(application: Doc, redirect: str) -> str | None:
    return next((kind for known, kind in addresses(application) if same_address(redirect, known)), None)


def same_address(asked: str, known: str) -> bool:
    """Exactly the same, but for the port of a loopback address (RFC 8252, section 7.3)."""
    if asked == known:
        return True
    one, other = urlsplit(asked), urlsplit(known)
    if one.hostname not in LOOPBACK:
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)
