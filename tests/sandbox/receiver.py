"""A receiver of change notifications on this machine, as an application would have one."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Receiver:
    """Answers validations rightly unless told otherwise, and keeps every notification it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.validations: list[dict[str, str]] = []
        self.notifications: list[dict[str, Any]] = []
        self.validated_with: str | None = None
        self.media_type = "text/plain"
        self.status = 202
        self.turned_away = 0

    def validate(self, query: str, media_type: str) -> tuple[int, str]:
        """What to answer to a validation."""
        token = parse_qs(query)["validationToken"][0]
        self.validations.append({"token": token, "content_type": media_type})
        return 200, token if self.validated_with is None else self.validated_with

    def wait(self, number: int, seconds: float = 8) -> list[dict[str, Any]]:
        """The first notifications, as soon as there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.notifications) < number:
            assert time.monotonic() < deadline, f"only {self.notifications}"
            time.sleep(0.02)
        return self.notifications


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        split = urlsplit(self.path)
        status, text, media_type = self.receiver.status, "", "text/plain"
        if "validationToken=" in split.query:
            status, text = self.receiver.validate(split.query, self.headers.get("Content-Type", ""))
            media_type = self.receiver.media_type
        elif status >= 300:
            self.receiver.turned_away += 1
        else:
            self.receiver.notifications += [{**one, "_path": self.path} for one in json.loads(body)["value"]]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing is written."""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""

    class Handler(_Handler):
        """The receiver is the server's own."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.receiver = Receiver(f"http://127.0.0.1:{server.server_port}/notify")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield Handler.receiver
        server.shutdown()
        thread.join()
