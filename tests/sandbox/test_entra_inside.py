"""What only the tenant's own state can bring about: disabled applications, lapsed grants, what a call costs."""

import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response

from sandbox import entra, signin
from sandbox.exchange import Exchange
from sandbox.pipeline import Pipeline, serve
from sandbox.seed import seed
from sandbox.seed_catalogue import TENANT_ID, made
from sandbox.store import Doc, Store
from sandbox.throttle import cost, mutates

ORIGIN = "https://localhost:8443"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    store = Store(tmp_path / "sandbox.db")
    seed(store, tmp_path, 5, ["http://localhost:8501/auth/callback"])
    return Pipeline(store, TENANT_ID, [*entra.routes, *signin.routes])


def _sent(pipeline: Pipeline, method: str, path: str, query: str = "", **form: str) -> Exchange:
    headers = Headers({"content-type": "application/x-www-form-urlencoded"})
    return Exchange(pipeline, method, path, query, headers, urlencode(form).encode(), ORIGIN)


async def _token(pipeline: Pipeline, who: str, **form: str) -> Response:
    identity: Doc = pipeline.store.get("identity", who) or {}
    secret = {"client_id": identity["client_id"], "client_secret": identity["client_secret"]}
    return await serve(_sent(pipeline, "POST", f"/{TENANT_ID}/oauth2/v2.0/token", **{**secret, **form}))


def _application(pipeline: Pipeline, scope: str = "https://graph.microsoft.com/.default") -> dict[str, str]:
    return {"grant_type": "client_credentials", "scope": scope}


async def test_a_disabled_application_gets_no_token(pipeline: Pipeline) -> None:
    pipeline.store.change("service_principals", made("principal/helpdesk"), accountEnabled=False)
    answer = await _token(pipeline, "helpdesk", **_application(pipeline))
    assert (answer.status_code, b'"error_codes":[7000112]' in answer.body) == (400, True)
    assert (await _token(pipeline, "platform", **_application(pipeline))).status_code == 200


async def test_a_grant_taken_away_is_missing_from_the_next_token(pipeline: Pipeline) -> None:
    for held in pipeline.store.find("app_role_assignments", "principalId", made("principal/limited")):
        pipeline.store.remove("app_role_assignments", held["id"])
    answer = await _token(pipeline, "limited", **_application(pipeline))
    token = bytes(answer.body).decode().split('"access_token":"')[1].split('"')[0]
    assert "roles" not in (pipeline.tokens.read(token) or {})


def _code(pipeline: Pipeline, **changed: object) -> Doc:
    console: Doc = pipeline.store.get("identity", "console") or {}
    code = {
        "id": "a-code",
        "client_id": console["client_id"],
        "_user": made("user/iam.admin"),
        "amr": ["pwd", "mfa"],
        "sid": "s",
        "auth_time": int(time.time()),
        "issued": pipeline.store.now().isoformat(),
        "redirect_uri": "http://localhost:8501/auth/callback",
        "scope": "openid offline_access User.Read",
        "nonce": None,
        "challenge": None,
        "challenge_method": "plain",
        "expires": time.time() + 600,
        "used": False,
        **changed,
    }
    return pipeline.store.put("codes", code)


async def _redeem(pipeline: Pipeline, code: Doc) -> Response:
    form = {"grant_type": "authorization_code", "code": code["id"], "redirect_uri": code["redirect_uri"]}
    return await _token(pipeline, "console", **form)


async def test_a_code_lapses(pipeline: Pipeline) -> None:
    answer = await _redeem(pipeline, _code(pipeline, expires=time.time() - 1))
    assert b'"error_codes":[70008]' in answer.body


async def test_somebody_deleted_meanwhile_is_not_in_the_directory(pipeline: Pipeline) -> None:
    code = _code(pipeline)
    pipeline.store.remove("users", made("user/iam.admin"))
    assert b'"error_codes":[50034]' in (await _redeem(pipeline, code)).body


async def test_a_refresh_token_lapses_and_is_nobody_elses(pipeline: Pipeline) -> None:
    assert (await _redeem(pipeline, _code(pipeline))).status_code == 200
    (held,) = pipeline.store.all("refresh_tokens")
    form = {"grant_type": "refresh_token", "refresh_token": held["id"]}
    assert b'"error_codes":[9002313]' in (await _token(pipeline, "helpdesk", **form)).body
    pipeline.store.change("refresh_tokens", held["id"], expires=0)
    assert b'"error_codes":[70008]' in (await _token(pipeline, "console", **form)).body


async def test_a_new_password_ends_refresh(pipeline: Pipeline) -> None:
    await _redeem(pipeline, _code(pipeline))
    (held,) = pipeline.store.all("refresh_tokens")
    stamp = pipeline.store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    pipeline.store.change("users", made("user/iam.admin"), lastPasswordChangeDateTime=stamp)
    answer = await _token(pipeline, "console", grant_type="refresh_token", refresh_token=held["id"])
    assert b'"error_codes":[50173]' in answer.body


@pytest.mark.parametrize(
    ("method", "path", "query", "units"),
    [
        ("GET", "/v1.0/users/x", "", 1),
        ("GET", "/v1.0/users", "", 2),
        ("GET", "/v1.0/users", "$select=id", 1),
        ("GET", "/v1.0/users", "%24select=id&%24top=5", 1),
        ("GET", "/v1.0/users/x", "$expand=manager", 2),
        ("GET", "/v1.0/subscribedSkus", "", 3),
        ("GET", "/v1.0/groups/x/members", "", 3),
        ("GET", "/v1.0/groups/x/transitiveMembers", "$top=999", 5),
        ("POST", "/v1.0/users/x/checkMemberGroups", "", 4),
        ("POST", "/v1.0/users/x/getMemberGroups", "", 2),
        ("PATCH", "/v1.0/users/x", "", 1),
    ],
)
def test_a_call_costs_what_is_documented(pipeline: Pipeline, method: str, path: str, query: str, units: int) -> None:
    assert cost(_sent(pipeline, method, path, query)) == units


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", "/v1.0/users", False),
        ("POST", "/v1.0/users", True),
        ("DELETE", "/v1.0/users/x", True),
        ("POST", "/v1.0/$batch", False),
        ("POST", "/v1.0/directoryObjects/getByIds", False),
        ("POST", "/v1.0/users/x/revokeSignInSessions", True),
        ("POST", "/scim/v2/Users", True),
        ("POST", "/scim/v2/Users/.search", False),
        ("POST", f"/{TENANT_ID}/oauth2/v2.0/token", False),
    ],
)
def test_writing_is_told_from_asking_by_path(pipeline: Pipeline, method: str, path: str, writes: bool) -> None:
    assert mutates(_sent(pipeline, method, path)) is writes
