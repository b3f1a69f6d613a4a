"""Pure rules: what HR says, who gets what, and the run sheet that brings it about."""
