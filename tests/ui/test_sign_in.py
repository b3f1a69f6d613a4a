"""Signing in at the practice tenant: its own pages, real tokens, our own checks."""

import base64
import json
import time
from typing import Any

import pytest
import requests

from tests.tenant import Tenant
from tests.ui.conftest import at_the_tenant, login
from ui.directory import Directory, http_session
from ui.id_token import IdTokenError
from ui.sessions import Session
from ui.sign_in import MsalTokens, SignIn, SignInError


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def signed_in(tenant: Tenant, sign_in: SignIn, role: str | None = "Hr.Operator") -> Session:
    flow = sign_in.start()
    return sign_in.finish(flow, dict(at_the_tenant(tenant, flow["auth_uri"], role).params))


@pytest.mark.parametrize("role", ["Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor"])
def test_a_sign_in_knows_the_persons_name_and_role(tenant: Tenant, sign_in: SignIn, role: str) -> None:
    session = signed_in(tenant, sign_in, role)
    assert session.roles == {role}
    assert session.username == login(tenant, role)["username"]
    assert session.name != session.username


def test_somebody_without_a_role_signs_in_and_has_none(tenant: Tenant, sign_in: SignIn) -> None:
    assert signed_in(tenant, sign_in, None).roles == frozenset()


def test_the_token_is_for_our_api(tenant: Tenant, sign_in: SignIn) -> None:
    token = signed_in(tenant, sign_in).tokens.access_token()
    assert token is not None
    assert claims_of(token)["aud"] in (tenant.json["api"]["client_id"], f"api://{tenant.json['api']['client_id']}")


def test_the_request_uses_pkce_state_and_nonce(sign_in: SignIn) -> None:
    flow = sign_in.start()
    query = requests.models.PreparedRequest()
    query.prepare_url(flow["auth_uri"], None)
    assert "code_challenge_method=S256" in str(query.url)
    assert {"state", "nonce", "code_verifier"} <= flow.keys()


def test_an_answer_to_another_sign_in_is_refused(tenant: Tenant, sign_in: SignIn) -> None:
    mine, other = sign_in.start(), sign_in.start()
    answer = dict(at_the_tenant(tenant, other["auth_uri"]).params)
    with pytest.raises(SignInError, match="state"):
        sign_in.finish(mine, answer)


def test_a_code_is_worth_nothing_without_its_verifier(tenant: Tenant, sign_in: SignIn) -> None:
    flow = sign_in.start()
    answer = dict(at_the_tenant(tenant, flow["auth_uri"]).params)
    with pytest.raises(SignInError):
        sign_in.finish(flow | {"code_verifier": "x" * 43}, answer)


def test_a_sign_in_that_was_broken_off_says_so(sign_in: SignIn) -> None:
    flow = sign_in.start()
    with pytest.raises(SignInError) as refused:
        sign_in.finish(flow, {"state": flow["state"], "error": "access_denied", "error_description": "no"})
    assert refused.value.code == "access_denied"


def id_token(tenant: Tenant, sign_in: SignIn, **changed: Any) -> str:
    """A token signed with the tenant's own key."""
    now = int(time.time())
    claims = {
        "iss": tenant.issuer,
        "aud": sign_in.client_id,
        "tid": sign_in.tenant_id,
        "oid": "1",
        "nonce": "n",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    token: str = tenant.control("POST", "tokens", claims=claims | changed)["access_token"]
    return token


def test_an_id_token_of_this_sign_in_holds(tenant: Tenant, sign_in: SignIn) -> None:
    assert sign_in.check.claims(id_token(tenant, sign_in), "n")["oid"] == "1"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "00000003-0000-0000-c000-000000000000"},
        {"iss": "https://login.microsoftonline.com/other/v2.0"},
        {"tid": "22222222-2222-4222-8222-222222222222"},
        {"nonce": "of another sign-in"},
        {"exp": 1_700_000_000, "iat": 1_699_999_000, "nbf": 1_699_999_000},
        {"oid": None},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_id_token_with_a_wrong_claim_is_refused(tenant: Tenant, sign_in: SignIn, changed: dict[str, Any]) -> None:
    with pytest.raises(IdTokenError):
        sign_in.check.claims(id_token(tenant, sign_in, **changed), "n")


@pytest.mark.parametrize("broken", ["", "a.b.c", "nonsense"])
def test_what_is_no_token_is_refused(sign_in: SignIn, broken: str) -> None:
    with pytest.raises(IdTokenError):
        sign_in.check.claims(broken, "n")


def test_a_changed_id_token_is_refused(tenant: Tenant, sign_in: SignIn) -> None:
    header, _, signature = id_token(tenant, sign_in).split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims_of(id_token(tenant, sign_in)) | {"oid": "2"}).encode())
    with pytest.raises(IdTokenError):
        sign_in.check.claims(f"{header}.{forged.rstrip(b'=').decode()}.{signature}", "n")


def test_unsigned_id_tokens_are_refused(tenant: Tenant, sign_in: SignIn) -> None:
    _, payload, _ = id_token(tenant, sign_in).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    with pytest.raises(IdTokenError):
        sign_in.check.claims(f"{header}.{payload}.", "n")


def key_requests(tenant: Tenant, since: int) -> int:
    return sum("/discovery/" in row["path"] for row in tenant.requests(since))


def test_an_unknown_key_id_has_the_keys_fetched_again_once_a_minute(tenant: Tenant, sign_in: SignIn) -> None:
    now = 1000.0
    directory = Directory(sign_in.authority, http_session(tenant.ca_file), clock=lambda: now)
    since = tenant.mark()
    for _ in range(3):
        directory.keys("nobody has this one")
    assert key_requests(tenant, since) == 1
    now += 61
    directory.keys("nobody has this one")
    assert key_requests(tenant, since) == 2


def test_an_access_token_is_renewed_when_it_has_expired(tenant: Tenant, sign_in: SignIn) -> None:
    tokens = signed_in(tenant, sign_in).tokens
    first = tokens.access_token()
    forget_access_tokens(tokens)
    second = tokens.access_token()
    assert second is not None
    assert second != first


def test_a_sign_in_whose_sessions_were_revoked_is_over(tenant: Tenant, sign_in: SignIn) -> None:
    tokens = signed_in(tenant, sign_in, "Iam.Auditor").tokens
    revoke(tenant, login(tenant, "Iam.Auditor")["object_id"])
    forget_access_tokens(tokens)
    assert tokens.access_token() is None


def forget_access_tokens(tokens: Any) -> None:
    """As if they had expired: what is left is the refresh token."""
    assert isinstance(tokens, MsalTokens)
    cache = tokens.application.token_cache
    for entry in list(cache.search(cache.CredentialType.ACCESS_TOKEN)):
        cache.remove_at(entry)


def revoke(tenant: Tenant, object_id: str) -> None:
    time.sleep(1.1)  # a stamp has whole seconds: the revocation must come after the sign-in's
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        graph.post(f"/v1.0/users/{object_id}/revokeSignInSessions").raise_for_status()


def test_signing_out_goes_to_the_tenants_own_page(tenant: Tenant, sign_in: SignIn) -> None:
    leave = sign_in.sign_out_uri()
    assert leave.startswith(f"{tenant.base_url}/{tenant.json['tenant_id']}/oauth2/v2.0/logout?")
    assert "post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8501%2F" in leave
