"""The commands, one module for each: they parse options, call other rooms, and render the result."""
