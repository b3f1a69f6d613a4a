"""The whole platform as a user starts it: on free ports, in a directory of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded.practice_login import person_token, practice_file, sender_token
from embedded.wire import Api
from settings import Settings
from tests.embedded.processes import alive, free_ports

START_S, END_S = 180, 30
PORTS = ("JML_API_PORT", "JML_UI_PORT", "JML_TEMPORAL_PORT", "JML_TEMPORAL_UI_PORT", "JML_SANDBOX_PORT")


@dataclass
class Stack:
    """A running ``jml up``: where it is, how to sign in, and which processes it consists of."""

    environment: dict[str, str] = field(repr=False)
    data_dir: Path
    process: subprocess.Popen[bytes] | None = None
    tokens: dict[str | None, str] = field(default_factory=dict, repr=False)

    @property
    def settings(self) -> Settings:
        """The platform's settings as its processes see them."""
        found = practice_file(Settings(data_dir=self.data_dir))
        return Settings.model_validate(
            {
                **{
                    name.removeprefix("JML_").lower(): value
                    for name, value in self.environment.items()
                    if name in PORTS
                },
                "data_dir": self.data_dir,
                "tenant_id": found["tenant_id"],
                "authority_url": found["base_url"],
                "graph_url": found["base_url"],
                "ca_file": found["ca_file"],
                "api_client_id": found["api"]["client_id"],
                "api_scope": found["api"]["scope"],
                "api_user_scope": found["api"]["user_scope"],
                "console_client_id": found["console"]["client_id"],
                "console_client_secret": found["console"]["client_secret"],
                "console_redirect_uri": found["console"]["redirect_uri"],
            }
        )

    async def sender(self) -> Api:
        """The API as an HR system sees it (``Events.Submit``)."""
        if "sender" not in self.tokens:
            self.tokens["sender"] = await sender_token(self.settings)
        return Api(self.settings.api_url, self.tokens["sender"])

    async def person(self, role: str | None) -> Api:
        """The API as the practice login with this role sees it, signed in through the tenant's pages."""
        if role not in self.tokens:
            self.tokens[role] = await person_token(self.settings, role)
        return Api(self.settings.api_url, self.tokens[role])

    def login(self, role: str | None) -> dict[str, Any]:
        """The practice login with this role: username, password, totp_secret."""
        logins: list[dict[str, Any]] = practice_file(self.settings)["logins"]
        return next(login for login in logins if login["role"] == role)

    def children(self) -> dict[str, int]:
        """The child processes as they now are, by what their command line says they are."""
        assert self.process is not None
        found: dict[str, int] = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command = (place / "cmdline").read_bytes().decode().split("\0")
                parent = re.search(r"^PPid:\s*(\d+)", (place / "status").read_text(), re.MULTILINE)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent and int(parent[1]) == self.process.pid and alive(int(place.name)):
                found[_name(command)] = int(place.name)
        return found

    def start(self) -> None:
        """``jml up``, until it says that it is ready."""
        output = self.data_dir / "up.log"
        with output.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up"], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while b"ready; Ctrl-C" not in output.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"jml up did not become ready:\n{output.read_text('utf-8')}")
            time.sleep(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit status. Fails if that takes too long or leaves a child."""
        assert self.process is not None
        before = self.children()
        self.process.send_signal(how)
        status = self.process.wait(END_S)
        deadline = time.monotonic() + 3
        while left := {name: pid for name, pid in before.items() if alive(pid)}:
            assert time.monotonic() < deadline, f"left running: {left}"
            time.sleep(0.05)
        (self.data_dir / "up.log").unlink()
        return status


def _name(command: list[str]) -> str:
    if "-m" in command:
        return command[command.index("-m") + 1]
    return Path(command[0]).name


def make_stack(place: Path) -> Stack:
    """A platform that is not started yet, on ports that are free now."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JML_", "TEMPORAL_"))}
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    return Stack(kept | ports | {"JML_DATA_DIR": str(place)}, place)
