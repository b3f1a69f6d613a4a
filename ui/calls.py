"""Calls to the API with the signed-in person's token; the one place where the console meets HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import httpx

from ui.shapes import FieldProblem, Lifecycle, Page, Person, Receipt, text

Json = dict[str, Any]
Simple = Literal["hold", "release", "expedite"]
EventKind = Literal["new-hire", "update", "termination", "rescind"]
Verb = Literal["retry", "skip", "cancel", "hold", "release", "expedite", "postpone"]


NOT_SENT = 0


class ApiError(Exception):
    """The API's refusal (problem details of RFC 9457), or its silence: NOT_SENT, or 504 if it may have acted."""

    def __init__(self, status: int, detail: str, problems: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.problems = problems


class SignedOutError(Exception):
    """The sign-in ended: it was idle too long, is too old, or the API takes its token no longer."""


def open_http(api_url: str) -> httpx.Client:
    """One client for the whole console; it takes no proxy or certificate from the environment."""
    timeout = httpx.Timeout(15.0, connect=3.0)
    return httpx.Client(base_url=api_url, timeout=timeout, trust_env=False, headers={"User-Agent": "jml-console"})


@dataclass(frozen=True)
class Api:
    """The API as one signed-in person sees it; ``signed_out`` is called when it takes their token no longer."""

    http: httpx.Client
    token: Callable[[], str]
    signed_out: Callable[[], None]

    def lifecycles(self, page_token: str | None = None, **filters: str | None) -> Page[Lifecycle]:
        """``GET /lifecycles``: newest first; filters are kind, status, employee_id and q."""
        return Page.of(Lifecycle.of, self._get("/lifecycles", filters | {"page_token": page_token}))

    def lifecycle(self, lifecycle_id: str) -> Lifecycle:
        """``GET /lifecycles/{id}`` with its run sheet."""
        return Lifecycle.of(self._get(f"/lifecycles/{quote(lifecycle_id, safe='')}"))

    def command(self, lifecycle_id: str, verb: Verb, reason: str, **body: Any) -> Lifecycle:
        """``POST /lifecycles/{id}/{verb}``: the lifecycle as it is after the command."""
        given = {"reason": reason} | {name: value for name, value in body.items() if value is not None}
        return Lifecycle.of(self._post(f"/lifecycles/{quote(lifecycle_id, safe='')}/{verb}", given))

    def send(self, kind: EventKind, event: Mapping[str, Any]) -> Receipt:
        """``POST /hr/{kind}``: an event; 202 means that it will be carried out even if everything restarts."""
        return Receipt.of(self._post(f"/hr/{kind}", event))

    def people(self, q: str | None = None, limit: int = 50) -> Page[Person]:
        """``GET /people``: who is known, by name, address or employee id."""
        return Page.of(Person.of, self._get("/people", {"q": q, "limit": str(limit)}))

    def person(self, employee_id: str) -> Person:
        """``GET /people/{employee_id}`` with what they have in the tenant and their lifecycles."""
        return Person.of(self._get(f"/people/{quote(employee_id, safe='')}"))

    def _get(self, path: str, query: Mapping[str, str | None] | None = None) -> Json:
        return self._call("GET", path, params={name: value for name, value in (query or {}).items() if value})

    def _post(self, path: str, body: Mapping[str, Any]) -> Json:
        return self._call("POST", path, json=dict(body))

    def _call(self, method: str, path: str, **more: Any) -> Json:
        bearer = {"Authorization": f"Bearer {self.token()}"}
        try:
            answer = self.http.request(method, path, headers=bearer, **more)
        except (httpx.ConnectError, httpx.ConnectTimeout) as away:
            raise ApiError(NOT_SENT, str(away)) from away
        except httpx.TransportError as silence:
            raise ApiError(httpx.codes.GATEWAY_TIMEOUT, str(silence)) from silence
        if answer.is_success:
            return _object(answer)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.signed_out()
            raise SignedOutError
        raise _problem(answer)


def _object(answer: httpx.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(answer.status_code, "The answer is not a JSON object.")
    return body


def _problem(answer: httpx.Response) -> ApiError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    found = body if isinstance(body, dict) else {}
    detail = text(found.get("detail")) or text(found.get("title")) or answer.reason_phrase
    problems = tuple(FieldProblem.of(item) for item in found.get("errors") or () if isinstance(item, dict))
    return ApiError(answer.status_code, detail, problems)
