"""TLS of the tenant's own: a certificate authority that is kept, and a server certificate made at every start."""

from dataclasses import dataclass
from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1", "sandbox.localhost")


@dataclass(frozen=True)
class Files:
    """Where the authority's certificate and the server's key with its chain lie."""

    authority: Path
    server: Path


def prepare(data_dir: Path) -> Files:
    """Make or load the authority, and issue a certificate for ``localhost``, ``127.0.0.1`` and ``::1``."""
    authority, key = data_dir / "sandbox-ca.pem", data_dir / "sandbox-ca.key"
    if authority.exists() and key.exists():
        ca = trustme.CA.from_pem(authority.read_bytes(), key.read_bytes())
    else:
        ca = trustme.CA(organization_name="Practice tenant")
        _private(key, ca.private_key_pem.bytes())
        ca.cert_pem.write_to_path(str(authority))
    server = data_dir / "sandbox-tls.pem"
    _private(server, ca.issue_cert(*NAMES).private_key_and_cert_chain_pem.bytes())
    return Files(authority, server)


def _private(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_bytes(content)
