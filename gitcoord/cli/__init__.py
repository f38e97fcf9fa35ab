"""The command line: parses options, calls other rooms, renders results. Only it imports typer and rich."""
