"""Checks on this machine: checkouts that are moved from tree to tree, and commands in them."""
