"""What the tests of mailboxes, drives, teams and Exchange do over and over: people with a licence, cmdlets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.sandbox.graph_hands import SPE_E3, hire, user
from tests.tenant import Tenant

OUTLOOK = "https://outlook.office365.com/.default"
PRACTICE = "practice.example"


def licence(graph: httpx.Client, key: str, *, remove: bool = False, without: tuple[str, ...] = ()) -> None:
    """Give or take the licence that has mailbox and drive, with some plans switched off."""
    add = [] if remove else [{"skuId": SPE_E3, "disabledPlans": list(without)}]
    body = {"addLicenses": add, "removeLicenses": [SPE_E3] if remove else []}
    answer = graph.post(f"/v1.0/users/{key}/assignLicense", json=body)
    assert answer.status_code == 200, answer.text


def licensed(graph: httpx.Client, **values: Any) -> str:
    """Create a person with a licence; their id."""
    key = hire(graph, **values)
    licence(graph, key)
    return key


def address(graph: httpx.Client, key: str) -> str:
    """Somebody's mail address."""
    return str(user(graph, key, "userPrincipalName")["userPrincipalName"])


def to(*addresses: str) -> list[dict[str, Any]]:
    """Recipients, or attendees."""
    return [{"emailAddress": {"address": one}} for one in addresses]


class Exchange:
    """Exchange administration with the permissions of an application."""

    def __init__(self, client: httpx.Client, tenant_id: str) -> None:
        self.client, self._path = client, f"/adminapi/beta/{tenant_id}/InvokeCommand"

    def send(self, cmdlet: str, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
        """Run a cmdlet; the answer as it comes."""
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        return self.client.post(self._path, json=body, headers=headers)

    def run(self, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run a cmdlet that succeeds; its objects."""
        answer = self.send(cmdlet, **parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["value"])

    def warnings(self, cmdlet: str, **parameters: Any) -> list[str]:
        """Run a cmdlet that succeeds; its warnings."""
        answer = self.send(cmdlet, **parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["@adminapi.warnings"])

    def fails(self, status: int, exception: str, cmdlet: str, **parameters: Any) -> str:
        """Run a cmdlet that throws this exception; its text."""
        answer = self.send(cmdlet, **parameters)
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert error["message"] in ("Error executing cmdlet", "Invalid Operation")
        _, kind, text = error["details"][0]["message"].split("|", 2)
        assert kind.endswith(exception), kind
        assert error["innererror"]["internalexception"]["type"] == kind
        return str(text)


@contextmanager
def administering(tenant: Tenant, who: str = "platform") -> Iterator[Exchange]:
    """Exchange administration as an application of sandbox.json."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token(who, OUTLOOK)}"}) as client:
        yield Exchange(client, tenant.json["tenant_id"])
