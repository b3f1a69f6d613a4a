"""All calls into mailboxes, calendars, drives and teams, in one table."""

from sandbox.graph import (
    calendars,
    drive_delta,
    drive_items,
    drives,
    mailboxes,
    message_rules,
    messages,
    permissions_of_items,
    team_channels,
    teams,
)
from sandbox.graph.call import Router

router = Router()
for _part in (
    mailboxes,
    message_rules,
    messages,
    calendars,
    drives,
    drive_items,
    drive_delta,
    permissions_of_items,
    teams,
    team_channels,
):
    router.include(_part.router)
