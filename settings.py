"""Every setting of the platform, one class: environment variables with the prefix ``JML_``.

Only composition roots read it (``worker.py``, ``cli.py``, ``embedded/``, ``api``, ``ui``). In the profile ``practice``
whatever is not set comes from the practice tenant's ``sandbox.json``; in ``production`` nothing is guessed.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connectors.clouds import CLOUDS, CloudName
from connectors.permissions import Feature

ROOT = Path(__file__).resolve().parent
Part = Literal["worker", "api", "ui", "doctor"]
Port = Annotated[int, Field(ge=1, le=65535)]
CredentialKind = Literal[
    "certificate", "secret", "workload-identity", "user-assigned-identity", "system-assigned-identity"
]
_FIELD_OF = {
    "certificate": "certificate_file",
    "secret": "client_secret",
    "workload-identity": "federated_token_file",
}
"""What each kind of credential needs."""
_SCOPES = ("graph_scope", "arm_scope", "vault_scope", "exchange_scope")
_URLS = ("authority_url", "graph_url", "arm_url", "vault_url", "exchange_url")


class SettingsError(ValueError):
    """A setting that is wrong or missing, as one line that names its variable."""


def _listed(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _fernet(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key.get_secret_value())
        except ValueError:
            raise ValueError(f"key {number} of {len(keys)} is no Fernet key (32 bytes in URL-safe base64)") from None
    return keys


Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """The settings of one process. A field's variable is its name in capitals after ``JML_``, e.g. ``JML_API_PORT``."""

    model_config = SettingsConfigDict(env_prefix="JML_", env_ignore_empty=True, extra="ignore", populate_by_name=True)

    profile: Literal["practice", "production"] = "practice"
    """``practice`` brings its own tenant and readable histories; ``production`` refuses to start half configured."""
    data_dir: Path = Path(".data")
    """Where the embedded platform keeps its databases, its practice tenant's files and ``logs/``."""
    api_port: Port = 8000
    ui_port: Port = 8501
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    sandbox_port: Port = 8443
    bind: str = "127.0.0.1"
    """The address that API and console listen on; containers say ``0.0.0.0``."""
    temporal_address: str | None = Field(
        default=None, validation_alias=AliasChoices("JML_TEMPORAL_ADDRESS", "TEMPORAL_ADDRESS")
    )
    """``host:port`` of a running cluster (``TEMPORAL_ADDRESS``); None: ``jml up`` starts its own server."""
    database_url: str = Field(default="", repr=False)
    """SQLAlchemy URL of the ledger; by default a SQLite file in ``data_dir``."""

    tenant_id: str = ""
    cloud: CloudName = "public"
    """The cloud that the tenant is in: ``public`` (also GCC), ``usgov`` (GCC High), ``usgovdod`` or ``china``.

    It decides every address and scope below that is not set itself; in the practice profile the addresses come from
    the practice tenant.
    """
    authority_url: str = ""
    """Where tokens come from, without the tenant: ``https://login.microsoftonline.com`` for Entra's public cloud."""
    graph_url: str = ""
    """Base of Microsoft Graph without the version: ``https://graph.microsoft.com`` for the public cloud."""
    graph_scope: str = ""
    arm_url: str = ""
    """Azure Resource Manager: ``https://management.azure.com`` for the public cloud."""
    arm_scope: str = ""
    vault_url: str = ""
    """A Key Vault's secrets, ``{name}`` being the vault's: ``https://{name}.vault.azure.net`` for the public cloud."""
    vault_scope: str = ""
    exchange_url: str = ""
    """Exchange administration: ``https://outlook.office365.com`` for the public cloud."""
    exchange_scope: str = ""
    scim_url: str = ""
    """Base of the SCIM target (``…/scim/v2``), where joiners are created if the policy says so."""
    scim_token: SecretStr | None = None
    client_id: str = ""
    """The platform's own service principal, or the client id of its managed identity."""
    credential: CredentialKind | None = None
    """How it signs in: ``certificate``, ``secret``, ``workload-identity`` (a token file, as Kubernetes and pipelines
    give one), ``user-assigned-identity`` (the managed identity of ``client_id``) or ``system-assigned-identity``.

    Unset: with what is set, in this order: certificate, secret, token file. Managed identities must be named.
    """
    client_secret: SecretStr | None = None
    certificate_file: Path | None = None
    """PEM with the private key and the certificate."""
    federated_token_file: Path | None = Field(
        default=None, validation_alias=AliasChoices("JML_FEDERATED_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE")
    )
    """A token of the workload's own identity provider, which a federated identity credential of the application
    trusts; read anew each time (``AZURE_FEDERATED_TOKEN_FILE`` is what Azure Kubernetes Service sets)."""
    ca_file: Path | None = None
    """PEM of an additional authority to trust (the practice tenant's); None: the system's."""

    api_client_id: str = ""
    """The application that our API is: the audience of the tokens it takes."""
    api_scope: str = ""
    """What an HR system asks a token for: ``api://…/.default``."""
    api_user_scope: str = ""
    """What a signed-in person's console asks for: ``api://…/access``."""
    api_url: str = ""
    """Where the API is reached from outside; links in answers start with it."""
    ui_url: str = ""
    temporal_ui_url: str = ""
    console_client_id: str = ""
    console_client_secret: SecretStr | None = None
    console_redirect_uri: str = ""
    webhook_secrets: Secrets = ()
    """Comma-separated ``whsec_…`` keys of Standard Webhooks; all are valid at once, so that one can be replaced."""

    without: Annotated[tuple[Feature, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Comma-separated: what this company does without, so that ``jml doctor`` asks for no permissions for it:
    ``applications azure devices exchange files intune mailboxes notices owners pim privileged provisioning roles
    teams units``
    (``privileged``: the role that contains accounts with directory roles)."""
    policy_file: Path = ROOT / "policies" / "default.yaml"
    payload_keys: Annotated[Secrets, AfterValidator(_fernet)] = ()
    """Comma-separated Fernet keys for the payloads in workflow histories, the first encrypts; production needs one."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Worker processes in all, which share the tenant's request budget; ``jml up`` starts as many."""
    history_days: Annotated[int, Field(ge=1, le=3650)] = 365
    """How long Temporal keeps closed workflows' histories."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self.data_dir = self.data_dir.expanduser().absolute()
        self.policy_file = self.policy_file.expanduser().absolute()
        self.database_url = self.database_url or f"sqlite:///{self.data_dir / 'ledger.db'}"
        self.api_url = (self.api_url or f"http://127.0.0.1:{self.api_port}").rstrip("/")
        self.ui_url = (self.ui_url or f"http://localhost:{self.ui_port}").rstrip("/")
        self.temporal_ui_url = (self.temporal_ui_url or f"http://127.0.0.1:{self.temporal_ui_port}").rstrip("/")
        self.console_redirect_uri = self.console_redirect_uri or f"{self.ui_url}/auth/callback"
        for name in _SCOPES:
            setattr(self, name, getattr(self, name) or getattr(CLOUDS[self.cloud], name))
        return self

    @property
    def temporal_target(self) -> str:
        """The ``host:port`` to connect to, whether the cluster was given or is our own."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def managed_identity(self) -> Literal["system", "user"] | None:
        """The kind of managed identity to sign in with, if it is to be one."""
        if self.credential == "user-assigned-identity":
            return "user"
        return "system" if self.credential == "system-assigned-identity" else None

    @property
    def sandbox_file(self) -> Path:
        """Where the practice tenant says who is who."""
        return self.data_dir / "sandbox.json"

    def require(self, *fields: str) -> None:
        """Raise ``SettingsError`` naming the variables of those ``fields`` that have no value."""
        missing = [variable(name) for name in fields if not getattr(self, name)]
        if missing:
            hint = f" (or start the practice tenant: {self.sandbox_file})" if self.profile == "practice" else ""
            raise SettingsError(f"{', '.join(missing)}: not set{hint}")


_NEEDED: dict[Part, tuple[str, ...]] = {
    "worker": ("tenant_id", "authority_url", "graph_url", "client_id"),
    "api": ("tenant_id", "authority_url", "graph_url", "client_id", "api_client_id"),
    "ui": ("tenant_id", "authority_url", "api_user_scope", "console_client_id", "console_client_secret"),
    "doctor": (),
}


def variable(field: str) -> str:
    """The environment variable of a field."""
    return "TEMPORAL_ADDRESS" if field == "temporal_address" else f"JML_{field.upper()}"


def load_settings(part: Part | None = None) -> Settings:
    """The settings of this process; with ``part``, what that part cannot do without must be there.

    Raises ``SettingsError``, one line naming the variable. Production never runs without ``JML_PAYLOAD_KEYS``: only
    the console, which handles no payloads, and the doctor, who says what is missing, do without.
    """
    settings = _read({})
    if settings.profile == "practice" and settings.sandbox_file.exists():
        found = _practice(settings.sandbox_file)
        settings = _read({name: value for name, value in found.items() if name not in settings.model_fields_set})
    if settings.profile == "production":
        cloud = CLOUDS[settings.cloud]
        settings = settings.model_copy(update={n: getattr(settings, n) or getattr(cloud, n) for n in _URLS})
    settings = _with_one_credential(settings)
    if settings.profile == "production" and part not in ("ui", "doctor"):
        settings.require("payload_keys")
    if part is not None:
        settings.require(*_NEEDED[part])
    return settings


def _with_one_credential(settings: Settings) -> Settings:
    """Only the credential that was chosen is left, and it must be there."""
    if settings.credential is None:
        return settings
    needed = _FIELD_OF.get(settings.credential)
    if needed is not None and not getattr(settings, needed):
        raise SettingsError(f"JML_CREDENTIAL={settings.credential}: {variable(needed)} is not set")
    return settings.model_copy(update={name: None for name in _FIELD_OF.values() if name != needed})


def _read(fill: dict[str, Any]) -> Settings:
    try:
        return Settings(**fill)
    except ValidationError as error:
        raise SettingsError("; ".join(_line(item) for item in error.errors(include_url=False))) from None


def _line(item: Any) -> str:
    name = str(item["loc"][0])
    is_variable = name.upper() == name
    field = Settings.model_fields.get(name.lower())
    secret = field is None or "Secret" in str(field.annotation)
    given = "" if secret or not isinstance(item["input"], str | int) else f"={item['input']}"
    return f"{name if is_variable else variable(name)}{given}: {item['msg'].removeprefix('Value error, ')}"


def _practice(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
        base = found["base_url"]
        return {
            "tenant_id": found["tenant_id"],
            "authority_url": base,
            "graph_url": base,
            "arm_url": base,
            "vault_url": base,
            "exchange_url": base,
            "scim_url": f"{base}/scim/v2",
            "scim_token": found["scim"]["token"],
            "ca_file": found["ca_file"],
            "client_id": found["platform"]["client_id"],
            "client_secret": found["platform"]["client_secret"],
            "certificate_file": found["platform"]["certificate_file"],
            "api_client_id": found["api"]["client_id"],
            "api_scope": found["api"]["scope"],
            "api_user_scope": found["api"]["user_scope"],
            "console_client_id": found["console"]["client_id"],
            "console_client_secret": found["console"]["client_secret"],
            "console_redirect_uri": found["console"]["redirect_uri"],
            "webhook_secrets": found["webhook_secret"],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"JML_DATA_DIR: {path} is not a practice tenant's file ({error!r}); remove it") from None
