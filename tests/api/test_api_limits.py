"""How much and how fast."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from api.errors import Problem
from api.limits import RateLimit
from tests.api.samples import hire
from tests.api.serving import Api, problem

MIB = 1024 * 1024


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 4096 + 1):
        yield b" " * 4096


async def test_a_body_over_one_mebibyte_is_413_announced_or_not(api: Api) -> None:
    announced = await api.call("POST", "/hr/new-hire", content=b" " * (MIB + 1), role="Hr.Operator")
    assert "1048576" in problem(announced, 413)["detail"]
    problem(await api.call("POST", "/hr/new-hire", content=_chunks(MIB), role="Hr.Operator"), 413)
    signed = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    problem(await api.call("POST", "/hr/new-hire", content=_chunks(MIB), headers=signed), 413)


async def test_a_body_of_just_one_mebibyte_is_read(api: Api) -> None:
    padded = hire(given_name="x" * 300)
    content = str(padded).replace("'", '"').encode().ljust(MIB)
    headers = {"content-type": "application/json"}
    problem(await api.call("POST", "/hr/new-hire", content=content, headers=headers, role="Hr.Operator"), 422)


async def test_a_strangers_body_is_not_read_at_all(api: Api) -> None:
    problem(await api.call("POST", "/hr/new-hire", content=b" " * (MIB + 1)), 401)
    problem(await api.call("POST", "/hr/new-hire", content=b" " * (MIB + 1), role="Iam.Auditor"), 403)


async def test_the_hundred_and_first_request_in_a_second_is_429_for_that_caller_only(api: Api) -> None:
    fast, other = await api.issuer.token("Iam.Auditor"), await api.issuer.token("Iam.Auditor")
    await _statuses(api, other, 1)
    statuses = await _statuses(api, fast, 150)
    assert set(statuses) == {404, 429}
    assert statuses[:100] == [404] * 100
    answer = await api.get("/people/a%20b", headers={"Authorization": f"Bearer {fast}"})
    problem(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    assert await _statuses(api, other, 1) == [404]


async def _statuses(api: Api, token: str, count: int) -> list[int]:
    """The statuses of so many requests, pipelined (RFC 9112 section 9.3.2) so that sending costs no time."""
    reader, writer = await asyncio.open_connection(api.http.base_url.host, api.http.base_url.port)
    one = f"GET /people/a%20b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    writer.write((f"{one}\r\n" * (count - 1) + f"{one}Connection: close\r\n\r\n").encode())
    answers = await reader.read(-1)
    writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def test_a_callers_pace_is_counted_over_any_second() -> None:
    now = 0.0
    limit = RateLimit(3, clock=lambda: now)
    for moment in (0.0, 0.5, 0.9):
        now = moment
        limit.admit("one")
    with pytest.raises(Problem):
        limit.admit("one")
    limit.admit("other")
    now = 1.05
    limit.admit("one")
    with pytest.raises(Problem):
        limit.admit("one")
