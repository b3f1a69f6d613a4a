"""What the tests of the practice tenant share."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msal
import pytest
import requests

from tests.sandbox.browser import Browser
from tests.tenant import Tenant

GRAPH = "https://graph.microsoft.com/.default"


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """Microsoft Graph with the platform's permissions; faults and settings are put back afterwards."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        yield client
    tenant.control("POST", "faults", clear=True)
    tenant.control("POST", "settings", reset=True)


@pytest.fixture
def browser(tenant: Tenant) -> Iterator[Browser]:
    """A browser without script."""
    with tenant.client() as client:
        yield Browser(client)


Application = Callable[..., msal.ConfidentialClientApplication]


@pytest.fixture
def application(tenant: Tenant) -> Application:
    """MSAL's confidential client for an identity of sandbox.json."""

    def build(who: str, credential: Any = None) -> msal.ConfidentialClientApplication:
        identity = tenant.json[who]
        session = requests.Session()
        # A CA bundle named in the environment would overrule MSAL's own verify argument.
        session.trust_env, session.verify = False, str(tenant.ca_file)
        return msal.ConfidentialClientApplication(
            identity["client_id"],
            client_credential=credential or identity["client_secret"],
            authority=f"{tenant.base_url}/{tenant.json['tenant_id']}",
            instance_discovery=False,
            http_client=session,
        )

    return build
