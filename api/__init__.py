"""HTTP: authenticate, validate, hand over to Temporal, answer from the ledger. It never writes to the tenant."""
