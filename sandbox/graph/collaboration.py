"""All calls into mailboxes, calendars, drives and teams, in one table."""

from sandbox.graph.call import Router
from sandbox.graph.files import drive_delta, drive_items, drives, permissions_of_items
from sandbox.graph.mail import calendars, mailboxes, message_rules, messages
from sandbox.graph.teams import team_channels, teams

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
