"""Export: a whole plan as a workflow of another engine. Pure: no I/O, no git."""
