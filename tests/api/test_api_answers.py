"""What all answers have in common, and what is not there."""

import re
from typing import Any

import pytest

from api.routes import RULES
from tests.api.samples import hire
from tests.api.serving import Api, fields, problem


async def test_every_answer_carries_the_security_headers_and_its_request_id(api: Api) -> None:
    answers = [
        await api.get("/health/live"),
        await api.get("/openapi.json"),
        await api.get("/nowhere"),
        await api.get("/lifecycles"),
        await api.get("/lifecycles", role="Hr.Operator"),
        await api.call("DELETE", "/lifecycles"),
        await api.post("/hr/new-hire", {}, role="Hr.Operator"),
        await api.post("/hr/new-hire", hire(), role="Hr.Operator"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-request-id"])
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"


async def test_a_request_id_is_kept_if_it_is_harmless(api: Api) -> None:
    answer = await api.get("/lifecycles", headers={"X-Request-Id": "console:42"})
    assert answer.headers["x-request-id"] == problem(answer, 401)["request_id"] == "console:42"
    assert (await api.get("/health/live", headers={"X-Request-Id": "a b<c>"})).headers["x-request-id"] != "a b<c>"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/hr", "/hr/batches", "/scim/v2/Users", "/docs", "/redoc", "/policy", "/hr/new-hire/", "//"]
)
async def test_what_is_not_there_is_404_with_a_problem_document(api: Api, path: str) -> None:
    problem(await api.get(path), 404)
    problem(await api.post(path, {}, role="Iam.Admin"), 404)


async def test_a_wrong_method_is_405_and_names_the_right_one(api: Api) -> None:
    for method, path, allowed in (("GET", "/hr/new-hire", "POST"), ("DELETE", "/lifecycles", "GET")):
        answer = await api.call(method, path, role="Iam.Admin")
        problem(answer, 405)
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("/lifecycles?kind=robot", "kind"),
        ("/lifecycles?status=fine", "status"),
        ("/lifecycles?employee_id=a/b", "employee_id"),
        ("/lifecycles?limit=0", "limit"),
        ("/lifecycles?q=%00", "q"),
        ("/lifecycles?page_token=nonsense", "page_token"),
        ("/people?page_token=nonsense", "page_token"),
        ("/audit/events?since=yesterday", "since"),
        ("/audit/events?since=2026-01-01T00:00:00", "since"),
        ("/audit/export?format=pdf", "format"),
    ],
)
async def test_a_query_that_does_not_fit_names_its_parameter(api: Api, query: str, field: str) -> None:
    assert fields(await api.get(query, role="Iam.Auditor")) == {field}


async def test_the_document_is_complete(api: Api) -> None:
    document: dict[str, Any] = (await api.get("/openapi.json")).json()
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described | {("GET", "/openapi.json")} == {(rule.method, rule.template) for rule in RULES}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["description"]
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert good[0]["description"]
            if not path.startswith(("/health", "/metrics")):
                assert operation["security"]
                assert {"401", "403", "429"} <= set(operation["responses"])
    assert {"lifecycle", "person", "console", "temporal"} == set(
        document["components"]["schemas"]["Links"]["properties"]
    )
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', (await api.get("/openapi.json")).text))
    assert referred <= set(document["components"]["schemas"])
