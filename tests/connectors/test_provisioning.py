"""API-driven provisioning and the logs, by our clients against the practice tenant."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from connectors.errors import AmbiguousMatch, Forbidden, NameTaken, NotFound, Refused, Throttled
from connectors.graph import GraphClient
from connectors.graph_provisioning import LARGEST_UPLOAD, Record, Result, chunks
from tests.connectors.identities import eventually, hired, last_request, tokens
from tests.tenant import Tenant


@pytest.fixture
def job(tenant: Tenant) -> tuple[str, str]:
    """Principal and id of the seeded job; everything at once, nothing throttled."""
    tenant.control("POST", "settings", throttle=False, lag_ms=0, provisioning_delay_ms=0, audit_lag_ms=0)
    about = tenant.json["provisioning"]
    return about["service_principal_id"], about["job_id"]


def record(**values: Any) -> Record:
    """Somebody new, whole."""
    key = uuid4().hex[:12]
    given: dict[str, Any] = {"display_name": "Pia Record", "given_name": "Pia", "family_name": "Record"}
    return Record(key, f"{key}@practice.example", **{**given, "title": "Clerk", "country": "GB", **values})


def ago() -> datetime:
    """A moment before everything the test does."""
    return datetime.now(UTC) - timedelta(seconds=5)


async def result(graph: GraphClient, job_id: str, one: Record, number: int = 1) -> Result:
    """What became of a record's nth upload."""

    async def told() -> Result | None:
        found = [row for row in await graph.provisioning.results(job_id, ago()) if row.external_id == one.external_id]
        return found[0] if len(found) >= number else None

    return await eventually(told)


async def test_records_are_created_changed_and_disabled(graph: GraphClient, job: tuple[str, str]) -> None:
    boss = record()
    one = record(manager=boss.external_id)
    accepted = await graph.provisioning.upload(*job, [one, boss])
    assert accepted.external_ids == (one.external_id, boss.external_id)
    assert accepted.log is not None
    assert "auditLogs/provisioning" in accepted.log
    made = await result(graph, job[1], one)
    assert (made.action, made.status, made.error()) == ("create", "success", None)
    assert made.object_id is not None
    assert await graph.manager_id(made.object_id) == (await result(graph, job[1], boss)).object_id
    await graph.provisioning.upload(*job, [Record(**{**vars(one), "active": False, "title": "Boss"})])
    gone = await result(graph, job[1], one, 2)
    assert (gone.action, gone.object_id) == ("disable", made.object_id)
    user = await graph.user(made.object_id)
    assert (user.account_enabled, user.job_title) == (False, "Boss")


async def test_failures_in_the_log_are_types(graph: GraphClient, job: tuple[str, str]) -> None:
    taken, twin, astray = record(), record(), record()
    await hired(graph, userPrincipalName=taken.user_name)
    for _ in range(2):
        await hired(graph, employeeId=twin.external_id)
    astray = Record(**{**vars(astray), "user_name": "pia@elsewhere.example"})
    await graph.provisioning.upload(*job, [taken, twin, astray])
    for one, kind in ((taken, NameTaken), (twin, AmbiguousMatch), (astray, Refused)):
        found = await result(graph, job[1], one)
        error = found.error()
        assert type(error) is kind
        assert error is not None
        assert one.external_id in error.message


async def test_any_number_goes_in_uploads_of_fifty(graph: GraphClient, tenant: Tenant, job: tuple[str, str]) -> None:
    await graph.provisioning.pause(*job)
    since = last_request(tenant)
    people = [record() for _ in range(LARGEST_UPLOAD + 1)]
    accepted = [one async for one in graph.provisioning.upload_all(*job, people)]
    assert [len(one.external_ids) for one in accepted] == [50, 1]
    assert [row["status"] for row in tenant.requests(since) if row["path"].endswith("/bulkUpload")] == [202, 202]
    assert [len(one) for one in chunks(people)] == [50, 1]
    with pytest.raises(ValueError, match="51 records"):
        await graph.provisioning.upload(*job, people)
    assert await graph.provisioning.results(job[1], datetime.now(UTC)) == []
    await graph.provisioning.start(*job)
    await result(graph, job[1], people[-1])


async def test_a_record_is_sent_whole(graph: GraphClient, tenant: Tenant, job: tuple[str, str]) -> None:
    since = last_request(tenant)
    await graph.provisioning.upload(*job, [record(title=None)])
    sent = next(row["body"] for row in tenant.requests(since) if row["path"].endswith("/bulkUpload"))
    data = sent["Operations"][0]["data"]
    assert data["title"] is None
    assert data["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["manager"] is None


async def test_the_jobs_state_is_read_and_changed(graph: GraphClient, job: tuple[str, str]) -> None:
    await graph.provisioning.pause(*job)
    assert not (await graph.provisioning.job(*job)).runs
    await graph.provisioning.restart(*job, allow_deletes=True)
    state = await graph.provisioning.job(*job)
    assert (state.runs, state.quarantine_reason) == (True, None)
    with pytest.raises(NotFound):
        await graph.provisioning.job(job[0], "API2AAD.no.job")


async def test_without_permission_and_beyond_the_limit_it_is_typed(tenant: Tenant, job: tuple[str, str]) -> None:
    helpdesk = GraphClient(tenant.base_url, tokens(tenant, "helpdesk"), ca_file=tenant.ca_file)
    with pytest.raises(Forbidden):
        await helpdesk.provisioning.upload(*job, [record()])
    with pytest.raises(Forbidden):
        await helpdesk.audit.changes(str(uuid4()), ago())
    await helpdesk.aclose()
    tenant.control("POST", "settings", throttle=True)
    platform = GraphClient(tenant.base_url, tokens(tenant), ca_file=tenant.ca_file)
    with pytest.raises(Throttled) as caught:
        await ask_six_times(platform)
    assert 1 <= caught.value.retry_after <= 10
    await platform.aclose()


async def ask_six_times(graph: GraphClient) -> None:
    """One request of the logs more than ten seconds allow."""
    for _ in range(6):
        await graph.audit.sign_ins(str(uuid4()), ago())


async def test_what_others_have_changed_is_told_apart(graph: GraphClient, tenant: Tenant, job: tuple[str, str]) -> None:
    user = await hired(graph)
    await graph.update_user(user.id, {"jobTitle": "Ours"})
    helpdesk = GraphClient(tenant.base_url, tokens(tenant, "helpdesk"), ca_file=tenant.ca_file)
    await helpdesk.update_user(user.id, {"jobTitle": "Theirs"})
    await helpdesk.aclose()
    entries = await graph.audit.changes(user.id, ago())
    assert [entry.activity for entry in entries] == ["Update user", "Update user", "Add user"]
    platform = tenant.json["platform"]
    theirs = await graph.audit.changes_by_others(user.id, ago(), [platform["client_id"], platform["object_id"]])
    assert [entry.actor.app_id for entry in theirs] == [tenant.json["helpdesk"]["client_id"]]
    title = theirs[0].properties[0]
    assert (title.name, title.old, title.new) == ("JobTitle", '["Ours"]', '["Theirs"]')
    assert theirs[0].succeeded
    assert user.id in theirs[0].target_ids


async def test_nobody_has_signed_in_yet(graph: GraphClient, job: tuple[str, str]) -> None:
    user = await hired(graph)
    assert await graph.audit.sign_ins(user.id, ago()) == []
    assert await graph.audit.last_sign_in(user.id) is None
