"""One setting leads to every address of a national cloud; single addresses can be replaced."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from azure.identity import AzureAuthorityHosts

from connectors.clouds import CLOUDS, CloudName
from settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of ours but these."""
    monkeypatch.setenv("JML_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JML_PROFILE", "production")
    monkeypatch.setenv("JML_PAYLOAD_KEYS", "aGVsbG8taGVsbG8taGVsbG8taGVsbG8taGVsbG8taGU=")
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)


def test_every_cloud_is_in_the_table_and_all_its_addresses_are_https() -> None:
    assert set(CLOUDS) == set(get_args(CloudName))
    for cloud in CLOUDS.values():
        for name in ("authority_url", "graph_url", "arm_url", "exchange_url", "vault_url"):
            assert getattr(cloud, name).startswith("https://")
            assert not getattr(cloud, name).endswith("/")


def test_authorities_are_those_that_azure_identity_knows() -> None:
    assert CLOUDS["public"].authority_url == f"https://{AzureAuthorityHosts.AZURE_PUBLIC_CLOUD}"
    assert CLOUDS["usgov"].authority_url == f"https://{AzureAuthorityHosts.AZURE_GOVERNMENT}"


@pytest.mark.parametrize("name", get_args(CloudName))
def test_the_cloud_decides_addresses_and_scopes(monkeypatch: pytest.MonkeyPatch, name: CloudName) -> None:
    monkeypatch.setenv("JML_CLOUD", name)
    settings, cloud = load_settings(), CLOUDS[name]
    for field in ("authority_url", "graph_url", "arm_url", "vault_url", "exchange_url"):
        assert getattr(settings, field) == getattr(cloud, field)
    for field in ("graph_scope", "arm_scope", "vault_scope", "exchange_scope"):
        assert getattr(settings, field) == getattr(cloud, field)


def test_single_addresses_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JML_CLOUD", "china")
    monkeypatch.setenv("JML_GRAPH_URL", "https://graph.proxy.example")
    settings = load_settings()
    assert settings.graph_url == "https://graph.proxy.example"
    assert settings.authority_url == "https://login.partner.microsoftonline.cn"
    assert settings.graph_scope == "https://microsoftgraph.chinacloudapi.cn/.default"


def test_an_unknown_cloud_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JML_CLOUD", "moon")
    with pytest.raises(SettingsError, match="JML_CLOUD=moon"):
        load_settings()


def practice_file(folder: Path) -> None:
    """A practice tenant's own file."""
    identity: dict[str, Any] = {"client_id": "c", "client_secret": "s", "certificate_file": "/c.pem"}
    document = {
        "tenant_id": "t",
        "base_url": "https://localhost:9",
        "ca_file": "/ca.pem",
        "webhook_secret": "whsec_x",
        "platform": identity,
        "scim": {"token": "x"},
        "api": {"client_id": "a", "scope": "s", "user_scope": "u"},
        "console": {"client_id": "c", "client_secret": "s", "redirect_uri": "r"},
    }
    (folder / "sandbox.json").write_text(json.dumps(document), "utf-8")


def test_in_practice_every_address_is_the_practice_tenants(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JML_PROFILE", "practice")
    practice_file(tmp_path)
    settings = load_settings()
    for field in ("authority_url", "graph_url", "arm_url", "vault_url", "exchange_url"):
        assert getattr(settings, field).startswith("https://localhost:9")
    assert settings.graph_scope == "https://graph.microsoft.com/.default"


def test_practice_without_its_tenant_never_leads_to_microsoft(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JML_PROFILE", "practice")
    assert load_settings().authority_url == ""


def test_a_chosen_credential_is_the_only_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JML_PROFILE", "practice")
    monkeypatch.setenv("JML_CREDENTIAL", "secret")
    practice_file(tmp_path)
    settings = load_settings()
    assert settings.client_secret is not None
    assert settings.certificate_file is None


def test_a_chosen_credential_that_is_not_there_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JML_CREDENTIAL", "certificate")
    with pytest.raises(SettingsError, match="JML_CREDENTIAL=certificate: JML_CERTIFICATE_FILE is not set"):
        load_settings()


@pytest.mark.parametrize(
    ("kind", "identity"), [("user-assigned-identity", "user"), ("system-assigned-identity", "system")]
)
def test_a_managed_identity_leaves_no_secret_behind(monkeypatch: pytest.MonkeyPatch, kind: str, identity: str) -> None:
    monkeypatch.setenv("JML_CREDENTIAL", kind)
    monkeypatch.setenv("JML_CLIENT_SECRET", "x")
    settings = load_settings()
    assert (settings.managed_identity, settings.client_secret) == (identity, None)


def test_the_token_file_of_kubernetes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
    assert load_settings().federated_token_file == Path("/var/run/token")
