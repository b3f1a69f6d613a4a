"""``DELETE …/members/{id}`` without ``/$ref`` deletes the object behind it, if the caller may."""

import httpx

from tests.fidelity.checklist.hands import App, bearing, ids
from tests.sandbox.graph_hands import form_group, hire, reference, refused
from tests.tenant import Tenant


def test_without_ref_the_person_is_deleted(graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    assert graph.delete(f"/v1.0/groups/{group}/members/{key}").status_code == 204
    refused(graph.get(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound")
    assert graph.get(f"/v1.0/directory/deletedItems/{key}").json()["@odata.type"] == "#microsoft.graph.user"


def test_who_may_write_members_only_cannot_delete_people_so(tenant: Tenant, graph: httpx.Client) -> None:
    group, key = form_group(graph), hire(graph)
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    app = App(tenant, graph, "GroupMember.ReadWrite.All")
    with bearing(tenant, app.token()) as lesser:
        refused(lesser.delete(f"/v1.0/groups/{group}/members/{key}"), 403, "Authorization_RequestDenied")
        assert graph.get(f"/v1.0/users/{key}").status_code == 200
        assert lesser.delete(f"/v1.0/groups/{group}/members/{key}/$ref").status_code == 204
    assert ids(graph.get(f"/v1.0/groups/{group}/members")) == []
    assert graph.get(f"/v1.0/users/{key}").status_code == 200
