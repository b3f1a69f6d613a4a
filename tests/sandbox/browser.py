"""A browser as far as plain HTML forms need one."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp


@dataclass
class Form:
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")


class Browser:
    """Follows links and fills in forms; ends where the tenant sends it back to the application."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, url: str) -> httpx.Response:
        """Go to an address."""
        return self._client.get(url)

    def submit(self, page: httpx.Response, **values: str) -> httpx.Response:
        """Fill in the page's form and send it."""
        form = form_of(page)
        return self._client.request(form.method, str(page.url.join(form.action)), data={**form.fields, **values})

    def sign_in(self, url: str, login: dict[str, Any]) -> httpx.Response:
        """From the authorization address to the answer after the one-time code."""
        page = self.submit(self.open(url), username=login["username"], password=login["password"])
        return self.submit(page, code=pyotp.TOTP(login["totp_secret"]).now())


def form_of(page: httpx.Response) -> Form:
    """The one form of a page."""
    parser = _Forms()
    parser.feed(page.text)
    assert len(parser.forms) == 1, page.text
    return parser.forms[0]


def answer_of(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings back to the application."""
    assert response.status_code == 302, response.text
    split = urlsplit(response.headers["location"])
    return {name: values[0] for name, values in parse_qs(split.query or split.fragment).items()}
