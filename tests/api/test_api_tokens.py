"""Who is let in: bearer tokens and roles."""

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.auth import SigningKeys
from settings import Settings
from tests.api.samples import hire, leaving
from tests.api.serving import ROLES, Api, Issuer, problem

READERS = {"Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor"}
UNKNOWN = "/lifecycles/joiner:E0:nothing"
WHO_MAY_WHAT: dict[tuple[str, str], set[str]] = {
    **{
        ("POST", f"/hr/{event}"): {"Hr.Operator", "Events.Submit"}
        for event in ("new-hire", "update", "termination", "rescind", "leave", "return")
    },
    ("GET", "/lifecycles"): READERS,
    ("GET", UNKNOWN): READERS,
    ("GET", "/people"): READERS,
    ("GET", "/people/nobody"): READERS,
    ("GET", "/audit/events"): {"Iam.Auditor", "Iam.Admin"},
    ("GET", "/audit/verify"): {"Iam.Auditor", "Iam.Admin"},
    ("GET", "/audit/export"): {"Iam.Auditor"},
    ("GET", "/graph/users"): {"Iam.Admin"},
    ("GET", "/graph/groups"): {"Iam.Admin"},
    ("POST", "/lifecycles/retry"): {"Iam.Admin"},
    **{
        ("POST", f"{UNKNOWN}/{verb}"): {"Iam.Admin"}
        for verb in ("retry", "skip", "cancel", "hold", "release", "expedite", "postpone")
    },
    **{("POST", f"{UNKNOWN}/{verb}"): {"Iam.Approver"} for verb in ("approve", "reject")},
}


@pytest.mark.parametrize(("route", "allowed"), WHO_MAY_WHAT.items(), ids=lambda item: str(item))
async def test_each_route_lets_in_its_roles_and_no_other(api: Api, route: tuple[str, str], allowed: set[str]) -> None:
    for role in ROLES:
        answer = await api.call(*route, role=role)
        if role in allowed:
            assert answer.status_code not in (401, 403), (role, answer.text)
        else:
            problem(answer, 403)


@pytest.mark.parametrize("route", WHO_MAY_WHAT, ids=str)
async def test_nobody_is_let_in_without_a_token(api: Api, route: tuple[str, str]) -> None:
    answer = await api.call(*route, headers={"X-Forwarded-For": "10.0.0.1"})
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_without_roles_opens_nothing(api: Api, issuer: Issuer) -> None:
    for roles in ([], None, "Hr.Operator", [{"Hr.Operator": 1}]):
        token = await issuer.sign(issuer.claims(roles=roles))
        problem(await api.post("/hr/new-hire", hire(), headers={"Authorization": f"Bearer {token}"}), 403)


async def test_malformed_json_of_a_stranger_is_401_and_of_the_wrong_role_403(api: Api) -> None:
    problem(await api.call("POST", "/hr/new-hire", content=b"{no json"), 401)
    problem(await api.call("POST", "/hr/new-hire", content=b"{no json", role="Iam.Admin"), 403)
    problem(await api.call("POST", "/hr/new-hire", content=b"{no json", role="Hr.Operator"), 422)


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://graph.microsoft.com"},
    "no audience": {"aud": None},
    "another issuer": {"iss": "https://login.example/11111111-1111-4111-8111-111111111111/v2.0"},
    "no issuer": {"iss": None},
    "another tenant": {"tid": "22222222-2222-4222-8222-222222222222"},
    "no tenant": {"tid": None},
    "expired six minutes ago": {"exp": int(time.time()) - 360},
    "no expiry": {"exp": None},
    "expiry is no number": {"exp": "tomorrow"},
    "valid in ten minutes": {"nbf": int(time.time()) + 600},
    "nobody's": {"oid": None},
}


@pytest.mark.parametrize("bad", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_token_with_a_wrong_claim_is_401(api: Api, issuer: Issuer, bad: dict[str, Any]) -> None:
    token = await issuer.sign(issuer.claims("Hr.Operator", **bad))
    answer = await api.get("/lifecycles", headers={"Authorization": f"Bearer {token}"})
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert token not in answer.text


async def test_clocks_may_differ_a_little(api: Api, issuer: Issuer) -> None:
    now = int(time.time())
    for slack in ({"exp": now - 20}, {"nbf": now + 20}):
        token = await issuer.sign(issuer.claims("Hr.Operator", **slack))
        assert (await api.get("/lifecycles", headers={"Authorization": f"Bearer {token}"})).status_code == 200


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_forged_tokens_are_401(api: Api, issuer: Issuer) -> None:
    claims, good = issuer.claims("Iam.Admin"), await issuer.token("Hr.Operator")
    kid = json.loads(base64.urlsafe_b64decode(good.split(".")[0] + "=="))["kid"]
    foreign = RSAKey.generate_key(2048, private=True)
    head, _, signature = good.split(".")
    forged = [
        "nonsense",
        "a.b.c",
        "ÿ.ÿ.ÿ",
        f"{_part({'alg': 'none', 'kid': kid})}.{_part(claims)}.",
        f"{head}.{_part(claims)}.{signature}",
        jwt.encode({"alg": "HS256", "kid": kid}, claims, OctKey.import_key("x" * 64)),
        jwt.encode({"alg": "RS256", "kid": kid}, claims, foreign),
        jwt.encode({"alg": "RS256", "kid": "unheard-of"}, claims, foreign),
        jwt.encode({"alg": "RS256"}, claims, foreign),
        jwt.encode({"alg": "PS256", "kid": kid}, claims, foreign, algorithms=["PS256"]),
        good[:-8],
    ]
    for token in forged:
        problem(await api.get("/audit/events", headers=[("Authorization", f"Bearer {token}".encode())]), 401)
    for header in (good, f"Basic {good}", "Bearer"):
        problem(await api.get("/lifecycles", headers={"Authorization": header}), 401)


async def test_a_real_client_credentials_token_of_the_hr_system_opens_hr_and_nothing_else(
    api: Api, issuer: Issuer
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": issuer.found["hr_sender"]["client_id"],
        "client_secret": issuer.found["hr_sender"]["client_secret"],
        "scope": issuer.found["api"]["scope"],
    }
    answer = await issuer.http.post(f"/{issuer.found['tenant_id']}/oauth2/v2.0/token", data=form)
    headers = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
    assert (await api.post("/hr/termination", leaving(), headers=headers)).status_code == 202
    problem(await api.get("/lifecycles", headers=headers), 403)


async def test_an_unknown_key_makes_the_api_ask_again_once_a_minute_at_most(tenant: Any, settings: Settings) -> None:
    now = 1000.0
    keys = SigningKeys(f"{tenant.issuer}/.well-known/openid-configuration", settings.ca_file, clock=lambda: now)
    seen = len(_key_reads(tenant))
    for _ in range(5):
        assert await keys.find("unheard-of") is None
    assert len(_key_reads(tenant)) == seen + 1
    now += 61
    for _ in range(5):
        assert await keys.find("unheard-of") is None
    assert len(_key_reads(tenant)) == seen + 2
    await keys.close()


def _key_reads(tenant: Any) -> list[dict[str, Any]]:
    return [request for request in tenant.requests() if request["path"].endswith("/discovery/v2.0/keys")]
