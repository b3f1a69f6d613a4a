"""A practice tenant for tests, in a process of its own."""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
STARTUP_S = 30


@dataclass
class Tenant:
    """A practice tenant in a process of its own."""

    data_dir: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    startup_s: float = STARTUP_S
    _last: int = 0

    @property
    def base_url(self) -> str:
        """The tenant's origin."""
        return f"https://localhost:{self.port}"

    @property
    def ca_file(self) -> Path:
        """Its certificate authority."""
        return self.data_dir / "sandbox-ca.pem"

    @property
    def json(self) -> dict[str, Any]:
        """``sandbox.json``."""
        document: dict[str, Any] = json.loads((self.data_dir / "sandbox.json").read_text())
        return document

    @property
    def issuer(self) -> str:
        """Its OpenID issuer."""
        return f"{self.base_url}/{self.json['tenant_id']}/v2.0"

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that trusts the tenant and starts at its origin."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        return httpx.Client(base_url=self.base_url, verify=context, trust_env=False, timeout=20, **options)

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        """Call a practice control, ``control("POST", "faults", path="/users", status=503)``; its JSON answer."""
        with self.client() as client:
            name = path.lstrip("/").removeprefix("_sandbox/")
            answer = client.request(method, f"/_sandbox/{name}", json=body or None)
        answer.raise_for_status()
        return answer.json()

    def token(self, who: str = "platform", scope: str = "https://graph.microsoft.com/.default") -> str:
        """An application's access token."""
        identity = self.json[who]
        form = {"grant_type": "client_credentials", "scope": scope}
        secret = {"client_id": identity["client_id"], "client_secret": identity["client_secret"]}
        with self.client() as client:
            answer = client.post(f"/{self.json['tenant_id']}/oauth2/v2.0/token", data={**form, **secret})
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """The whole request record after a row."""
        rows: list[dict[str, Any]] = []
        while page := self.control("GET", f"requests?since={since}")["items"]:
            rows += page
            since = page[-1]["n"]
        self._last = max(self._last, since)
        return rows

    def mark(self) -> int:
        """Where the request record ends now; what was read of it before is not read again."""
        self.requests(self._last)
        return self._last

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            **os.environ,
            "JML_SANDBOX_PORT": str(self.port),
            "JML_DATA_DIR": str(self.data_dir),
            **self.environment,
        }
        with (self.data_dir / "sandbox.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + self.startup_s
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, httpx.HTTPError, ValueError), self.client() as client:
                if client.get(f"{self.issuer}/.well-known/openid-configuration").is_success:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the practice tenant did not start:\n{(self.data_dir / 'sandbox.log').read_text()[-4000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running_tenant(data_dir: Path, **environment: str) -> Iterator[Tenant]:
    """A practice tenant of one's own, ended afterwards."""
    tenant = Tenant(data_dir, free_port(), environment)
    try:
        tenant.start()
        yield tenant
    finally:
        tenant.stop()
