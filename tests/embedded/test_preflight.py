"""Whatever is wrong before the start is one line that names the variable, and exit status 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedded.preflight import check_ports, claim_data_dir, unknown_variables
from settings import Settings, SettingsError
from tests.embedded.processes import free_ports


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def jml(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, and wait for its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JML_", "TEMPORAL_"))}
    program = [sys.executable, "-c", "from cli import app; app()", command]
    return subprocess.run(program, env=kept | environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


@pytest.mark.parametrize("name", ["api", "ui", "sandbox", "temporal", "temporal_ui"])
def test_a_taken_port_names_its_variable(name: str, taken: int) -> None:
    ports = dict(zip(("api", "ui", "sandbox", "temporal", "temporal_ui"), free_ports(5), strict=True))
    settings = Settings.model_validate({f"{part}_port": port for part, port in (ports | {name: taken}).items()})
    with pytest.raises(SettingsError, match=f"JML_{name.upper()}_PORT={taken}: the port is taken"):
        check_ports(settings)


def test_ports_of_what_is_not_started_may_be_taken(taken: int) -> None:
    api, ui = free_ports(2)
    settings = Settings(
        profile="production",
        temporal_address="cluster:7233",
        temporal_port=taken,
        sandbox_port=taken,
        api_port=api,
        ui_port=ui,
    )
    check_ports(settings)


def test_one_port_for_two_things_is_named() -> None:
    (port,) = free_ports(1)
    settings = Settings(api_port=port, ui_port=port, temporal_address="cluster:7233", profile="production")
    with pytest.raises(SettingsError, match=f"JML_UI_PORT={port}: the same port as JML_API_PORT"):
        check_ports(settings)


def test_a_data_directory_in_use_is_refused_until_it_is_given_up(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with claim_data_dir(settings), pytest.raises(SettingsError, match=f"in use by `jml up`, process {os.getpid()}"):
        claim_data_dir(settings)
    claim_data_dir(settings).close()


def test_jml_up_with_an_unwritable_data_directory_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory", "utf-8")
    ended = jml("up", JML_DATA_DIR=str(tmp_path / "file" / "data"))
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"jml: JML_DATA_DIR={tmp_path}/file/data: cannot be written (Not a directory)",
    ]


def test_jml_up_with_a_taken_port_is_one_line_and_status_2(tmp_path: Path, taken: int) -> None:
    ended = jml("up", JML_DATA_DIR=str(tmp_path), JML_TEMPORAL_PORT=str(taken))
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        f"jml: JML_TEMPORAL_PORT={taken}: the port is taken by another program; choose another one",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("JML_API_PORT", "eighty", "jml: JML_API_PORT=eighty: Input should be a valid integer"),
        ("JML_API_PORT", "70000", "jml: JML_API_PORT=70000: Input should be less than or equal to 65535"),
        ("JML_PROFILE", "test", "jml: JML_PROFILE=test: Input should be 'practice' or 'production'"),
        ("JML_PROFILE", "production", "jml: JML_PAYLOAD_KEYS: not set"),
        ("JML_PAYLOAD_KEYS", "c2VjcmV0", "jml: JML_PAYLOAD_KEYS: key 1 of 1 is no Fernet key (32 bytes"),
        ("JML_POLICY_FILE", "/nowhere.yaml", "jml: JML_POLICY_FILE: /nowhere.yaml:0: file: cannot be read"),
    ],
)
def test_jml_up_with_a_wrong_setting_is_one_line_and_status_2(
    variable: str, value: str, line: str, tmp_path: Path
) -> None:
    ports = dict(zip(("API", "UI", "SANDBOX", "TEMPORAL", "TEMPORAL_UI"), free_ports(5), strict=True))
    environment = {f"JML_{name}_PORT": str(port) for name, port in ports.items()}
    ended = jml("up", **(environment | {"JML_DATA_DIR": str(tmp_path), variable: value}))
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(line)
    assert "c2VjcmV0" not in ended.stderr


def test_a_cluster_that_is_not_there_names_its_variable(tmp_path: Path) -> None:
    ports = dict(zip(("API", "UI", "SANDBOX", "NOBODY"), free_ports(4), strict=True))
    address = f"127.0.0.1:{ports.pop('NOBODY')}"
    environment = {f"JML_{name}_PORT": str(port) for name, port in ports.items()}
    ended = jml("up", JML_DATA_DIR=str(tmp_path), TEMPORAL_ADDRESS=address, **environment)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"jml: TEMPORAL_ADDRESS={address}: no Temporal that we can use")


def test_a_database_that_cannot_be_used_names_its_variable_and_not_its_password() -> None:
    (port,) = free_ports(1)
    ended = jml("migrate", JML_DATABASE_URL=f"postgresql://jml:letmein@127.0.0.1:{port}/jml")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith(f"jml: JML_DATABASE_URL=postgresql://jml:***@127.0.0.1:{port}/jml: cannot be used")
    assert "letmein" not in ended.stderr


def test_a_misspelt_variable_is_said_with_the_one_that_was_meant() -> None:
    assert unknown_variables(["JML_API_PORT", "JML_SANDBOX_PEOPLE", "JML_TOKEN", "TEMPORAL_ADDRESS", "HOME"]) == []
    assert unknown_variables(["JML_API_PROT"]) == [
        "JML_API_PROT is set, but nothing reads it; JML_API_PORT was meant?",
    ]
