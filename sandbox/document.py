"""``sandbox.json``: what the platform needs to know about this tenant, secrets included; readable by its owner only."""

import json
import os
from pathlib import Path

from sandbox import seed_azure, seed_entra
from sandbox.seed import PROTECTED
from sandbox.seed_apps import LOGINS
from sandbox.seed_catalogue import TENANT_ID, made
from sandbox.seed_provisioning import JOB, SERVICE_PRINCIPAL
from sandbox.store import Doc, Store


def write(store: Store, data_dir: Path, base_url: str, ca_file: Path, redirect_uri: str) -> None:
    """Write the document anew; readers see the old one or the new one, never half of it."""
    new = data_dir / "sandbox.json.new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(_document(store, base_url, ca_file, redirect_uri), file, indent=2)
    new.replace(data_dir / "sandbox.json")


def _document(store: Store, base_url: str, ca_file: Path, redirect_uri: str) -> Doc:
    def of(name: str) -> Doc:
        return store.get("identity", name) or {}

    def picked(name: str, *fields: str) -> Doc:
        return {field: of(name)[field] for field in fields}

    api = of("api")["client_id"]
    employee_ids = {made(f"user/{name}"): f"X{n:05d}" for n, name in enumerate(PROTECTED, 1)}
    return {
        "tenant_id": TENANT_ID,
        "base_url": base_url,
        "ca_file": str(ca_file),
        "webhook_secret": of("webhook")["secret"],
        "platform": picked("platform", "client_id", "object_id", "client_secret", "certificate_file"),
        "helpdesk": picked("helpdesk", "client_id", "object_id", "client_secret"),
        "limited": picked("limited", "client_id", "object_id", "client_secret"),
        "scim": picked("scim", "token"),
        "provisioning": {"service_principal_id": SERVICE_PRINCIPAL, "job_id": JOB},
        "hr_sender": picked("hr_sender", "client_id", "client_secret"),
        "api": {"client_id": api, "scope": f"api://{api}/.default", "user_scope": f"api://{api}/access"},
        "console": {**picked("console", "client_id", "client_secret"), "redirect_uri": redirect_uri},
        "managed_identity": seed_entra.described(store, base_url),
        "protected": [{"object_id": key, "employee_id": employee_id} for key, employee_id in employee_ids.items()],
        "azure": seed_azure.document(),
        "logins": [
            picked(f"login/{username}", "role", "object_id", "username", "password", "totp_secret")
            for _, username, _, _ in LOGINS
        ],
    }
