"""What the console reads of the identity provider: its OpenID configuration and its signing keys."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from joserfc.jwk import KeySet
from requests.adapters import HTTPAdapter

PATIENCE_SECONDS = 10.0
KEYS_AT_MOST_EVERY_SECONDS = 60.0


class _Patient(HTTPAdapter):
    """An adapter that never waits for ever: MSAL passes no timeout to a session it is given."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream, timeout or PATIENCE_SECONDS, verify, cert, dict(proxies or {}))


def http_session(ca_file: Path | None) -> requests.Session:
    """A session that trusts ``ca_file`` alone if one is given and takes nothing from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(ca_file) if ca_file else True
    session.mount("https://", _Patient())
    return session


@dataclass
class Directory:
    """The tenant's OpenID configuration and keys, fetched when first needed and kept.

    A key id nobody knows has the keys fetched anew, at most once a minute: a key roll-over is followed,
    and made-up key ids cannot turn the console into a load on the identity provider.
    """

    authority: str
    http: requests.Session
    clock: Callable[[], float] = time.monotonic
    _configuration: dict[str, Any] | None = field(default=None, init=False)
    _keys: KeySet | None = field(default=None, init=False)
    _fetched: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def configuration(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 4."""
        with self._lock:
            return self._read_configuration()

    def keys(self, key_id: str) -> KeySet:
        """The tenant's published keys, fresh enough to hold ``key_id`` if the tenant has it."""
        with self._lock:
            if self._keys is None or (not self._holds(key_id) and self._may_ask_again()):
                self._keys = KeySet.import_key_set(self._get(self._read_configuration()["jwks_uri"]))
                self._fetched = self.clock()
            return self._keys

    def _read_configuration(self) -> dict[str, Any]:
        if self._configuration is None:
            self._configuration = self._get(f"{self.authority}/v2.0/.well-known/openid-configuration")
        return self._configuration

    def _holds(self, key_id: str) -> bool:
        return self._keys is not None and any(key.kid == key_id for key in self._keys.keys)

    def _may_ask_again(self) -> bool:
        return self.clock() - self._fetched >= KEYS_AT_MOST_EVERY_SECONDS

    def _get(self, url: str) -> Any:
        answer = self.http.get(url)
        answer.raise_for_status()
        return answer.json()
