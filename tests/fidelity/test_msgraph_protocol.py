"""Microsoft's Graph SDK reads, writes, pages, batches, follows changes and fails as it does at Microsoft's."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.subscription import Subscription
from msgraph.generated.models.user import User
from msgraph.generated.models.user_collection_response import UserCollectionResponse
from msgraph.generated.users.count.count_request_builder import CountRequestBuilder
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core.tasks.page_iterator import PageIterator  # type: ignore[import-untyped]

from tests.fidelity.conftest import GraphAs
from tests.sandbox.graph_hands import ABSENT, AT_ONCE, somebody
from tests.sandbox.receiver import receiving
from tests.tenant import Tenant

UsersQuery = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
UserQuery = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters
DeltaQuery = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, undisturbed: None) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _newcomer(**values: Any) -> User:
    body = somebody()
    return User(
        account_enabled=True,
        display_name=body["displayName"],
        mail_nickname=body["mailNickname"],
        user_principal_name=body["userPrincipalName"],
        password_profile=PasswordProfile(password="Quite-l0ng-enough", force_change_password_next_sign_in=True),
        usage_location="GB",
        **values,
    )


async def _hired(graph: GraphServiceClient, **values: Any) -> User:
    created = await graph.users.post(_newcomer(**values))
    assert created is not None
    return created


def _eventual(query: Any) -> RequestConfiguration[Any]:
    configuration: RequestConfiguration[Any] = RequestConfiguration(query_parameters=query)
    configuration.headers.add("ConsistencyLevel", "eventual")
    return configuration


async def test_only_default_properties_come_without_select(graph: GraphServiceClient) -> None:
    created = await _hired(graph, department="Testing", job_title="Tester")
    key = str(created.id)
    plain = await graph.users.by_user_id(key).get()
    assert plain is not None
    assert (plain.job_title, plain.department, plain.account_enabled) == ("Tester", None, None)
    query: Any = RequestConfiguration(query_parameters=UserQuery(select=["department", "accountEnabled"]))
    chosen = await graph.users.by_user_id(key).get(query)
    assert chosen is not None
    assert (chosen.job_title, chosen.department, chosen.account_enabled) == (None, "Testing", True)


async def test_an_explicit_null_clears_and_nothing_does_not(graph: GraphServiceClient) -> None:
    created = await _hired(graph, job_title="Stays", given_name="Goes")
    change = User(job_title=None)
    change.additional_data = {"givenName": None}
    await graph.users.by_user_id(str(created.id)).patch(change)
    after = await graph.users.by_user_id(str(created.id)).get()
    assert after is not None
    assert (after.job_title, after.given_name) == ("Stays", None)


async def test_errors_are_the_sdk_s_own(graph: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as caught:
        await graph.users.by_user_id(ABSENT).get()
    assert caught.value.response_status_code == 404
    error = caught.value.error
    assert error is not None
    assert error.code == "Request_ResourceNotFound"
    assert ABSENT in str(error.message)
    assert error.inner_error is not None
    assert error.inner_error.request_id == error.inner_error.client_request_id
    assert error.inner_error.date is not None


async def test_a_taken_name_is_a_bad_request_with_details(graph: GraphServiceClient) -> None:
    created = await _hired(graph)
    again = _newcomer()
    again.user_principal_name = created.user_principal_name
    with pytest.raises(ODataError) as caught:
        await graph.users.post(again)
    assert caught.value.response_status_code == 400
    assert caught.value.error is not None
    assert (caught.value.error.details or [])[0].code == "ObjectConflict"


async def test_who_may_not_is_forbidden(graph: GraphServiceClient, graph_as: GraphAs) -> None:
    created = await _hired(graph)
    with pytest.raises(ODataError) as caught:
        await graph_as("limited").users.by_user_id(str(created.id)).patch(User(job_title="x"))
    assert caught.value.response_status_code == 403
    assert caught.value.error is not None
    assert caught.value.error.code == "Authorization_RequestDenied"


async def test_advanced_queries_take_header_and_count(graph: GraphServiceClient) -> None:
    created = await _hired(graph, department="Advanced SDK")
    query = UsersQuery(filter="department eq 'Advanced SDK' and endsWith(userPrincipalName,'.example')", count=True)
    with pytest.raises(ODataError) as caught:
        await graph.users.get(RequestConfiguration(query_parameters=query))
    assert caught.value.error is not None
    assert caught.value.error.code == "Request_UnsupportedQuery"
    page = await graph.users.get(_eventual(query))
    assert page is not None
    assert page.odata_count == 1
    assert [person.id for person in page.value or []] == [created.id]
    number = await graph.users.count.get(_eventual(CountRequestBuilder.CountRequestBuilderGetQueryParameters()))
    assert number is not None
    assert number > 10


async def test_search_finds_words(graph: GraphServiceClient) -> None:
    created = await _hired(graph)
    name = str(created.display_name).split()[1]
    page = await graph.users.get(_eventual(UsersQuery(search=f'"displayName:{name}"')))
    assert page is not None
    assert [person.id for person in page.value or []] == [created.id]


async def test_the_page_iterator_meets_everybody_once(graph: GraphServiceClient) -> None:
    first = await graph.users.get(RequestConfiguration(query_parameters=UsersQuery(select=["id"], top=7)))
    met: list[str] = []

    def note(person: User) -> bool:
        met.append(str(person.id))
        return True

    await PageIterator(first, graph.request_adapter).iterate(note)
    everybody = await graph.users.get(RequestConfiguration(query_parameters=UsersQuery(select=["id"], top=999)))
    assert isinstance(everybody, UserCollectionResponse)
    assert met == [person.id for person in everybody.value or []]


async def test_a_manager_is_set_expanded_and_cleared(graph: GraphServiceClient) -> None:
    person, chief = await _hired(graph), await _hired(graph)
    item = graph.users.by_user_id(str(person.id))
    with pytest.raises(ODataError) as caught:
        await item.manager.get()
    assert caught.value.response_status_code == 404
    await item.manager.ref.put(ReferenceUpdate(odata_id=f"https://graph.microsoft.com/v1.0/users/{chief.id}"))
    query: Any = RequestConfiguration(query_parameters=UserQuery(expand=["manager($select=id,displayName)"]))
    found = await item.get(query)
    assert found is not None
    assert isinstance(found.manager, User)
    assert found.manager.id == chief.id
    assert found.manager.display_name == chief.display_name
    await item.manager.ref.delete()


async def test_delta_follows_a_person(graph: GraphServiceClient) -> None:
    link = await _delta_link(graph)
    created = await _hired(graph, job_title="Delta")
    page = await graph.users.delta.with_url(link).get()
    assert page is not None
    assert [person.id for person in page.value or []] == [created.id]
    await graph.users.by_user_id(str(created.id)).delete()
    page = await graph.users.delta.with_url(str(page.odata_delta_link)).get()
    assert page is not None
    assert page.value is not None
    assert page.value[0].id == created.id
    assert page.value[0].additional_data["@removed"] == {"reason": "changed"}


async def _delta_link(graph: GraphServiceClient) -> str:
    """The link after a whole round."""
    page = await graph.users.delta.get(RequestConfiguration(query_parameters=DeltaQuery(select=["displayName"])))
    while page is not None and page.odata_next_link:
        page = await graph.users.delta.with_url(page.odata_next_link).get()
    assert page is not None
    assert page.odata_delta_link
    return page.odata_delta_link


async def test_subscriptions_are_made_renewed_and_deleted(graph: GraphServiceClient) -> None:
    with receiving() as receiver:
        wish = Subscription(
            change_type="updated,deleted",
            notification_url=receiver.url,
            resource="users",
            expiration_date_time=datetime.now(UTC) + timedelta(days=2),
            client_state="secret",
        )
        made = await graph.subscriptions.post(wish)
        assert made is not None
        created = await _hired(graph)
        assert receiver.wait(1)[0]["resourceData"]["id"] == created.id
        item = graph.subscriptions.by_subscription_id(str(made.id))
        renewed = await item.patch(Subscription(expiration_date_time=datetime.now(UTC) + timedelta(days=20)))
        assert renewed is not None
        assert renewed.expiration_date_time is not None
        assert made.expiration_date_time is not None
        assert renewed.expiration_date_time > made.expiration_date_time
        await item.delete()


async def test_the_sdk_waits_out_throttling_by_itself(tenant: Tenant, graph: GraphServiceClient) -> None:
    created = await _hired(graph)
    tenant.control("POST", "faults", path=f"/users/{created.id}$", status=429, retry_after=1, count=1)
    since, started = tenant.mark(), time.monotonic()
    assert await graph.users.by_user_id(str(created.id)).get()
    assert time.monotonic() - started >= 1
    assert [row["status"] for row in tenant.requests(since)] == [429, 200]


async def test_a_post_that_took_effect_is_replayed_by_the_sdk(tenant: Tenant, graph: GraphServiceClient) -> None:
    tenant.control(
        "POST", "faults", path="/v1.0/users$", method="POST", status=503, retry_after=1, when="after", count=1
    )
    since = tenant.mark()
    with pytest.raises(ODataError) as caught:
        await graph.users.post(_newcomer())
    assert caught.value.error is not None
    assert (caught.value.error.details or [])[0].code == "ObjectConflict"
    rows = [row for row in tenant.requests(since) if row["method"] == "POST" and row["path"] == "/v1.0/users"]
    assert [row["status"] for row in rows] == [503, 400]


async def test_after_three_more_tries_the_sdk_gives_up(tenant: Tenant, graph: GraphServiceClient) -> None:
    tenant.control("POST", "faults", path="/v1.0/users$", method="POST", status=503, retry_after=1)
    since = tenant.mark()
    with pytest.raises(ODataError) as caught:
        await graph.users.post(_newcomer())
    assert caught.value.response_status_code == 503
    assert len([row for row in tenant.requests(since) if row["path"] == "/v1.0/users"]) == 4


async def test_a_long_wait_is_an_error_at_once(tenant: Tenant, graph: GraphServiceClient) -> None:
    tenant.control("POST", "faults", path=f"/users/{ABSENT}$", status=429, retry_after=300)
    started = time.monotonic()
    with pytest.raises(ODataError) as caught:
        await graph.users.by_user_id(ABSENT).get()
    assert caught.value.error is not None
    assert caught.value.error.code == "TooManyRequests"
    assert time.monotonic() - started < 5


async def test_groups_by_kind_and_casts(graph: GraphServiceClient) -> None:
    query: Any = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters(filter="groupTypes/any(c:c eq 'Unified')")
    page = await graph.groups.get(RequestConfiguration(query_parameters=query))
    assert page is not None
    assert page.value
    owners = await graph.groups.by_group_id(str(page.value[0].id)).owners.graph_user.get()
    assert owners is not None


async def test_ids_of_requests_come_back(tenant: Tenant, graph: GraphServiceClient) -> None:
    headers = HeadersCollection()
    headers.add("client-request-id", "5f0ae3ce-0d2b-4d3c-9d5e-2b8c2c6e7a10")
    configuration: Any = RequestConfiguration(headers=headers)
    with pytest.raises(ODataError) as caught:
        await graph.users.by_user_id(ABSENT).get(configuration)
    assert caught.value.error is not None
    assert caught.value.error.inner_error is not None
    assert caught.value.error.inner_error.client_request_id == "5f0ae3ce-0d2b-4d3c-9d5e-2b8c2c6e7a10"
