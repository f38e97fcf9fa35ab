"""A run on the command line: options, engine, plan, actions, several repositories."""
