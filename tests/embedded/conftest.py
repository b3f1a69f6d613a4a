"""Small programs to be supervised."""

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.child import Child, Spec
from tests.embedded.processes import written


@pytest.fixture
def said() -> list[str]:
    """What was said to the terminal."""
    return []


@pytest.fixture
def child(tmp_path: Path, said: list[str]) -> Callable[..., Child]:
    """Make a child of a Python program that writes its process id to ``pid`` when it is ready."""

    def make(program: str, **options: float) -> Child:
        text = f"import os, pathlib, signal, subprocess, sys, time\n{textwrap.dedent(program)}"
        spec = Spec("program", (sys.executable, "-c", text), written(tmp_path / "pid"), **options)
        return Child(spec, logs=tmp_path / "logs", cwd=tmp_path, environment=os.environ, say=said.append)

    return make
