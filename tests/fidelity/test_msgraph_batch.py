"""Batches as Microsoft's Graph SDK makes and reads them."""

from importlib import import_module
from typing import Any

import pytest
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User
from msgraph.graph_service_client import GraphServiceClient

from tests.sandbox.graph_hands import ABSENT, AT_ONCE, somebody
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, undisturbed: None) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


@pytest.fixture
def content() -> Any:
    """An empty batch of msgraph-core, which needs the package ``deprecated`` without saying so."""
    return import_module("msgraph_core.requests.batch_request_content").BatchRequestContent()


@pytest.fixture
def item() -> Any:
    """How a request becomes an item of a batch."""
    return import_module("msgraph_core.requests.batch_request_item").BatchRequestItem


async def test_every_item_has_its_own_answer(graph: GraphServiceClient, content: Any, item: Any) -> None:
    body = somebody()
    created = await graph.users.post(
        User(
            account_enabled=True,
            display_name=body["displayName"],
            mail_nickname=body["mailNickname"],
            user_principal_name=body["userPrincipalName"],
            password_profile=PasswordProfile(password="Quite-l0ng-enough"),
        )
    )
    assert created is not None
    person = graph.users.by_user_id(str(created.id))
    read = item(person.to_get_request_information())
    change = item(person.to_patch_request_information(User(job_title="Batched")), depends_on=[read])
    absent = item(graph.users.by_user_id(ABSENT).to_get_request_information())
    late = item(person.to_get_request_information(), depends_on=[absent])
    for one in (read, change, absent, late):
        content.add_request(one.id, one)
    answer = await graph.batch.post(batch_request_content=content)
    assert answer.get_response_status_codes() == {read.id: 200, change.id: 204, absent.id: 404, late.id: 424}
    # msgraph-core 1.5 reads bodies only where they are base64, which those of JSON are not: headers must do.
    assert answer.get_response_by_id(read.id).content_type.startswith("application/json;odata.metadata=minimal")
    assert answer.get_response_by_id(absent.id).content_type == "application/json"
    after = await person.get()
    assert after is not None
    assert after.job_title == "Batched"


async def test_twenty_one_are_too_many(graph: GraphServiceClient, content: Any, item: Any) -> None:
    request = graph.users.by_user_id(ABSENT).to_get_request_information()
    for _ in range(20):
        content.add_request_information(request)
    # The SDK itself stops at twenty; the service must too.
    content._requests["more"] = item(request, "more")
    with pytest.raises(ODataError) as caught:
        await graph.batch.post(batch_request_content=content, error_map={"4XX": ODataError})
    assert caught.value.response_status_code == 400
    assert caught.value.error is not None
    assert caught.value.error.code == "MaximumValueExceeded"
