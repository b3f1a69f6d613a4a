"""What is looked at before anything starts: each problem is one line that names the variable to change."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterable
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import IO, get_args

from domain.policy import Policy, PolicyError
from settings import Part, Settings, SettingsError, load_settings, variable

_NOT_OURS_TO_READ = {"JML_TOKEN", "JML_ONCE", "JML_ENV_FILE", "JML_TEMPORAL_ADDRESS"}


def claim_data_dir(settings: Settings) -> IO[str]:
    """Make the data directory and take its lock, which the kernel releases when this process ends in whatever way.

    Raises ``SettingsError`` if it cannot be written or another ``jml up`` has it.
    """
    place = settings.data_dir
    try:
        (place / "logs").mkdir(parents=True, exist_ok=True)
        lock = (place / "jml.lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"JML_DATA_DIR={place}: cannot be written ({error.strerror})") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsError(
            f"JML_DATA_DIR={place}: in use by `jml up`, process {_holder(lock)}; end that one"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _holder(lock: IO[str]) -> str:
    with lock:
        lock.seek(0)
        return lock.read().strip() or "unknown"


def check(settings: Settings) -> None:
    """Raise ``SettingsError`` for the first setting with which a process could not start."""
    if settings.profile == "production":
        for part in get_args(Part):
            load_settings(part)
    check_ports(settings)
    _check_policy(settings.policy_file, settings.profile)


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """A line for each ``JML_`` variable that nothing reads, with the one that was probably meant."""
    known = {variable(name) for name in Settings.model_fields} | _NOT_OURS_TO_READ
    lines = []
    for name in sorted(set(environment) - known):
        if name.startswith("JML_") and not name.startswith("JML_SANDBOX_"):
            near = get_close_matches(name, known, 1)
            lines.append(f"{name} is set, but nothing reads it" + (f"; {near[0]} was meant?" if near else ""))
    return lines


def check_ports(settings: Settings) -> None:
    """Raise ``SettingsError`` if a port that we will listen on is taken, or two settings name the same one."""
    seen: dict[int, str] = {}
    for name in listening(settings):
        port = getattr(settings, name)
        if port in seen:
            raise SettingsError(f"{variable(name)}={port}: the same port as {variable(seen[port])}")
        seen[port] = name
        _check_free(name, port)


def listening(settings: Settings) -> list[str]:
    """The settings that name the ports we will listen on."""
    temporal = ["temporal_port", "temporal_ui_port"] if settings.temporal_address is None else []
    sandbox = ["sandbox_port"] if settings.profile == "practice" else []
    return [*temporal, *sandbox, "api_port", "ui_port"]


def _check_free(name: str, port: int) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken by another program" if taken else f"cannot be listened on ({error.strerror})"
            raise SettingsError(f"{variable(name)}={port}: the port {reason}; choose another one") from None


def _check_policy(path: Path, profile: str) -> None:
    try:
        Policy.load(path, profile)
    except PolicyError as error:
        raise SettingsError(f"JML_POLICY_FILE: {str(error).splitlines()[0]}") from None
