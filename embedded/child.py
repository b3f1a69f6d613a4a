"""One child process: started, waited for until it is ready, started again when it dies, ended with its whole group."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Say = Callable[[str], None]
Probe = Callable[[float], Awaitable[bool]]
"""Is the child that was started at this moment (seconds since the epoch) ready?"""

_LONG_LIVED = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_TRIES_TO_START = 3
_BETWEEN_LOOKS = 0.2
_LOG_LIMIT = 20 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(RuntimeError):
    """A child did not become ready; names it and where its log lies."""


@dataclass(frozen=True)
class Spec:
    """What a child is: its name (also of its log), its command line, and how one sees that it is ready."""

    name: str
    command: tuple[str, ...]
    ready: Probe
    patience: float = 120.0


class BackOff:
    """Pauses between restarts: one second, doubling to thirty, from the start again after a minute's life."""

    def __init__(self) -> None:
        """Begins with the shortest pause."""
        self._next = _FIRST_PAUSE

    def pause(self, lived: float) -> float:
        """Seconds to wait before starting a child again that has lived for ``lived`` seconds."""
        now = _FIRST_PAUSE if lived >= _LONG_LIVED else self._next
        self._next = min(now * 2, _LONGEST_PAUSE)
        return now


def _die_with_parent(parent: int) -> None:
    """Between fork and exec: the kernel kills this child when its parent dies, however that dies (Linux only)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


class Child:
    """A child process that is kept alive until it is stopped.

    It has a session of its own, so that a Ctrl-C in the terminal reaches the supervisor alone and ``stop`` can end it
    with everything it may have started.
    """

    def __init__(self, spec: Spec, *, logs: Path, cwd: Path, environment: Mapping[str, str], say: Say) -> None:
        """Output goes to ``<logs>/<name>.log``; ``say`` gets one line whenever the child died or came back."""
        self.spec = spec
        self.log = logs / f"{spec.name}.log"
        self._cwd, self._environment, self._say = cwd, dict(environment), say
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        """The process as it now is; None between a death and the restart."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if running and self._process else None

    async def start(self) -> float:
        """Start, and wait until ready; the seconds that took. Raises ``StartError``."""
        began = time.monotonic()
        self._keeper = asyncio.create_task(self._keep(), name=self.spec.name)
        ready = asyncio.create_task(self._ready.wait())
        done, _ = await asyncio.wait({ready, self._keeper}, timeout=self.spec.patience, return_when="FIRST_COMPLETED")
        ready.cancel()
        if self._keeper in done:
            self._keeper.result()
        if not self._ready.is_set():
            raise StartError(self._not_ready(f"was not ready within {self.spec.patience:.0f} s"))
        return time.monotonic() - began

    async def stop(self, grace: float) -> None:
        """End the whole group: SIGTERM, and SIGKILL after ``grace`` seconds."""
        process, self._process = self._process, None
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()

    async def _keep(self) -> None:
        back_off = BackOff()
        while True:
            began = time.monotonic()
            self._process = process = await self._spawn()
            watch = asyncio.create_task(self._watch(time.time()))
            try:
                code = await process.wait()
            finally:
                watch.cancel()
            _signal_group(process.pid, signal.SIGKILL)
            await self._died(code, time.monotonic() - began, back_off)

    async def _died(self, code: int, lived: float, back_off: BackOff) -> None:
        self._deaths += 1
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if not self._ready.is_set() and self._deaths >= _TRIES_TO_START:
            raise StartError(self._not_ready(how))
        pause = back_off.pause(lived)
        self._say(f"{self.spec.name} {how} after {lived:.0f} s; starting it again in {pause:.0f} s (log: {self.log})")
        await asyncio.sleep(pause)

    async def _spawn(self) -> asyncio.subprocess.Process:
        parent = os.getpid()
        with _log_file(self.log) as log:
            return await asyncio.create_subprocess_exec(
                *self.spec.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._cwd,
                env=self._environment,
                start_new_session=True,
                preexec_fn=lambda: _die_with_parent(parent),
            )

    async def _watch(self, started_at: float) -> None:
        while True:
            if await self.spec.ready(started_at):
                break
            await asyncio.sleep(_BETWEEN_LOOKS)
        if self._deaths and self._ready.is_set():
            self._say(f"{self.spec.name} is back")
        self._ready.set()

    def _not_ready(self, what: str) -> str:
        return f"{self.spec.name} {what}; {_last_words(self.log)} (log: {self.log})"


def _log_file(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _last_words(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 4096))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return f"its last words: {lines[-1][:300]}" if lines else "it said nothing"


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
