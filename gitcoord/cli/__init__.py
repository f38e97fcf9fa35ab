"""Commands: parse, call, render, exit code. The only room that knows typer and rich."""
