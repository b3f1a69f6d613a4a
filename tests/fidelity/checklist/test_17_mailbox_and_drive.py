"""Mailbox and drive come after the licence, the drive perhaps only with the first sign-in."""

import httpx

from tests.fidelity.checklist.hands import App, employed, status_of, switch
from tests.sandbox.graph_hands import SPE_E3, hire, refused
from tests.tenant import Tenant

NO_MAILBOX = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."


def licence(graph: httpx.Client, key: str) -> None:
    """Give what has mailbox and drive in it."""
    body = {"addLicenses": [{"skuId": SPE_E3, "disabledPlans": []}], "removeLicenses": []}
    assert graph.post(f"/v1.0/users/{key}/assignLicense", json=body).status_code == 200


def test_a_mailbox_is_not_enabled_until_a_while_after_the_licence(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    path = f"/v1.0/users/{key}/mailboxSettings"
    refused(graph.get(path), 404, "MailboxNotEnabledForRESTAPI", NO_MAILBOX)
    switch(tenant, mailbox_delay_ms=500)
    licence(graph, key)
    refused(graph.get(path), 404, "MailboxNotEnabledForRESTAPI", NO_MAILBOX)
    message = {"subject": "x", "body": {"contentType": "Text", "content": "x"}}
    answer = graph.post(f"/v1.0/users/{key}/sendMail", json={"message": {**message, "toRecipients": []}})
    refused(answer, 404, "MailboxNotEnabledForRESTAPI")
    assert status_of(graph, path, 200).json()["userPurpose"] == "user"


def test_a_drive_is_not_there_until_a_while_after_the_licence(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    switch(tenant, provisioning_delay_ms=500)
    licence(graph, key)
    refused(graph.get(f"/v1.0/users/{key}/drive"), 404, "ResourceNotFound", "User's mysite not found.")
    assert status_of(graph, f"/v1.0/users/{key}/drive", 200).json()["driveType"] == "business"


def test_a_drive_may_wait_for_the_first_sign_in(tenant: Tenant, graph: httpx.Client) -> None:
    switch(tenant, drives_wait_for_sign_in=True)
    person = employed(graph)
    licence(graph, person["id"])
    path = f"/v1.0/users/{person['id']}/drive"
    for _ in range(3):
        refused(graph.get(path), 404, "ResourceNotFound", "User's mysite not found.")
    App(tenant, graph).sign_in(person, "User.Read")
    assert status_of(graph, path, 200).json()["owner"]["user"]["id"] == person["id"]
