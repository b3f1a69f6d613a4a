"""Mailboxes, calendars and mail, and how they come and go with a licence."""
