"""Calls that the tenant makes itself: to the receivers of its change notifications. The only importer of httpx here."""

from urllib.parse import urlsplit

import httpx

from sandbox.entra_resources import LOOPBACK
from sandbox.store import Doc

VALIDATION_S, DELIVERY_S = 10.0, 3.0


def allowed(url: str) -> bool:
    """May the tenant call this address? HTTPS anywhere; HTTP only on this machine, where tests listen."""
    split = urlsplit(url)
    return bool(split.hostname) and (split.scheme == "https" or (split.scheme == "http" and _here(url)))


def _here(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _client(url: str, timeout_s: float) -> httpx.AsyncClient:
    """A receiver on this machine shows a certificate of its own making, which nobody could know."""
    own = _here(url)
    return httpx.AsyncClient(verify=not own, trust_env=not own, timeout=timeout_s, follow_redirects=False)


async def validate(url: str, token: str) -> str | None:
    """Ask a receiver to give the token back as plain text within ten seconds; what is wrong, or None."""
    try:
        async with _client(url, VALIDATION_S) as client:
            answer = await client.post(
                httpx.URL(url).copy_add_param("validationToken", token),
                headers={"Content-Type": "text/plain; charset=utf-8"},
            )
    except httpx.TimeoutException:
        return "Subscription validation request timed out."
    except httpx.RequestError as error:
        return f"Subscription validation request failed. The notification endpoint cannot be reached ({error})."
    if answer.status_code != 200:
        return (
            "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation "
            f"request; it responded with {answer.status_code}."
        )
    if answer.text != token or not answer.headers.get("content-type", "").startswith("text/plain"):
        return (
            "Subscription validation request failed. Response must exactly match validationToken query parameter, "
            "as text/plain."
        )
    return None


async def deliver(url: str, body: Doc) -> bool:
    """Post notifications; True if the receiver took them (any 2xx within three seconds)."""
    try:
        async with _client(url, DELIVERY_S) as client:
            return (await client.post(url, json=body)).is_success
    except httpx.RequestError:
        return False
