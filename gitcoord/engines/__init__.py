"""Engines execute attempts: the port, this machine, SSH hosts. They know neither plans nor git."""
