"""The command lines of the processes."""

import sys
from pathlib import Path

import pytest

from embedded.commands import temporal_command
from settings import Settings


def test_a_temporal_on_the_path_is_used_before_the_one_beside_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "temporal"
    own.write_text("#!/bin/sh\n", "utf-8")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert temporal_command(Settings())[0] == str(own)
    own.unlink()
    assert temporal_command(Settings())[0] == str(Path(sys.executable).parent / "temporal")
