"""The frame of ``jml up`` and ``jml run``: start, do the work, stay until a signal, and end everything."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.table import Table

from embedded.child import Say, StartError
from embedded.supervisor import Platform
from settings import Settings, SettingsError

WRONG_SETTING, NOT_STARTED = 2, 1
Work = Callable[[Platform], Awaitable[int | None]]
"""What is done once everything is ready; a number ends the platform with that exit status, None stays."""


async def serve(settings: Settings, say: Say, work: Work) -> int:
    """Run the platform until SIGINT, SIGTERM or SIGHUP; the exit status."""
    task = asyncio.create_task(_serve(settings, say, work))
    _end_on_signal(task, say)
    try:
        return await task
    except asyncio.CancelledError:
        say("ended; state is kept and goes on with the next start")
        return 0


async def _serve(settings: Settings, say: Say, work: Work) -> int:
    try:
        async with Platform(settings, say) as platform:
            status = await work(platform)
            if status is None:
                await asyncio.Event().wait()
            return status or 0
    except SettingsError as error:
        say(f"jml: {error}")
        return WRONG_SETTING
    except StartError as error:
        say(f"jml: {error}")
        return NOT_STARTED


def _end_on_signal(task: "asyncio.Task[int]", say: Say) -> None:
    loop = asyncio.get_running_loop()
    heard: list[signal.Signals] = []

    def end(number: signal.Signals) -> None:
        heard.append(number)
        if len(heard) == 1:
            say("ending …")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            loop.add_signal_handler(number, end, number)


def announce(out: Console) -> Work:
    """The work of ``jml up``: say where everything is, and stay."""

    async def work(platform: Platform) -> None:
        out.print(address_table(platform.settings))
        out.print("ready; Ctrl-C ends everything, the state is kept")

    return work


def address_table(settings: Settings) -> Table:
    """Where to look, as a small table."""
    table = Table.grid(padding=(0, 2))
    for name, address in addresses(settings):
        table.add_row(name, address)
    return table


def addresses(settings: Settings) -> list[tuple[str, str]]:
    """Where to look: a name and an address each."""
    found = [
        ("console", settings.ui_url),
        ("API", f"{settings.api_url}/openapi.json"),
        ("Temporal", settings.temporal_ui_url),
    ]
    if settings.profile == "practice":
        found.append(("practice tenant", settings.authority_url))
    return [*found, ("logs", str(settings.data_dir / "logs"))]
