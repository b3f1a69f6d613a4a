"""Names, addresses and employee ids are compared without case; an employee id may be had twice."""

import uuid

import httpx

from tests.fidelity.checklist.hands import ids
from tests.sandbox.graph_hands import hire, refused, somebody


def test_names_and_addresses_are_found_and_taken_whatever_the_case(graph: httpx.Client) -> None:
    body = somebody(mail=f"Mixed.{uuid.uuid4().hex}@practice.example")
    key = graph.post("/v1.0/users", json=body).json()["id"]
    for name in ("userPrincipalName", "mail"):
        query = {"$filter": f"{name} eq '{body[name].upper()}'"}
        assert ids(graph.get("/v1.0/users", params=query)) == [key]
    assert graph.get(f"/v1.0/users/{body['userPrincipalName'].upper()}").json()["id"] == key
    again = {**somebody(), "userPrincipalName": body["userPrincipalName"].upper()}
    refused(graph.post("/v1.0/users", json=again), 400, "Request_BadRequest", "userPrincipalName already exists")
    refused(graph.post("/v1.0/users", json=somebody(mail=body["mail"].upper())), 400, "Request_BadRequest")


def test_an_employee_id_finds_everybody_who_has_it_whatever_the_case(graph: httpx.Client) -> None:
    number = f"e{uuid.uuid4().hex[:10]}"
    both = {hire(graph, employeeId=number), hire(graph, employeeId=number.upper())}
    for text in (number, number.upper()):
        found = ids(graph.get("/v1.0/users", params={"$filter": f"employeeId eq '{text}'"}))
        assert (len(found), set(found)) == (2, both)
    assert ids(graph.get("/v1.0/users", params={"$filter": f"employeeId eq '0{number}'"})) == []
