"""Registered devices, and those that Intune manages."""
