"""Users and what belongs to a person: manager, sponsors, authentication methods, temporary access passes."""
