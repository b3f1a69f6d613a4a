"""What tests of processes need: is it alive, has it come, and ports that nobody listens on."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from embedded.child import Probe


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for a condition; fails when it does not come."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.05)


def written(path: Path) -> Probe:
    """Ready when the program has written this file since its start."""

    async def probe(started_at: float) -> bool:
        return await asyncio.to_thread(_is_newer, path, started_at)

    return probe


def _is_newer(path: Path, than: float) -> bool:
    return path.exists() and path.stat().st_mtime >= than - 0.05


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports
