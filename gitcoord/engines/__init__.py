"""Engines execute attempts: the protocol, this machine, SSH hosts, and clusters.

They know neither plans nor git.
"""
