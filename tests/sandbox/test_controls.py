"""The practice controls: the request record, settings, secrets, tokens, reset; and starting again."""

import os
import signal
import stat
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.tenant import ROOT, Tenant, running_tenant


def _last(tenant: Tenant) -> int:
    return tenant.mark()


def test_the_record_shows_every_request_with_its_ids(tenant: Tenant, graph: httpx.Client) -> None:
    since, own = _last(tenant), str(uuid.uuid4())
    answer = graph.get("/v1.0/users?$top=1", headers={"client-request-id": own})
    (row,) = tenant.requests(since)
    assert (row["method"], row["path"], row["query"], row["status"]) == ("GET", "/v1.0/users", "$top=1", 200)
    assert row["client_request_id"] == answer.headers["client-request-id"] == own
    assert row["request_id"] == answer.headers["request-id"]
    assert row["app_id"] == tenant.json["platform"]["client_id"]
    assert (row["mutating"], row["body"]) == (False, None)


def test_the_record_tells_writing_from_asking(tenant: Tenant, graph: httpx.Client) -> None:
    user = graph.get("/v1.0/users?$top=1").json()["value"][0]["id"]
    since = _last(tenant)
    graph.patch(f"/v1.0/users/{user}", json={"officeLocation": "Leeds"})
    graph.post(f"/v1.0/users/{user}/getMemberGroups", json={"securityEnabledOnly": False})
    tenant.token()
    assert [(row["method"], row["mutating"]) for row in tenant.requests(since)] == [
        ("PATCH", True),
        ("POST", False),
        ("POST", False),
    ]


def test_bodies_stand_in_the_record_as_they_were(tenant: Tenant, graph: httpx.Client) -> None:
    since = _last(tenant)
    graph.post("/v1.0/users", json={"displayName": "Nobody", "passwordProfile": {"password": "Given-1-by-the-test"}})
    tenant.token("limited")
    written, asked = tenant.requests(since)
    assert written["body"]["passwordProfile"] == {"password": "Given-1-by-the-test"}
    assert tenant.json["limited"]["client_secret"] in asked["body"]
    assert asked["app_id"] == tenant.json["limited"]["client_id"]


@pytest.mark.parametrize("header", [{"Host": "evil.example:8443"}, {"Origin": "https://evil.example"}])
def test_no_other_sites_page_reaches_the_controls(tenant: Tenant, header: dict[str, str]) -> None:
    with tenant.client(headers=header) as client:
        assert client.get("/_sandbox/secrets").status_code == 404
        assert client.post("/_sandbox/reset").status_code == 404


def test_a_batch_is_one_row_and_its_parts_are_rows_of_their_own(tenant: Tenant, graph: httpx.Client) -> None:
    user = graph.get("/v1.0/users?$top=1").json()["value"][0]["id"]
    since = _last(tenant)
    json = {"Content-Type": "application/json"}
    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{user}?$select=id"},
        {"id": "2", "method": "PATCH", "url": f"/users/{user}", "headers": json, "body": {"officeLocation": "York"}},
    ]
    graph.post("/v1.0/$batch", json={"requests": parts})
    whole, *rows = tenant.requests(since)
    assert (whole["path"], whole["mutating"]) == ("/v1.0/$batch", False)
    assert {row["batch"] for row in rows} == {whole["n"]}
    found = {(row["method"], row["path"], row["status"], row["mutating"]) for row in rows}
    assert found == {("GET", f"/v1.0/users/{user}", 200, False), ("PATCH", f"/v1.0/users/{user}", 204, True)}
    assert len({row["request_id"] for row in [whole, *rows]}) == 3


def test_controls_are_not_recorded(tenant: Tenant) -> None:
    since = _last(tenant)
    tenant.control("GET", "settings")
    assert tenant.requests(since) == []


def test_settings_show_all_and_go_back(tenant: Tenant) -> None:
    before = tenant.control("GET", "settings")
    assert (before["lag_ms"], before["throttle"], before["throttle_writes_per_150s"]) == (300, True, 3000)
    assert before["profile"] == "practice"
    assert before["throttle_units_per_10s"] in (5000, 8000), "by the number of people, who have become more meanwhile"
    assert {"SPE_E3": 20_000, "ENTERPRISEPACK": 1_000, "AAD_PREMIUM_P2": 20_000}.items() <= before["seats"].items()
    changed = tenant.control("POST", "settings", lag_ms=5, seats={"SPE_E3": 61})
    assert (changed["lag_ms"], changed["seats"]["SPE_E3"]) == (5, 61)
    assert tenant.control("POST", "settings", reset=True) == before


def test_a_profile_sets_the_whole_bundle_and_can_be_altered(tenant: Tenant, graph: httpx.Client) -> None:
    realistic = tenant.control("POST", "settings", profile="realistic", lag_ms=20)
    assert (realistic["profile"], realistic["lag_ms"], realistic["replicas"]) == ("realistic", 20, 3)
    assert realistic["latency"] == {"p50": 40.0, "p99": 600.0}
    assert realistic["lag"]["index"] > realistic["lag"]["list"] > 1
    assert realistic["throttle_silent"] > 0
    fast = tenant.control("POST", "settings", profile="fast")
    assert {fast[name] for name in fast if name.endswith("_ms")} == {0}
    assert (fast["throttle"], fast["replicas"]) == (False, 1)
    assert tenant.control("POST", "settings", profile="practice")["lag_ms"] == 300


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("settings", {"lagg_ms": 1}, "lagg_ms"),
        ("settings", {"seats": {"NO_SUCH": 1}}, "NO_SUCH"),
        ("settings", {"profile": "real"}, "profile"),
        ("settings", {"latency": {"p50": 9, "p99": 3}}, "latency"),
        ("settings", {"replicas": 0}, "replicas"),
        ("settings", {"lag": {"users": "long"}}, "lag"),
        ("faults", {"path": "x", "probability": 2}, "probability"),
        ("faults", {"path": "x", "status": 200}, "status"),
        ("faults", {"status": 503}, "path"),
        ("faults", {"path": "("}, "path"),
        ("faults", {"path": "x", "statuss": 1}, "statuss"),
        ("faults", {"path": "x", "status": "503"}, "status"),
        ("faults", {"path": "x", "effect": "none"}, "effect"),
        ("tokens", {}, "claims"),
    ],
)
def test_a_control_that_does_not_fit_is_named(tenant: Tenant, path: str, body: dict[str, Any], named: str) -> None:
    with tenant.client() as client:
        answer = client.post(f"/_sandbox/{path}", json=body)
    assert (answer.status_code, named in answer.json()["error"]) == (400, True)


def test_secrets_show_what_was_issued_and_given(tenant: Tenant, graph: httpx.Client) -> None:
    token = tenant.token("helpdesk")
    graph.post("/v1.0/users", json={"passwordProfile": {"password": 'With "quotes" 1'}})
    values = {item["value"] for item in tenant.control("GET", "secrets")["items"]}
    document = tenant.json
    assert {token, 'With "quotes" 1', document["scim"]["token"], document["webhook_secret"]} <= values
    assert {document["platform"]["client_secret"], *(login["password"] for login in document["logins"])} <= values


def test_any_claims_can_be_signed_for_tests_of_validation(tenant: Tenant) -> None:
    claims = {"aud": "somebody", "exp": 1, "iss": "wrong"}
    token = tenant.control("POST", "tokens", claims=claims)["access_token"]
    with tenant.client() as client:
        keys = client.get(f"/{tenant.json['tenant_id']}/discovery/v2.0/keys").json()
    assert jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims == claims


def test_what_does_not_exist_is_said_so(tenant: Tenant) -> None:
    with tenant.client() as client:
        assert client.get("/_sandbox/nothing").status_code == 404
        assert client.get("/nothing").status_code == 404


def test_sandbox_json_is_private_and_complete(tenant: Tenant) -> None:
    file = tenant.data_dir / "sandbox.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = tenant.json
    assert document["tenant_id"] == "11111111-1111-4111-8111-111111111111"
    assert document["base_url"] == tenant.base_url
    assert Path(document["ca_file"]) == tenant.ca_file
    assert Path(document["platform"]["certificate_file"]).is_absolute()
    assert [login["role"] for login in document["logins"]] == [
        "Hr.Operator",
        "Iam.Admin",
        "Iam.Approver",
        "Iam.Auditor",
        None,
    ]


def test_the_seeded_company_is_as_promised(tenant: Tenant, graph: httpx.Client) -> None:
    fields = "id,employeeId,onPremisesSyncEnabled,assignedLicenses,userPrincipalName,mail"
    people = graph.get(f"/v1.0/users?$top=999&$select={fields}").json()["value"]
    assert sum(1 for person in people if person["onPremisesSyncEnabled"]) == 5
    assert {"iam-notices@practice.example", "iam-admins@practice.example"} <= {p["userPrincipalName"] for p in people}
    by_id = {person["id"]: person for person in people}
    for protected in tenant.json["protected"]:
        assert by_id[protected["object_id"]]["employeeId"] == protected["employee_id"]
    groups = {group["displayName"]: group for group in graph.get("/v1.0/groups?$top=999").json()["value"]}
    assert {"Finance", "Sales", "Engineering", "IT", "Block sign-in", "Licence AAD_PREMIUM_P2"} <= set(groups)
    assert groups["Everybody (dynamic)"]["membershipRule"] == "user.accountEnabled -eq true"
    skus = {sku["skuPartNumber"]: sku for sku in graph.get("/v1.0/subscribedSkus").json()["value"]}
    assert skus["SPE_E3"]["consumedUnits"] > 60
    assert {"EXCHANGE_S_ENTERPRISE", "TEAMS1"} <= {p["servicePlanName"] for p in skus["SPE_E3"]["servicePlans"]}


def test_all_survives_a_kill_and_reset_brings_the_company_back(tmp_path: Path) -> None:
    with running_tenant(tmp_path, JML_SANDBOX_PEOPLE="12") as tenant:
        document, token = tenant.json, tenant.token()
        tenant.control("POST", "settings", latency_ms=1)
        with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
            everybody = client.get("/v1.0/users?$top=999&$select=id,employeeId").json()["value"]
            first = next(person["id"] for person in everybody if person["employeeId"] == "P00003")
            assert client.patch(f"/v1.0/users/{first}", json={"jobTitle": "Changed"}).status_code == 204
        rows = len(tenant.requests())
        tenant.stop(signal.SIGKILL)
        tenant.start()
        assert tenant.json == document
        assert tenant.control("GET", "settings")["latency_ms"] == 1
        assert len(tenant.requests()) >= rows
        with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
            assert client.get(f"/v1.0/users/{first}").json()["jobTitle"] == "Changed"
            assert tenant.control("POST", "reset") == {"users": len(everybody)}
            time.sleep(0.4)
            assert client.get(f"/v1.0/users/{first}").json()["jobTitle"] != "Changed"
            again = client.get("/v1.0/users?$top=999&$select=id,employeeId").json()["value"]
        assert {person["id"] for person in again} == {person["id"] for person in everybody}
        assert tenant.json == document
        assert tenant.token()


def test_a_taken_port_is_one_clear_line(tenant: Tenant, tmp_path: Path) -> None:
    environment = {**os.environ, "JML_SANDBOX_PORT": str(tenant.port), "JML_DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert f"JML_SANDBOX_PORT={tenant.port}" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_setting_that_is_no_number_is_named(tmp_path: Path) -> None:
    environment = {**os.environ, "JML_SANDBOX_PEOPLE": "many", "JML_DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, "JML_SANDBOX_PEOPLE: 'many' is not a number" in ended.stdout) == (1, True)
