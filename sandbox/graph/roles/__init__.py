"""Directory roles, privileged identity management, administrative units, and what they protect."""
