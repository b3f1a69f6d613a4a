"""Parts that tests of the API are put together from: a Temporal server, the API served, callers with tokens."""

import asyncio
import json
import shutil
import socket
import ssl
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from temporalio.client import Client
from temporalio.service import RPCError

from api.app import create_app
from settings import Settings
from workflows.client import connect
from workflows.contract import SEARCH_ATTRIBUTES

ROLES = ("Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor", "Events.Submit")
TEMPORAL = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class TemporalServer:
    """The real development server, in memory unless given a file."""

    port: int = field(default_factory=free_port)
    file: Path | None = None
    process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        """``host:port`` of its front door."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> Client:
        """Start it and wait until it answers."""
        attributes = [f"{key.name}={_type_word(key.indexed_value_type)}" for key in SEARCH_ATTRIBUTES]
        flags = [part for attribute in attributes for part in ("--search-attribute", attribute)]
        kept = ["--db-filename", str(self.file)] if self.file else []
        self.process = await asyncio.create_subprocess_exec(
            *(TEMPORAL, "server", "start-dev", "--headless", "--log-level", "never", "--port", str(self.port)),
            *flags,
            *kept,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                client = await connect(self.address)
                await client.count_workflows("")
            except (RuntimeError, RPCError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
            else:
                return client

    async def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


def _type_word(indexed_value_type: Any) -> str:
    return str(indexed_value_type.name).capitalize()


@dataclass
class Api:
    """The served API and whatever a test needs to speak to it."""

    url: str
    settings: Settings
    issuer: "Issuer"
    http: httpx.AsyncClient

    async def call(
        self,
        method: str,
        path: str,
        *,
        role: str | None = None,
        oid: str | None = None,
        headers: Mapping[str, str] | None = None,
        **rest: Any,
    ) -> httpx.Response:
        """One request; with a ``role``, as somebody who has just that (a new caller each time unless told)."""
        given = dict(headers or {})
        if role is not None:
            given["Authorization"] = f"Bearer {await self.issuer.token(role, oid=oid)}"
        return await self.http.request(method, path, headers=given, **rest)

    async def get(self, path: str, *, role: str | None = None, **rest: Any) -> httpx.Response:
        """A GET."""
        return await self.call("GET", path, role=role, **rest)

    async def post(self, path: str, body: Any = None, *, role: str | None = None, **rest: Any) -> httpx.Response:
        """A POST of JSON."""
        headers = {"content-type": "application/json", **rest.pop("headers", {})}
        return await self.call("POST", path, role=role, content=json.dumps(body), headers=headers, **rest)


class Issuer:
    """Has the practice tenant sign tokens."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found
        context = ssl.create_default_context(cafile=found["ca_file"])
        self.http = httpx.AsyncClient(base_url=found["base_url"], verify=context, timeout=10)

    def claims(self, *roles: str, **other: Any) -> dict[str, Any]:
        """The claims of a good token for our API; ``None`` leaves one out."""
        now = int(time.time())
        claims = {
            "aud": self.found["api"]["client_id"],
            "iss": f"{self.found['base_url']}/{self.found['tenant_id']}/v2.0",
            "tid": self.found["tenant_id"],
            "oid": str(uuid.uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "roles": list(roles),
            **other,
        }
        return {name: value for name, value in claims.items() if value is not None}

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """These claims as a token, signed with the tenant's real key."""
        answer = await self.http.post("/_sandbox/tokens", json={"claims": claims})
        return str(answer.raise_for_status().json()["access_token"])

    async def token(self, *roles: str, oid: str | None = None, **other: Any) -> str:
        """A good token with these roles."""
        named = {"oid": oid} if oid else {}
        return await self.sign(self.claims(*roles, **named, **other))


@asynccontextmanager
async def served(settings: Settings, issuer: Issuer) -> AsyncIterator[Api]:
    """The API on a real socket for as long as the block lasts."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", proxy_headers=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, timeout=20) as http:
            yield Api(url, settings, issuer, http)
    finally:
        server.should_exit = True
        await serving


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer that must be one with this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def fields(answer: httpx.Response) -> set[str]:
    """The fields that a 422 names."""
    return {item["field"] for item in problem(answer, 422)["errors"]}
