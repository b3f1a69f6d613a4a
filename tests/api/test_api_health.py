"""What a watcher sees, and how the process starts."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from api.__main__ import main
from tests.api.samples import hire
from tests.api.serving import Api

ROOT = Path(__file__).resolve().parents[2]


async def test_live_and_ready_need_no_token(api: Api) -> None:
    assert (await api.get("/health/live")).json()["status"] == "live"
    ready = await api.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "checks": {"temporal": True, "ledger": True, "signing_keys": True}}


async def test_metrics_count_requests_events_and_refusals_and_name_nobody(api: Api) -> None:
    body = hire()
    await api.post("/hr/new-hire", body, role="Hr.Operator")
    await api.get(f"/people/{body['employee_id']}")
    answer = await api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'jml_api_events_total{status="accepted",type="new-hire"}' in answer.text
    assert 'jml_api_refusals_total{reason="no-credentials"}' in answer.text
    assert 'jml_api_requests_total{method="POST",route="/hr/new-hire",status="202"}' in answer.text
    assert body["employee_id"] not in answer.text


async def test_a_taken_port_is_one_line_naming_the_variable(tenant: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api"),
            cwd=ROOT,
            env={**os.environ, "JML_API_PORT": port, "JML_DATA_DIR": str(tenant.data_dir)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert said.decode().splitlines() == [f"JML_API_PORT={port}: Address already in use"]


@pytest.mark.parametrize("secret", ["whsec_", "whsec_?"])
def test_a_wrong_webhook_secret_is_one_line_naming_the_variable(
    tenant: Any, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("JML_DATA_DIR", str(tenant.data_dir))
    monkeypatch.setenv("JML_WEBHOOK_SECRETS", secret)
    with pytest.raises(SystemExit, match=r"^JML_WEBHOOK_SECRETS: [^\n]+$"):
        main()


def test_no_tenant_is_one_line_naming_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JML_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match=r"^JML_TENANT_ID, [^\n]+$"):
        main()
