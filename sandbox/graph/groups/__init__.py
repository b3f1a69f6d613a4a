"""Groups of every kind, their members and owners, and the rules of dynamic ones."""
