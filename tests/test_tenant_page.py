"""The table of the calls that the platform makes is true: complete, documented, permitted, and served in practice."""

import pytest

from connectors.permissions import PERMISSIONS
from tests.tenant_page import KNOWN, PAGE, Row, connector_classes, methods, page, row, rows, served_by

ROWS = rows()
CALLING = [pytest.param(one, id=f"{one.module}.{one.method}") for one in ROWS if not one.same_as]


def test_the_page_is_what_the_connectors_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "docs/tenant.md is behind the code: make tenant-page"


def test_every_client_of_the_tenant_is_on_the_page() -> None:
    names = {one.__name__ for one in connector_classes()}
    assert {"GraphClient", "GraphReads", "Batch", "ExchangeRest", "Arm", "KeyVault", "ScimClient", "Tenancy"} <= names
    every = [(one.__module__, f"{one.__name__}.{name}") for one in connector_classes() for name in methods(one)]
    assert every == [(one.module, one.method) for one in ROWS]


@pytest.mark.parametrize("one", CALLING)
def test_a_method_names_its_call_its_permission_and_its_document(one: Row) -> None:
    assert one.calls
    assert one.needs
    assert one.document.startswith(("https://learn.microsoft.com/", "https://www.rfc-editor.org/"))


@pytest.mark.parametrize("one", CALLING)
def test_a_call_is_served_by_the_practice_tenant(one: Row) -> None:
    assert all(one.served_by), one.calls


def test_what_is_not_served_would_be_found_out() -> None:
    graph, exchange = (next(c for c in connector_classes() if c.__name__ == name) for name in ("Teams", "ExchangeRest"))
    assert served_by(graph, "GET /teams/{id}/nothing") == ""
    assert served_by(graph, "PUT /teams/{id}/members") == ""
    assert served_by(exchange, "Get-Nothing") == ""


def test_a_method_that_stands_for_another_names_one_that_is_there() -> None:
    names = {one.method for one in ROWS}
    for one in ROWS:
        if one.same_as:
            own = one.method.partition(".")[0]
            assert names & {one.same_as, f"{own}.{one.same_as}"}, one


def test_every_permission_of_graph_that_a_method_names_is_in_the_table() -> None:
    named = {need for one in ROWS for need in one.needs if not need.startswith(("Microsoft.", "policy "))}
    sentences = {need for need in named if " " in need}
    assert named - sentences <= KNOWN
    assert {one.name for one in PERMISSIONS} <= KNOWN


def test_a_permission_is_known_by_its_shape_wherever_it_stands_in_a_docstring() -> None:
    class Nothing:
        async def call(self) -> None:
            """``GET /users?$select=id``; Thing.Imagine.All with Mail.Read or User-Some.Read.All."""

    assert row(Nothing, "call").needs == ("Thing.Imagine.All", "Mail.Read", "User-Some.Read.All")
