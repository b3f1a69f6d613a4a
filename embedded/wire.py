"""HTTP for the launcher and the command: the one place here that imports httpx."""

import asyncio
import ssl
from pathlib import Path
from typing import Any, Self

import httpx

NetworkError = httpx.TransportError
InvalidUrl = httpx.InvalidURL
Client = httpx.AsyncClient
Response = httpx.Response

_TRIES = 4


def client(base_url: str = "", *, ca_file: Path | None = None, **options: Any) -> Client:
    """A client of addresses on this machine: it asks no proxy and may trust one more authority (``ca_file``)."""
    return httpx.AsyncClient(
        base_url=base_url, verify=_trust(base_url, ca_file), trust_env=False, timeout=30, **options
    )


def blocking_client(*, ca_file: Path | None = None) -> httpx.Client:
    """The same for a library that blocks and takes a client of its caller's, as MSAL does."""
    return httpx.Client(verify=_trust("https:", ca_file), trust_env=False, timeout=30)


def _trust(base_url: str, ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None and not base_url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody and costs nothing, where no TLS is spoken
    return ssl.create_default_context(cafile=ca_file)


class ApiError(Exception):
    """The API refused or was not there; reads as what happened and what to do next."""

    def __init__(self, status: int, message: str) -> None:
        """``status`` is the HTTP status, 0 if there was no answer."""
        super().__init__(message)
        self.status = status


class Api:
    """Our HTTP API with a bearer token. Every refusal is an ``ApiError`` made from its problem document (RFC 9457).

    ``429`` and ``503`` say that nothing was done and when to ask again, so that is done a few times.
    """

    def __init__(self, url: str, token: str | None) -> None:
        """``url`` is the API's base; without a ``token`` only what is public answers."""
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client(url, headers=headers)

    async def __aenter__(self) -> Self:
        """Open; closes its connections at the end of the block."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of ``GET path``; parameters that are None are left out."""
        return await self._json("GET", path, params={k: v for k, v in query.items() if v is not None})

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer of ``POST path``."""
        return await self._json("POST", path, json=body)

    async def every(self, path: str, **query: Any) -> list[Any]:
        """All items of a list, page after page."""
        page = await self.get(path, **query)
        items = list(page["items"])
        while page.get("next_page_token"):
            page = await self.get(path, **query, page_token=page["next_page_token"])
            items += page["items"]
        return items

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        response = await self._sent(method, path, **options)
        for _ in range(_TRIES - 1):
            if response.status_code not in (429, 503):
                break
            await asyncio.sleep(float(response.headers.get("Retry-After", 1)))
            response = await self._sent(method, path, **options)
        if response.is_error:
            raise ApiError(response.status_code, f"{method} {path}: {response.status_code} {_problem(response)}")
        return response.json() if response.content else None

    async def _sent(self, method: str, path: str, **options: Any) -> Response:
        try:
            return await self._client.request(method, path, **options)
        except httpx.TransportError as error:
            text = f"no answer from {self.url} ({type(error).__name__}); is `jml up` running?"
            raise ApiError(0, text) from error


def _problem(response: Response) -> str:
    hint = {401: "; JML_TOKEN is missing, wrong or expired", 403: "; the token lacks the role for it"}
    try:
        body = response.json()
    except ValueError:
        return response.text[:200] + hint.get(response.status_code, "")
    said = str(body.get("detail") or body.get("title") or "") if isinstance(body, dict) else str(body)
    return said + hint.get(response.status_code, "")
