"""The practice tenant: Entra ID, Graph and SCIM on one TLS origin, as their wire behaves; imports nothing of ours."""
