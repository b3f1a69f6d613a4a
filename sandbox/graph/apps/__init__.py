"""Applications, service principals, app roles, consents and ownership."""
