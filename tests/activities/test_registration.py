"""What a worker registers."""

from activities import step_activities
from connectors.graph import GraphClient
from ledger import Ledger
from tests.activities.driver import registered

NAMES = {
    "accounts.reserve",
    "accounts.create",
    "accounts.restore",
    "accounts.enable",
    "accounts.disable",
    "accounts.revoke_sessions",
    "accounts.reset_password",
    "accounts.update",
    "accounts.set_manager",
    "accounts.delete",
    "groups.add",
    "groups.remove",
    "licences.assign",
    "licences.remove",
    "roles.assign",
    "roles.remove",
    "notices.send",
    "notices.attention",
}


def test_activities_have_the_names_of_the_run_sheet(graph: GraphClient, ledger: Ledger) -> None:
    assert {registered(one) for one in step_activities(graph, None, ledger, 2)} == NAMES
