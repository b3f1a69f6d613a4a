"""Drives, their items, and who may open them."""
