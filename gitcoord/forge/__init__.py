"""Pull requests: the port, and its implementations."""
