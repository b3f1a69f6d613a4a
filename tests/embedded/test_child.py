"""A child process is kept alive, and ends with everything it started."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.child import BackOff, Child, StartError
from tests.embedded.processes import alive, until

READY = "pathlib.Path('pid').write_text(str(os.getpid())); "


def test_pauses_double_to_thirty_seconds_and_begin_anew_after_a_minutes_life() -> None:
    back_off = BackOff()
    assert [back_off.pause(2) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert back_off.pause(61) == 1
    assert back_off.pause(2) == 2


async def test_a_killed_child_comes_back_and_says_so(child: Callable[..., Child], said: list[str]) -> None:
    one = child(READY + "time.sleep(60)")
    await one.start()
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: "program is back" in said)
    assert one.pid not in (None, first)
    assert "killed by SIGKILL" in said[0]
    assert "again in 1 s" in said[0]
    await one.stop(5)
    assert len(said) == 2


async def test_a_child_that_dies_before_it_is_ready_is_named_with_its_last_words(child: Callable[..., Child]) -> None:
    one = child("sys.exit('JML_X: this is wrong')")
    with pytest.raises(StartError, match=r"program ended with status 1; its last words: JML_X: this is wrong"):
        await one.start()
    await one.stop(1)


async def test_a_child_that_is_never_ready_is_named(child: Callable[..., Child]) -> None:
    one = child("time.sleep(60)", patience=1.0)
    with pytest.raises(StartError, match="was not ready within 1 s; it said nothing"):
        await one.start()
    await one.stop(1)
    assert one.pid is None


async def test_stopping_ends_a_child_that_will_not_listen_and_what_it_started(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    stubborn = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        pathlib.Path('grandchild').write_text(str(grandchild.pid))
        pathlib.Path('pid').write_text(str(os.getpid()))
        time.sleep(60)
    """
    one = child(stubborn)
    await one.start()
    pids = [int((tmp_path / name).read_text("utf-8")) for name in ("pid", "grandchild")]
    began = time.monotonic()
    await one.stop(0.5)
    assert time.monotonic() - began < 5
    await until(lambda: not any(alive(pid) for pid in pids))


async def test_what_a_child_says_stands_in_its_log(child: Callable[..., Child]) -> None:
    one = child("print('hello from inside', flush=True); " + READY + "time.sleep(60)")
    await one.start()
    assert "hello from inside" in one.log.read_text("utf-8")
    await one.stop(5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed parent")
async def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, pathlib, sys
from embedded.child import Child, Spec

async def ready(_):
    return True

async def main():
    spec = Spec("sleeper", (sys.executable, "-c", "import time; time.sleep(60)"), ready)
    place = pathlib.Path({str(tmp_path)!r})
    child = Child(spec, logs=place, cwd=place, environment=os.environ, say=print)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert supervisor.stdout is not None
    pid = int(await supervisor.stdout.readline())
    assert alive(pid)
    supervisor.kill()
    await supervisor.wait()
    await until(lambda: not alive(pid))
