"""Typed clients of the wire: tokens, Microsoft Graph, SCIM. They know no Temporal and no database."""
