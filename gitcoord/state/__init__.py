"""Stores plan and journal in git."""
