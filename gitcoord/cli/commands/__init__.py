"""Commands: parse, call, render, exit code. One file a command."""
