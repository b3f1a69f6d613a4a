"""The command line of every process, and the environment it is started with."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from settings import Settings, SettingsError
from workflows.contract import SEARCH_ATTRIBUTES

PARTS = ("sandbox", "worker", "api", "ui")
_LOOPBACK = "localhost,127.0.0.1"
_NOT_FOR_CHILDREN = {"JML_TOKEN", "JML_ONCE"}
# These override the authority that a client was told to trust, so a practice tenant's own one would be refused.
_OVERRIDING_CA = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}


def part_command(part: str, python: str = sys.executable) -> tuple[str, ...]:
    """How a part of the platform is started, here as in a container: ``python -m worker``."""
    return (python, "-m", part)


def temporal_command(settings: Settings) -> tuple[str, ...]:
    """Temporal's own server with a file database and our search attributes.

    WAL with ``synchronous=NORMAL`` is two to three times as fast as SQLite's default journal and loses nothing when
    a process dies. Raises ``SettingsError`` if there is no ``temporal`` on the PATH or beside Python.
    """
    attributes = [f"{key.name}={_type(key.indexed_value_type.name)}" for key in SEARCH_ATTRIBUTES]
    return (
        _temporal_binary(),
        *("server", "start-dev", "--ip", "127.0.0.1", "--log-level", "warn", "--namespace", "default"),
        *("--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)),
        *("--db-filename", str(settings.data_dir / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
        *(word for attribute in attributes for word in ("--search-attribute", attribute)),
    )


def _type(indexed: str) -> str:
    return "".join(word.capitalize() for word in indexed.split("_"))


def _temporal_binary() -> str:
    """The ``temporal`` on the PATH if there is one, else the one that was installed beside Python."""
    found = shutil.which("temporal") or shutil.which("temporal", path=str(Path(sys.executable).parent))
    if found is None:
        raise SettingsError(
            "TEMPORAL_ADDRESS: not set, and there is no `temporal` on the PATH or beside Python; run `make setup`"
        )
    return found


def child_environment(settings: Settings, base: Mapping[str, str]) -> dict[str, str]:
    """What children inherit: ``base`` with every setting they share said explicitly.

    With our own Temporal server no connection setting of the surrounding machine may point elsewhere or ask for TLS.
    """
    kept = {name: value for name, value in base.items() if name not in _NOT_FOR_CHILDREN}
    if settings.profile == "practice":
        kept = {name: value for name, value in kept.items() if name not in _OVERRIDING_CA}
    if settings.temporal_address is None:
        kept = {name: value for name, value in kept.items() if not name.startswith("TEMPORAL_")}
        kept |= {"TEMPORAL_CONFIG_FILE": os.devnull, "TEMPORAL_NAMESPACE": "default"}
    return kept | _shared(settings) | _no_proxy(base)


def adopt(environment: Mapping[str, str]) -> None:
    """Make the children's environment this process's own, so that it connects as they do."""
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def _shared(settings: Settings) -> dict[str, str]:
    numbers = ("api_port", "ui_port", "temporal_port", "temporal_ui_port", "sandbox_port", "processes", "history_days")
    places = ("profile", "data_dir", "database_url", "api_url", "ui_url", "temporal_ui_url", "policy_file")
    said = {f"JML_{name.upper()}": str(getattr(settings, name)) for name in (*numbers, *places)}
    return said | {"TEMPORAL_ADDRESS": settings.temporal_target, "PYTHONUNBUFFERED": "1"}


def _no_proxy(base: Mapping[str, str]) -> dict[str, str]:
    before = base.get("NO_PROXY") or base.get("no_proxy")
    value = f"{before},{_LOOPBACK}" if before else _LOOPBACK
    return {"NO_PROXY": value, "no_proxy": value}
