"""API-driven inbound provisioning and its jobs."""
