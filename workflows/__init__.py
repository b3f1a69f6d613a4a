"""Deterministic orchestration: one workflow a person, one a lifecycle, and the run sheet they interpret."""
