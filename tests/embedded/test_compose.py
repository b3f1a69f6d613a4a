"""The compose file and the image start what ``jml up`` starts, and keep to the keys of the Compose specification."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from embedded.commands import PARTS, part_command
from settings import Settings, variable

ROOT = Path(__file__).resolve().parents[2]
Duration = Annotated[str, StringConstraints(pattern=r"^\d+(ms|s|m|h)$")]
Port = Annotated[str, StringConstraints(pattern=r"^127\.0\.0\.1:\d+:\d+$")]
Command = list[str]


class Strict(BaseModel):
    """Compose refuses keys that it does not know; so do these."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Healthcheck(Strict):
    """compose-spec, services.healthcheck."""

    test: list[str]
    interval: Duration
    timeout: Duration
    retries: int


class Dependency(Strict):
    """compose-spec, services.depends_on, long form."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]
    required: bool = True


class Service(Strict):
    """compose-spec, services; the keys that ours use."""

    image: str
    build: str | None = None
    command: Command | None = None
    entrypoint: Command | None = None
    env_file: str | None = None
    environment: dict[str, str] = {}
    depends_on: dict[str, Dependency] = {}
    healthcheck: Healthcheck | None = None
    ports: list[Port] = []
    volumes: list[str] = []
    networks: dict[str, dict[Literal["aliases"], list[str]]] = {}
    profiles: list[str] = []
    restart: Literal["no", "always", "on-failure", "unless-stopped"]
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: Duration | None = None


class Compose(BaseModel):
    """compose-spec, top level; ``x-`` keys are extensions."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    services: dict[str, Service]
    volumes: dict[str, None]
    platform: Any = Field(alias="x-platform")


@pytest.fixture(scope="module")
def compose() -> Compose:
    """The file, read strictly."""
    return Compose.model_validate(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_started_as_jml_up_starts_it(compose: Compose, part: str) -> None:
    assert compose.services[part].command == list(part_command(part, "python"))


def test_what_is_waited_for_is_there_and_can_be_waited_for(compose: Compose) -> None:
    for service in compose.services.values():
        for name, dependency in service.depends_on.items():
            if dependency.condition == "service_healthy":
                assert compose.services[name].healthcheck is not None, name
            if dependency.condition == "service_completed_successfully":
                assert compose.services[name].restart == "on-failure", name


def test_only_a_profile_brings_the_practice_tenant(compose: Compose) -> None:
    assert [name for name, service in compose.services.items() if service.profiles] == ["sandbox"]
    waits = [service.depends_on["sandbox"] for service in compose.services.values() if "sandbox" in service.depends_on]
    assert waits
    assert not any(dependency.required for dependency in waits)


def test_workers_can_be_scaled(compose: Compose) -> None:
    assert compose.services["worker"].ports == []


def test_named_volumes_are_declared(compose: Compose) -> None:
    named = {volume.split(":")[0] for service in compose.services.values() for volume in service.volumes}
    assert named == set(compose.volumes)


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    secrets = re.findall(r"(?:PASSWORD|PWD|SECRET|TOKEN|KEYS?): *(.+)", text)
    assert secrets
    assert all(value.strip('"}').startswith("${") for value in secrets)


def test_what_runs_inside_containers_parses(compose: Compose) -> None:
    for service in compose.services.values():
        test = service.healthcheck.test if service.healthcheck else []
        if "-c" in test:
            compile(test[-1], "healthcheck", "exec")
        if service.entrypoint == ["/bin/sh", "-euc"] and service.command:
            script = service.command[0].replace("$$", "$")
            subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("name", ["production.env.example", "practice.env"])
def test_environment_files_name_known_settings(name: str) -> None:
    known = {variable(field) for field in Settings.model_fields} | {"POSTGRES_PASSWORD", "JML_ENV_FILE"}
    lines = (ROOT / "deploy" / name).read_text("utf-8").splitlines()
    assert {line.split("=")[0] for line in lines if line and not line.startswith("#")} <= known


def test_the_image_holds_every_room_and_nothing_is_ignored_that_it_copies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    rooms = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    copied = {
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    }
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert rooms <= copied
    assert {word for word in copied if not word.endswith(".lock")} <= allowed
