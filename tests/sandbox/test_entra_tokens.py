"""Applications' tokens as real MSAL asks for them, and as standards-minded clients do."""

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc import jws, jwt
from joserfc.jwk import KeySet, RSAKey

from tests.sandbox.conftest import GRAPH, Application
from tests.tenant import Tenant

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _verified(tenant: Tenant, token: str) -> dict[str, Any]:
    with tenant.client() as client:
        keys = client.get(f"/{tenant.json['tenant_id']}/discovery/v2.0/keys").json()
    return dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims)


def _ask(tenant: Tenant, auth: Any = None, **form: str) -> httpx.Response:
    with tenant.client() as client:
        return client.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data=form, auth=auth)


def _secret(tenant: Tenant, who: str = "platform") -> dict[str, str]:
    return {"client_id": tenant.json[who]["client_id"], "client_secret": tenant.json[who]["client_secret"]}


def _pem(tenant: Tenant) -> tuple[str, x509.Certificate]:
    with open(tenant.json["platform"]["certificate_file"], encoding="ascii") as file:
        pem = file.read()
    return pem, x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE") :].encode())


def test_the_metadata_is_built_from_the_host_that_was_asked(tenant: Tenant) -> None:
    with tenant.client() as client:
        address = f"/{tenant.json['tenant_id']}/v2.0/.well-known/openid-configuration"
        document = client.get(address, headers={"Host": "login.microsoftonline.com"}).json()
    assert document["issuer"] == f"https://login.microsoftonline.com/{tenant.json['tenant_id']}/v2.0"
    assert document["jwks_uri"].startswith("https://login.microsoftonline.com/")
    assert "code_challenge_methods_supported" not in document


def test_an_unknown_tenant_is_named(tenant: Tenant) -> None:
    with tenant.client() as client:
        answer = client.get("/22222222-2222-4222-8222-222222222222/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [90002]


def test_msal_with_a_secret_gets_a_graph_token_and_nothing_else(tenant: Tenant, application: Application) -> None:
    answer = application("platform").acquire_token_for_client([GRAPH])
    assert "refresh_token" not in answer
    assert 3590 <= answer["expires_in"] <= 5399
    claims = _verified(tenant, answer["access_token"])
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["iss"] == f"https://sts.windows.net/{tenant.json['tenant_id']}/"
    assert claims["ver"] == "1.0"
    assert claims["appid"] == tenant.json["platform"]["client_id"]
    assert claims["oid"] == claims["sub"] == tenant.json["platform"]["object_id"]
    assert claims["idtyp"] == "app"
    assert claims["appidacr"] == "1"
    assert {"User.ReadWrite.All", "Mail.Send", "RoleManagement.ReadWrite.Directory"} <= set(claims["roles"])


@pytest.mark.parametrize(("who", "roles"), [("helpdesk", ["User.ReadWrite.All"]), ("limited", ["User.Read.All"])])
def test_lesser_applications_have_lesser_roles(
    tenant: Tenant, application: Application, who: str, roles: list[str]
) -> None:
    answer = application(who).acquire_token_for_client([GRAPH])
    assert _verified(tenant, answer["access_token"])["roles"] == roles


def test_msal_with_a_certificate_signs_with_ps256(tenant: Tenant, application: Application) -> None:
    pem, certificate = _pem(tenant)
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    client = application("platform", {"private_key": pem, "public_certificate": public})
    answer = client.acquire_token_for_client([GRAPH])
    assert _verified(tenant, answer["access_token"])["appidacr"] == "2"


def test_msal_with_a_thumbprint_signs_with_rs256(tenant: Tenant, application: Application) -> None:
    pem, certificate = _pem(tenant)
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - the wire's own name for a certificate
    answer = application("platform", {"private_key": pem, "thumbprint": thumbprint}).acquire_token_for_client([GRAPH])
    assert _verified(tenant, answer["access_token"])["appidacr"] == "2"


def _assertion(tenant: Tenant, **changed: Any) -> str:
    """As Azure CLI makes it: RS256, padded ``x5t``, float times, the public authority as audience."""
    pem, certificate = _pem(tenant)
    der = certificate.public_bytes(serialization.Encoding.DER)
    app_id, now = tenant.json["platform"]["client_id"], time.time()
    header = {"alg": "RS256", "x5t": base64.urlsafe_b64encode(hashlib.sha1(der).digest()).decode()}  # noqa: S324
    claims = {
        "aud": f"https://login.microsoftonline.com/{tenant.json['tenant_id']}/oauth2/v2.0/token",
        "iss": app_id,
        "sub": app_id,
        "jti": "1",
        "iat": now,
        "exp": now + 600,
        **changed,
    }
    return jwt.encode(header, claims, RSAKey.import_key(pem[: pem.index("-----BEGIN CERTIFICATE")]))


def _with_assertion(tenant: Tenant, assertion: str) -> httpx.Response:
    form = {"client_id": tenant.json["platform"]["client_id"], "scope": GRAPH, "client_assertion": assertion}
    return _ask(tenant, grant_type="client_credentials", client_assertion_type=ASSERTION, **form)


@pytest.mark.parametrize(
    "named_by",
    [
        lambda der: {"x5t": _base64(hashlib.sha1(der).digest())},  # noqa: S324
        lambda der: {"x5t": _base64(hashlib.sha1(der).digest()).rstrip("=")},  # noqa: S324
        lambda der: {"x5t#S256": _base64(hashlib.sha256(der).digest())},
        lambda der: {"x5c": [base64.encodebytes(der).decode()]},
    ],
    ids=["padded", "unpadded", "SHA-256", "certificate with line feeds"],
)
@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_certificate_can_be_named_in_every_way_that_clients_do(
    tenant: Tenant, named_by: Callable[[bytes], dict[str, Any]], algorithm: str
) -> None:
    pem, certificate = _pem(tenant)
    key = RSAKey.import_key(pem[: pem.index("-----BEGIN CERTIFICATE")])
    app_id, now = tenant.json["platform"]["client_id"], int(time.time())
    audience = f"{tenant.base_url}/{tenant.json['tenant_id']}/oauth2/v2.0/token"
    claims = {"aud": audience, "iss": app_id, "sub": app_id, "jti": "1", "nbf": now, "iat": now, "exp": now + 600}
    header = {"alg": algorithm, **named_by(certificate.public_bytes(serialization.Encoding.DER))}
    registry = jws.JWSRegistry(algorithms=["RS256", "PS256"], strict_check_header=False)
    assertion = jwt.encode(header, claims, key, registry=registry)
    assert _with_assertion(tenant, assertion).status_code == 200


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def test_an_assertion_with_padded_thumbprint_and_float_times_is_taken(tenant: Tenant) -> None:
    assert _with_assertion(tenant, _assertion(tenant)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"exp": time.time() - 3600}, 700024),
        ({"nbf": time.time() + 3600}, 700024),
        ({"aud": "https://elsewhere.example"}, 700023),
        ({"sub": "somebody-else"}, 700021),
    ],
)
def test_an_assertion_that_does_not_fit_is_refused(tenant: Tenant, changed: dict[str, Any], code: int) -> None:
    answer = _with_assertion(tenant, _assertion(tenant, **changed))
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (401, "invalid_client", [code])


@pytest.mark.parametrize("broken", ["x.y.z", "nonsense", ""])
def test_an_assertion_that_is_none_is_refused(tenant: Tenant, broken: str) -> None:
    answer = _with_assertion(tenant, broken)
    assert answer.status_code == 401
    assert answer.json()["error_codes"][0] in (700027, 7000218)


def test_a_forged_assertion_is_refused(tenant: Tenant) -> None:
    genuine = _assertion(tenant)
    head, body, signature = genuine.split(".")
    forged = ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))
    assert _with_assertion(tenant, forged).json()["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://graph.microsoft.com//.default", "https://graph.microsoft.com/"),
        ("https://management.core.windows.net//.default", "https://management.core.windows.net/"),
        ("https://management.azure.com/.default", "https://management.azure.com"),
    ],
)
def test_a_resource_keeps_its_own_slash(tenant: Tenant, scope: str, audience: str) -> None:
    assert _verified(tenant, tenant.token(scope=scope))["aud"] == audience


def test_the_tenants_own_origin_is_a_name_for_graph(tenant: Tenant) -> None:
    token = tenant.token(scope=f"{tenant.base_url}/.default")
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.get("/v1.0/users?$top=1").status_code == 200


def test_basic_authentication_works_as_well(tenant: Tenant) -> None:
    identity = tenant.json["platform"]
    auth = (identity["client_id"], identity["client_secret"])
    assert _ask(tenant, auth, grant_type="client_credentials", scope=GRAPH).status_code == 200


def test_our_api_gets_v2_tokens_with_application_roles(tenant: Tenant) -> None:
    claims = _verified(tenant, tenant.token("hr_sender", tenant.json["api"]["scope"]))
    assert claims["aud"] == tenant.json["api"]["client_id"]
    assert claims["iss"] == tenant.issuer
    assert claims["ver"] == "2.0"
    assert claims["azp"] == tenant.json["hr_sender"]["client_id"]
    assert claims["roles"] == ["Events.Submit"]


def test_a_token_without_any_role_is_issued_all_the_same(tenant: Tenant) -> None:
    assert "roles" not in _verified(tenant, tenant.token("limited", tenant.json["api"]["scope"]))


@pytest.mark.parametrize(
    ("changed", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"scope": "User.Read.All"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://nowhere.example/.default"}, 400, "invalid_resource", 500011),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
def test_a_refusal_has_entras_envelope(
    tenant: Tenant, changed: dict[str, str | None], status: int, error: str, code: int
) -> None:
    form = {"grant_type": "client_credentials", "scope": GRAPH, **_secret(tenant), **changed}
    answer = _ask(tenant, **{name: value for name, value in form.items() if value is not None})
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= set(body)
