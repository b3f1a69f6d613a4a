"""What ``jml doctor`` finds out about the tenant, and how it says to mend it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.clients import Clients
from connectors.permissions import EXCHANGE, GRAPH, PERMISSIONS, wanted
from embedded import doctor_exchange, doctor_fixes
from embedded.doctor import findings
from embedded.doctor_credential import credential
from embedded.doctor_exchange import EXCHANGE_ADMINISTRATOR
from embedded.doctor_finding import Finding
from embedded.doctor_tenant import PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
from embedded.doctor_tenant import tenant as look
from settings import Settings
from tests.connectors.applications import OWNER, READER, Application, application, settings_of
from tests.tenant import ROOT, Tenant, free_port

NEEDED = [one.name for one in wanted() if one.resource == GRAPH]
ALL_BUT_GRAPH = ("azure", "exchange", "privileged")


@pytest.fixture
def mine(tenant: Tenant) -> Iterator[Application]:
    """An application of its own without any permission."""
    with application(tenant) as made:
        yield made
    tenant.control("POST", "faults", clear=True)
    tenant.control("POST", "settings", reset=True)


def said(found: list[Finding], what: str) -> list[Finding]:
    """The findings about one thing."""
    return [one for one in found if one.what == what]


def missing(found: list[Finding]) -> list[str]:
    """The permissions that are said to be missing."""
    return [one.said.split(" ")[0] for one in found if " is missing: " in one.said and one.what == "permission"]


# -- permissions -------------------------------------------------------------------------------------------------------


async def test_the_platform_of_the_practice_tenant_has_all_it_needs_and_is_told_what_it_does_not(
    tenant: Tenant,
) -> None:
    found = await look(settings_of(tenant))
    assert [one for one in found if one.state == "wrong"] == []
    first, *more = said(found, "permissions")
    assert first.said == f"all {len(NEEDED)} permissions of Microsoft Graph are there"
    assert "Mail.ReadWrite" in more[0].said
    assert "User.RevokeSessions.All" not in more[0].said


async def test_the_tenant_is_asked_before_all_other_settings_are_there(tenant: Tenant, tmp_path: Path) -> None:
    bare = {"profile": "production", "api_client_id": "", "console_client_id": "", "data_dir": tmp_path}
    elsewhere = {"database_url": f"sqlite:///{tmp_path}/none.db", "temporal_address": f"127.0.0.1:{free_port()}"}
    found = await findings(settings_of(tenant).model_copy(update={**bare, **elsewhere}))
    assert "JML_API_CLIENT_ID, JML_CONSOLE_CLIENT_ID, JML_PAYLOAD_KEYS: not set" in said(found, "settings")[0].said
    assert said(found, "permissions")[0].state == "ok"
    unknown = await findings(settings_of(tenant).model_copy(update={"client_id": "", **bare, **elsewhere}))
    assert said(unknown, "permissions") == []
    assert "not asked" in said(unknown, "tenant")[0].said


async def test_an_application_that_only_reads_people_lacks_all_that_writes(tenant: Tenant) -> None:
    found = await look(settings_of(tenant, "limited"))
    assert missing(found) == NEEDED


async def test_a_helpdesk_lacks_all_but_its_own_and_what_nobody_can_tell(tenant: Tenant) -> None:
    found = await look(settings_of(tenant, "helpdesk"))
    assert missing(found) == [
        name for name in NEEDED if name not in ("User.ReadWrite.All", "User-PasswordProfile.ReadWrite.All")
    ]
    [untold] = [one for one in said(found, "permission") if "is not known to be there" in one.said]
    assert untold.said.startswith("User-PasswordProfile.ReadWrite.All")


async def test_a_permission_withdrawn_is_named_with_the_commands_that_bring_it_back(mine: Application) -> None:
    mine.grant(NEEDED)
    settings = mine.settings(without=ALL_BUT_GRAPH)
    assert [one for one in await look(settings) if one.state == "wrong"] == []
    mine.withdraw("Mail.Send")
    found = await look(settings)
    assert missing(found) == ["Mail.Send"]
    assert said(found, "permission")[0].fix == (
        f"az ad app permission add --id {mine.client_id} --api 00000003-0000-0000-c000-000000000000 "
        "--api-permissions b633e1c5-b582-4048-a93e-9f11b44c7e96=Role",
    )
    tenant_id, base = mine.tenant.json["tenant_id"], mine.tenant.base_url
    assert said(found, "consent")[0].fix == (
        f"az ad app permission admin-consent --id {mine.client_id}",
        f"or open {base}/{tenant_id}/adminconsent?client_id={mine.client_id}",
    )


async def test_a_permission_that_is_granted_and_refused_is_not_called_missing(mine: Application) -> None:
    mine.grant(NEEDED)
    mine.tenant.control("POST", "faults", path="/teams/", status=403, code="Authorization_RequestDenied")
    [one] = said(await look(mine.settings(without=ALL_BUT_GRAPH)), "permission")
    assert one.said.startswith("TeamMember.ReadWrite.All is granted, yet refused (403 Authorization_RequestDenied)")
    assert one.fix == ()


async def test_what_a_company_does_without_is_not_asked_for(tenant: Tenant) -> None:
    before = tenant.mark()
    found = await look(settings_of(tenant, "limited", without=("teams", "azure", "exchange", "owners")))
    assert {"TeamMember.ReadWrite.All", "Group.ReadWrite.All"}.isdisjoint(missing(found))
    assert "GroupMember.ReadWrite.All" in missing(found)
    assert said(found, "Azure") == said(found, "Exchange") == []
    paths = [row["path"] for row in tenant.requests(before)]
    assert not [path for path in paths if path.startswith(("/subscriptions", "/adminapi", "/v1.0/teams"))]


@pytest.mark.parametrize("who", ["platform", "helpdesk", "limited"])
async def test_nothing_that_the_doctor_does_changes_anything(tenant: Tenant, who: str) -> None:
    before = tenant.mark()
    await look(settings_of(tenant, who))
    rows = tenant.requests(before)
    assert len(rows) > len(NEEDED)
    assert [row for row in rows if row["mutating"] and row["status"] < 400] == []


async def test_a_managed_identity_is_given_app_roles_since_it_has_no_registration(tenant: Tenant) -> None:
    settings = settings_of(tenant, credential="user-assigned-identity")
    one = next(one for one in PERMISSIONS if one.name == "Mail.Send")
    [command] = doctor_fixes.permission(settings, one)
    assert command.startswith("az rest --method POST --resource https://graph.microsoft.com --url")
    assert '\\"appRoleId\\": \\"b633e1c5-b582-4048-a93e-9f11b44c7e96\\"' in command
    assert doctor_fixes.consent(settings) == ()


# -- the tenant out of reach -------------------------------------------------------------------------------------------


async def test_a_wrong_secret_is_one_finding(tenant: Tenant) -> None:
    [one] = await look(settings_of(tenant, client_secret="wrong", certificate_file=None))
    assert (one.what, one.state) == ("tenant", "wrong")
    assert "AADSTS7000215" in one.said


async def test_a_tenant_out_of_reach_is_one_finding(tenant: Tenant) -> None:
    [one] = await look(settings_of(tenant, graph_url=f"https://localhost:{free_port()}"))
    assert (one.what, one.state) == ("tenant", "wrong")
    assert "no connection" in one.said


async def test_a_part_out_of_reach_leaves_the_others_looked_at(tenant: Tenant) -> None:
    found = await look(settings_of(tenant, scim_url=f"https://localhost:{free_port()}/scim/v2"))
    assert [(one.what, one.state) for one in found if one.state == "wrong"] == [("SCIM", "wrong")]
    assert said(found, "SCIM")[0].said.startswith("cannot be asked: GET /Users: no connection")


# -- roles, credentials, Exchange --------------------------------------------------------------------------------------


async def test_directory_roles_that_are_missing_come_with_their_assignment(mine: Application) -> None:
    mine.grant(NEEDED)
    mine.grant(["Exchange.ManageAsApp"], EXCHANGE)
    found = await look(mine.settings(without=("azure",)))
    [role], [exchange] = said(found, "directory role"), said(found, "Exchange")
    for one, role_id in ((role, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR), (exchange, EXCHANGE_ADMINISTRATOR)):
        assert one.state == "wrong"
        body = json.loads(one.fix[0].partition(' --body "')[2].removesuffix('"').replace('\\"', '"'))
        assert body == {"principalId": mine.object_id, "roleDefinitionId": role_id, "directoryScopeId": "/"}
    mine.give_directory_role(PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
    mine.give_directory_role(EXCHANGE_ADMINISTRATOR)
    again = await look(mine.settings(without=("azure",)))
    assert [one for one in again if one.state == "wrong"] == []


async def test_exchange_without_its_permission_names_only_that(mine: Application) -> None:
    mine.grant(NEEDED)
    mine.give_directory_role(EXCHANGE_ADMINISTRATOR)
    [one] = said(await look(mine.settings(without=("azure", "privileged"))), "Exchange")
    assert one.said.startswith("Exchange.ManageAsApp is missing")
    assert "--api 00000002-0000-0ff1-ce00-000000000000" in one.fix[0]


async def test_a_management_role_that_is_missing_shows_in_an_unknown_command(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cmdlet without its management role is answered as one that does not exist.
    commands = (("Set-Nothing", lambda client: client._run("Set-Nothing")), *doctor_exchange._COMMANDS)
    monkeypatch.setattr(doctor_exchange, "_COMMANDS", commands)
    [one] = said(await look(settings_of(tenant, without=("azure",))), "Exchange")
    assert one.said == "the role group of the platform lacks the management roles for Set-Nothing"


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (10, "look")])
async def test_a_client_secret_is_told_by_when_it_ends(tenant: Tenant, days: int, state: str) -> None:
    with application(tenant, secret_lasts=timedelta(days=days)) as made:
        made.grant(["Directory.Read.All"])
        [one] = said(await look(made.settings(without=ALL_BUT_GRAPH)), "credential")
    assert one.state == state
    assert f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" in one.said
    assert bool(one.fix) == (state == "look")


async def test_a_certificate_that_ends_soon_is_worth_a_look(tenant: Tenant, tmp_path: Path) -> None:
    file = _certificate(tmp_path / "soon.pem", timedelta(days=10))
    settings = settings_of(tenant, without=ALL_BUT_GRAPH)
    late = settings.model_copy(update={"certificate_file": file})
    [one] = said(await _credential(late), "credential")
    assert one.state == "look"
    assert one.fix[0].startswith(f"az ad app credential reset --id {settings.client_id} --append --cert")
    gone = settings.model_copy(update={"certificate_file": _certificate(tmp_path / "gone.pem", timedelta(days=-1))})
    assert said(await _credential(gone), "credential")[0].state == "wrong"


async def _credential(settings: Settings) -> list[Finding]:
    async with Clients(settings) as clients:
        return await credential(settings, clients.graph())


def _certificate(file: Path, lasts: timedelta) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + lasts)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


# -- Azure -------------------------------------------------------------------------------------------------------------


async def test_azure_roles_that_are_missing_are_named_with_their_actions(mine: Application) -> None:
    scope = f"/subscriptions/{mine.tenant.json['azure']['subscription_id']}"
    mine.grant(["Directory.Read.All"])
    mine.give_azure_role(READER, scope)
    found = said(await look(mine.settings(without=("exchange", "privileged"))), "Azure")
    text = "\n".join(one.said for one in found)
    assert "Microsoft.Authorization/roleAssignments/write" in text
    assert "Microsoft.Compute/virtualMachines/deallocate/action" in text
    assert "virtualNetworks/read" not in text
    commands = [command for one in found for command in one.fix]
    assert commands == [
        f"az role assignment create --assignee-object-id {mine.object_id} --assignee-principal-type ServicePrincipal "
        f'--role "{role}" --scope {scope}'
        for role in ("User Access Administrator", "Contributor")
    ]


async def test_a_role_in_a_part_of_a_subscription_is_not_enough(mine: Application) -> None:
    azure = mine.tenant.json["azure"]
    mine.grant(["Directory.Read.All"])
    mine.give_azure_role(OWNER, f"/subscriptions/{azure['subscription_id']}/resourceGroups/{azure['resource_group']}")
    [one] = said(await look(mine.settings(without=("exchange", "privileged"))), "Azure")
    assert (one.state, "no role in the whole of it" in one.said) == ("wrong", True)


async def test_a_closed_key_vault_is_worth_a_look(mine: Application) -> None:
    azure = mine.tenant.json["azure"]
    mine.grant(["Directory.Read.All"])
    mine.give_azure_role(OWNER, f"/subscriptions/{azure['subscription_id']}")
    [one] = said(await look(mine.settings(without=("exchange", "privileged"))), "key vaults")
    name = azure["key_vault"].rpartition("/")[2]
    assert one.state == "look"
    assert one.fix[0].startswith(f"az keyvault set-policy --name {name} --object-id {mine.object_id}")


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(tenant: Tenant) -> dict[str, subprocess.CompletedProcess[str]]:
    """What the command prints, for an application that lacks almost everything and, as JSON, for the platform."""
    limited = tenant.json["limited"]
    identity = {"JML_CLIENT_ID": limited["client_id"], "JML_CLIENT_SECRET": limited["client_secret"]}
    with ThreadPoolExecutor(2) as both:
        text = both.submit(_doctor, tenant, JML_CREDENTIAL="secret", **identity)
        as_json = both.submit(_doctor, tenant, "--json")
        return {"text": text.result(), "json": as_json.result()}


def test_the_command_prints_a_line_each_and_ends_with_status_1_if_something_is_missing(
    tenant: Tenant, printed: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    ended, limited = printed["text"], tenant.json["limited"]
    assert ended.returncode == 1
    assert "!!  permission: Mail.Send is missing" in ended.stdout
    assert f"\n      az ad app permission add --id {limited['client_id']} --api " in ended.stdout
    assert limited["client_secret"] not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_can_speak_json(printed: dict[str, subprocess.CompletedProcess[str]]) -> None:
    found = [json.loads(line) for line in printed["json"].stdout.splitlines()]
    one = {"what": "directory role", "state": "ok", "said": "Privileged Authentication Administrator", "fix": []}
    assert one in found


def _doctor(tenant: Tenant, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JML_", "TEMPORAL_"))}
    where = {"JML_DATA_DIR": str(tenant.data_dir), "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli", "doctor", *options],
        cwd=ROOT,
        env=own | where | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
