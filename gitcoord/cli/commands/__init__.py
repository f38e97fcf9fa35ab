"""The commands, one module for each: parses the options, calls the other rooms, renders the result."""
